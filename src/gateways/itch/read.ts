import { FAULT, type Fault } from '../wire/fault.js';
import { readU48, readU64 } from '../wire/integer.js';
import { ITCH } from './catalogue.js';

/**
 * ITCH messages in place, for books and marks. `at` is the offset of the type byte of a message
 * that `checkItch` has passed. Prices are units of 0.0001, timestamps nanoseconds since midnight,
 * flags bytes, a stock two u32. Offsets are pinned to the catalogue by a test.
 *
 * Reference and match numbers are read as safe integers; `readU64` throws VALUE_UNSAFE past 2^53 - 1,
 * which no exchange day comes near.
 */
const LENGTHS = new Uint8Array(256);
for (const layout of ITCH.layouts) LENGTHS[layout.typeByte] = layout.length;

/** Whether the `length` bytes at `at` are a message of known type and right length. */
export function checkItch(view: DataView, at: number, length: number): Fault {
  if (length < 1) return FAULT.empty;
  const expected = LENGTHS[view.getUint8(at)]!;
  if (expected === 0) return FAULT.typeUnknown;
  return expected === length ? FAULT.none : FAULT.lengthWrong;
}

export const ITCH_TYPE = {
  systemEvent: 0x53,
  stockDirectory: 0x52,
  stockTradingAction: 0x48,
  addOrder: 0x41,
  addOrderWithMPID: 0x46,
  orderExecuted: 0x45,
  orderExecutedWithPrice: 0x43,
  orderCancel: 0x58,
  orderDelete: 0x44,
  orderReplace: 0x55,
  nonCrossTrade: 0x50,
  crossTrade: 0x51,
  brokenTrade: 0x42,
} as const;

/** Of every message. */
export const itchHeader = {
  stockLocate: (view: DataView, at: number): number => view.getUint16(at + 1),
  timestamp: (view: DataView, at: number): number => readU48(view, at + 5),
} as const;

/** Of A, F, E, C, X, D and P. */
export function orderReferenceNumber(view: DataView, at: number): number {
  return readU64(view, at + 11);
}

/** Of A, F and P. */
export const addOrder = {
  buySellIndicator: (view: DataView, at: number): number => view.getUint8(at + 19),
  shares: (view: DataView, at: number): number => view.getUint32(at + 20),
  stockHigh: (view: DataView, at: number): number => view.getUint32(at + 24),
  stockLow: (view: DataView, at: number): number => view.getUint32(at + 28),
  price: (view: DataView, at: number): number => view.getUint32(at + 32),
} as const;

/** Of E and C; the last two of C alone. */
export const orderExecution = {
  executedShares: (view: DataView, at: number): number => view.getUint32(at + 19),
  matchNumber: (view: DataView, at: number): number => readU64(view, at + 23),
  printable: (view: DataView, at: number): number => view.getUint8(at + 31),
  executionPrice: (view: DataView, at: number): number => view.getUint32(at + 32),
} as const;

export const orderCancel = {
  canceledShares: (view: DataView, at: number): number => view.getUint32(at + 19),
} as const;

export const orderReplace = {
  originalOrderReferenceNumber: (view: DataView, at: number): number => readU64(view, at + 11),
  newOrderReferenceNumber: (view: DataView, at: number): number => readU64(view, at + 19),
  shares: (view: DataView, at: number): number => view.getUint32(at + 27),
  price: (view: DataView, at: number): number => view.getUint32(at + 31),
} as const;

export const nonCrossTrade = {
  matchNumber: (view: DataView, at: number): number => readU64(view, at + 36),
} as const;

export const crossTrade = {
  shares: (view: DataView, at: number): number => readU64(view, at + 11),
  stockHigh: (view: DataView, at: number): number => view.getUint32(at + 19),
  stockLow: (view: DataView, at: number): number => view.getUint32(at + 23),
  crossPrice: (view: DataView, at: number): number => view.getUint32(at + 27),
  matchNumber: (view: DataView, at: number): number => readU64(view, at + 31),
  crossType: (view: DataView, at: number): number => view.getUint8(at + 39),
} as const;

export const stockTradingAction = {
  stockHigh: (view: DataView, at: number): number => view.getUint32(at + 11),
  stockLow: (view: DataView, at: number): number => view.getUint32(at + 15),
  tradingState: (view: DataView, at: number): number => view.getUint8(at + 19),
} as const;

export const systemEvent = {
  eventCode: (view: DataView, at: number): number => view.getUint8(at + 11),
} as const;
