/**
 * Decide: state and command to events. Pure but for the batch it writes to and the state that each
 * event evolves at once; reads no clock and no random number.
 */

import { COMMAND } from '../../domain/commands.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { REASON } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import type { Emitter } from '../emitter.js';
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

/**
 * Decides the command at `at`. Every command leaves at least one event.
 *
 * @returns false when the batch filled up before the command was done (mass cancels): the caller
 *   commits and decides the same command again
 */
export function decide(e: Emitter, command: RecordBuffer, at: number): boolean {
  e.command = command;
  e.at = at;
  // What an earlier command left over, the batch being full, comes first.
  if (e.state.work.any && !workOff(e)) return false;
  const before = e.out.count;
  const done = decideByNumber(e, command.bytes[at + HEADER.number] as number);
  assert(e.out.count > before || !done, 'a command left no event');
  if (e.state.work.any) workOff(e);
  return done;
}

function decideByNumber(e: Emitter, number: number): boolean {
  switch (number) {
    case COMMAND.NewOrder:
      decideNewOrder(e);
      return true;
    case COMMAND.CancelOrder:
      decideCancelOrder(e);
      return true;
    case COMMAND.ReplaceOrder:
      decideReplaceOrder(e);
      return true;
    case COMMAND.VenueReport:
      decideVenueReport(e);
      return true;
    case COMMAND.ReconcileOrder:
      decideReconcileOrder(e);
      return true;
    case COMMAND.MassCancel:
      return decideMassCancel(e);
    case COMMAND.OpenTradingDay:
      return decideOpenTradingDay(e);
    case COMMAND.CloseTradingDay:
      return decideCloseTradingDay(e);
    case COMMAND.ReportValueAtRisk:
      decideReportValueAtRisk(e);
      return true;
    case COMMAND.SetBaseCurrency:
      decideSetBaseCurrency(e);
      return true;
    default:
      if (!decideControl(e, number)) refuseCommand(e, number, REASON.COMMAND_UNKNOWN, 0);
      return true;
  }
}
