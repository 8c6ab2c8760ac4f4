import { readU64, writeU64 } from '../wire/integer.js';
import { OUCH_TYPE_IN } from './types.js';

/**
 * Inbound messages in place. `at` is the offset of the type byte of a message that `checkInbound`
 * has passed; a flag is its byte. Offsets are constants here for speed and pinned to the catalogue
 * by a test. Text is not decoded: compare or copy its bytes (a symbol is two u32).
 */

/** Bytes before the appendage length. */
export const ENTER_ORDER_BYTES = 45;
export const REPLACE_ORDER_BYTES = 38;
export const CANCEL_ORDER_BYTES = 9;
export const MODIFY_ORDER_BYTES = 10;
export const MASS_CANCEL_REQUEST_BYTES = 17;
export const APPENDAGE_LENGTH_BYTES = 2;
export const CL_ORD_ID_BYTES = 14;

export const enterOrder = {
  userRefNum: (view: DataView, at: number): number => view.getUint32(at + 1),
  side: (view: DataView, at: number): number => view.getUint8(at + 5),
  quantity: (view: DataView, at: number): number => view.getUint32(at + 6),
  symbolHigh: (view: DataView, at: number): number => view.getUint32(at + 10),
  symbolLow: (view: DataView, at: number): number => view.getUint32(at + 14),
  symbolAt: (at: number): number => at + 10,
  price: (view: DataView, at: number): number => readU64(view, at + 18),
  timeInForce: (view: DataView, at: number): number => view.getUint8(at + 26),
  display: (view: DataView, at: number): number => view.getUint8(at + 27),
  capacity: (view: DataView, at: number): number => view.getUint8(at + 28),
  interMarketSweepEligibility: (view: DataView, at: number): number => view.getUint8(at + 29),
  crossType: (view: DataView, at: number): number => view.getUint8(at + 30),
  clOrdIDAt: (at: number): number => at + 31,
  appendageAt: (at: number): number => at + ENTER_ORDER_BYTES,
} as const;

export const replaceOrder = {
  origUserRefNum: (view: DataView, at: number): number => view.getUint32(at + 1),
  userRefNum: (view: DataView, at: number): number => view.getUint32(at + 5),
  quantity: (view: DataView, at: number): number => view.getUint32(at + 9),
  price: (view: DataView, at: number): number => readU64(view, at + 13),
  timeInForce: (view: DataView, at: number): number => view.getUint8(at + 21),
  display: (view: DataView, at: number): number => view.getUint8(at + 22),
  interMarketSweepEligibility: (view: DataView, at: number): number => view.getUint8(at + 23),
  clOrdIDAt: (at: number): number => at + 24,
  appendageAt: (at: number): number => at + REPLACE_ORDER_BYTES,
} as const;

/** `quantity` is the intended new size, 0 cancels all. */
export const cancelOrder = {
  userRefNum: (view: DataView, at: number): number => view.getUint32(at + 1),
  quantity: (view: DataView, at: number): number => view.getUint32(at + 5),
} as const;

export const modifyOrder = {
  userRefNum: (view: DataView, at: number): number => view.getUint32(at + 1),
  side: (view: DataView, at: number): number => view.getUint8(at + 5),
  quantity: (view: DataView, at: number): number => view.getUint32(at + 6),
} as const;

/** What a client states in an Enter Order. Reuse one object; flags are bytes. */
export interface EnterOrderTerms {
  userRefNum: number;
  side: number;
  quantity: number;
  symbolHigh: number;
  symbolLow: number;
  /** In units of 0.0001. */
  price: number;
  timeInForce: number;
  display: number;
  capacity: number;
  interMarketSweepEligibility: number;
  crossType: number;
  /** Where 14 bytes of ClOrdID stand. */
  clOrdID: DataView;
  clOrdIDAt: number;
}

/** Copies the 14 bytes in four steps, of which the last two overlap. */
export function copyClOrdID(from: DataView, fromAt: number, to: DataView, toAt: number): void {
  to.setInt32(toAt, from.getInt32(fromAt));
  to.setInt32(toAt + 4, from.getInt32(fromAt + 4));
  to.setInt32(toAt + 8, from.getInt32(fromAt + 8));
  to.setInt32(toAt + 10, from.getInt32(fromAt + 10));
}

/** Writes an Enter Order with appendage length 0; returns the offset after it. */
export function putEnterOrder(view: DataView, at: number, terms: EnterOrderTerms): number {
  view.setUint8(at, OUCH_TYPE_IN.enterOrder);
  view.setUint32(at + 1, terms.userRefNum);
  view.setUint8(at + 5, terms.side);
  view.setUint32(at + 6, terms.quantity);
  view.setUint32(at + 10, terms.symbolHigh);
  view.setUint32(at + 14, terms.symbolLow);
  writeU64(view, at + 18, terms.price);
  view.setUint8(at + 26, terms.timeInForce);
  view.setUint8(at + 27, terms.display);
  view.setUint8(at + 28, terms.capacity);
  view.setUint8(at + 29, terms.interMarketSweepEligibility);
  view.setUint8(at + 30, terms.crossType);
  copyClOrdID(terms.clOrdID, terms.clOrdIDAt, view, at + 31);
  view.setUint16(at + ENTER_ORDER_BYTES, 0);
  return at + ENTER_ORDER_BYTES + 2;
}

/** Writes a Replace Order with appendage length 0; returns the offset after it. */
export function putReplaceOrder(
  view: DataView,
  at: number,
  origUserRefNum: number,
  terms: Omit<EnterOrderTerms, 'side' | 'symbolHigh' | 'symbolLow' | 'capacity' | 'crossType'>,
): number {
  view.setUint8(at, OUCH_TYPE_IN.replaceOrder);
  view.setUint32(at + 1, origUserRefNum);
  view.setUint32(at + 5, terms.userRefNum);
  view.setUint32(at + 9, terms.quantity);
  writeU64(view, at + 13, terms.price);
  view.setUint8(at + 21, terms.timeInForce);
  view.setUint8(at + 22, terms.display);
  view.setUint8(at + 23, terms.interMarketSweepEligibility);
  copyClOrdID(terms.clOrdID, terms.clOrdIDAt, view, at + 24);
  view.setUint16(at + REPLACE_ORDER_BYTES, 0);
  return at + REPLACE_ORDER_BYTES + 2;
}

/** Writes a Cancel Order; returns the offset after it. */
export function putCancelOrder(
  view: DataView,
  at: number,
  userRefNum: number,
  quantity: number,
): number {
  view.setUint8(at, OUCH_TYPE_IN.cancelOrder);
  view.setUint32(at + 1, userRefNum);
  view.setUint32(at + 5, quantity);
  return at + CANCEL_ORDER_BYTES;
}

/** Writes a Modify Order; returns the offset after it. */
export function putModifyOrder(
  view: DataView,
  at: number,
  userRefNum: number,
  side: number,
  quantity: number,
): number {
  view.setUint8(at, OUCH_TYPE_IN.modifyOrder);
  view.setUint32(at + 1, userRefNum);
  view.setUint8(at + 5, side);
  view.setUint32(at + 6, quantity);
  return at + MODIFY_ORDER_BYTES;
}

/** Writes an Account Query; returns the offset after it. */
export function putAccountQuery(view: DataView, at: number): number {
  view.setUint8(at, OUCH_TYPE_IN.accountQuery);
  return at + 1;
}
