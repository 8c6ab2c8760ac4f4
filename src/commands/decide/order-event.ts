/** What the events about an existing order have in common: who it is, and how it stands after. */
import { eventLayouts } from '../../domain/events.js';
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import * as words from '../../lib/words.js';
import type { Emitter } from '../emitter.js';

const common = eventLayouts.OrderExpired.offsets;

const CL_ORD_ID_WORDS = CL_ORD_ID_BYTES / 4;

interface Record {
  readonly number: number;
  readonly version: number;
  readonly bytes: number;
}

/** Opens an event about the order in `row`; its session gets the event. @returns byte offset */
export function beginOrderEvent(e: Emitter, record: Record, row: number): number {
  const { orders } = e.state;
  const at = e.begin(record.number, record.version, record.bytes);
  const { out } = e;
  out.f64[(at + common.orderId) >> 3] = orders.orderId[row] as number;
  out.i32[(at + common.account) >> 2] = orders.account[row] as number;
  out.i32[(at + common.instrument) >> 2] = orders.instrument[row] as number;
  e.setSession(at, orders.session[row] as number);
  return at;
}

/** Writes OrderQty, CumQty and LeavesQty as they are after the event. */
export function setAfter(
  e: Emitter,
  at: number,
  quantity: number,
  cumQuantity: number,
  leavesQuantity: number,
): void {
  const { f64 } = e.out;
  f64[(at + common.orderQuantity) >> 3] = quantity;
  f64[(at + common.cumQuantity) >> 3] = cumQuantity;
  f64[(at + common.leavesQuantity) >> 3] = leavesQuantity;
}

/** Writes the quantities of a row as they stand: for events that do not change them. */
export function setAfterUnchanged(e: Emitter, at: number, row: number): void {
  const { f64 } = e.out;
  const { orders } = e.state;
  f64[(at + common.orderQuantity) >> 3] = orders.quantity[row] as number;
  f64[(at + common.cumQuantity) >> 3] = orders.cumQuantity[row] as number;
  f64[(at + common.leavesQuantity) >> 3] = orders.leavesQuantity[row] as number;
}

/** Copies a text field of the command into a record that is zero there. */
export function copyText(e: Emitter, to: number, from: number, bytes: number): void {
  words.copyText(e.out.i32, to >> 2, e.command.i32, (e.at + from) >> 2, bytes >> 2);
}

/** Copies a client order id from the table; nothing for row -1. */
export function copyClientId(e: Emitter, to: number, id: number): void {
  if (id < 0) return;
  const { keys } = e.state.clientIds;
  words.copyText(e.out.i32, to >> 2, keys, id * CL_ORD_ID_WORDS, CL_ORD_ID_WORDS);
}
