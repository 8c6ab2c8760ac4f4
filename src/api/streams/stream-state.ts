/** What topics need beside the event itself. */
import type { OrderFacts } from './order-facts.js';
import type { PositionBook } from './position-book.js';
import type { TermsHistory } from './terms-history.js';

export interface StreamState {
  readonly terms: TermsHistory;
  readonly facts: OrderFacts;
  readonly groupName: (group: number) => string | undefined;
  /** As of the event, which it holds already. */
  readonly book: PositionBook;
}
