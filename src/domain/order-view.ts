/** An order as its events tell it: what an execution report says beside the event itself. */
import type { EventOf } from './events.js';
import type { OrdStatus } from './execution-report.js';

/** An execution that can be corrected: where it was reported, and on which day. */
export interface ViewedExecution {
  readonly execId: number;
  readonly day: number;
  readonly quantity: number;
  readonly price: number;
}

export interface OrderView {
  readonly orderId: number;
  readonly account: number;
  readonly instrument: number;
  readonly side: string;
  readonly timeInForce: string;
  ordType: string;
  session: number;
  /** The last accepted client order id of the chain. */
  clOrdId: string;
  userRef: number;
  price: number;
  ordStatus: OrdStatus;
  orderQty: number;
  cumQty: number;
  leavesQty: number;
  cumValue: number;
  /** The day of the Day* quantities, as counted by the fold. */
  day: number;
  dayCumQty: number;
  dayCumValue: number;
  /** States that another one may hide. */
  stopped: boolean;
  suspended: boolean;
  /** By the venue's id; undefined until the first trade. */
  executions: Map<string, ViewedExecution> | undefined;
}

/** The view of an order at its acceptance, or of a request that never became an order. */
export function openView(event: EventOf<'OrderAccepted' | 'OrderDenied'>, day: number): OrderView {
  const { data } = event;
  const denied = event.type === 'OrderDenied';
  return {
    orderId: denied ? 0 : data.orderId,
    account: data.account,
    instrument: data.instrument,
    side: data.side,
    timeInForce: data.timeInForce,
    ordType: data.ordType,
    session: event.session,
    clOrdId: data.clOrdId,
    userRef: data.userRef,
    price: data.price,
    ordStatus: denied ? 'Rejected' : 'PendingNew',
    orderQty: data.quantity,
    cumQty: 0,
    leavesQty: denied ? 0 : data.quantity,
    cumValue: 0,
    day,
    dayCumQty: 0,
    dayCumValue: 0,
    stopped: false,
    suspended: false,
    executions: undefined,
  };
}

/** Begins the view's part of a later day: Day* quantities at 0, done for day no more. */
export function renewDay(view: OrderView, day: number): void {
  if (view.day === day) return;
  view.day = day;
  view.dayCumQty = 0;
  view.dayCumValue = 0;
  const over = view.ordStatus === 'DoneForDay' || view.ordStatus === 'Calculated';
  if (!over || view.leavesQty === 0) return;
  if (view.stopped) view.ordStatus = 'Stopped';
  else if (view.suspended) view.ordStatus = 'Suspended';
  else view.ordStatus = view.cumQty > 0 ? 'PartiallyFilled' : 'New';
}
