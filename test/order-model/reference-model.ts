/**
 * The order model said again, slowly and obviously: plain objects, nothing kept that can be computed,
 * quantities summed up from the trades each time. It answers each command with what it should lead to,
 * as lines that `spoken.ts` also makes of the writer's events.
 */
import type { Asked, MoneyModel } from './money-model.js';

export type Side = 'Buy' | 'Sell';
export type TimeInForce = 'Day' | 'GoodTillCancel' | 'ImmediateOrCancel';

interface Request {
  readonly account: number;
  readonly clOrdId: string;
  readonly kind: 'Order' | 'Cancel' | 'Replace';
  readonly order: ModelOrder | undefined;
  state: 'sent' | 'pending' | 'accepted' | 'rejected';
  readonly quantity: number;
  readonly price: number;
  /** What a replace wants to be shown; 0 as before. */
  readonly display?: number;
}

export interface ModelOrder {
  readonly id: number;
  readonly account: number;
  readonly side: Side;
  readonly timeInForce: TimeInForce;
  clOrdId: string;
  quantity: number;
  price: number;
  display: number;
  ended: 'Canceled' | 'Expired' | 'Rejected' | undefined;
  acknowledged: boolean;
  reported: boolean;
  doneForDay: boolean;
  calculated: boolean;
  suspended: boolean;
  stopped: boolean;
  /** A cancel without an id is under way: of all, or down to a quantity. */
  forced: boolean;
  cutting: boolean;
}

interface Execution {
  readonly order: ModelOrder | undefined;
  readonly side: Side;
  readonly account: number;
  readonly quantity: number;
  readonly price: number;
  stands: boolean;
}

/** What a venue says of a request: it names none, one that was answered, one unknown to the order. */
type Answered = Request | 'unsolicited' | 'answered' | 'unknown';

const refused = (reason: string) => [`CommandRefused ${reason}`];

export class ReferenceModel {
  readonly orders: ModelOrder[] = [];
  readonly requests: Request[] = [];
  readonly executions = new Map<string, Execution>();
  readonly #limit: number;
  /** Limits of money, if there are any. */
  money: MoneyModel | undefined;
  /** Time of the next decision. */
  ms = 0;

  /** @param limit MaxPosition of every account, lots */
  constructor(limit: number) {
    this.#limit = limit;
  }

  cum(order: ModelOrder): number {
    let sum = 0;
    for (const each of this.executions.values()) {
      if (each.order === order && each.stands) sum += each.quantity;
    }
    return sum;
  }

  leaves(order: ModelOrder): number {
    if (order.ended !== undefined) return 0;
    const overToday = order.doneForDay || order.calculated;
    if (overToday && order.timeInForce !== 'GoodTillCancel') return 0;
    return Math.max(0, order.quantity - this.cum(order));
  }

  /** OrdStatus: of the states that hold, the one of the highest precedence. */
  status(order: ModelOrder): string {
    const cum = this.cum(order);
    const live = order.ended === undefined;
    const pending = (kind: string) =>
      this.underWay(order).some((each) => each.kind === kind && each.state === 'pending');
    const states: [number, string, boolean][] = [
      [11, 'PendingCancel', live && pending('Cancel')],
      [10, 'PendingReplace', live && pending('Replace')],
      [9, 'DoneForDay', live && order.doneForDay],
      [8, 'Calculated', order.calculated],
      [7, 'Filled', cum > 0 && cum >= order.quantity],
      [6, 'Stopped', live && order.stopped],
      [5, 'Suspended', live && order.suspended],
      [4, 'Canceled', order.ended === 'Canceled'],
      [4, 'Expired', order.ended === 'Expired'],
      [3, 'PartiallyFilled', cum > 0],
      [2.1, 'Rejected', order.ended === 'Rejected'],
      [2, 'New', order.acknowledged || order.reported],
      [1, 'PendingNew', true],
    ];
    const holding = states.filter(([, , holds]) => holds);
    return holding.reduce((best, each) => (each[0] > best[0] ? each : best))[1];
  }

