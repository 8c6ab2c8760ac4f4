import { writeU64 } from '../wire/integer.js';
import { copyClOrdID } from './inbound.js';
import { OUCH_TYPE_OUT } from './types.js';

/**
 * Writes outbound messages in place, for the gateway. `at` is the offset of the type byte; each
 * writer returns the offset after the message. Timestamps are
 * nanoseconds since midnight, prices units of 0.0001, flags bytes. A message that carries an
 * appendage is written with appendage length 0; see `appendage-writer.ts` to add items.
 */

const TIMESTAMP_AT = 1;

function putHead(view: DataView, at: number, type: number, timestamp: number): void {
  view.setUint8(at, type);
  writeU64(view, at + TIMESTAMP_AT, timestamp);
}

/** The terms that Accepted and Replaced state. Reuse one object. */
export interface StatedTerms {
  userRefNum: number;
  side: number;
  quantity: number;
  symbolHigh: number;
  symbolLow: number;
  price: number;
  timeInForce: number;
  display: number;
  orderReferenceNumber: number;
  capacity: number;
  interMarketSweepEligibility: number;
  crossType: number;
  orderState: number;
  /** Where 14 bytes of ClOrdID stand. */
  clOrdID: DataView;
  clOrdIDAt: number;
}

/** From UserRefNum on: 55 bytes with the appendage length. */
function putTerms(view: DataView, at: number, terms: StatedTerms): number {
  view.setUint32(at, terms.userRefNum);
  view.setUint8(at + 4, terms.side);
  view.setUint32(at + 5, terms.quantity);
  view.setUint32(at + 9, terms.symbolHigh);
  view.setUint32(at + 13, terms.symbolLow);
  writeU64(view, at + 17, terms.price);
  view.setUint16(at + 25, (terms.timeInForce << 8) | terms.display);
  writeU64(view, at + 27, terms.orderReferenceNumber);
  const flags = (terms.interMarketSweepEligibility << 16) | (terms.crossType << 8);
  view.setUint32(at + 35, (terms.capacity << 24) | flags | terms.orderState);
  copyClOrdID(terms.clOrdID, terms.clOrdIDAt, view, at + 39);
  view.setUint16(at + 53, 0);
  return at + 55;
}

export function putSystemEvent(
  view: DataView,
  at: number,
  timestamp: number,
  eventCode: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.systemEvent, timestamp);
  view.setUint8(at + 9, eventCode);
  return at + 10;
}

/** 64 bytes. */
export function putOrderAccepted(
  view: DataView,
  at: number,
  timestamp: number,
  terms: StatedTerms,
): number {
  putHead(view, at, OUCH_TYPE_OUT.orderAccepted, timestamp);
  return putTerms(view, at + 9, terms);
}

/** 68 bytes. */
export function putOrderReplaced(
  view: DataView,
  at: number,
  timestamp: number,
  origUserRefNum: number,
  terms: StatedTerms,
): number {
  putHead(view, at, OUCH_TYPE_OUT.orderReplaced, timestamp);
  view.setUint32(at + 9, origUserRefNum);
  return putTerms(view, at + 13, terms);
}

/** `decrement` is how many shares went, not what is left. 18 bytes. */
export function putOrderCanceled(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
  decrement: number,
  reason: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.orderCanceled, timestamp);
  view.setUint32(at + 9, userRefNum);
  view.setUint32(at + 13, decrement);
  view.setUint8(at + 17, reason);
  return at + 18;
}

/** 36 bytes. */
export function putOrderExecuted(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
  quantity: number,
  price: number,
  liquidityFlag: number,
  matchNumber: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.orderExecuted, timestamp);
  view.setUint32(at + 9, userRefNum);
  view.setUint32(at + 13, quantity);
  writeU64(view, at + 17, price);
  view.setUint8(at + 25, liquidityFlag);
  writeU64(view, at + 26, matchNumber);
  view.setUint16(at + 34, 0);
  return at + 36;
}

/** 36 bytes. */
export function putBrokenTrade(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
  matchNumber: number,
  reason: number,
  clOrdID: DataView,
  clOrdIDAt: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.brokenTrade, timestamp);
  view.setUint32(at + 9, userRefNum);
  writeU64(view, at + 13, matchNumber);
  view.setUint8(at + 21, reason);
  copyClOrdID(clOrdID, clOrdIDAt, view, at + 22);
  return at + 36;
}

/** 49 bytes. */
export function putTradeCorrection(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
  quantity: number,
  price: number,
  liquidityFlag: number,
  matchNumber: number,
  reason: number,
  clOrdID: DataView,
  clOrdIDAt: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.tradeCorrection, timestamp);
  view.setUint32(at + 9, userRefNum);
  view.setUint32(at + 13, quantity);
  writeU64(view, at + 17, price);
  view.setUint8(at + 25, liquidityFlag);
  writeU64(view, at + 26, matchNumber);
  view.setUint8(at + 34, reason);
  copyClOrdID(clOrdID, clOrdIDAt, view, at + 35);
  return at + 49;
}

/** 29 bytes. `reason` is a u16 of the specification (0x0001 to 0x001F). */
export function putRejected(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
  reason: number,
  clOrdID: DataView,
  clOrdIDAt: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.rejected, timestamp);
  view.setUint32(at + 9, userRefNum);
  view.setUint16(at + 13, reason);
  copyClOrdID(clOrdID, clOrdIDAt, view, at + 15);
  return at + 29;
}

function putUserRefNumOnly(
  view: DataView,
  at: number,
  type: number,
  timestamp: number,
  userRefNum: number,
): number {
  putHead(view, at, type, timestamp);
  view.setUint32(at + 9, userRefNum);
  return at + 13;
}

/** 13 bytes. */
export function putCancelPending(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
): number {
  return putUserRefNumOnly(view, at, OUCH_TYPE_OUT.cancelPending, timestamp, userRefNum);
}

/** 13 bytes. */
export function putCancelReject(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
): number {
  return putUserRefNumOnly(view, at, OUCH_TYPE_OUT.cancelReject, timestamp, userRefNum);
}

/** 13 bytes: the answer to an Account Query. */
export function putAccountQueryResponse(
  view: DataView,
  at: number,
  timestamp: number,
  nextUserRefNum: number,
): number {
  return putUserRefNumOnly(view, at, OUCH_TYPE_OUT.accountQueryResponse, timestamp, nextUserRefNum);
}

/** 18 bytes. */
export function putOrderModified(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
  side: number,
  quantity: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.orderModified, timestamp);
  view.setUint32(at + 9, userRefNum);
  view.setUint8(at + 13, side);
  view.setUint32(at + 14, quantity);
  return at + 18;
}

/** 16 bytes. */
export function putOrderRestated(
  view: DataView,
  at: number,
  timestamp: number,
  userRefNum: number,
  reason: number,
): number {
  putHead(view, at, OUCH_TYPE_OUT.orderRestated, timestamp);
  view.setUint32(at + 9, userRefNum);
  view.setUint8(at + 13, reason);
  view.setUint16(at + 14, 0);
  return at + 16;
}
