import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { problem, refused } from './errors.js';

/** A refusal of a command that is not about one order. @throws ApplicationError when there is one */
export function throwIfRefused(events: readonly DaybookEvent[]): void {
  const event = events.find(
    (found): found is EventOf<'CommandRefused'> => found.type === 'CommandRefused',
  );
  if (event === undefined) return;
  const code = rejectCode(event.data.reason);
  if (code === undefined) throw problem('INTERNAL');
  throw refused(code, { sequence: event.sequence });
}
