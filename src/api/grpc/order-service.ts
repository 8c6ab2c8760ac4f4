/** `daybook.v1.OrderService`: messages in, use cases, messages out. No rule is written here. */
import type { MethodDefinition } from '@grpc/grpc-js';
import type { Caller } from '../application/application.js';
import { cancelOrder } from '../application/cancel-order.js';
import { invalidField } from '../application/errors.js';
import { massCancel } from '../application/mass-cancel.js';
import { order } from '../application/queries.js';
import { replaceOrder } from '../application/replace-order.js';
import { submitOrder } from '../application/submit-order.js';
import { IDEMPOTENCY_KEY } from '../idempotency/key.js';
import { type CallContext, unary } from './calls.js';
import { enterOrders } from './enter-orders.js';
import type * as P from './generated/daybook/v1/order_service.gen.js';
import { OrderServiceService as Methods } from './generated/daybook/v1/order_service.gen.js';
import {
  cancelOrderOf,
  massCancelOf,
  orderMessage,
  orderReferenceOf,
  replaceOrderOf,
  requestAnswerMessage,
  submitOrderOf,
} from './order-messages.js';
import { repeatable } from './repeats.js';
import { serviceError } from './status.js';

export function orderService(context: CallContext): P.OrderServiceServer {
  const { application: app, keyedRequests } = context;
  const keyed = <Q, A>(
    method: MethodDefinition<Q, A>,
    perform: (caller: Caller, request: Q) => Promise<A>,
  ) => unary(context, repeatable(keyedRequests, method, perform));
  return {
    submitOrder: keyed(Methods.submitOrder, async (caller, request) => ({
      order: orderMessage(await submitOrder(app, caller, submitOrderOf(request.order))),
    })),
    cancelOrder: keyed(Methods.cancelOrder, async (caller, { cancel }) => ({
      answer: requestAnswerMessage(await cancelOrder(app, caller, cancelOrderOf(cancel))),
    })),
    replaceOrder: keyed(Methods.replaceOrder, async (caller, { replace }) => ({
      answer: requestAnswerMessage(await replaceOrder(app, caller, replaceOrderOf(replace))),
    })),
    massCancel: keyed(Methods.massCancel, async (caller, request) => {
      const answer = await massCancel(app, caller, massCancelOf(request.massCancel));
      return { orderIds: [...answer.orders], more: answer.more, sequence: answer.sequence };
    }),
    getOrder: unary<P.GetOrderRequest, P.GetOrderResponse>(context, async (caller, request) => {
      const { minSequence } = request;
      const named = orderReferenceOf(request.order);
      const { asOf, value } = await order(app, caller, named, { minSequence });
      return { order: orderMessage(value), asOf };
    }),
    enterOrders: (call) => {
      // One key cannot stand for the many requests of a stream; they have their client order ids.
      if (call.metadata.get(IDEMPOTENCY_KEY).length === 0) return enterOrders(context, call);
      call.emit('error', serviceError(invalidField(IDEMPOTENCY_KEY, 'a stream has none')));
    },
  };
}
