/** Cancel an order, or reduce it to a quantity. */

import type { Step } from '../../lib/decimal.js';
import { authorize } from '../identity/authorize.js';
import { type Application, type Caller, perform } from './application.js';
import { invalidField } from './errors.js';
import {
  accountIndex,
  checkClientOrderId,
  checkReference,
  type OrderReference,
} from './order-reference.js';
import { findOrder, type RequestAnswer, requestAnswer } from './order-requests.js';
import { exactSteps } from './terms.js';

export interface CancelOrder {
  readonly order: OrderReference;
  /** Client order id of the request itself; made up when absent. */
  readonly clientOrderId?: string | undefined;
  /** Reduce the order to this total quantity; absent: cancel all that is left. */
  readonly quantity?: string | undefined;
}

/**
 * Canceling by client order id, or one of the recent orders, waits for no read model: it must pass
 * when all else stands still.
 *
 * @throws ApplicationError ORDER_UNKNOWN, ORDER_TOO_LATE and its kin with the order as it stands;
 *   those of `perform`
 */
export async function cancelOrder(
  app: Application,
  caller: Caller,
  request: CancelOrder,
): Promise<RequestAnswer> {
  const { order, quantity } = request;
  const clientOrderId = request.clientOrderId ?? '';
  if (clientOrderId !== '') checkClientOrderId('clientOrderId', clientOrderId);
  const byId = 'orderId' in order;
  if (!byId) authorize(caller.identity, 'orders.cancel', order.account);
  checkReference(order);
  // By client order id the writer finds it alone, unless a quantity is to be counted in lots.
  const found =
    byId || quantity !== undefined
      ? await findOrder(app, caller, 'orders.cancel', order)
      : undefined;
  const lot = found?.instrument.lot;
  const events = await perform(app, caller, 'CancelOrder', {
    orderId: byId ? order.orderId : 0,
    account: byId ? (found?.account ?? 0) : accountIndex(app, order.account),
    instrument: found?.instrument.index ?? 0,
    clOrdId: clientOrderId,
    origClOrdId: byId ? '' : order.clientOrderId,
    quantity: lot === undefined || quantity === undefined ? 0 : downTo(quantity, lot),
    ordStatus: 'PendingCancel',
  });
  return requestAnswer(app, events, clientOrderId);
}

function downTo(quantity: string, lot: Step): number {
  const lots = exactSteps('quantity', quantity, lot);
  if (lots <= 0) throw invalidField('quantity', 'must be positive; leave it out to cancel all');
  return lots;
}
