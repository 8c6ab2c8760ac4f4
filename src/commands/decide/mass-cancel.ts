/** MassCancel: every open order that matches, account by account. */
import { commandLayouts } from '../../domain/commands.js';
import { EXEC_INST } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import type { Emitter } from '../emitter.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { requestCancel } from './cancel-order.js';
import { confirmCommand } from './control.js';

const mass = commandLayouts.MassCancel.offsets;

/**
 * Requests the cancel of all that match. What is already being canceled is passed over, which is
 * also how a mass cancel that fills the batch goes on in the next one.
 *
 * @returns whether it is done; false when the batch is full and the command must be decided again
 */
export function decideMassCancel(e: Emitter): boolean {
  const { state, command: c, at } = e;
  const account = c.u32[(at + mass.account) >> 2] as number;
  const first = account === 0 ? 1 : account;
  const last = account === 0 ? state.accounts.count - 1 : account;
  for (let each = first; each <= last && each < state.accounts.count; each += 1) {
    let position = state.accounts.positions[each] as number;
    while (position !== 0) {
      const { openBuys, openSells, nextOfAccount } = state.positions;
      if (!cancelList(e, openBuys[position] as number)) return false;
      if (!cancelList(e, openSells[position] as number)) return false;
      position = nextOfAccount[position] as number;
    }
  }
  confirmCommand(e);
  return true;
}

/** Cancels what matches of the list that starts with `row`; false when the batch is full. */
function cancelList(e: Emitter, first: number): boolean {
  const { state, command: c, at } = e;
  let row = first;
  while (row !== 0) {
    // A local cancel takes the order off the list, so its successor is read before.
    const next = state.orders.next[row] as number;
    if (matches(e, row)) {
      if (!e.room) return false;
      const reason = c.u16[(at + mass.reason) >> 1] as number;
      requestCancel(e, row, reason || REASON.ORDER_MASS_CANCELED, 0, false);
    }
    row = next;
  }
  return true;
}

function matches(e: Emitter, row: number): boolean {
  const { state, command: c, at } = e;
  const { orders } = state;
  if ((orders.flags[row] as number) & ORDER_FLAG.CancelForced) return false;
  const instrument = c.u32[(at + mass.instrument) >> 2] as number;
  if (instrument !== 0 && orders.instrument[row] !== instrument) return false;
  const session = c.i32[(at + mass.ofSession) >> 2] as number;
  if (session !== 0 && orders.session[row] !== session) return false;
  const side = c.bytes[at + mass.side] as number;
  if (side !== 0 && orders.side[row] !== side) return false;
  if ((c.bytes[at + mass.onlyOnDisconnect] as number) === 0) return true;
  return ((orders.execInst[row] as number) & EXEC_INST.CancelOnDisconnect) !== 0;
}
