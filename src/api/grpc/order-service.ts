/** `daybook.v1.OrderService`: messages in, use cases, messages out. No rule is written here. */
import { cancelOrder } from '../application/cancel-order.js';
import { massCancel } from '../application/mass-cancel.js';
import { order } from '../application/queries.js';
import { replaceOrder } from '../application/replace-order.js';
import { submitOrder } from '../application/submit-order.js';
import { type CallContext, unary } from './calls.js';
import { enterOrders } from './enter-orders.js';
import type * as P from './generated/daybook/v1/order_service.gen.js';
import {
  cancelOrderOf,
  massCancelOf,
  orderMessage,
  orderReferenceOf,
  replaceOrderOf,
  requestAnswerMessage,
  submitOrderOf,
} from './order-messages.js';

export function orderService(context: CallContext): P.OrderServiceServer {
  const { application: app } = context;
  return {
    submitOrder: unary<P.SubmitOrderRequest, P.SubmitOrderResponse>(
      context,
      async (caller, request) => ({
        order: orderMessage(await submitOrder(app, caller, submitOrderOf(request.order))),
      }),
    ),
    cancelOrder: unary<P.CancelOrderRequest, P.CancelOrderResponse>(
      context,
      async (caller, { cancel }) => ({
        answer: requestAnswerMessage(await cancelOrder(app, caller, cancelOrderOf(cancel))),
      }),
    ),
    replaceOrder: unary<P.ReplaceOrderRequest, P.ReplaceOrderResponse>(
      context,
      async (caller, { replace }) => ({
        answer: requestAnswerMessage(await replaceOrder(app, caller, replaceOrderOf(replace))),
      }),
    ),
    massCancel: unary<P.MassCancelRequest, P.MassCancelResponse>(
      context,
      async (caller, request) => {
        const answer = await massCancel(app, caller, massCancelOf(request.massCancel));
        return { orderIds: [...answer.orders], more: answer.more, sequence: answer.sequence };
      },
    ),
    getOrder: unary<P.GetOrderRequest, P.GetOrderResponse>(context, async (caller, request) => {
      const { minSequence } = request;
      const named = orderReferenceOf(request.order);
      const { asOf, value } = await order(app, caller, named, { minSequence });
      return { order: orderMessage(value), asOf };
    }),
    enterOrders: (call) => enterOrders(context, call),
  };
}
