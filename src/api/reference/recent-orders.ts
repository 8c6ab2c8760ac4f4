/**
 * Account and instrument of orders accepted lately, which never change for an order: a replace
 * needs the tick of its order before the read model may have it.
 *
 * A cache, direct-mapped by order id: a newer order takes the place of an older one, and what is
 * not here is asked of the read model.
 */
import type { RecordBuffer } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';

/** Orders remembered; 16 MiB. Filled from the log at start, so a restart forgets nothing. */
export const RECENT_ORDERS = 2 ** 20;

export interface OrderPlace {
  readonly orderId: number;
  readonly account: number;
  readonly instrument: number;
}

const AT = eventLayouts.OrderAccepted.offsets;

export class RecentOrders {
  readonly #size: number;
  readonly #ids: Float64Array;
  readonly #accounts: Uint32Array;
  readonly #instruments: Uint32Array;

  /** @param size places */
  constructor(size = RECENT_ORDERS) {
    assert(Number.isInteger(size) && size > 0, 'recent orders: a positive number of places');
    this.#size = size;
    this.#ids = new Float64Array(size);
    this.#accounts = new Uint32Array(size);
    this.#instruments = new Uint32Array(size);
  }

  /** Takes the OrderAccepted at `at`. */
  take(view: RecordBuffer, at: number): void {
    const orderId = view.f64[(at + AT.orderId) / 8] as number;
    const place = orderId % this.#size;
    this.#ids[place] = orderId;
    this.#accounts[place] = view.u32[(at + AT.account) / 4] as number;
    this.#instruments[place] = view.u32[(at + AT.instrument) / 4] as number;
  }

  find(orderId: number): OrderPlace | undefined {
    const place = orderId % this.#size;
    if (orderId <= 0 || this.#ids[place] !== orderId) return undefined;
    const account = this.#accounts[place] as number;
    return { orderId, account, instrument: this.#instruments[place] as number };
  }
}
