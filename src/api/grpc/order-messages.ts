/** Messages of order entry <-> requests and answers of the use cases. Absent and empty stay apart. */
import type { CancelOrder } from '../application/cancel-order.js';
import { invalidField } from '../application/errors.js';
import type { MassCancel } from '../application/mass-cancel.js';
import type { OrderReference } from '../application/order-reference.js';
import type { RequestAnswer } from '../application/order-requests.js';
import type { ReplaceOrder } from '../application/replace-order.js';
import type { SubmitOrder } from '../application/submit-order.js';
import type { OrderState, OrderView } from '../application/views.js';
import type { EnumNames } from './enum-names.js';
import * as P from './generated/daybook/v1/order.gen.js';
import {
  CAPACITIES,
  ORD_STATUSES,
  ORD_TYPES,
  SELF_TRADE_PREVENTIONS,
  SIDES,
  TIMES_IN_FORCE,
} from './order-enums.js';

/** @throws ApplicationError REQUEST_INVALID, as all of these */
export function submitOrderOf(order: P.NewOrder | undefined): SubmitOrder {
  if (order === undefined) throw invalidField('order', 'must be given');
  const { expireTimeMs } = order;
  if (expireTimeMs !== undefined && expireTimeMs < 0) {
    throw invalidField('expireTimeMs', 'must not be negative');
  }
  return {
    clientOrderId: order.clientOrderId,
    account: order.account,
    instrument: order.instrument,
    side: chosen('side', SIDES, order.side),
    type: chosen('type', ORD_TYPES, order.type),
    timeInForce: choiceOf('timeInForce', TIMES_IN_FORCE, order.timeInForce),
    quantity: order.quantity,
    price: order.price,
    stopPrice: order.stopPrice,
    displayQuantity: order.displayQuantity,
    minQuantity: order.minQuantity,
    expireTimeMs,
    capacity: choiceOf('capacity', CAPACITIES, order.capacity),
    selfTradePrevention: choiceOf(
      'selfTradePrevention',
      SELF_TRADE_PREVENTIONS,
      order.selfTradePrevention,
    ),
    postOnly: order.postOnly,
    reduceOnly: order.reduceOnly,
    strategy: order.strategy,
    locate: order.locate,
  };
}

export function cancelOrderOf(cancel: P.CancelOrder | undefined): CancelOrder {
  if (cancel === undefined) throw invalidField('cancel', 'must be given');
  const { clientOrderId, quantity } = cancel;
  return { order: orderReferenceOf(cancel.order), clientOrderId, quantity };
}

export function replaceOrderOf(replace: P.ReplaceOrder | undefined): ReplaceOrder {
  if (replace === undefined) throw invalidField('replace', 'must be given');
  return { ...replace, order: orderReferenceOf(replace.order) };
}

export function massCancelOf(cancel: P.MassCancel | undefined): MassCancel {
  if (cancel === undefined) throw invalidField('massCancel', 'must be given; empty matches all');
  const { account, instrument } = cancel;
  return { account, instrument, side: choiceOf('side', SIDES, cancel.side) };
}

export function orderReferenceOf(reference: P.OrderReference | undefined): OrderReference {
  const by = reference?.by;
  if (by === undefined) throw invalidField('order', 'must be given');
  if (by.$case === 'accountOrder') return by.value;
  if (by.value <= 0) throw invalidField('order.orderId', 'must be positive');
  return { orderId: by.value };
}

function choiceOf<N extends string>(field: string, list: EnumNames<N>, number: number) {
  if (number === 0) return undefined;
  const name = list.nameOf(number);
  if (name === undefined) throw invalidField(field, `must be one of ${list.names.join(', ')}`);
  return name;
}

function chosen<N extends string>(field: string, list: EnumNames<N>, number: number): N {
  const name = choiceOf(field, list, number);
  if (name === undefined) throw invalidField(field, 'must be given');
  return name;
}

export function orderMessage(view: OrderView): P.Order {
  return {
    orderId: view.orderId,
    clientOrderId: view.clientOrderId,
    account: view.account,
    instrument: view.instrument,
    side: (view.side === 'None' ? 0 : SIDES.numberOf(view.side)) as P.Side,
    type: ORD_TYPES.numberOf(view.type) as P.OrdType,
    timeInForce: TIMES_IN_FORCE.numberOf(view.timeInForce) as P.TimeInForce,
    quantity: view.quantity,
    price: view.price ?? undefined,
    stopPrice: view.stopPrice ?? undefined,
    status: ORD_STATUSES.numberOf(view.status) as P.OrdStatus,
    cumQuantity: view.cumQuantity,
    leavesQuantity: view.leavesQuantity,
    averagePrice: view.averagePrice ?? undefined,
    sequence: view.sequence,
    time: view.time,
  };
}

export function orderStateMessage(state: OrderState): P.OrderState {
  return {
    orderId: state.orderId,
    clientOrderId: state.clientOrderId ?? undefined,
    status: ORD_STATUSES.numberOf(state.status) as P.OrdStatus,
    quantity: state.quantity,
    cumQuantity: state.cumQuantity,
    leavesQuantity: state.leavesQuantity,
  };
}

export function requestAnswerMessage(answer: RequestAnswer): P.RequestAnswer {
  return {
    outcome:
      answer.outcome === 'done'
        ? P.RequestOutcome.REQUEST_OUTCOME_DONE
        : P.RequestOutcome.REQUEST_OUTCOME_REQUESTED,
    orderId: answer.orderId,
    clientOrderId: answer.clientOrderId,
    order: answer.order === null ? undefined : orderStateMessage(answer.order),
    sequence: answer.sequence,
    time: answer.time,
  };
}