  underWay(order: ModelOrder): Request[] {
    return this.requests.filter(
      (each) =>
        each.order === order &&
        each.kind !== 'Order' &&
        (each.state === 'sent' || each.state === 'pending'),
    );
  }

  position(account: number): number {
    let sum = 0;
    for (const { order, side, quantity, stands } of this.executions.values()) {
      if (stands && order?.account === account) sum += side === 'Buy' ? quantity : -quantity;
    }
    return sum;
  }

  /** Ticks x lots paid for what an account, or its suspense, bought, less what it was paid. */
  paid(account: number, suspense: boolean): number {
    let sum = 0;
    for (const { order, side, quantity, price, stands, account: of } of this.executions.values()) {
      if (!stands || of !== account || (order === undefined) !== suspense) continue;
      sum += side === 'Buy' ? quantity * price : -quantity * price;
    }
    return sum;
  }

  /** Lots held in suspense: trades that no order explains. */
  suspense(account: number): number {
    let sum = 0;
    for (const each of this.executions.values()) {
      if (each.order === undefined && each.account === account) {
        sum += each.side === 'Buy' ? each.quantity : -each.quantity;
      }
    }
    return sum;
  }

  /** Lots that may still trade, were the venue to grant whichever replace asks for most. */
  exposed(order: ModelOrder): number {
    if (order.ended !== undefined) return 0;
    const wanted = this.underWay(order).filter(({ kind }) => kind === 'Replace');
    const most = wanted.map(({ quantity }) => quantity - this.cum(order));
    return Math.max(this.leaves(order), ...most);
  }

  open(account: number, side: Side): number {
    const own = this.orders.filter((each) => each.account === account && each.side === side);
    return own.reduce((sum, order) => sum + this.exposed(order), 0);
  }

  /** Why risk refuses, the first reason in the order of the checks. */
  #refusal(asked: Asked): string | undefined {
    const { account, side, added } = asked;
    const notional = this.money?.notional(asked, this.ms);
    if (notional !== undefined) return notional;
    const held = this.position(account) * (side === 'Buy' ? 1 : -1);
    if (held + this.open(account, side) + added > this.#limit) return 'RISK_POSITION_LIMIT';
    return this.money?.exposure(asked, this.ms);
  }

  find(account: number, clOrdId: string): Request | undefined {
    return this.requests.find((each) => each.clOrdId === clOrdId && each.account === account);
  }

