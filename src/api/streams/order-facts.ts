/**
 * What never changes of an order and its later events do not repeat: the client order id under which
 * it was entered, side, type and time in force. Because it never changes, a reader of old events may
 * ask here too.
 *
 * A cache like `reference/recent-orders.ts`, and as large: of an order that is older, its events are
 * shown without these.
 *
 * ```
 *   ids    | order id, f64 | ...        place = order id mod RECENT_ORDERS
 *   texts  | 40 bytes      | ...
 *   terms  | side, type, time in force, unused | ...
 * ```
 */
import type { RecordBuffer } from '../../domain/event-record.js';
import { type EventOf, eventLayouts } from '../../domain/events.js';
import { CL_ORD_ID_BYTES, ORD_TYPE, SIDE, TIME_IN_FORCE } from '../../domain/order-terms.js';
import { RECENT_ORDERS } from '../reference/recent-orders.js';

type Accepted = EventOf<'OrderAccepted'>['data'];

export interface OrderFact {
  readonly clientOrderId: string;
  readonly side: Accepted['side'];
  readonly type: Accepted['ordType'];
  readonly timeInForce: Accepted['timeInForce'];
}

const AT = eventLayouts.OrderAccepted.offsets;
const TERMS_BYTES = 4;

const nameOf = <N extends string>(list: Readonly<Record<N, number>>): ((number: number) => N) => {
  const names: N[] = [];
  for (const [name, number] of Object.entries(list)) names[number as number] = name as N;
  return (number) => names[number] as N;
};
const sideName = nameOf(SIDE);
const typeName = nameOf(ORD_TYPE);
const timeInForceName = nameOf(TIME_IN_FORCE);

export class OrderFacts {
  readonly #size: number;
  readonly #ids: Float64Array;
  readonly #texts: Buffer;
  readonly #terms: Uint8Array;

  /** @param size places */
  constructor(size = RECENT_ORDERS) {
    this.#size = size;
    this.#ids = new Float64Array(size);
    this.#texts = Buffer.alloc(size * CL_ORD_ID_BYTES);
    this.#terms = new Uint8Array(size * TERMS_BYTES);
  }

  /** Takes the OrderAccepted at `at`. */
  take({ bytes, f64 }: RecordBuffer, at: number): void {
    const orderId = f64[(at + AT.orderId) / 8] as number;
    const place = orderId % this.#size;
    this.#ids[place] = orderId;
    const text = at + AT.clOrdId;
    this.#texts.set(bytes.subarray(text, text + CL_ORD_ID_BYTES), place * CL_ORD_ID_BYTES);
    const terms = place * TERMS_BYTES;
    this.#terms[terms] = bytes[at + AT.side] as number;
    this.#terms[terms + 1] = bytes[at + AT.ordType] as number;
    this.#terms[terms + 2] = bytes[at + AT.timeInForce] as number;
  }

  find(orderId: number): OrderFact | undefined {
    const place = orderId % this.#size;
    if (orderId <= 0 || this.#ids[place] !== orderId) return undefined;
    const start = place * CL_ORD_ID_BYTES;
    let end = start;
    while (end < start + CL_ORD_ID_BYTES && this.#texts[end] !== 0) end += 1;
    const terms = place * TERMS_BYTES;
    return {
      clientOrderId: this.#texts.toString('latin1', start, end),
      side: sideName(this.#terms[terms] as number),
      type: typeName(this.#terms[terms + 1] as number),
      timeInForce: timeInForceName(this.#terms[terms + 2] as number),
    };
  }
}
