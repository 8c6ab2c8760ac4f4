/**
 * From events to reports: a fold, one report for each event that a client is told about. Pure: the
 * same events give the same reports, live, after a restart and in a replay, so every gateway keeps
 * one of its own and feeds it from the log.
 *
 * No report: OrderAccepted (FIX sends PendingNew only in answer to a status request), OrderRouted,
 * RiskDecided, CancelRequested and ReplaceRequested (the venue's word makes them pending), and all
 * that is not about an order.
 *
 * Holds a view of every order of the shard, as the writer does: `Capacity.orders` is its limit.
 */
import { assert } from '../lib/assert.js';
import type { DaybookEvent, EventOf } from './events.js';
import {
  type CancelReject,
  type ExecType,
  type ExecutionReport,
  type OrdStatus,
  ordRejReason,
  type Report,
} from './execution-report.js';
import { type OrderView, openView, renewDay } from './order-view.js';
import { REASON, rejectCode } from './reject-reasons.js';

/** Events that say how the order stands after them. */
interface After {
  readonly orderQuantity: number;
  readonly cumQuantity: number;
  readonly leavesQuantity: number;
  readonly ordStatus: OrdStatus;
}

/** A client order id of an account, and what it means. */
interface Identified {
  readonly view: OrderView;
  /** Whether the order bears or bore the id; false for a request that was not accepted. */
  accepted: boolean;
}

type Extra = Partial<{ -readonly [K in keyof ExecutionReport]: ExecutionReport[K] }>;

const NO_DATA = { execId: 0, time: 0n, command: 0 } as const;

export class ExecutionReports {
  readonly #views = new Map<number, OrderView>();
  readonly #ids = new Map<string, Identified>();
  /** Cancels and replaces that were refused, by the same key: the state of such a request. */
  readonly #refused = new Map<string, CancelReject>();
  /** Trading days opened so far. */
  #day = 0;

  /** Takes the next event. @returns what the client is told about it, if anything */
  apply(event: DaybookEvent): Report | undefined {
    switch (event.type) {
      case 'TradingDayOpened':
        this.#day += 1;
        return undefined;
      case 'OrderAccepted':
        this.#accept(event);
        return undefined;
      case 'OrderDenied':
        return this.#deny(event);
      case 'CancelRequested':
      case 'ReplaceRequested':
        this.#identify(event.data.account, event.data.clOrdId, this.#viewOf(event), false);
        return undefined;
      case 'OrderFilled':
        return this.#trade(event);
      case 'FillCorrected':
      case 'FillBusted':
        return this.#correct(event);
      case 'CancelRejected':
      case 'ReplaceRejected':
        return this.#reject(event);
      case 'OrderReplaced':
        return this.#replace(event);
      default:
        return this.#applyState(event);
    }
  }

  /** The view of an order, as of the last event; undefined when there is none. */
  order(orderId: number): Readonly<OrderView> | undefined {
    return this.#views.get(orderId);
  }

  /** The order that bears, bore or is meant by a client order id of the account. */
  find(account: number, clOrdId: string): Readonly<OrderView> | undefined {
    return this.#ids.get(`${account}/${clOrdId}`)?.view;
  }

