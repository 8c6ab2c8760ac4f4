/**
 * What the venue says, as VenueReport commands written straight into its ring.
 *
 * **When the ring is full** the venue's thread waits for the writer, as long as it takes: a report is
 * never dropped. It gives up only when the writer is gone; then the log says what was not reported,
 * and the next start reports it.
 *
 * `received` of a report is the time of the event that it answers, so what lies between the two times
 * of an event is the way to the venue and back.
 */
import type { CommandPort } from '../../commands/command-port.js';
import { COMMAND, commandLayouts, VENUE_REPORT } from '../../domain/commands.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { CL_ORD_ID_BYTES, LIQUIDITY } from '../../domain/order-terms.js';
import { LEG, writeDigits, writeExecutionId } from './execution-id.js';
import type { VenueOrders } from './venue-orders.js';

const report = commandLayouts.VenueReport.offsets;
/** What a replace may state beside quantity and price is granted here as it was asked for. */
const REPORT_BYTES = commandLayouts.VenueReport.bytesMin;
const mark = commandLayouts.MarkPrice.offsets;
const MARK_BYTES = commandLayouts.MarkPrice.bytes;

/** Longest wait before the ring is looked at again, ms; the first is 1, then they double. */
const FULL_WAIT_MS_MAX = 16;

/** The writer stopped while reports were waiting. */
export class VenueCutOffError extends Error {
  override readonly name = 'VenueCutOffError';
  readonly code = 'VENUE_CUT_OFF';
}

export class VenueReports {
  /** Reports and marks handed to the writer since the start. */
  count = 0;
  /** How often the ring was full. */
  waits = 0;
  readonly #port: CommandPort;
  readonly #orders: VenueOrders;
  readonly #venue: number;
  readonly #writerIsGone: () => boolean;
  readonly #bed = new Int32Array(new SharedArrayBuffer(4));
  /** Time of the event that is being answered, ns since 1970 in two words. */
  #timeLow = 0;
  #timeHigh = 0;

  /** @param writerIsGone whether the ring will never be emptied again */
  constructor(
    port: CommandPort,
    orders: VenueOrders,
    venue: number,
    writerIsGone: () => boolean = () => false,
  ) {
    this.#port = port;
    this.#orders = orders;
    this.#venue = venue;
    this.#writerIsGone = writerIsGone;
  }

  /** The reports that follow answer the event at `at`. */
  answer(b: RecordBuffer, at: number): void {
    this.#timeLow = b.i32[(at + HEADER.time) >> 2] as number;
    this.#timeHigh = b.i32[(at + HEADER.time + 4) >> 2] as number;
  }

  acknowledged(row: number): void {
    const at = this.#begin(VENUE_REPORT.Acknowledged, row);
    const { u8 } = this.#port.slots;
    writeDigits(u8, at + report.venueOrderId, this.#orders.orderId[row] as number);
    this.#port.publish();
  }

  rejected(row: number, reason: number): void {
    this.#ended(VENUE_REPORT.Rejected, row, reason);
  }

  expired(row: number): void {
    this.#ended(VENUE_REPORT.Expired, row, 0);
  }

  /** Unsolicited: what an order could not do at once. */
  canceled(row: number, reason: number): void {
    this.#ended(VENUE_REPORT.Canceled, row, reason);
  }

  /** @param input sequence of the event that made the taker match; see `execution-id.ts` */
  filled(
    row: number,
    leg: number,
    lots: number,
    price: number,
    input: number,
    match: number,
  ): void {
    const at = this.#begin(VENUE_REPORT.Filled, row);
    const { u8, f64 } = this.#port.slots;
    f64[(at + report.lastQuantity) >> 3] = lots;
    f64[(at + report.lastPrice) >> 3] = price;
    writeExecutionId(u8, at + report.execId, input, match, leg);
    u8[at + report.liquidity] = leg === LEG.Maker ? LIQUIDITY.Added : LIQUIDITY.Removed;
    this.#port.publish();
  }

  /** @param clOrdIdAt where the request at `b` has its client order id */
  requestCanceled(row: number, b: RecordBuffer, clOrdIdAt: number): void {
    const at = this.#begin(VENUE_REPORT.Canceled, row);
    this.#copyClientId(at, b, clOrdIdAt);
    this.#port.publish();
  }

  requestReplaced(
    row: number,
    b: RecordBuffer,
    clOrdIdAt: number,
    quantity: number,
    price: number,
  ): void {
    const at = this.#begin(VENUE_REPORT.Replaced, row);
    this.#copyClientId(at, b, clOrdIdAt);
    const { f64 } = this.#port.slots;
    f64[(at + report.quantity) >> 3] = quantity;
    f64[(at + report.price) >> 3] = price;
    this.#port.publish();
  }

  requestRejected(row: number, b: RecordBuffer, clOrdIdAt: number, reason: number): void {
    const at = this.#begin(VENUE_REPORT.RequestRejected, row);
    this.#copyClientId(at, b, clOrdIdAt);
    this.#port.slots.u16[(at + report.reason) >> 1] = reason;
    this.#port.publish();
  }

  marked(instrument: number, price: number): void {
    const at = this.#claim(COMMAND.MarkPrice, MARK_BYTES);
    const { f64, i32 } = this.#port.slots;
    f64[(at + mark.price) >> 3] = price;
    i32[(at + mark.instrument) >> 2] = instrument;
    i32[(at + mark.source) >> 2] = this.#venue;
    this.#port.publish();
  }

  #ended(kind: number, row: number, reason: number): void {
    const at = this.#begin(kind, row);
    this.#port.slots.u16[(at + report.reason) >> 1] = reason;
    this.#port.publish();
  }

  #begin(kind: number, row: number): number {
    const at = this.#claim(COMMAND.VenueReport, REPORT_BYTES);
    const { u8, u16, i32, f64 } = this.#port.slots;
    const orders = this.#orders;
    f64[(at + report.orderId) >> 3] = orders.orderId[row] as number;
    i32[(at + report.account) >> 2] = orders.account[row] as number;
    i32[(at + report.instrument) >> 2] = orders.instrument[row] as number;
    u8[at + report.report] = kind;
    u8[at + report.side] = orders.side[row] as number;
    u16[(at + report.venue) >> 1] = this.#venue;
    return at;
  }

  #claim(number: number, bytes: number): number {
    let at = this.#port.claim(number, bytes);
    for (let ms = 1; at < 0; ms = Math.min(ms * 2, FULL_WAIT_MS_MAX)) {
      if (this.#writerIsGone()) throw new VenueCutOffError('the writer stopped with its ring full');
      this.waits += 1;
      Atomics.wait(this.#bed, 0, 0, ms);
      at = this.#port.claim(number, bytes);
    }
    this.count += 1;
    const { i32 } = this.#port.slots;
    i32[(at + HEADER.received) >> 2] = this.#timeLow;
    i32[(at + HEADER.received + 4) >> 2] = this.#timeHigh;
    return at;
  }

  #copyClientId(at: number, b: RecordBuffer, clOrdIdAt: number): void {
    const { i32 } = this.#port.slots;
    const to = (at + report.clOrdId) >> 2;
    for (let i = 0; i < CL_ORD_ID_BYTES >> 2; i += 1) {
      i32[to + i] = b.i32[(clOrdIdAt >> 2) + i] as number;
    }
  }
}
