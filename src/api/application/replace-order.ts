/** Change quantity or price of an order. */
import { type Application, type Caller, perform } from './application.js';
import { checkClientOrderId, type OrderReference } from './order-reference.js';
import { findOrder, type RequestAnswer, requestAnswer } from './order-requests.js';
import { offBits } from './submit-order.js';
import { stepsOf } from './terms.js';

export interface ReplaceOrder {
  readonly order: OrderReference;
  /** Client order id of the request; that of the order once it has taken effect. */
  readonly clientOrderId: string;
  /** Total quantity wanted, what is executed included. */
  readonly quantity: string;
  readonly price?: string | undefined;
  readonly stopPrice?: string | undefined;
  readonly displayQuantity?: string | undefined;
}

/**
 * @throws ApplicationError the codes of risk; ORDER_UNKNOWN, ORDER_TOO_LATE and its kin with the
 *   order as it stands; those of `findOrder` and `perform`
 */
export async function replaceOrder(
  app: Application,
  caller: Caller,
  request: ReplaceOrder,
): Promise<RequestAnswer> {
  checkClientOrderId('clientOrderId', request.clientOrderId);
  const found = await findOrder(app, caller, 'orders.replace', request.order);
  const { tick, lot } = found.instrument;
  const quantity = stepsOf('quantity', request.quantity, lot);
  const price = stepsOf('price', request.price ?? '0', tick);
  const stopPrice = stepsOf('stopPrice', request.stopPrice ?? '0', tick);
  const displayQuantity = stepsOf('displayQuantity', request.displayQuantity ?? '0', lot);
  const events = await perform(app, caller, 'ReplaceOrder', {
    orderId: found.orderId,
    account: found.account,
    instrument: found.instrument.index,
    clOrdId: request.clientOrderId,
    origClOrdId: found.origClOrdId,
    quantity: quantity.steps,
    price: price.steps,
    stopPrice: stopPrice.steps,
    displayQuantity: displayQuantity.steps,
    ordStatus: 'PendingReplace',
    execInst: offBits([price, stopPrice], [quantity, displayQuantity]),
  });
  return requestAnswer(app, events, request.clientOrderId);
}