  /**
   * Answers a status request (35=H). An id that the order no longer bears comes back as OrigClOrdID,
   * that of a request that was not accepted as ClOrdID, so that the answer always names it.
   */
  status(account: number, clOrdId: string): ExecutionReport {
    const found = this.#ids.get(`${account}/${clOrdId}`);
    if (found === undefined) return unknownOrder(account, clOrdId);
    const { view, accepted } = found;
    renewDay(view, this.#day);
    const current = view.clOrdId;
    if (clOrdId === current || view.orderId === 0) return statusReport(view, clOrdId, '');
    return accepted ? statusReport(view, current, clOrdId) : statusReport(view, clOrdId, current);
  }

  /** The same by our order id. */
  statusOf(orderId: number): ExecutionReport | undefined {
    const view = this.#views.get(orderId);
    if (view === undefined) return undefined;
    renewDay(view, this.#day);
    return statusReport(view, view.clOrdId, '');
  }

  /** Answers a mass status request (35=AF): the open orders, oldest first; account 0 means all. */
  *massStatus(account: number): Generator<ExecutionReport> {
    for (const view of this.#views.values()) {
      if (view.leavesQty === 0 || (account !== 0 && view.account !== account)) continue;
      renewDay(view, this.#day);
      yield statusReport(view, view.clOrdId, '');
    }
  }

  #viewOf(event: { readonly data: { readonly orderId: number } }): OrderView {
    const view = this.#views.get(event.data.orderId);
    assert(view !== undefined, 'an event is about an order that was not accepted');
    renewDay(view, this.#day);
    return view;
  }

  #identify(account: number, clOrdId: string, view: OrderView, accepted: boolean): void {
    if (clOrdId !== '') this.#ids.set(`${account}/${clOrdId}`, { view, accepted });
  }

  #accept(event: EventOf<'OrderAccepted'>): void {
    const view = openView(event, this.#day);
    this.#views.set(view.orderId, view);
    this.#identify(view.account, view.clOrdId, view, true);
  }

  /** Refused here. A repeated id is answered with the first order (F.1.a), a resend by its status. */
  #deny(event: EventOf<'OrderDenied'>): Report {
    const { data } = event;
    const repeated = data.reason === REASON.ORDER_DUPLICATE_CLIENT_ID;
    const first = repeated ? this.find(data.account, data.clOrdId) : undefined;
    if (repeated && (data.execInst & POSS_RESEND) !== 0 && first !== undefined) {
      return { ...this.status(data.account, data.clOrdId), session: event.session };
    }
    const view = first ?? openView(event, this.#day);
    if (!repeated && data.reason !== REASON.ACCOUNT_UNKNOWN) {
      this.#identify(data.account, data.clOrdId, view, true);
    }
    if (first !== undefined) renewDay(view, this.#day);
    return {
      ...executionReport(event, view, 'Rejected', data),
      session: event.session,
      orderId: data.firstOrderId,
      clOrdId: data.clOrdId,
      userRef: data.userRef,
      reason: data.reason,
      ordRejReason: ordRejReason(data.reason),
      text: rejectCode(data.reason) ?? '',
    };
  }

  #trade(event: EventOf<'OrderFilled'>): Report {
    const { data } = event;
    const view = this.#viewOf(event);
    view.dayCumQty += data.lastQuantity;
    view.dayCumValue += data.lastQuantity * data.lastPrice;
    view.executions ??= new Map();
    view.executions.set(data.execId, {
      execId: event.sequence,
      day: this.#day,
      quantity: data.lastQuantity,
      price: data.lastPrice,
    });
    return this.#report(event, view, 'Trade', data, {
      lastQty: data.lastQuantity,
      lastPx: data.lastPrice,
      cumValue: data.cumValue,
      venueExecId: data.execId,
    });
  }

