/**
 * A venue behind a link that loses messages both ways: what it is asked, what it reports, by dice. Being
 * asked how an order stands is answered, and what it says of an order it has told is not forgotten there.
 */
import type { CommandData } from '../../src/domain/commands.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import type { VenueExecution, VenueOrder, VenueStatus } from '../../src/venues/venue-status.js';

type Report = CommandData<'VenueReport'>;
type Standing = { -readonly [K in keyof VenueOrder]: VenueOrder[K] };

export class LossyVenue implements VenueStatus {
  readonly orders = new Map<number, Standing>();
  readonly sold: VenueExecution[] = [];
  /** Reports that came through, to be handed to the writer in this order. */
  readonly reports: Report[] = [];
  /** Requests that it got, by client order id. */
  readonly received: string[] = [];
  /** It keeps what it is asked for and never answers. */
  silent = false;
  readonly #loses: (what: 'in' | 'out') => boolean;

  constructor(loses: (what: 'in' | 'out') => boolean) {
    this.#loses = loses;
  }

  take(events: readonly DaybookEvent[]): void {
    for (const event of events) {
      if (event.type === 'OrderRouted') continue;
      if (event.type === 'OrderAccepted') this.#enter(event.data);
      else if (event.type === 'CancelRequested' && event.data.forced === 0) {
        this.#cancel(event.data);
      } else if (event.type === 'ReplaceRequested') this.#replace(event.data);
      else if (event.type === 'RequestRepeated') {
        if (event.data.request === 'Cancel') this.#cancel(event.data);
        else this.#replace(event.data);
      }
    }
  }

  #enter(terms: Extract<DaybookEvent, { type: 'OrderAccepted' }>['data']): void {
    if (this.#loses('in')) return;
    const { orderId, account, instrument, quantity, price, clOrdId, side } = terms;
    const venueOrderId = `X${orderId}`;
    const standing = { orderId, account, instrument, quantity, price, clOrdId, side } as const;
    this.orders.set(orderId, { ...standing, venueOrderId, cumQuantity: 0, report: 'Open' });
    this.#say({ orderId, report: 'Acknowledged', venueOrderId });
  }

  #cancel(asked: { orderId: number; clOrdId: string; quantity: number }): void {
    if (this.#loses('in')) return;
    this.received.push(asked.clOrdId);
    const { orderId, clOrdId, quantity } = asked;
    const order = this.orders.get(orderId);
    if (order !== undefined && this.silent) {
      order.report = 'PendingCancel';
      return;
    }
    if (order?.report !== 'Open') {
      this.#say({ orderId, clOrdId, report: 'RequestRejected' });
    } else if (quantity > order.cumQuantity && quantity < order.quantity) {
      order.quantity = quantity;
      this.#say({ orderId, clOrdId, report: 'Canceled', quantity });
    } else if (quantity >= order.quantity) {
      this.#say({ orderId, clOrdId, report: 'RequestRejected' });
    } else {
      order.report = 'Canceled';
      this.#say({ orderId, clOrdId, report: 'Canceled' });
    }
  }

  #replace(asked: { orderId: number; clOrdId: string; quantity: number; price: number }): void {
    if (this.#loses('in')) return;
    const { orderId, clOrdId, quantity, price } = asked;
    const order = this.orders.get(orderId);
    // Again, and done already: it says so once more, as PossResend asks for.
    if (order?.report !== 'Open' || quantity <= order.cumQuantity) {
      this.#say({ orderId, clOrdId, report: 'RequestRejected' });
      return;
    }
    order.quantity = quantity;
    order.price = price;
    this.#say({ orderId, clOrdId, report: 'Replaced', quantity, price });
  }

  /** Trades a lot of an open order. */
  fill(orderId: number): void {
    const order = this.orders.get(orderId);
    if (order?.report !== 'Open') return;
    order.cumQuantity += 1;
    if (order.cumQuantity === order.quantity) order.report = 'Filled';
    const { account, instrument, side, clOrdId, price } = order;
    const execution: VenueExecution = {
      ...{ orderId, account, instrument, side, clOrdId, execId: `E${this.sold.length}` },
      ...{ lastQuantity: 1, lastPrice: price, liquidity: 'Added' },
    };
    this.sold.push(execution);
    this.#say({ ...execution, clOrdId: '', report: 'Filled' });
  }

  #say(report: Report): void {
    if (!this.#loses('out')) this.reports.push({ ...report, venue: 1 });
  }

  async openOrders(): Promise<readonly VenueOrder[]> {
    const open = ({ report }: VenueOrder) => report === 'Open' || report === 'PendingCancel';
    return [...this.orders.values()].filter(open);
  }

  async order(orderId: number): Promise<VenueOrder | undefined> {
    return this.orders.get(orderId);
  }

  async executions(): Promise<readonly VenueExecution[]> {
    return this.sold;
  }
}
