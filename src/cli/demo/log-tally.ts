/** Counts what a log holds while it grows, and hands the venue the events that it answers. */
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { SIDE } from '../../domain/order-terms.js';
import type { RecordedVenue } from '../../venues/recorded/recorded-venue.js';
import type { FlowDriver } from './flow-driver.js';

const filled = eventLayouts.OrderFilled.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;

const FOR_THE_VENUE = new Set<number>([
  EVENT.OrderAccepted,
  EVENT.OrderRouted,
  EVENT.ReplaceRequested,
  EVENT.CancelRequested,
]);

export class LogTally {
  submitted = 0;
  denied = 0;
  fills = 0;
  fillQty = 0;
  buy = 0;
  sell = 0;
  replaced = 0;
  reduced = 0;
  canceled = 0;
  restated = 0;
  /** Requests that the venue or Daybook answered: entries, replaces, cancels. */
  answered = 0;
  /** Requests refused: a sign that the recording does not fit, or that a limit holds. */
  rejected = 0;
  /** Commands refused outside the order path: a sign that the recording does not fit. */
  refused = 0;
  readonly #venue: RecordedVenue;
  readonly #driver: FlowDriver;

  constructor(venue: RecordedVenue, driver: FlowDriver) {
    this.#venue = venue;
    this.#driver = driver;
  }

  take(batch: RecordBuffer): void {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      const number = batch.bytes[at + HEADER.number] as number;
      this.#count(number, batch, at);
      if (FOR_THE_VENUE.has(number)) {
        const event = decodeEvent(batch.bytes, at);
        if (event.type === 'OrderAccepted') {
          this.#driver.accepted(event.data.clOrdId, event.data.orderId);
        }
        this.#venue.take(event);
      }
    }
  }

  #count(number: number, batch: RecordBuffer, at: number): void {
    switch (number) {
      case EVENT.OrderAccepted:
        this.submitted += 1;
        return;
      case EVENT.OrderDenied:
        this.denied += 1;
        this.answered += 1;
        return;
      case EVENT.OrderAcknowledged:
        this.#answer(batch, at);
        return;
      case EVENT.CancelRejected:
      case EVENT.ReplaceRejected:
        this.rejected += 1;
        this.#answer(batch, at);
        return;
      case EVENT.OrderCanceled:
        this.canceled += 1;
        this.#answer(batch, at);
        return;
      case EVENT.OrderReplaced:
        this.#answer(batch, at);
        if (isReduction(batch, at)) this.reduced += 1;
        else this.replaced += 1;
        return;
      case EVENT.OrderRestated:
        this.restated += 1;
        return;
      case EVENT.OrderFilled: {
        const lots = batch.f64[(at + filled.lastQuantity) >> 3] as number;
        this.fills += 1;
        this.fillQty += lots;
        if (batch.bytes[at + filled.side] === SIDE.Buy) this.buy += lots;
        else this.sell += lots;
        return;
      }
      case EVENT.CommandRefused:
        this.refused += 1;
        return;
    }
  }

  /** Every order event starts with the order id. */
  #answer(batch: RecordBuffer, at: number): void {
    this.answered += 1;
    this.#driver.answer(batch.f64[(at + filled.orderId) >> 3] as number);
  }
}

/** The driver marks replaces that only take quantity off: their ids end with d and a number. */
function isReduction(batch: RecordBuffer, at: number): boolean {
  const from = at + replaced.clOrdId;
  const end = batch.bytes.indexOf(0, from);
  let i = end - 1;
  while (i > from && (batch.bytes[i] as number) >= 0x30 && (batch.bytes[i] as number) <= 0x39)
    i -= 1;
  return batch.bytes[i] === 0x64;
}
