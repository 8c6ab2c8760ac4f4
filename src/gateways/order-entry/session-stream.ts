/**
 * The sequenced stream of one session: which events of the log are messages of it, and how many there
 * have been. A message's sequence number is its place among them since the trading day was opened,
 * so it follows from the log alone and a restart changes nothing.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { OUCH_TYPE_OUT as OUT } from '../ouch/types.js';
import type { SessionConfig } from './config.js';
import { DefaultAccount } from './default-account.js';
import type { MatchNumbers } from './match-numbers.js';
import { dayCode, KIND, RequestIds } from './request-id.js';
import type { RowPages } from './row-pages.js';
import { ROW, SessionOrders } from './session-orders.js';
import { StreamIndex } from './stream-index.js';

const order = eventLayouts.OrderAccepted.offsets;
const replace = eventLayouts.ReplaceRequested.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;
const cancel = eventLayouts.CancelRequested.offsets;
const rejected = eventLayouts.CancelRejected.offsets;
const pending = eventLayouts.CancelPending.offsets;
const canceled = eventLayouts.OrderCanceled.offsets;
const filled = eventLayouts.OrderFilled.offsets;
const corrected = eventLayouts.FillCorrected.offsets;
const ended = eventLayouts.OrderExpired.offsets;

/** Where each event about an order has the UserRefNum of the order. */
const USER_REF_AT = new Uint16Array(256);
for (const name of [
  'OrderRejected',
  'OrderFilled',
  'OrderCanceled',
  'OrderReplaced',
  'OrderExpired',
  'OrderDoneForDay',
  'OrderRestated',
  'FillBusted',
  'FillCorrected',
] as const) {
  USER_REF_AT[EVENT[name]] = eventLayouts[name].offsets.userRef;
}

/** The events that a stream learns from, or tells of. */
const OF_STREAM = new Uint8Array(256);
for (const name of [
  'OrderAccepted',
  'OrderDenied',
  'OrderRejected',
  'OrderFilled',
  'OrderCanceled',
  'OrderReplaced',
  'OrderExpired',
  'OrderDoneForDay',
  'OrderRestated',
  'CancelRequested',
  'CancelPending',
  'CancelRejected',
  'ReplaceRequested',
  'ReplaceRejected',
  'FillBusted',
  'FillCorrected',
  'TradingDayOpened',
  'TradingDayClosed',
] as const) {
  OF_STREAM[EVENT[name]] = 1;
}

export class SessionStream {
  /** Replaced as a whole when its permit changes; id and name stay. */
  config: SessionConfig;
  readonly orders: SessionOrders;
  readonly account = new DefaultAccount();
  readonly index = new StreamIndex();
  readonly matches: MatchNumbers;
  /** Trading day yyyymmdd, 0 before the first. */
  tradingDay = 0;
  /** Those of the day. */
  ids: RequestIds;
  /** Messages so far today: the sequence number of the last one. */
  count = 0;
  /** Cancels and modifies so far today; they are numbered to give each an id. */
  cancels = 0;

  constructor(config: SessionConfig, matches: MatchNumbers, userRefs: number, rows: RowPages) {
    this.config = config;
    this.matches = matches;
    this.orders = new SessionOrders(userRefs, rows);
    this.ids = new RequestIds(config.id, dayCode(0));
  }

  /** The 10 characters by which SoupBinTCP calls the session: name and day, `ABCD261122`. */
  get soupName(): string {
    const day = String(this.tradingDay % 1_000_000).padStart(6, '0');
    return this.config.name.padEnd(4, '_') + day;
  }

  /** A trading day opened: everything starts again, with the message that says so. */
  openDay(tradingDay: number): void {
    this.tradingDay = tradingDay;
    this.ids = new RequestIds(this.config.id, dayCode(tradingDay));
    this.count = 0;
    this.cancels = 0;
    this.orders.clear();
    this.index.clear();
  }

