/**
 * Rebuilds the venue from the log: its memory is gone after a restart, but all it ever said is there.
 *
 * The log's own reports are the truth; nothing that is on record is decided again. What the venue had
 * said is a prefix of what it had to say (see `simulated-venue.ts`), so the crash can have cut in one
 * place only:
 *
 * ```
 *   requests in the log   R1          R2                       R3       R4
 *   reports in the log    ack         ack  fill(maker)  |               nothing yet
 *                                                       crash
 *   1. the taker's leg of that match is reported     (R2, the order whose input the execution id names)
 *   2. all working orders enter their books again, by the priority they had; R2, which came last, goes on
 *      matching where it was cut off
 *   3. R3 and R4, which have no answer, are processed like new ones
 * ```
 *
 * A crash during these steps is the same case again. An answer on record also answers for every
 * request before it.
 */
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { CL_ORD_ID_BYTES, TIME_IN_FORCE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { ExecutionId, LEG } from './execution-id.js';
import type { HalfMatch, SimulatedVenue } from './simulated-venue.js';
import { VENUE_ORDER, type VenueOrders, wider } from './venue-orders.js';

const accepted = eventLayouts.OrderAccepted.offsets;
const routed = eventLayouts.OrderRouted.offsets;
const triggered = eventLayouts.OrderTriggered.offsets;
const cancel = eventLayouts.CancelRequested.offsets;
const after = eventLayouts.OrderAcknowledged.offsets;
const filled = eventLayouts.OrderFilled.offsets;
const canceled = eventLayouts.OrderCanceled.offsets;
const rejected = eventLayouts.CancelRejected.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;
const restated = eventLayouts.OrderRestated.offsets;

/** Bytes of requests without an answer that a restart can hold; more would be a broken venue. */
export const UNANSWERED_BYTES_MAX = 2 ** 30;

export class VenueRecoveryError extends Error {
  override readonly name = 'VenueRecoveryError';
  readonly code: 'VENUE_UNANSWERED_TOO_MANY' | 'VENUE_MATCH_WITHOUT_TAKER';
  constructor(code: VenueRecoveryError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export class VenueRecovery {
  readonly #orders: VenueOrders;
  readonly #venue: number;
  /** Sequence of the event that gave the order its place in the queue. */
  #priority: Float64Array;
  /** Sequence of the request behind it; execution ids begin with it. */
  #input: Float64Array;
  /** Matches of that request so far. */
  #matches: Int32Array;
  /** Lots left of an iceberg's slice, by row; none when it is whole. */
  readonly #shown = new Map<number, number>();
  /** Requests that have no answer yet, from `#head` on, in the order of the log. */
  #unanswered = new RecordBuffer(64 * 1024);
  #head = 0;
  #half: HalfMatch | undefined;
  readonly #executionId = new ExecutionId();

  constructor(orders: VenueOrders, venue: number) {
    this.#orders = orders;
    this.#venue = venue;
    this.#priority = new Float64Array(orders.rows);
    this.#input = new Float64Array(orders.rows);
    this.#matches = new Int32Array(orders.rows);
  }

  /** Takes records of the log, from sequence 0 on without a gap. */
  take(b: RecordBuffer): void {
    for (let at = 0; at < b.length; at += b.u16[(at + HEADER.length) >> 1] as number) {
      this.#takeOne(b, at);
    }
  }

  /**
   * Hands over to the venue: reports what was left unsaid. To be called once, at the end of the log.
   * @returns what there was to do
   */
  finish(venue: SimulatedVenue): { readonly working: number; readonly unanswered: number } {
    const orders = this.#orders;
    const working: number[] = [];
    for (let row = 1; row < orders.rows; row += 1) {
      if (orders.state[row] === VENUE_ORDER.Working) working.push(row);
    }
    if (this.#half !== undefined) this.#completeMatch(venue, this.#half, working);
    working.sort((a, b) => (this.#priority[a] as number) - (this.#priority[b] as number));
    let entered = 0;
    for (const row of working) {
      // Not when the half match, or one that entered before it, filled it.
      if (orders.state[row] !== VENUE_ORDER.Working) continue;
      const input = this.#input[row] as number;
      venue.reenter(row, input, this.#matches[row] as number, this.#shown.get(row) ?? 0);
      entered += 1;
    }
    let unanswered = 0;
    const pending = this.#unanswered;
    for (let at = this.#head; at < pending.length; at += lengthAt(pending, at)) unanswered += 1;
    venue.take(pending, this.#head);
    return { working: entered, unanswered };
  }

  #completeMatch(venue: SimulatedVenue, half: HalfMatch, working: readonly number[]): void {
    const row = working.find((each) => this.#input[each] === half.input);
    if (row === undefined) {
      const match = `${half.input}-${half.match}`;
      const message = `match ${match} has a maker on record and no working taker`;
      throw new VenueRecoveryError('VENUE_MATCH_WITHOUT_TAKER', message);
    }
    venue.completeMatch(row, half);
    this.#matches[row] = half.match;
    this.#priority[row] = Number.MAX_SAFE_INTEGER;
  }

  #takeOne(b: RecordBuffer, at: number): void {
    const number = b.bytes[at + HEADER.number] as number;
    if (number === EVENT.OrderAccepted) {
      if (b.u16[(at + accepted.venue) >> 1] === this.#venue) this.#accept(b, at);
      return;
    }
    if (number === EVENT.TradingDayClosed) {
      this.#append(b, at);
      return;
    }
    if (!isOfOrder(number)) return;
    const row = this.#orders.find(b.f64[(at + accepted.orderId) >> 3] as number);
    if (row !== 0) this.#takeOfOrder(b, at, number, row);
  }

  #takeOfOrder(b: RecordBuffer, at: number, number: number, row: number): void {
    const orders = this.#orders;
    switch (number) {
      case EVENT.OrderRouted:
        if (b.u16[(at + routed.venue) >> 1] === this.#venue) this.#append(b, at);
        return;
      case EVENT.CancelRequested:
        if (b.bytes[at + cancel.forced] === 0) this.#append(b, at);
        return;
      case EVENT.ReplaceRequested:
        this.#append(b, at);
        return;
      case EVENT.OrderTriggered:
        orders.price[row] = b.f64[(at + triggered.price) >> 3] as number;
        orders.ordType[row] = b.bytes[at + triggered.ordType] as number;
        return;
      case EVENT.OrderAcknowledged:
        orders.quantity[row] = b.f64[(at + after.orderQuantity) >> 3] as number;
        if (orders.state[row] === VENUE_ORDER.Accepted) this.#enter(b, at, row);
        return;
      case EVENT.OrderRejected:
        this.#answered(row, EVENT.OrderRouted, b, 0);
        orders.state[row] = VENUE_ORDER.Ended;
        return;
      case EVENT.OrderFilled:
        this.#filled(b, at, row);
        return;
      case EVENT.OrderCanceled:
        this.#canceled(b, at, row);
        return;
      case EVENT.OrderReplaced:
        this.#replaced(b, at, row);
        return;
      case EVENT.CancelRejected:
        this.#requestRejected(b, at, row, EVENT.CancelRequested);
        return;
      case EVENT.ReplaceRejected:
        this.#requestRejected(b, at, row, EVENT.ReplaceRequested);
        return;
      case EVENT.OrderRestated:
        orders.price[row] = b.f64[(at + restated.price) >> 3] as number;
        this.#setQuantities(b, at, row);
        return;
      default:
        this.#setQuantities(b, at, row);
    }
  }

  #accept(b: RecordBuffer, at: number): void {
    const row = this.#orders.accept(b, at);
    while (this.#priority.length < this.#orders.rows) {
      this.#priority = wider(this.#priority);
      this.#input = wider(this.#input);
      this.#matches = wider(this.#matches);
    }
    this.#shown.delete(row);
  }

  /** The venue took the order in: what was routed has its answer. */
  #enter(b: RecordBuffer, at: number, row: number): void {
    const sequence = b.f64[(at + HEADER.sequence) >> 3] as number;
    const input = this.#answered(row, EVENT.OrderRouted, b, 0);
    this.#orders.state[row] = VENUE_ORDER.Working;
    this.#queue(row, sequence, input < 0 ? sequence : input);
  }

  #queue(row: number, priority: number, input: number): void {
    this.#priority[row] = priority;
    this.#input[row] = input;
    this.#matches[row] = 0;
    this.#shown.delete(row);
  }

  #filled(b: RecordBuffer, at: number, row: number): void {
    const orders = this.#orders;
    if (orders.state[row] === VENUE_ORDER.Accepted) this.#enter(b, at, row);
    const lots = b.f64[(at + filled.lastQuantity) >> 3] as number;
    const left = (orders.quantity[row] as number) - (orders.filled[row] as number);
    orders.filled[row] = b.f64[(at + filled.cumQuantity) >> 3] as number;
    const done = (orders.filled[row] as number) >= (orders.quantity[row] as number);
    if (done && orders.state[row] === VENUE_ORDER.Working) orders.state[row] = VENUE_ORDER.Filled;
    const id = this.#executionId;
    if (!id.read(b.bytes, at + filled.execId)) return;
    if (id.leg === LEG.Taker) {
      this.#half = undefined;
      if (this.#input[row] === id.input) {
        this.#matches[row] = id.match;
        // Behind the slices that icebergs showed anew while it matched: it has to enter after them.
        this.#priority[row] = b.f64[(at + HEADER.sequence) >> 3] as number;
      }
      return;
    }
    const price = b.f64[(at + filled.lastPrice) >> 3] as number;
    this.#half = { input: id.input, match: id.match, lots, price };
    const display = orders.parts.get(row)?.display ?? 0;
    if (display > 0) {
      this.#fillSlice(row, lots, left, display, b.f64[(at + HEADER.sequence) >> 3] as number);
    }
  }

  /** As the book does it: a slice that is used up is followed by one at the end of the queue. */
  #fillSlice(row: number, lots: number, left: number, display: number, sequence: number): void {
    const shown = (this.#shown.get(row) ?? Math.min(display, left)) - lots;
    if (shown > 0) {
      this.#shown.set(row, shown);
      return;
    }
    this.#shown.delete(row);
    this.#priority[row] = sequence;
  }

  #canceled(b: RecordBuffer, at: number, row: number): void {
    const orders = this.#orders;
    const immediate =
      orders.timeInForce[row] === TIME_IN_FORCE.ImmediateOrCancel ||
      orders.timeInForce[row] === TIME_IN_FORCE.FillOrKill ||
      b.u16[(at + canceled.reason) >> 1] !== 0;
    const named = b.i32[(at + canceled.clOrdId) >> 2] !== 0;
    if (named) this.#answered(row, EVENT.CancelRequested, b, at + canceled.clOrdId);
    else if (!immediate) this.#answered(row, EVENT.CancelRequested, b, 0);
    this.#setQuantities(b, at, row);
    this.#clampShown(row);
    if (b.f64[(at + canceled.leavesQuantity) >> 3] === 0) orders.state[row] = VENUE_ORDER.Ended;
  }

  #replaced(b: RecordBuffer, at: number, row: number): void {
    const orders = this.#orders;
    const sequence = b.f64[(at + HEADER.sequence) >> 3] as number;
    const named = b.i32[(at + replaced.clOrdId) >> 2] !== 0;
    const input = named
      ? this.#answered(row, EVENT.ReplaceRequested, b, at + replaced.clOrdId)
      : -1;
    const wasWorking = orders.state[row] === VENUE_ORDER.Working;
    const leftBefore = (orders.quantity[row] as number) - (orders.filled[row] as number);
    const left = b.f64[(at + replaced.leavesQuantity) >> 3] as number;
    const price = b.f64[(at + replaced.price) >> 3] as number;
    const keeps = wasWorking && price === orders.price[row] && left < leftBefore;
    orders.price[row] = price;
    const slice = this.#shown.get(row) ?? (orders.parts.get(row)?.display || leftBefore);
    orders.setDisplay(row, b.f64[(at + replaced.displayQuantity) >> 3] as number);
    this.#setQuantities(b, at, row);
    if (keeps) this.#keepSlice(row, Math.min(slice, left));
    else this.#queue(row, sequence, input < 0 ? sequence : input);
  }

  /** Quantities and state as the event leaves them; an end is for good. */
  #setQuantities(b: RecordBuffer, at: number, row: number): void {
    const orders = this.#orders;
    orders.quantity[row] = b.f64[(at + after.orderQuantity) >> 3] as number;
    orders.filled[row] = b.f64[(at + after.cumQuantity) >> 3] as number;
    if (orders.state[row] === VENUE_ORDER.Ended) return;
    const number = b.bytes[at + HEADER.number] as number;
    const left = b.f64[(at + after.leavesQuantity) >> 3] as number;
    if (left > 0) {
      if (number === EVENT.OrderReplaced || number === EVENT.OrderRestated) {
        orders.state[row] = VENUE_ORDER.Working;
      }
      return;
    }
    const full = (orders.filled[row] as number) >= (orders.quantity[row] as number);
    orders.state[row] = full ? VENUE_ORDER.Filled : VENUE_ORDER.Ended;
  }

  /** The order kept its place, and its slice, less what is more than it shows from now on. */
  #keepSlice(row: number, slice: number): void {
    const display = this.#orders.parts.get(row)?.display ?? 0;
    if (display > 0) this.#shown.set(row, Math.min(slice, display));
  }

  #clampShown(row: number): void {
    const shown = this.#shown.get(row);
    const left = (this.#orders.quantity[row] as number) - (this.#orders.filled[row] as number);
    if (shown !== undefined && shown > left) this.#shown.set(row, left);
  }

  #requestRejected(b: RecordBuffer, at: number, row: number, kind: number): void {
    // Of a repeated client order id: the writer's own refusal, the first request goes on.
    if (b.u16[(at + rejected.reason) >> 1] === REASON.ORDER_DUPLICATE_CLIENT_ID) return;
    if (b.i32[(at + rejected.clOrdId) >> 2] !== 0) {
      this.#answered(row, kind, b, at + rejected.clOrdId);
      return;
    }
    // The writer refuses requests without an id too, so this is an answer only where one is due next.
    const next = this.#nextToAnswer();
    if (this.#matchesRequest(next, row, kind, b, 0)) {
      this.#head = next + lengthAt(this.#unanswered, next);
    }
  }

  /** Past the requests that need no answer: a mass cancel of what had ended, a day with no day orders. */
  #nextToAnswer(): number {
    const pending = this.#unanswered;
    const orders = this.#orders;
    let at = this.#head;
    for (; at < pending.length; at += lengthAt(pending, at)) {
      if (pending.bytes[at + HEADER.number] === EVENT.TradingDayClosed) {
        if (this.#hasDayOrders()) return at;
        continue;
      }
      const row = orders.find(pending.f64[(at + cancel.orderId) >> 3] as number);
      const ended = orders.state[row] === VENUE_ORDER.Ended;
      const unnamed = this.#matchesRequest(at, row, EVENT.CancelRequested, pending, 0);
      if (!(ended && unnamed)) return at;
    }
    return at;
  }

  #hasDayOrders(): boolean {
    const { rows, state, timeInForce } = this.#orders;
    for (let row = 1; row < rows; row += 1) {
      if (state[row] === VENUE_ORDER.Working && timeInForce[row] === TIME_IN_FORCE.Day) return true;
    }
    return false;
  }

  #append(b: RecordBuffer, at: number): void {
    const bytes = lengthAt(b, at);
    if (this.#head === this.#unanswered.length) {
      this.#unanswered.clear();
      this.#head = 0;
    }
    if (this.#unanswered.length + bytes > this.#unanswered.bytes.length) this.#makeRoom();
    const to = this.#unanswered.length;
    this.#unanswered.bytes.set(b.bytes.subarray(at, at + bytes), to);
    this.#unanswered.length = to + bytes;
  }

  #makeRoom(): void {
    const old = this.#unanswered;
    const live = old.length - this.#head;
    const bytes = live * 2 > old.bytes.length ? old.bytes.length * 2 : old.bytes.length;
    if (bytes > UNANSWERED_BYTES_MAX) {
      const message = `more than ${UNANSWERED_BYTES_MAX} bytes of requests have no answer`;
      throw new VenueRecoveryError('VENUE_UNANSWERED_TOO_MANY', message);
    }
    const next = new RecordBuffer(bytes);
    next.bytes.set(old.bytes.subarray(this.#head, old.length));
    next.length = live;
    this.#unanswered = next;
    this.#head = 0;
  }

  /**
   * Takes a request, and all before it, off those without an answer.
   * @param clOrdIdAt where `b` names the request; 0 it has no name
   * @returns its sequence, or -1 when there is none
   */
  #answered(row: number, kind: number, b: RecordBuffer, clOrdIdAt: number): number {
    const pending = this.#unanswered;
    for (let at = this.#head; at < pending.length; at += lengthAt(pending, at)) {
      if (!this.#matchesRequest(at, row, kind, b, clOrdIdAt)) continue;
      this.#head = at + lengthAt(pending, at);
      return pending.f64[(at + HEADER.sequence) >> 3] as number;
    }
    return -1;
  }

  #matchesRequest(
    at: number,
    row: number,
    kind: number,
    b: RecordBuffer,
    clOrdIdAt: number,
  ): boolean {
    const pending = this.#unanswered;
    if (at >= pending.length || pending.bytes[at + HEADER.number] !== kind) return false;
    if (pending.f64[(at + cancel.orderId) >> 3] !== this.#orders.orderId[row]) return false;
    if (kind === EVENT.OrderRouted) return true;
    // Cancel and replace requests have their client order id in the same place.
    const id = (at + cancel.clOrdId) >> 2;
    if (clOrdIdAt === 0) return pending.i32[id] === 0;
    for (let i = 0; i < CL_ORD_ID_BYTES >> 2; i += 1) {
      if (pending.i32[id + i] !== b.i32[(clOrdIdAt >> 2) + i]) return false;
    }
    return true;
  }
}

function lengthAt(b: RecordBuffer, at: number): number {
  return b.u16[(at + HEADER.length) >> 1] as number;
}

/** Events that say how an order stands at its venue. */
const OF_ORDER: readonly number[] = [
  EVENT.OrderRouted,
  EVENT.OrderAcknowledged,
  EVENT.OrderRejected,
  EVENT.OrderFilled,
  EVENT.OrderTriggered,
  EVENT.CancelRequested,
  EVENT.OrderCanceled,
  EVENT.CancelRejected,
  EVENT.ReplaceRequested,
  EVENT.OrderReplaced,
  EVENT.ReplaceRejected,
  EVENT.OrderExpired,
  EVENT.OrderDoneForDay,
  EVENT.OrderCalculated,
  EVENT.OrderRestated,
  EVENT.FillCorrected,
  EVENT.FillBusted,
];
const IS_OF_ORDER = Uint8Array.from({ length: 256 }, (_, n) => (OF_ORDER.includes(n) ? 1 : 0));

function isOfOrder(number: number): boolean {
  return IS_OF_ORDER[number] === 1;
}
