/**
 * Client order ids: unique over the orders, cancels and replaces of an account (FIX rule 8), with
 * what each of them asked for.
 */
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import { KeyTable } from '../../lib/key-table.js';

export const REQUEST_KIND = { Order: 1, Cancel: 2, Replace: 3 } as const;
export const REQUEST_STATE = { Sent: 1, Pending: 2, Accepted: 3, Rejected: 4 } as const;

/** Beside quantity and price; 0 unchanged. */
export interface FurtherTerms {
  readonly stopPrice: number;
  readonly displayQuantity: number;
}

export class ClientIds extends KeyTable {
  /** Row of the order; 0 when the request never had one (denied, unknown order). */
  readonly order: Int32Array;
  readonly kind: Uint8Array;
  readonly state: Uint8Array;
  /** What a replace asks for, or the quantity of a denied order. */
  readonly quantity: Float64Array;
  readonly price: Float64Array;
  /** The rest of it, by row, of replaces under way that ask for more: few, so no columns. */
  readonly further = new Map<number, FurtherTerms>();
  readonly userRef: Int32Array;
  /** The next request under way of the same order, row + 1; 0 the last. */
  readonly next: Int32Array;
  /** Trading day, counted from the first, on which the id was used. */
  readonly day: Uint16Array;

  constructor(capacity: number, seed: number) {
    super(capacity, CL_ORD_ID_BYTES, seed);
    this.order = new Int32Array(capacity);
    this.kind = new Uint8Array(capacity);
    this.state = new Uint8Array(capacity);
    this.quantity = new Float64Array(capacity);
    this.price = new Float64Array(capacity);
    this.userRef = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.day = new Uint16Array(capacity);
  }
}
