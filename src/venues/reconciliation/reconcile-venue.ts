/**
 * Comparing a venue's answer with the log, and handing what differs to the writer as commands:
 *
 * ```
 *   BeginReconciliation     the venue gets no new orders from here on
 *   VenueReport Filled ...  executions that the venue has and the log does not, oldest first
 *   ReconcileOrder ...      an order that stands otherwise there than here, or whose requests are lost
 *   RecordReconciliation    done: new orders again
 * ```
 *
 * All go through one ring, so they are decided in this order. What is done about a difference is
 * decided by the writer (`commands/decide/venue-reconciliation.ts`) on the state of that moment; here is
 * only found what is worth deciding. Doing it all again, after a crash in the middle, books nothing
 * twice: executions have ids, and orders are then no longer different.
 */
import type { CommandData, CommandName } from '../../domain/commands.js';
import type { STRAY_ORDER_POLICY } from '../../domain/order-terms.js';
import type { VenueExecution, VenueOrder, VenueStatus } from '../venue-status.js';
import type { OurOrder, OurOrders } from './our-orders.js';

export type StrayOrderPolicy = keyof typeof STRAY_ORDER_POLICY;

/** Hands a command to the writer; waits while the ring is full. */
export type Submit = <N extends CommandName>(name: N, data: CommandData<N>) => Promise<void>;

export interface Reconciled {
  /** Orders that both sides hold open. */
  readonly openOrders: number;
  /** Executions handed over, and orders that differ. */
  readonly executions: number;
  readonly differences: number;
}

export interface Reconciling {
  readonly venue: number;
  readonly status: VenueStatus;
  /** As of a log that holds the BeginReconciliation of this venue. */
  readonly ours: OurOrders;
  readonly submit: Submit;
  readonly policy: StrayOrderPolicy;
  /** When the venue was asked, ns since 1970. */
  readonly asked: bigint;
}

export async function reconcileVenue(reconciling: Reconciling): Promise<Reconciled> {
  const { venue, status, ours, submit, policy, asked } = reconciling;
  const theirs = new Map<number, VenueOrder>();
  const strangers: VenueOrder[] = [];
  for (const order of await status.openOrders()) {
    if (ours.find(order.orderId) === undefined) strangers.push(order);
    else theirs.set(order.orderId, order);
  }
  for (const orderId of openIds(ours)) {
    if (theirs.has(orderId)) continue;
    const order = await status.order(orderId);
    if (order !== undefined) theirs.set(orderId, order);
  }
  const executions = await missedExecutions(reconciling, theirs);
  for (const execution of executions) {
    await submit('VenueReport', { ...execution, venue, report: 'Filled' });
  }
  const booked = bookedLots(executions);
  let openOrders = 0;
  let differences = executions.length + strangers.length;
  for (const order of strangers) await submit('ReconcileOrder', { ...order, venue, policy });
  for (const orderId of new Set([...theirs.keys(), ...openIds(ours)])) {
    const order = theirs.get(orderId);
    const our = ours.find(orderId);
    if (our?.open && order !== undefined && isOpen(order)) openOrders += 1;
    if (our === undefined || isSame(our, order, booked.get(orderId) ?? 0)) continue;
    differences += 1;
    // Whatever was on its way when the connection ended is gone.
    const overdue = our.unanswered ? 1 : 0;
    await submit('ReconcileOrder', { ...(order ?? unknown(our)), venue, policy, overdue });
  }
  await submit('RecordReconciliation', { venue, openOrders, differences, asked });
  return { openOrders, executions: executions.length, differences };
}

/** Open here, or filled and waiting for an answer. */
function openIds(ours: OurOrders): Set<number> {
  const ids = new Set(ours.requests.orders());
  for (const { orderId } of ours.open()) ids.add(orderId);
  return ids;
}

/** The venue's executions of orders of which it counts more executed than we do. */
async function missedExecutions(
  { status, ours }: Reconciling,
  theirs: Map<number, VenueOrder>,
): Promise<VenueExecution[]> {
  const missed: VenueExecution[] = [];
  for (const execution of await status.executions()) {
    const our = ours.find(execution.orderId);
    if (our === undefined) {
      if (!ours.isUnmatched(execution.execId)) missed.push(execution);
      continue;
    }
    if (!theirs.has(our.orderId)) {
      const order = await status.order(our.orderId);
      if (order !== undefined) theirs.set(our.orderId, order);
    }
    const more = (theirs.get(our.orderId)?.cumQuantity ?? 0) > our.cumQuantity;
    // Those of the order that are booked already are refused as repeated.
    if (more) missed.push(execution);
  }
  return missed;
}

/** What the executions handed over bring an order to at least, in lots. */
function bookedLots(executions: readonly VenueExecution[]): Map<number, number> {
  const lots = new Map<number, number>();
  for (const { orderId, lastQuantity } of executions) {
    lots.set(orderId, (lots.get(orderId) ?? 0) + lastQuantity);
  }
  return lots;
}

/** Whether there is nothing to decide about an order, given the executions that are on their way. */
function isSame(our: OurOrder, order: VenueOrder | undefined, listed: number): boolean {
  if (our.unanswered) return false;
  if (!our.open) return order === undefined || !isOpen(order);
  if (order === undefined) return false;
  const cum = Math.max(our.cumQuantity, listed);
  // Missed fills may have ended it: then both sides agree.
  if (order.report === 'Filled') return order.cumQuantity === cum && cum >= our.quantity;
  if (!isOpen(order)) return false;
  const sameTerms =
    (order.quantity === 0 || order.quantity === our.quantity) &&
    (order.price === 0 || order.price === our.price);
  return our.heardOf && sameTerms && order.cumQuantity === cum;
}

/** Whether it is open at the venue, whatever it has still to do there. */
export const isOpen = ({ report }: VenueOrder): boolean =>
  report === 'Open' || report === 'PendingCancel' || report === 'PendingReplace';

/** An order that the venue does not know. */
export function unknown({ orderId, account, instrument }: OurOrder): VenueOrder {
  return {
    ...{ orderId, account, instrument, quantity: 0, price: 0, cumQuantity: 0 },
    ...{ clOrdId: '', venueOrderId: '', side: 'Buy', report: 'Unknown' },
  };
}
