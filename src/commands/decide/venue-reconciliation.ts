/**
 * ReconcileOrder: after a restart a venue was asked how an order stands. What it answered is in the
 * command; what differs from the state goes on record with what is done about it:
 *
 * ```
 *   at the venue   here                      difference            done
 *   open           routed, not acknowledged  NotAcknowledged       OrderAcknowledged
 *   open           other quantity or price   TermsDiffer           OrderRestated
 *   open           ended, or never was       NotOpenHere           raised, or canceled at the venue
 *   unknown        open, nothing heard       UnknownToVenue        OrderRejected
 *   unknown        open, heard of before     UnknownToVenue        OrderCanceled
 *   ended          open                      EndedAtVenue          OrderCanceled, OrderRejected
 *   open           asked, not answered       RequestUnanswered     RequestRepeated; or it waits, or is raised
 *   more executed  less booked               FillsMissing          raised
 *   less executed  more booked               FillsUnknownToVenue   raised
 * ```
 *
 * Missed fills come before it, as reports of their own, by execution id. Nothing is sent again: an
 * order that never arrived is told to its client, who may enter another. Requests are: asking twice to
 * cancel does no harm, not asking leaves an order in the market (`repeat-requests.ts`).
 */
import { decodeCommand } from '../../domain/command-codec.js';
import { COMMAND } from '../../domain/commands.js';
import type { EventOf } from '../../domain/events.js';
import { RESTATEMENT, VENUE_ORDER_STATE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import type { Emitter } from '../emitter.js';
import { ENDED } from '../state/order-status.js';
import { ORDER_FLAG } from '../state/order-table.js';
import { emitCanceled, isLocal } from './cancel-order.js';
import { emit, refuseCommand } from './control.js';
import { repeatRequests, requestsUnanswered, VENUE_ASKED_MAX } from './repeat-requests.js';
import { acknowledge, emitRejected, findReported, restate } from './venue-report.js';

type Answer = ReturnType<typeof decodeCommand<'ReconcileOrder'>>;
type Found = EventOf<'VenueDifferenceFound'>['data'];

/** The venue had told of the order in some way. */
const HEARD_OF = ORDER_FLAG.Acknowledged | ORDER_FLAG.Reported;

const NO_REQUEST = -1;

const { Open, PendingCancel, PendingReplace } = VENUE_ORDER_STATE;
/** Open at the venue, whatever is still to be done there. */
const OPEN: ReadonlySet<number> = new Set([Open, PendingCancel, PendingReplace]);

export function decideReconcileOrder(e: Emitter): void {
  const answer = decodeCommand('ReconcileOrder', e.command.bytes, e.at);
  const row = findReported(e);
  const before = e.out.count;
  const isOpen = OPEN.has(VENUE_ORDER_STATE[answer.report]);
  if (!isOpenHere(e, row, answer.venue)) {
    const action = answer.policy === 'CancelAtVenue' ? 'CancelAtVenue' : 'Raised';
    if (isOpen) found(e, row, answer, 'NotOpenHere', action);
  } else if (isOpen) {
    compareOpen(e, row, answer);
  } else {
    endHere(e, row, answer);
  }
  if (answer.overdue === 1) followUp(e, row, answer);
  // It came right in the meantime: a report was on its way.
  if (e.out.count === before) {
    refuseCommand(e, COMMAND.ReconcileOrder, REASON.VENUE_REPORT_STALE, answer.orderId);
  }
}

function isOpenHere({ state }: Emitter, row: number, venue: number): boolean {
  const { orders } = state;
  if (row === 0 || orders.venue[row] !== venue || isLocal(state, row)) return false;
  return ((orders.flags[row] as number) & ENDED) === 0 && (orders.leavesQuantity[row] ?? 0) > 0;
}

function compareOpen(e: Emitter, row: number, answer: Answer): void {
  const { orders } = e.state;
  if (((orders.flags[row] as number) & HEARD_OF) === 0 && orders.cumQuantity[row] === 0) {
    found(e, row, answer, 'NotAcknowledged', 'Acknowledged');
    acknowledge(e, row);
  }
  const { quantity, price, cumQuantity } = answer;
  const sameQuantity = quantity === 0 || quantity === orders.quantity[row];
  const samePrice = price === 0 || price === orders.price[row];
  if (!(sameQuantity && samePrice)) {
    found(e, row, answer, 'TermsDiffer', 'Restated');
    restate(e, row, RESTATEMENT.Other);
  }
  compareExecuted(e, row, answer, cumQuantity);
}

/**
 * What the venue owes an answer to: asked again, waited for, and in the end raised. Also of an order
 * that has filled: pending is what it shows until its venue says that it was too late.
 */
function followUp(e: Emitter, row: number, answer: Answer): void {
  const { orders } = e.state;
  if (row === 0 || orders.venue[row] !== answer.venue || isLocal(e.state, row)) return;
  if ((orders.flags[row] as number) & ENDED || !requestsUnanswered(e.state, row)) return;
  const asked = orders.unanswered.get(row)?.asked ?? 0;
  if (asked > VENUE_ASKED_MAX) return;
  if (asked === VENUE_ASKED_MAX) {
    found(e, row, answer, 'RequestUnanswered', 'Raised');
    return;
  }
  const has = answer.report === 'PendingCancel' || answer.report === 'PendingReplace';
  found(e, row, answer, 'RequestUnanswered', has ? 'Awaited' : 'AskedAgain');
  if (!has) repeatRequests(e, row, asked + 1);
}

function compareExecuted(e: Emitter, row: number, answer: Answer, cumQuantity: number): void {
  const booked = e.state.orders.cumQuantity[row] as number;
  if (cumQuantity > booked) found(e, row, answer, 'FillsMissing', 'Raised');
  if (cumQuantity < booked) found(e, row, answer, 'FillsUnknownToVenue', 'Raised');
}

/** Open here, and not at the venue. */
function endHere(e: Emitter, row: number, answer: Answer): void {
  const { orders } = e.state;
  const unknown = answer.report === 'Unknown';
  const difference = unknown ? 'UnknownToVenue' : 'EndedAtVenue';
  const silent = ((orders.flags[row] as number) & HEARD_OF) === 0;
  const reason = unknown ? REASON.VENUE_ORDER_UNKNOWN : REASON.VENUE_ORDER_ENDED;
  const neverTaken = unknown ? silent : answer.report === 'Rejected';
  if (!unknown) compareExecuted(e, row, answer, answer.cumQuantity);
  if (neverTaken && orders.cumQuantity[row] === 0) {
    found(e, row, answer, difference, 'Rejected');
    emitRejected(e, row, reason);
    return;
  }
  found(e, row, answer, difference, 'Canceled');
  emitCanceled(e, row, NO_REQUEST, reason, 0);
}

function found(
  e: Emitter,
  row: number,
  answer: Answer,
  difference: Found['difference'],
  action: Found['action'],
): void {
  const { orders } = e.state;
  const { orderId, account, instrument, quantity, price, cumQuantity } = answer;
  const { clOrdId, venueOrderId, report, side, policy, venue, overdue } = answer;
  emit(e, 'VenueDifferenceFound', {
    ...{ orderId, account, instrument, quantity, price, cumQuantity, clOrdId, venueOrderId },
    ...{ report, side, policy, venue, difference, action },
    ourQuantity: row === 0 ? 0 : (orders.quantity[row] as number),
    ourPrice: row === 0 ? 0 : (orders.price[row] as number),
    ourCumQuantity: row === 0 ? 0 : (orders.cumQuantity[row] as number),
    overdue,
  });
}