  #told(order: ModelOrder): string {
    const quantities = `${order.quantity}/${this.cum(order)}/${this.leaves(order)}`;
    return `#${order.id} ${this.status(order)} ${quantities}`;
  }

  newOrder(
    account: number,
    clOrdId: string,
    side: Side,
    quantity: number,
    price: number,
    timeInForce: TimeInForce,
  ): string[] {
    const first = this.find(account, clOrdId);
    if (first !== undefined) {
      const state = first.order
        ? this.#told(first.order)
        : `#0 Rejected ${first.kind === 'Order' ? first.quantity : 0}/0/0`;
      return [`OrderDenied ORDER_DUPLICATE_CLIENT_ID ${state}`];
    }
    const request = { account, clOrdId, kind: 'Order', quantity, price } as const;
    const lots = { open: quantity, added: quantity };
    const refusal = this.#refusal({ account, side, price, ...lots, order: undefined });
    if (refusal !== undefined) {
      this.requests.push({ ...request, order: undefined, state: 'rejected' });
      return [`OrderDenied ${refusal} #0 Rejected ${quantity}/0/0`];
    }
    const order: ModelOrder = {
      id: this.orders.length + 1,
      account,
      side,
      timeInForce,
      clOrdId,
      quantity,
      price,
      display: 0,
      ended: undefined,
      acknowledged: false,
      reported: false,
      doneForDay: false,
      calculated: false,
      suspended: false,
      stopped: false,
      forced: false,
      cutting: false,
    };
    this.orders.push(order);
    this.requests.push({ ...request, order, state: 'accepted' });
    return [`OrderAccepted #${order.id}`];
  }

  #refuseRequest(
    account: number,
    kind: 'Cancel' | 'Replace',
    clOrdId: string,
    order: ModelOrder | undefined,
    reason: string,
  ): string[] {
    if (clOrdId !== '' && reason !== 'ORDER_DUPLICATE_CLIENT_ID') {
      const request = { account, clOrdId, kind, order, quantity: 0, price: 0 };
      this.requests.push({ ...request, state: 'rejected' });
    }
    const state = order ? this.#told(order) : '#0 Rejected 0/0/0';
    return [`${kind}Rejected ${reason} ${state}`];
  }

  /** The order that a request is about: of a possible resend that was seen, that of the request seen. */
  #meant(account: number, clOrdId: string, origClOrdId: string, resend: boolean) {
    const seen = resend && clOrdId !== '' ? this.find(account, clOrdId) : undefined;
    return (seen ?? this.find(account, origClOrdId))?.order;
  }

  /** @param resend PossResend: an id that was seen asks how that request stands */
  cancel(
    account: number,
    clOrdId: string,
    origClOrdId: string,
    downTo: number,
    resend: boolean,
  ): string[] {
    const order = this.#meant(account, clOrdId, origClOrdId, resend);
    const refuse = (reason: string) =>
      this.#refuseRequest(account, 'Cancel', clOrdId, order, reason);
    if (clOrdId !== '' && this.find(account, clOrdId)) return refuse('ORDER_DUPLICATE_CLIENT_ID');
    if (order === undefined) return refuse('ORDER_UNKNOWN');
    const over = this.leaves(order) === 0 && this.underWay(order).length === 0;
    if (order.ended !== undefined || over) return refuse('ORDER_TOO_LATE');
    if (downTo >= order.quantity) return refuse('ORDER_QUANTITY_INVALID');
    const line = `CancelRequested #${order.id} ${this.status(order)}`;
    if (clOrdId === '') order[downTo > 0 ? 'cutting' : 'forced'] = true;
    else {
      const request = { account, clOrdId, kind: 'Cancel', order, price: 0 } as const;
      this.requests.push({ ...request, quantity: downTo, state: 'sent' });
    }
    return [line];
  }

  replace(
    account: number,
    clOrdId: string,
    origClOrdId: string,
    quantity: number,
    price: number,
    { display, stop, resend }: { display: number; stop: number; resend: boolean },
  ): string[] {
    const order = this.#meant(account, clOrdId, origClOrdId, resend);
    const refuse = (reason: string) =>
      this.#refuseRequest(account, 'Replace', clOrdId, order, reason);
    if (this.find(account, clOrdId)) return refuse('ORDER_DUPLICATE_CLIENT_ID');
    if (order === undefined) return refuse('ORDER_UNKNOWN');
    if (order.ended !== undefined) return refuse('ORDER_TOO_LATE');
    const cum = this.cum(order);
    const filled = cum >= order.quantity;
    if (filled && quantity <= cum) return refuse('ORDER_TOO_LATE');
    const outstanding = this.leaves(order) > 0 || this.underWay(order).length > 0;
    if (!filled && !outstanding) return refuse('ORDER_TOO_LATE');
    if (display > quantity) return refuse('ORDER_QUANTITY_INVALID');
    // No order here is a stop.
    if (stop !== 0) return refuse('ORDER_TERMS_INVALID');
    const added = Math.max(0, quantity - cum - this.exposed(order));
    if (added > 0 || price !== order.price) {
      const open = Math.max(0, quantity - cum);
      const refusal = this.#refusal({ account, side: order.side, price, open, added, order });
      if (refusal !== undefined) return refuse(refusal);
    }
    const line = `ReplaceRequested #${order.id} ${this.status(order)}`;
    const request = { account, clOrdId, kind: 'Replace', order, quantity, price, display } as const;
    this.requests.push({ ...request, state: 'sent' });
    return [line];
  }

  massCancel(account: number): string[] {
    const lines: string[] = [];
    for (const order of this.orders) {
      if (order.account !== account || order.forced || this.leaves(order) === 0) continue;
      lines.push(`CancelRequested #${order.id} ${this.status(order)}`);
      order.forced = true;
    }
    return [...lines, 'MassCancelDone'];
  }

  /** Day orders are over, whether their venue said so or not; good-till orders go on. */
  openDay(): void {
    for (const order of this.orders) {
      if (this.leaves(order) === 0) continue;
      if (order.timeInForce !== 'GoodTillCancel') {
        this.over(order, 'Expired');
        continue;
      }
      order.doneForDay = false;
      order.calculated = false;
    }
    this.money?.openDay();
  }

  #answered(order: ModelOrder, clOrdId: string): Answered {
    if (clOrdId === '') return 'unsolicited';
    const request = this.find(order.account, clOrdId);
    if (request?.order !== order) return 'unknown';
    if (request.kind === 'Order') return 'unsolicited';
    return request.state === 'sent' || request.state === 'pending' ? request : 'answered';
  }

  acknowledged(order: ModelOrder, quantity: number): string[] {
    const again = order.acknowledged && !order.suspended;
    if (order.ended !== undefined || again) return refused('VENUE_REPORT_STALE');
    if (quantity > 0) order.quantity = Math.max(quantity, this.cum(order));
    order.acknowledged = true;
    order.suspended = false;
    return [`OrderAcknowledged ${this.#told(order)}`];
  }

  rejected(order: ModelOrder): string[] {
    if (order.ended !== undefined || this.cum(order) > 0) return refused('VENUE_REPORT_STALE');
    order.ended = 'Rejected';
    return [`OrderRejected ${this.#told(order)}`];
  }

  filled(
    order: ModelOrder | undefined,
    account: number,
    execId: string,
    quantity: number,
    price: number,
  ): string[] {
    if (this.executions.has(execId)) return refused('VENUE_FILL_DUPLICATE');
    const side = order?.side ?? 'Buy';
    this.executions.set(execId, { order, side, account, quantity, price, stands: true });
    if (order === undefined) return ['FillUnmatched'];
    order.reported = true;
    const over = order.ended !== undefined || this.cum(order) > order.quantity;
    return [`OrderFilled ${this.#told(order)}${over ? ' overfill' : ''}`];
  }

  corrected(execRefId: string, execId: string, quantity: number, price: number): string[] {
    const old = this.executions.get(execRefId);
    if (old?.order === undefined) return refused('VENUE_REPORT_UNKNOWN');
    if (this.executions.has(execId)) return refused('VENUE_FILL_DUPLICATE');
    if (!old.stands || old.quantity === 0) return refused('VENUE_REPORT_STALE');
    old.stands = false;
    this.executions.set(execId, { ...old, quantity, price, stands: true });
    const type = quantity === 0 ? 'FillBusted' : 'FillCorrected';
    return [`${type} ${this.#told(old.order)}`];
  }

  /** @param quantity OrderQty that the venue leaves; 0 it does not say */
  canceled(order: ModelOrder, clOrdId: string, quantity: number): string[] {
    const answered = this.#answered(order, clOrdId);
    if (answered === 'answered' || order.ended !== undefined) return refused('VENUE_REPORT_STALE');
    const request = typeof answered === 'object' ? answered : undefined;
    const cum = this.cum(order);
    if (cum >= order.quantity || (request === undefined && this.leaves(order) === 0)) {
      return refused('VENUE_REPORT_STALE');
    }
    if (request !== undefined) request.state = 'accepted';
    const asked = request?.kind === 'Cancel' ? request.quantity : 0;
    const downTo = quantity > 0 ? quantity : asked;
    const kept = Math.min(downTo, order.quantity);
    const before = order.quantity;
    if (kept > cum) order.quantity = kept;
    if (kept <= cum || this.leaves(order) === 0) {
      order.quantity = before;
      order.ended = 'Canceled';
      order.forced = false;
      order.cutting = false;
    } else if (request === undefined) this.#forcedAnswered(order);
    return [`OrderCanceled ${this.#told(order)}`];
  }

  /** @param display as the venue states it; 0 it does not say */
  replaced(order: ModelOrder, clOrdId: string, quantity: number, display: number): string[] {
    const answered = this.#answered(order, clOrdId);
    if (answered === 'answered') return refused('VENUE_REPORT_STALE');
    if (answered === 'unknown') return refused('VENUE_REPORT_UNKNOWN');
    const request = typeof answered === 'object' ? answered : undefined;
    if (request?.kind === 'Cancel') return refused('VENUE_REPORT_UNKNOWN');
    if (order.ended !== undefined) return refused('VENUE_REPORT_STALE');
    const wanted = quantity > 0 ? quantity : request?.quantity;
    if (wanted === undefined) return refused('VENUE_REPORT_UNKNOWN');
    if (request !== undefined) {
      request.state = 'accepted';
      order.clOrdId = clOrdId;
      order.price = request.price;
    }
    order.display = display || request?.display || order.display;
    order.quantity = Math.max(wanted, this.cum(order));
    return [`OrderReplaced ${this.#told(order)}`];
  }

  /** The answer does not say which: of both, the cut is over first. */
  #forcedAnswered(order: ModelOrder): void {
    if (order.cutting) order.cutting = false;
    else order.forced = false;
  }

  requestRejected(order: ModelOrder, clOrdId: string): string[] {
    const answered = this.#answered(order, clOrdId);
    if (answered === 'answered') return refused('VENUE_REPORT_STALE');
    if (answered === 'unsolicited' && (order.forced || order.cutting)) {
      this.#forcedAnswered(order);
      return [`CancelRejected VENUE_REJECTED ${this.#told(order)}`];
    }
    if (typeof answered !== 'object') return refused('VENUE_REPORT_UNKNOWN');
    answered.state = 'rejected';
    return [`${answered.kind}Rejected VENUE_REJECTED ${this.#told(order)}`];
  }

  pending(order: ModelOrder, clOrdId: string, kind: 'Cancel' | 'Replace'): string[] {
    const answered = this.#answered(order, clOrdId);
    if (answered === 'answered') return refused('VENUE_REPORT_STALE');
    if (typeof answered !== 'object' || answered.kind !== kind) {
      return refused('VENUE_REPORT_UNKNOWN');
    }
    if (order.ended !== undefined || answered.state !== 'sent') {
      return refused('VENUE_REPORT_STALE');
    }
    answered.state = 'pending';
    order.reported = true;
    return [`${kind}Pending ${this.#told(order)}`];
  }

  restated(order: ModelOrder, quantity: number): string[] {
    order.reported = true;
    order.quantity = Math.max(quantity, this.cum(order));
    order.doneForDay = false;
    order.calculated = false;
    order.suspended = false;
    order.stopped = false;
    return [`OrderRestated ${this.#told(order)}`];
  }

  stoppedAt(order: ModelOrder): string[] {
    if (this.leaves(order) === 0) return refused('VENUE_REPORT_STALE');
    order.stopped = true;
    order.reported = true;
    return [`OrderStopped ${this.#told(order)}`];
  }

  over(order: ModelOrder, how: 'Expired' | 'DoneForDay' | 'Calculated' | 'Suspended'): string[] {
    if (order.ended !== undefined) return refused('VENUE_REPORT_STALE');
    const flags = { DoneForDay: 'doneForDay', Calculated: 'calculated', Suspended: 'suspended' };
    if (how === 'Expired' || how === 'Suspended') {
      if (this.leaves(order) === 0) return refused('VENUE_REPORT_STALE');
    }
    if (how === 'Expired') {
      const immediate = order.timeInForce === 'ImmediateOrCancel';
      order.ended = immediate ? 'Canceled' : 'Expired';
      if (immediate) {
        order.forced = false;
        order.cutting = false;
      }
      return [`Order${order.ended} ${this.#told(order)}`];
    }
    const flag = flags[how] as 'doneForDay' | 'calculated' | 'suspended';
    if (order[flag]) return refused('VENUE_REPORT_STALE');
    order[flag] = true;
    order.reported = true;
    return [`Order${how} ${this.#told(order)}`];
  }
}
