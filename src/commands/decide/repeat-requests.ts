/**
 * Asking a venue again what it has not answered. A lost link takes requests with it, and a cancel that
 * nobody repeats leaves an order in the market that people here believe to be going.
 *
 * Each goes out as it was first asked, under its own client order id, so a venue that had it after all
 * answers with how the order stands (PossResend). Cancels of our own have no id; a second one finds the
 * order canceled, and what the venue says then is stale.
 */
import type { EventOf } from '../../domain/events.js';
import type { Emitter } from '../emitter.js';
import { REQUEST_KIND } from '../state/client-ids.js';
import { ORDER_FLAG } from '../state/order-table.js';
import type { ShardState } from '../state/shard-state.js';
import { emit } from './control.js';

/**
 * How often a venue is asked how an order stands of which it owes an answer, and sent what it owes again,
 * before people are told. It starts anew with each answer, and when the venue is connected again.
 */
export const VENUE_ASKED_MAX = 3;

const FORCED = ORDER_FLAG.CancelForced | ORDER_FLAG.CutForced;

/** Whether the venue of the order has requests, or cancels of our own, to answer. */
export function requestsUnanswered({ orders }: ShardState, row: number): boolean {
  return orders.requests[row] !== 0 || ((orders.flags[row] as number) & FORCED) !== 0;
}

/** Emits RequestRepeated for each, in the order in which they were made; our own cancels last. */
export function repeatRequests(e: Emitter, row: number, attempt: number): void {
  const { orders, clientIds } = e.state;
  for (let id = orders.requests[row] as number; id !== 0; id = clientIds.next[id - 1] as number) {
    const of = id - 1;
    const replaces = clientIds.kind[of] === REQUEST_KIND.Replace;
    const { stopPrice = 0, displayQuantity = 0 } = clientIds.further.get(of) ?? {};
    repeat(e, row, attempt, {
      request: replaces ? 'Replace' : 'Cancel',
      clOrdId: clientIds.textOf(of),
      quantity: clientIds.quantity[of] as number,
      price: replaces ? (clientIds.price[of] as number) : 0,
      ...{ stopPrice, displayQuantity },
    });
  }
  const flags = orders.flags[row] as number;
  const ours = {
    request: 'Cancel',
    clOrdId: '',
    price: 0,
    stopPrice: 0,
    displayQuantity: 0,
  } as const;
  const cutTo = orders.unanswered.get(row)?.cutTo ?? 0;
  // All is more than a part: where both are asked for, the cancel alone does it.
  if (flags & ORDER_FLAG.CancelForced) repeat(e, row, attempt, { ...ours, quantity: 0 });
  else if (flags & ORDER_FLAG.CutForced) repeat(e, row, attempt, { ...ours, quantity: cutTo });
}

type Repeated = EventOf<'RequestRepeated'>['data'];
type Asked = Pick<
  Repeated,
  'request' | 'clOrdId' | 'quantity' | 'price' | 'stopPrice' | 'displayQuantity'
>;

function repeat(e: Emitter, row: number, attempt: number, asked: Asked): void {
  const { orders, clientIds } = e.state;
  const current = orders.clientId[row] as number;
  emit(e, 'RequestRepeated', {
    orderId: orders.orderId[row] as number,
    account: orders.account[row] as number,
    instrument: orders.instrument[row] as number,
    origClOrdId: current < 0 ? '' : clientIds.textOf(current),
    venue: orders.venue[row] as number,
    ...{ attempt, spare32: 0 },
    ...asked,
  });
}
