/** Cancel an order, or reduce it to a quantity. */
import { type Application, type Caller, perform } from './application.js';
import {
  accountIndex,
  findOrder,
  type OrderReference,
  type RequestAnswer,
  requestAnswer,
} from './order-requests.js';
import { checkClientOrderId } from './submit-order.js';
import { exactSteps } from './terms.js';

export interface CancelOrder {
  readonly order: OrderReference;
  /** Client order id of the request itself; made up when absent. */
  readonly clientOrderId?: string | undefined;
  /** Reduce the order to this total quantity; absent: cancel all that is left. */
  readonly quantity?: string | undefined;
}

/**
 * Canceling all never waits for a read model: it must pass when all else stands still.
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
  const found = quantity === undefined ? undefined : await findOrder(app, order);
  const named = 'orderId' in order;
  const events = await perform(app, caller, 'CancelOrder', {
    orderId: named ? order.orderId : 0,
    account: named ? 0 : accountIndex(app, order.account),
    instrument: 0,
    clOrdId: clientOrderId,
    origClOrdId: named ? '' : order.clientOrderId,
    quantity:
      found === undefined ? 0 : exactSteps('quantity', quantity as string, found.instrument.lot),
    ordStatus: 'PendingCancel',
  });
  return requestAnswer(app, events, clientOrderId);
}