  /** Folds an event of the session (or of a trading day). @returns type of its message, 0 none */
  take(batch: RecordBuffer, at: number): number {
    const number = batch.bytes[at + HEADER.number]!;
    if (OF_STREAM[number] === 0) return 0;
    let type: number;
    if (number === EVENT.OrderAccepted) type = this.#learnOrder(batch, at) ? OUT.orderAccepted : 0;
    else if (number === EVENT.OrderDenied) type = this.#learnOrder(batch, at) ? OUT.rejected : 0;
    else {
      this.#learn(batch, at);
      type = this.messageOf(batch, at);
    }
    if (type !== 0) {
      this.count += 1;
      this.index.add(this.count, batch.f64[(at + HEADER.sequence) >> 3]!);
    }
    return type;
  }

  /**
   * The type of the message that an event is for this session, 0 when it is none. The same however
   * much of the log was folded since.
   */
  messageOf(batch: RecordBuffer, at: number): number {
    const number = batch.bytes[at + HEADER.number]!;
    switch (number) {
      case EVENT.OrderAccepted:
        return this.#isOurs(batch, at + order.clOrdId) ? OUT.orderAccepted : 0;
      case EVENT.OrderDenied:
        return this.#isOurs(batch, at + order.clOrdId) ? OUT.rejected : 0;
      case EVENT.OrderFilled:
        return this.#belongs(batch, at, number) ? OUT.orderExecuted : 0;
      case EVENT.OrderCanceled: {
        if (!this.#belongs(batch, at, number)) return 0;
        const modify = batch.bytes[at + canceled.clOrdId] === KIND.modify;
        return modify && this.#cancelNumber(batch, at + canceled.clOrdId) >= 0
          ? OUT.orderModified
          : OUT.orderCanceled;
      }
      case EVENT.OrderReplaced:
        if (!this.#belongs(batch, at, number)) return 0;
        return this.answersReplace(batch, at) ? OUT.orderReplaced : OUT.orderRestated;
      case EVENT.CancelRejected:
        return this.#cancelNumber(batch, at + rejected.clOrdId) >= 0 ? OUT.cancelReject : 0;
      case EVENT.CancelPending:
        return this.#cancelNumber(batch, at + pending.clOrdId) >= 0 ? OUT.cancelPending : 0;
      case EVENT.ReplaceRejected:
        return this.#isOurs(batch, at + rejected.clOrdId) ? OUT.rejected : 0;
      case EVENT.OrderRejected:
      case EVENT.OrderExpired:
        return this.#belongs(batch, at, number) ? OUT.orderCanceled : 0;
      case EVENT.OrderDoneForDay:
        return this.#isOver(batch, at) && this.#belongs(batch, at, number) ? OUT.orderCanceled : 0;
      case EVENT.OrderRestated:
        return this.#belongs(batch, at, number) ? OUT.orderRestated : 0;
      case EVENT.FillBusted:
        return this.#belongs(batch, at, number) ? OUT.brokenTrade : 0;
      case EVENT.FillCorrected:
        return this.#belongs(batch, at, number) ? OUT.tradeCorrection : 0;
      case EVENT.TradingDayOpened:
      case EVENT.TradingDayClosed:
        return OUT.systemEvent;
      default:
        return 0;
    }
  }

  /** Whether an OrderReplaced answers a Replace Order of this session: others only restate. */
  answersReplace(batch: RecordBuffer, at: number): boolean {
    const number = this.#orderNumber(batch, at + replaced.clOrdId);
    return number >= 0 && number === batch.u32[(at + replaced.userRef) >> 2];
  }

  #orderNumber(batch: RecordBuffer, idAt: number): number {
    return this.ids.numberOf(batch.i32, idAt >> 2, KIND.order);
  }

  #isOurs(batch: RecordBuffer, idAt: number): boolean {
    return this.#orderNumber(batch, idAt) > 0;
  }

