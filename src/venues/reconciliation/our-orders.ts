/**
 * How the log says that the orders of one venue stand: what its answer is compared with. A reader of
 * the log, from sequence 0 on; 54 bytes an order.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { EXEC_ID_BYTES } from '../../domain/order-terms.js';
import { VENUE_ORDER, VenueOrders } from '../simulated/venue-orders.js';
import { OpenRequests } from './open-requests.js';

const accepted = eventLayouts.OrderAccepted.offsets;
const routed = eventLayouts.OrderRouted.offsets;
const after = eventLayouts.OrderAcknowledged.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;
const restated = eventLayouts.OrderRestated.offsets;
const triggered = eventLayouts.OrderTriggered.offsets;
const unmatched = eventLayouts.FillUnmatched.offsets;

/** How an order stands here. */
export interface OurOrder {
  readonly orderId: number;
  readonly account: number;
  readonly instrument: number;
  readonly quantity: number;
  readonly price: number;
  readonly cumQuantity: number;
  /** Open and at the venue, as far as we know. */
  readonly open: boolean;
  /** The venue has said something of it. */
  readonly heardOf: boolean;
  /** A request of it, or a cancel of our own, has no answer. */
  readonly unanswered: boolean;
}

/** Routed, and nothing heard; working; ended here. Kept in the column `state`. */
const { Accepted, Working, Filled: Silent, Ended } = VENUE_ORDER;

/** Events about an order after which it stands as they say: all that have the common fields. */
const STANDING: ReadonlySet<number> = new Set([
  ...[EVENT.OrderAcknowledged, EVENT.OrderRejected, EVENT.OrderFilled, EVENT.OrderCanceled],
  ...[EVENT.OrderReplaced, EVENT.OrderExpired, EVENT.OrderDoneForDay, EVENT.OrderCalculated],
  ...[EVENT.OrderRestated, EVENT.OrderSuspended, EVENT.OrderStopped, EVENT.FillCorrected],
  ...[EVENT.FillBusted, EVENT.CancelPending, EVENT.ReplacePending],
]);

export class OurOrders {
  readonly #orders = new VenueOrders();
  readonly #venue: number;
  readonly #unmatched = new Set<string>();
  /** What was asked of the venue and not answered. */
  readonly requests = new OpenRequests();
  /** Orders that ever went to the venue. */
  routed = 0;

  constructor(venue: number) {
    this.#venue = venue;
  }

  /** Takes records of the log, without a gap. */
  take(b: RecordBuffer, from = 0): void {
    for (let at = from; at < b.length; at += b.u16[(at + HEADER.length) >> 1] as number) {
      this.#takeOne(b, at);
    }
  }

  /** The order, or undefined when it is none of this venue's. */
  find(orderId: number): OurOrder | undefined {
    const row = this.#orders.find(orderId);
    return row === 0 ? undefined : this.#order(row);
  }

  *open(): Generator<OurOrder> {
    for (let row = 1; row < this.#orders.rows; row += 1) {
      const state = this.#orders.state[row];
      if (state === Working || state === Silent) yield this.#order(row);
    }
  }

  /** Whether a fill that fits no order is on record under this execution id. */
  isUnmatched(execId: string): boolean {
    return this.#unmatched.has(execId);
  }

  #takeOne(b: RecordBuffer, at: number): void {
    const orders = this.#orders;
    const number = b.bytes[at + HEADER.number] as number;
    if (number === EVENT.OrderAccepted) {
      if (b.u16[(at + accepted.venue) >> 1] === this.#venue) orders.accept(b, at);
      return;
    }
    if (number === EVENT.FillUnmatched) {
      const from = at + unmatched.execId;
      const text = Buffer.from(b.bytes.subarray(from, from + EXEC_ID_BYTES)).toString('latin1');
      this.#unmatched.add(text.replace(/\0+$/, ''));
      return;
    }
    const row = this.#orders.find(b.f64[(at + accepted.orderId) >> 3] as number);
    if (row === 0) return;
    this.requests.take(b, at, number);
    if (number === EVENT.OrderRouted) {
      if (b.u16[(at + routed.venue) >> 1] !== this.#venue) return;
      this.routed += 1;
      if (orders.state[row] === Accepted) orders.state[row] = Silent;
    } else if (number === EVENT.OrderTriggered) {
      orders.price[row] = b.f64[(at + triggered.price) >> 3] as number;
    } else if (STANDING.has(number)) {
      this.#stand(b, at, row, number);
    }
  }

  #stand(b: RecordBuffer, at: number, row: number, number: number): void {
    const orders = this.#orders;
    orders.quantity[row] = b.f64[(at + after.orderQuantity) >> 3] as number;
    orders.filled[row] = b.f64[(at + after.cumQuantity) >> 3] as number;
    if (number === EVENT.OrderReplaced) {
      orders.price[row] = b.f64[(at + replaced.price) >> 3] as number;
    }
    if (number === EVENT.OrderRestated) {
      orders.price[row] = b.f64[(at + restated.price) >> 3] as number;
    }
    const leaves = b.f64[(at + after.leavesQuantity) >> 3] as number;
    if (orders.state[row] !== Accepted) orders.state[row] = leaves > 0 ? Working : Ended;
  }

  #order(row: number): OurOrder {
    const { orderId, account, instrument, quantity, price, filled, state } = this.#orders;
    return {
      orderId: orderId[row] as number,
      account: account[row] as number,
      instrument: instrument[row] as number,
      quantity: quantity[row] as number,
      price: price[row] as number,
      cumQuantity: filled[row] as number,
      open: state[row] === Working || state[row] === Silent,
      heardOf: state[row] !== Silent,
      unanswered: this.requests.of(orderId[row] as number) !== undefined,
    };
  }
}
