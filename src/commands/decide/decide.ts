/**
 * Decide: state and command to events. Pure but for the batch it writes to and the state that each
 * event evolves at once; reads no clock and no random number.
 */

import { COMMAND, commandLayouts } from '../../domain/commands.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { REASON } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import type { Emitter } from '../emitter.js';
import type { ShardState } from '../state/shard-state.js';
import { decideCancelOrder } from './cancel-order.js';
import { decideControl, refuseCommand } from './control.js';
import { decideMassCancel } from './mass-cancel.js';
import { decideNewOrder } from './new-order.js';
import { decideReplaceOrder } from './replace-order.js';
import { decideSetBaseCurrency } from './set-base-currency.js';
import { decideCloseTradingDay, decideOpenTradingDay } from './trading-day.js';
import { workOff } from './triggers.js';
import { decideReportValueAtRisk } from './value-at-risk.js';
import { decideReconcileOrder } from './venue-reconciliation.js';
import { decideVenueReport } from './venue-report.js';

const request = commandLayouts.NewOrder.offsets;
for (const other of [commandLayouts.CancelOrder, commandLayouts.ReplaceOrder]) {
  assert(other.offsets.account === request.account, 'order requests have the account at one place');
  assert(other.offsets.clOrdId === request.clOrdId, 'and their own id');
}

/**
 * Decides the command at `at`. Every command leaves at least one event.
 *
 * @returns false when the batch filled up before the command was done (mass cancels): the caller
 *   commits and decides the same command again
 */
export function decide(e: Emitter, command: RecordBuffer, at: number): boolean {
  return decideHashed(e, command, at, hashOfId(e.state, command, at));
}

/** The same, with what `hashOfId` says of the command. */
export function decideHashed(
  e: Emitter,
  command: RecordBuffer,
  at: number,
  idHash: number,
): boolean {
  e.command = command;
  e.at = at;
  e.idHash = idHash;
  // What an earlier command left over, the batch being full, comes first.
  if (e.state.work.any && !workOff(e)) return false;
  const before = e.out.count;
  const number = command.bytes[at + HEADER.number] as number;
  const done = (DECIDERS[number] as Decider)(e, number);
  assert(e.out.count > before || !done, 'a command left no event');
  if (e.state.work.any) workOff(e);
  return done;
}

/** Hash of the client order id of an order, cancel or replace; of other commands 0, which nobody asks for. */
export function hashOfId(state: ShardState, command: RecordBuffer, at: number): number {
  if ((command.bytes[at + HEADER.number] as number) > COMMAND.ReplaceOrder) return 0;
  const account = command.u32[(at + request.account) >> 2] as number;
  return state.clientIds.hash(account, command.i32, (at + request.clOrdId) >> 2);
}

/** @returns false when the batch filled up before the command was done */
type Decider = (e: Emitter, number: number) => boolean;

const decideOther: Decider = (e, number) => {
  if (!decideControl(e, number)) refuseCommand(e, number, REASON.COMMAND_UNKNOWN, 0);
  return true;
};

/**
 * By the number of the command. A table and no switch: what is called through it is compiled by itself,
 * where V8 would spend what it may inline into one function on whatever came first, such as the
 * accounts and limits of a start, and leave nothing for orders (`npm run bench -- core`).
 */
const DECIDERS: readonly Decider[] = Array.from({ length: 256 }, (_, number): Decider => {
  switch (number) {
    case COMMAND.NewOrder:
      return (e) => {
        decideNewOrder(e);
        return true;
      };
    case COMMAND.CancelOrder:
      return (e) => {
        decideCancelOrder(e);
        return true;
      };
    case COMMAND.ReplaceOrder:
      return (e) => {
        decideReplaceOrder(e);
        return true;
      };
    case COMMAND.VenueReport:
      return (e) => {
        decideVenueReport(e);
        return true;
      };
    case COMMAND.ReconcileOrder:
      return (e) => {
        decideReconcileOrder(e);
        return true;
      };
    case COMMAND.MassCancel:
      return decideMassCancel;
    case COMMAND.OpenTradingDay:
      return decideOpenTradingDay;
    case COMMAND.CloseTradingDay:
      return decideCloseTradingDay;
    case COMMAND.ReportValueAtRisk:
      return (e) => {
        decideReportValueAtRisk(e);
        return true;
      };
    case COMMAND.SetBaseCurrency:
      return (e) => {
        decideSetBaseCurrency(e);
        return true;
      };
    default:
      return decideOther;
  }
});
