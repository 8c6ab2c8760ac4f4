/** The closed lists of an order's terms between the definitions and the use cases. */
import type { SubmitOrder } from '../application/submit-order.js';
import type { OrderView } from '../application/views.js';
import { enumNames } from './enum-names.js';
import * as P from './generated/daybook/v1/order.gen.js';

type Choice<K extends keyof SubmitOrder> = NonNullable<SubmitOrder[K]> & string;

export const SIDES = enumNames<OrderView['side']>(P.Side, 'SIDE_');
export const ORD_TYPES = enumNames<OrderView['type']>(P.OrdType, 'ORD_TYPE_');
export const TIMES_IN_FORCE = enumNames<OrderView['timeInForce']>(P.TimeInForce, 'TIME_IN_FORCE_');
export const ORD_STATUSES = enumNames<OrderView['status']>(P.OrdStatus, 'ORD_STATUS_');
export const CAPACITIES = enumNames<Choice<'capacity'>>(P.Capacity, 'CAPACITY_');
export const SELF_TRADE_PREVENTIONS = enumNames<Choice<'selfTradePrevention'>>(
  P.SelfTradePrevention,
  'SELF_TRADE_PREVENTION_',
);