  /** A correction counts for the day of the execution that it corrects (FIX rule 12). */
  #correct(event: EventOf<'FillCorrected' | 'FillBusted'>): Report {
    const { data } = event;
    const view = this.#viewOf(event);
    const old = view.executions?.get(data.execRefId);
    assert(old !== undefined, 'a correction names an execution that was not reported');
    if (old.day === this.#day) {
      view.dayCumQty += data.lastQuantity - old.quantity;
      view.dayCumValue += data.lastQuantity * data.lastPrice - old.quantity * old.price;
    }
    view.executions?.set(data.execId, {
      execId: event.sequence,
      day: old.day,
      quantity: data.lastQuantity,
      price: data.lastPrice,
    });
    const type = event.type === 'FillBusted' ? 'TradeCancel' : 'TradeCorrect';
    return this.#report(event, view, type, data, {
      lastQty: data.lastQuantity,
      lastPx: data.lastPrice,
      cumValue: data.cumValue,
      venueExecId: data.execId,
      execRefId: old.execId,
    });
  }

  #reject(event: EventOf<'CancelRejected' | 'ReplaceRejected'>): Report {
    const { data } = event;
    const key = `${data.account}/${data.clOrdId}`;
    const repeated = data.reason === REASON.ORDER_DUPLICATE_CLIENT_ID;
    const resent = repeated && (data.execInst & POSS_RESEND) !== 0;
    const first = this.#refused.get(key);
    if (resent && first === undefined && this.#ids.has(key)) {
      return { ...this.status(data.account, data.clOrdId), session: event.session };
    }
    const reject = this.#cancelReject(event);
    if (!repeated && data.clOrdId !== '') this.#refused.set(key, reject);
    if (!resent || first === undefined) return reject;
    const { reason, text, cxlRejReason, responseTo } = first;
    return { ...reject, reason, text, cxlRejReason, responseTo };
  }

  #cancelReject(event: EventOf<'CancelRejected' | 'ReplaceRejected'>): CancelReject {
    const { data } = event;
    const view = this.#views.get(data.orderId);
    if (view !== undefined) {
      renewDay(view, this.#day);
      view.ordStatus = data.ordStatus;
      if (!this.#ids.has(`${data.account}/${data.clOrdId}`))
        this.#identify(data.account, data.clOrdId, view, false);
    }
    return {
      message: 'OrderCancelReject',
      execId: event.sequence,
      time: event.time,
      session: event.session,
      command: event.command,
      orderId: data.orderId,
      account: data.account,
      instrument: data.instrument,
      clOrdId: data.clOrdId,
      origClOrdId: data.origClOrdId,
      ordStatus: data.ordStatus,
      reason: data.reason,
      text: rejectCode(data.reason) ?? '',
      userRef: data.userRef,
      cxlRejReason: data.cxlRejReason,
      responseTo: event.type === 'CancelRejected' ? 'Cancel' : 'Replace',
    };
  }

  #replace(event: EventOf<'OrderReplaced'>): Report {
    const { data } = event;
    const view = this.#viewOf(event);
    view.price = data.price;
    view.userRef = data.userRef;
    const report = this.#answer(event, view, 'Replaced', data, data.clOrdId);
    if (data.clOrdId !== '') {
      view.clOrdId = data.clOrdId;
      this.#identify(view.account, data.clOrdId, view, true);
    }
    return report;
  }

  #applyState(event: DaybookEvent): Report | undefined {
    switch (event.type) {
      case 'OrderAcknowledged': {
        const view = this.#viewOf(event);
        const lifted = view.suspended;
        view.suspended = false;
        // FIX 4.4 has no ExecType for a suspension that is over; the order is restated.
        const extra: Extra = lifted ? { restatement: 'MarketOption' } : {};
        return this.#report(event, view, lifted ? 'Restated' : 'New', event.data, extra);
      }
      case 'OrderRejected': {
        const { reason, text } = event.data;
        return this.#report(event, this.#viewOf(event), 'Rejected', event.data, {
          reason,
          ordRejReason: ordRejReason(reason),
          text: text === '' ? (rejectCode(reason) ?? '') : text,
        });
      }
      case 'OrderCanceled':
        return this.#cancel(event);
      case 'CancelPending':
      case 'ReplacePending': {
        const type = event.type === 'CancelPending' ? 'PendingCancel' : 'PendingReplace';
        const view = this.#viewOf(event);
        return this.#answer(event, view, type, event.data, event.data.clOrdId);
      }
      case 'OrderExpired':
        return this.#end(event, 'Expired');
      case 'OrderDoneForDay':
        return this.#end(event, 'DoneForDay');
      case 'OrderCalculated':
        return this.#end(event, 'Calculated');
      case 'OrderSuspended':
        this.#viewOf(event).suspended = true;
        return this.#end(event, 'Suspended');
      case 'OrderRestated':
        return this.#restate(event);
      case 'OrderStopped': {
        const { data } = event;
        const view = this.#viewOf(event);
        view.stopped = true;
        const extra = { lastQty: data.lastQuantity, lastPx: data.lastPrice };
        return this.#report(event, view, 'Stopped', data, extra);
      }
      case 'OrderTriggered': {
        const view = this.#viewOf(event);
        view.price = event.data.price;
        view.ordType = event.data.ordType;
        return this.#report(event, view, 'Triggered', event.data);
      }
      default:
        return undefined;
    }
  }

  /** All of it, or down to a quantity: FIX has no partial cancel, what remains is restated. */
  #cancel(event: EventOf<'OrderCanceled'>): Report {
    const { data } = event;
    const view = this.#viewOf(event);
    const { reason } = data;
    const reduced = data.leavesQuantity > 0;
    const type = reduced ? 'Restated' : 'Canceled';
    return this.#answer(event, view, type, data, data.clOrdId, {
      reason,
      text: rejectCode(reason) ?? '',
      restatement: reduced ? 'PartialDeclineOfOrderQty' : undefined,
    });
  }

  #end(
    event: EventOf<'OrderExpired' | 'OrderDoneForDay' | 'OrderCalculated' | 'OrderSuspended'>,
    type: ExecType,
  ): Report {
    const { reason } = event.data;
    const text = rejectCode(reason) ?? '';
    return this.#report(event, this.#viewOf(event), type, event.data, { reason, text });
  }

  #restate(event: EventOf<'OrderRestated'>): Report {
    const { data } = event;
    const view = this.#viewOf(event);
    view.price = data.price;
    view.stopped = false;
    view.suspended = false;
    if (data.cumQuantity !== view.cumQty && view.cumQty > 0) {
      // A split restates today's part like the whole; it is 0 when it comes before the opening.
      const scaled = (view.dayCumQty * data.cumQuantity) / view.cumQty;
      view.dayCumQty = Math.floor(scaled);
    }
    return this.#report(event, view, 'Restated', data, {
      cumValue: data.cumValue,
      restatement: data.restatement,
    });
  }

  /** A report that answers a request: under the id of the request, the order's id beside it. */
  #answer(
    event: DaybookEvent,
    view: OrderView,
    type: ExecType,
    after: After,
    clOrdId: string,
    extra: Extra = {},
  ): Report {
    if (clOrdId === '') return this.#report(event, view, type, after, extra);
    return this.#report(event, view, type, after, {
      ...extra,
      clOrdId,
      origClOrdId: view.clOrdId,
    });
  }

  /** Takes the state after the event into the view and reports it. */
  #report(
    event: DaybookEvent,
    view: OrderView,
    type: ExecType,
    after: After,
    extra: Extra = {},
  ): ExecutionReport {
    view.ordStatus = after.ordStatus;
    view.orderQty = after.orderQuantity;
    view.cumQty = after.cumQuantity;
    view.leavesQty = after.leavesQuantity;
    if (extra.cumValue !== undefined) view.cumValue = extra.cumValue;
    return { ...executionReport(event, view, type, after), ...extra };
  }
}

