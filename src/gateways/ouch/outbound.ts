import { readU64 } from '../wire/integer.js';

/**
 * Outbound messages in place, for a client of a venue. `at` is the offset of the type byte of a
 * message that `checkOutbound` has passed. Prices are units of 0.0001 and safe after the check;
 * reference and match numbers throw VALUE_UNSAFE past 2^53 - 1.
 */

/** Every outbound message but System Event and Account Query Response has UserRefNum here. */
export const outbound = {
  timestamp: (view: DataView, at: number): number => readU64(view, at + 1),
  userRefNum: (view: DataView, at: number): number => view.getUint32(at + 9),
} as const;

export const orderAccepted = {
  side: (view: DataView, at: number): number => view.getUint8(at + 13),
  quantity: (view: DataView, at: number): number => view.getUint32(at + 14),
  symbolHigh: (view: DataView, at: number): number => view.getUint32(at + 18),
  symbolLow: (view: DataView, at: number): number => view.getUint32(at + 22),
  price: (view: DataView, at: number): number => readU64(view, at + 26),
  orderReferenceNumber: (view: DataView, at: number): number => readU64(view, at + 36),
  orderState: (view: DataView, at: number): number => view.getUint8(at + 47),
  clOrdIDAt: (at: number): number => at + 48,
} as const;

/** `userRefNum` is the new number; `outbound.userRefNum` would be the original one. */
export const orderReplaced = {
  origUserRefNum: (view: DataView, at: number): number => view.getUint32(at + 9),
  userRefNum: (view: DataView, at: number): number => view.getUint32(at + 13),
  side: (view: DataView, at: number): number => view.getUint8(at + 17),
  quantity: (view: DataView, at: number): number => view.getUint32(at + 18),
  price: (view: DataView, at: number): number => readU64(view, at + 30),
  orderReferenceNumber: (view: DataView, at: number): number => readU64(view, at + 40),
  orderState: (view: DataView, at: number): number => view.getUint8(at + 51),
  clOrdIDAt: (at: number): number => at + 52,
} as const;

export const orderCanceled = {
  decrement: (view: DataView, at: number): number => view.getUint32(at + 13),
  reason: (view: DataView, at: number): number => view.getUint8(at + 17),
} as const;

export const orderExecuted = {
  quantity: (view: DataView, at: number): number => view.getUint32(at + 13),
  price: (view: DataView, at: number): number => readU64(view, at + 17),
  liquidityFlag: (view: DataView, at: number): number => view.getUint8(at + 25),
  matchNumber: (view: DataView, at: number): number => readU64(view, at + 26),
} as const;

export const rejected = {
  reason: (view: DataView, at: number): number => view.getUint16(at + 13),
  clOrdIDAt: (at: number): number => at + 15,
} as const;