  #cancelNumber(batch: RecordBuffer, idAt: number): number {
    const kind = batch.bytes[idAt]!;
    if (kind !== KIND.cancel && kind !== KIND.modify) return -1;
    return this.ids.numberOf(batch.i32, idAt >> 2, kind);
  }

  /** Whether the order is one of today's: UserRefNums start again each day. */
  #belongs(batch: RecordBuffer, at: number, number: number): boolean {
    const userRef = batch.u32[(at + USER_REF_AT[number]!) >> 2]!;
    const row = this.orders.find(userRef);
    return row >= 0 && this.orders.orderId(row) === batch.f64[(at + order.orderId) >> 3];
  }

  /** Done for the day, and something was left that does not come back. */
  #isOver(batch: RecordBuffer, at: number): boolean {
    const { f64 } = batch;
    if (f64[(at + ended.leavesQuantity) >> 3] !== 0) return false;
    return f64[(at + ended.orderQuantity) >> 3]! > f64[(at + ended.cumQuantity) >> 3]!;
  }

  #learn(batch: RecordBuffer, at: number): void {
    switch (batch.bytes[at + HEADER.number]) {
      case EVENT.ReplaceRequested:
        this.#learnReplace(batch, at, at + replace.clOrdId, at + replace.origClOrdId);
        return;
      case EVENT.ReplaceRejected:
        this.#learnReplace(batch, at, at + rejected.clOrdId, at + rejected.origClOrdId);
        return;
      case EVENT.OrderReplaced:
        if (this.answersReplace(batch, at)) this.#learnReplaced(batch, at);
        return;
      case EVENT.CancelRequested:
        this.cancels = Math.max(this.cancels, this.#cancelNumber(batch, at + cancel.clOrdId));
        return;
      case EVENT.CancelRejected:
        this.cancels = Math.max(this.cancels, this.#cancelNumber(batch, at + rejected.clOrdId));
        return;
      case EVENT.OrderFilled: {
        const match = batch.f64[(at + HEADER.sequence) >> 3]! + 1;
        this.matches.add(this.config.id, batch.i32, (at + filled.execId) >> 2, match);
        return;
      }
      case EVENT.FillCorrected: {
        const { id } = this.config;
        const match = this.matches.of(id, batch.i32, (at + corrected.execRefId) >> 2);
        this.matches.add(id, batch.i32, (at + corrected.execId) >> 2, match);
        return;
      }
    }
  }

  /** @returns whether it is an order of ours and of today */
  #learnOrder(batch: RecordBuffer, at: number): boolean {
    const userRef = this.#orderNumber(batch, at + order.clOrdId);
    if (userRef <= 0) return false;
    const { orders } = this;
    const row = orders.ensure(userRef);
    orders.keep(row, batch.i32, at);
    orders.setOrderId(row, batch.f64[(at + order.orderId) >> 3]!);
    return true;
  }

  #learnReplace(batch: RecordBuffer, at: number, idAt: number, origIdAt: number): void {
    const userRef = this.#orderNumber(batch, idAt);
    if (userRef <= 0) return;
    const { orders } = this;
    const row = orders.ensure(userRef);
    orders.setOrderId(row, batch.f64[(at + replace.orderId) >> 3]!);
    orders.keepEcho(row, batch.i32, idAt);
    const orig = orders.find(this.#orderNumber(batch, origIdAt));
    if (orig >= 0) orders.inherit(row, orig);
  }

  /** The chain goes on under the new number. */
  #learnReplaced(batch: RecordBuffer, at: number): void {
    const { orders } = this;
    const userRef = batch.u32[(at + replaced.userRef) >> 2]!;
    const row = orders.find(userRef);
    if (row < 0 || orders.get(row, ROW.before) !== 0) return;
    const root = orders.get(row, ROW.root) - 1;
    orders.set(row, ROW.before, orders.get(root, ROW.current));
    orders.set(root, ROW.current, userRef);
  }
}