/** Bit of ExecInst, see EXEC_INST. */
const POSS_RESEND = 4;

function executionReport(
  event: Pick<DaybookEvent, 'sequence' | 'time' | 'command'>,
  view: OrderView,
  execType: ExecType,
  after: After,
): ExecutionReport {
  return {
    message: 'ExecutionReport',
    execId: event.sequence,
    time: event.time,
    session: view.session,
    command: event.command,
    orderId: view.orderId,
    account: view.account,
    instrument: view.instrument,
    clOrdId: view.clOrdId,
    origClOrdId: '',
    execType,
    ordStatus: after.ordStatus,
    reason: 0,
    text: '',
    userRef: view.userRef,
    side: view.side,
    ordType: view.ordType,
    timeInForce: view.timeInForce,
    price: view.price,
    orderQty: after.orderQuantity,
    cumQty: after.cumQuantity,
    leavesQty: after.leavesQuantity,
    lastQty: 0,
    lastPx: 0,
    cumValue: view.cumValue,
    dayOrderQty: after.orderQuantity - (after.cumQuantity - view.dayCumQty),
    dayCumQty: view.dayCumQty,
    dayCumValue: view.dayCumValue,
    execRefId: 0,
    venueExecId: '',
    restatement: undefined,
    ordRejReason: undefined,
  };
}

function statusReport(view: OrderView, clOrdId: string, origClOrdId: string): ExecutionReport {
  const after = {
    orderQuantity: view.orderQty,
    cumQuantity: view.cumQty,
    leavesQuantity: view.leavesQty,
    ordStatus: view.ordStatus,
  };
  const event = { sequence: 0, time: 0n, command: 0 };
  return {
    ...executionReport(event, view, 'OrderStatus', after),
    clOrdId,
    origClOrdId,
    text: view.cumQty === 0 && view.leavesQty > 0 ? 'Nothing Done' : '',
  };
}

/** OrderID "NONE", OrdStatus Rejected, no quantities (matrix G.1.a). */
function unknownOrder(account: number, clOrdId: string): ExecutionReport {
  return {
    ...NO_DATA,
    message: 'ExecutionReport',
    session: 0,
    orderId: 0,
    account,
    instrument: 0,
    clOrdId,
    origClOrdId: '',
    execType: 'OrderStatus',
    ordStatus: 'Rejected',
    reason: REASON.ORDER_UNKNOWN,
    text: 'ORDER_UNKNOWN',
    userRef: 0,
    side: 'None',
    ordType: '',
    timeInForce: '',
    price: 0,
    orderQty: 0,
    cumQty: 0,
    leavesQty: 0,
    lastQty: 0,
    lastPx: 0,
    cumValue: 0,
    dayOrderQty: 0,
    dayCumQty: 0,
    dayCumValue: 0,
    execRefId: 0,
    venueExecId: '',
    restatement: undefined,
    ordRejReason: ordRejReason(REASON.ORDER_UNKNOWN),
  };
}
