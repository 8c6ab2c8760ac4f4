/** Events as the outbound messages of a session's stream, written in place. */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { EXEC_INST, LIQUIDITY, ORD_TYPE } from '../../domain/order-terms.js';
import { REASON, rejectCode, rejectReasons } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import { closeAppendage, putTagByte, putTagU32, putTagU64 } from '../ouch/appendage-writer.js';
import { OUCH_TAG } from '../ouch/catalogue.js';
import * as put from '../ouch/outbound-writer.js';
import { OUCH_TYPE_OUT as OUT, OUCH_CANCEL_REASON as WHY } from '../ouch/types.js';
import { SinceMidnight } from './midnight.js';
import { CAPACITY_OUT, MARKET_PRICE, SIDE_OUT } from './ouch-terms.js';
import { ID } from './request-id.js';
import { ROW } from './session-orders.js';
import type { SessionStream } from './session-stream.js';
import { type Tradable, type Tradables, UNTRADABLE } from './tradable.js';

/** No message of the stream is longer, appendages included. */
export const MESSAGE_BYTES_MAX = 128;

const order = eventLayouts.OrderAccepted.offsets;
const denied = eventLayouts.OrderDenied.offsets;
const filled = eventLayouts.OrderFilled.offsets;
const canceled = eventLayouts.OrderCanceled.offsets;
const replaced = eventLayouts.OrderReplaced.offsets;
const restated = eventLayouts.OrderRestated.offsets;
const rejected = eventLayouts.CancelRejected.offsets;
const pending = eventLayouts.CancelPending.offsets;
const ended = eventLayouts.OrderExpired.offsets;
const refused = eventLayouts.OrderRejected.offsets;
const corrected = eventLayouts.FillCorrected.offsets;

/** OUCH reasons of our reject reasons, by number. */
const OUCH_REASON = new Uint16Array(256).fill(rejectReasons.ORDER_TERMS_INVALID.ouch);
for (let i = 0; i < OUCH_REASON.length; i += 1) {
  const code = rejectCode(i);
  if (code !== undefined && rejectReasons[code].ouch !== 0) {
    OUCH_REASON[i] = rejectReasons[code].ouch;
  }
}

/** Reasons of Order Canceled by our reject reason; 0 is the client's wish. */
const CANCEL_REASON = new Uint8Array(256).fill(WHY.system);
CANCEL_REASON[0] = WHY.user;
CANCEL_REASON[REASON.ORDER_IMMEDIATE_REMAINDER] = WHY.immediateOrCancel;
CANCEL_REASON[REASON.ORDER_EXPIRED] = WHY.timeout;
CANCEL_REASON[REASON.ORDER_DAY_ENDED] = WHY.closed;
CANCEL_REASON[REASON.ORDER_POST_ONLY_WOULD_TRADE] = WHY.postOnly;
CANCEL_REASON[REASON.ORDER_MIN_QUANTITY_UNMET] = WHY.cannotBeExecuted;
CANCEL_REASON[REASON.ORDER_MASS_CANCELED] = WHY.supervisory;
CANCEL_REASON[REASON.ORDER_MASS_CANCELED_BY_SESSION] = WHY.user;
CANCEL_REASON[REASON.RISK_SELF_TRADE] = WHY.selfMatchPrevention;
CANCEL_REASON[REASON.TRADING_HALTED] = WHY.halted;
CANCEL_REASON[REASON.TRADING_CIRCUIT_BREAKER] = WHY.halted;
CANCEL_REASON[REASON.VENUE_REJECTED] = WHY.cannotBeExecuted;

const LIQUIDITY_OUT = new Uint8Array(8).fill(0x20);
LIQUIDITY_OUT[LIQUIDITY.Added] = 0x41;
LIQUIDITY_OUT[LIQUIDITY.Removed] = 0x52;
LIQUIDITY_OUT[LIQUIDITY.Auction] = 0x4f;

const SHARES_MAX = 2 ** 32 - 1;
const ORDER_LIVE = 0x4c;
const ORDER_DEAD = 0x44;
const POST_ONLY = 0x50;
/** Supervisory: who took a trade back is not on record. */
const TRADE_REASON = 0x53;
const RESTATE_REASON = 0x50;
const NO_FLAG = 0x20;
const MS_PER_DAY = 86_400_000;

/** Beyond what OUCH can state only by a fill far above any order's size: told as the most it can. */
function sharesOf(instrument: Tradable, lots: number): number {
  return Math.min(lots * instrument.lotShares, SHARES_MAX);
}

function priceOf(instrument: Tradable, ticks: number): number {
  return Math.max(0, ticks * instrument.tickUnits);
}

export class StreamMessages {
  readonly #tradables: Tradables;
  readonly #midnight = new SinceMidnight();
  /** The batch at hand, and as it is seen big-endian, for ClOrdIDs. */
  #batch: RecordBuffer | undefined;
  #batchView: DataView = new DataView(new ArrayBuffer(0));
  readonly #terms: put.StatedTerms;

  constructor(tradables: Tradables) {
    this.#tradables = tradables;
    this.#terms = {
      userRefNum: 0,
      side: 0,
      quantity: 0,
      symbolHigh: 0,
      symbolLow: 0,
      price: 0,
      timeInForce: 0,
      display: 0,
      orderReferenceNumber: 0,
      capacity: 0,
      interMarketSweepEligibility: 0,
      crossType: 0,
      orderState: ORDER_LIVE,
      clOrdID: this.#batchView,
      clOrdIDAt: 0,
    };
  }

  /**
   * Writes the message of type `type`, from `SessionStream.messageOf`, for the event at `at`.
   * @returns the offset after it
   */
  write(
    stream: SessionStream,
    type: number,
    batch: RecordBuffer,
    at: number,
    view: DataView,
    to: number,
  ): number {
    const word = (at + HEADER.time) >> 2;
    const time = this.#midnight.of(batch.u32[word]!, batch.i32[word + 1]!);
    if (this.#batch !== batch) {
      const { buffer, byteOffset } = batch.bytes;
      this.#batch = batch;
      this.#batchView = new DataView(buffer, byteOffset);
      this.#terms.clOrdID = this.#batchView;
    }
    switch (type) {
      case OUT.orderAccepted:
        return this.#accepted(batch, at, time, view, to);
      case OUT.orderExecuted:
        return this.#executed(batch, at, time, view, to);
      case OUT.orderCanceled:
        return this.#canceled(batch, at, time, view, to);
      case OUT.rejected:
        return this.#rejected(batch, at, time, view, to);
      case OUT.orderReplaced:
        return this.#replaced(stream, batch, at, time, view, to);
      case OUT.cancelReject:
        return put.putCancelReject(view, to, time, batch.u32[(at + rejected.userRef) >> 2]!);
      case OUT.cancelPending:
        return put.putCancelPending(view, to, time, batch.u32[(at + pending.userRef) >> 2]!);
      case OUT.orderModified:
        return this.#modified(stream, batch, at, time, view, to);
      case OUT.orderRestated:
        return this.#restated(batch, at, time, view, to);
      case OUT.brokenTrade:
      case OUT.tradeCorrection:
        return this.#corrected(stream, type, batch, at, time, view, to);
      default: {
        assert(type === OUT.systemEvent, 'a type of the stream');
        const opened = batch.bytes[at + HEADER.number] === EVENT.TradingDayOpened;
        return put.putSystemEvent(view, to, time, opened ? 0x53 : 0x45);
      }
    }
  }

  #instrument(batch: RecordBuffer, at: number): Tradable {
    return this.#tradables.instrument(batch.i32[(at + order.instrument) >> 2]!) ?? UNTRADABLE;
  }

  #shares(batch: RecordBuffer, at: number, lots: number): number {
    return sharesOf(this.#instrument(batch, at), lots);
  }

  #price(batch: RecordBuffer, at: number, ticks: number): number {
    return priceOf(this.#instrument(batch, at), ticks);
  }

  /** Symbol, echoes and order id of an event whose client order id stands at `idAt`. */
  #fillTerms(batch: RecordBuffer, at: number, idAt: number, of: Tradable): put.StatedTerms {
    const terms = this.#terms;
    const { i32 } = batch;
    const flags = i32[(idAt + ID.echo) >> 2]!;
    terms.symbolHigh = of.symbolHigh;
    terms.symbolLow = of.symbolLow;
    terms.orderReferenceNumber = batch.f64[(at + order.orderId) >> 3]!;
    terms.display = (flags >>> 8) & 0xff;
    terms.interMarketSweepEligibility = (flags >>> 16) & 0xff;
    terms.crossType = flags >>> 24;
    terms.timeInForce = i32[(idAt + ID.timeInForce) >> 2]! & 0xff;
    terms.clOrdIDAt = idAt + ID.clOrdID;
    return terms;
  }

  #accepted(b: RecordBuffer, at: number, time: number, view: DataView, to: number): number {
    const { i32, f64 } = b;
    const instrument = this.#instrument(b, at);
    const terms = this.#fillTerms(b, at, at + order.clOrdId, instrument);
    // Side, type, time in force, capacity.
    const word = i32[(at + order.side) >> 2]!;
    const market = ((word >>> 8) & 0xff) === ORD_TYPE.Market;
    terms.userRefNum = b.u32[(at + order.userRef) >> 2]!;
    terms.side = SIDE_OUT[word & 0xff]!;
    terms.capacity = CAPACITY_OUT[word >>> 24]!;
    terms.quantity = sharesOf(instrument, f64[(at + order.quantity) >> 3]!);
    terms.price = market ? MARKET_PRICE : priceOf(instrument, f64[(at + order.price) >> 3]!);
    terms.orderState = ORDER_LIVE;
    const end = put.putOrderAccepted(view, to, time, terms);
    const postOnly = (b.u16[(at + order.execInst) >> 1]! & EXEC_INST.PostOnly) !== 0;
    const optional = b.u16[(at + HEADER.length) >> 1]! === eventLayouts.OrderAccepted.bytes;
    if (!postOnly && !optional) return end;
    let next = end;
    if (postOnly) next = putTagByte(view, next, OUCH_TAG.postOnly, POST_ONLY);
    if (optional) next = this.#putOptional(b, at, view, next);
    closeAppendage(view, end, next);
    return next;
  }

  #putOptional(b: RecordBuffer, at: number, view: DataView, to: number): number {
    let next = to;
    const shares = (field: number) => this.#shares(b, at, b.f64[(at + field) >> 3]!);
    const floor = shares(order.displayQuantity);
    if (floor !== 0) next = putTagU32(view, next, OUCH_TAG.maxFloor, floor);
    const least = shares(order.minQuantity);
    if (least !== 0) next = putTagU32(view, next, OUCH_TAG.minQty, least);
    const expire = b.f64[(at + order.expireTime) >> 3]!;
    if (expire !== 0) {
      const seconds = Math.floor((expire % MS_PER_DAY) / 1000);
      next = putTagU32(view, next, OUCH_TAG.expireTime, seconds);
    }
    return next;
  }

  #executed(b: RecordBuffer, at: number, time: number, view: DataView, to: number): number {
    return put.putOrderExecuted(
      view,
      to,
      time,
      b.u32[(at + filled.userRef) >> 2]!,
      this.#shares(b, at, b.f64[(at + filled.lastQuantity) >> 3]!),
      this.#price(b, at, b.f64[(at + filled.lastPrice) >> 3]!),
      LIQUIDITY_OUT[b.bytes[at + filled.liquidity]!]!,
      b.f64[(at + HEADER.sequence) >> 3]! + 1,
    );
  }

  /** OrderCanceled, and the other ends of an order: what was left is gone. */
  #canceled(b: RecordBuffer, at: number, time: number, view: DataView, to: number): number {
    const number = b.bytes[at + HEADER.number];
    if (number === EVENT.OrderCanceled) {
      const lots = b.f64[(at + canceled.canceledQuantity) >> 3]!;
      const reason = CANCEL_REASON[b.u16[(at + canceled.reason) >> 1]! & 0xff]!;
      const userRef = b.u32[(at + canceled.userRef) >> 2]!;
      return put.putOrderCanceled(view, to, time, userRef, this.#shares(b, at, lots), reason);
    }
    const userRefAt = number === EVENT.OrderRejected ? refused.userRef : ended.userRef;
    let reason: number = WHY.cannotBeExecuted;
    if (number === EVENT.OrderExpired) reason = WHY.timeout;
    if (number === EVENT.OrderDoneForDay) reason = WHY.closed;
    const left = b.f64[(at + ended.orderQuantity) >> 3]! - b.f64[(at + ended.cumQuantity) >> 3]!;
    const userRef = b.u32[(at + userRefAt) >> 2]!;
    const shares = this.#shares(b, at, Math.max(0, left));
    return put.putOrderCanceled(view, to, time, userRef, shares, reason);
  }

  /** Of an order or of a replace: both keep the request's id, at different places. */
  #rejected(b: RecordBuffer, at: number, time: number, view: DataView, to: number): number {
    const ofOrder = b.bytes[at + HEADER.number] === EVENT.OrderDenied;
    const reason = b.u16[(at + (ofOrder ? denied.reason : rejected.reason)) >> 1]!;
    const userRef = b.u32[(at + (ofOrder ? denied.userRef : rejected.userRef)) >> 2]!;
    const idAt = at + (ofOrder ? denied.clOrdId : rejected.clOrdId) + ID.clOrdID;
    const code = OUCH_REASON[reason & 0xff]!;
    return put.putRejected(view, to, time, userRef, code, this.#batchView, idAt);
  }

  #replaced(
    stream: SessionStream,
    b: RecordBuffer,
    at: number,
    time: number,
    view: DataView,
    to: number,
  ): number {
    const { orders } = stream;
    const userRef = b.u32[(at + replaced.userRef) >> 2]!;
    const row = orders.find(userRef);
    assert(row >= 0, 'a replace of the stream has its row');
    const instrument = this.#instrument(b, at);
    const terms = this.#fillTerms(b, at, at + replaced.clOrdId, instrument);
    const leaves = b.f64[(at + replaced.leavesQuantity) >> 3]!;
    const { bytes } = orders.page(row);
    const termsAt = orders.byteOf(row, ROW.terms);
    const market = orders.get(row, ROW.ordType) === ORD_TYPE.Market;
    terms.userRefNum = userRef;
    terms.side = SIDE_OUT[bytes[termsAt]!]!;
    terms.capacity = CAPACITY_OUT[bytes[termsAt + 1]!]!;
    terms.quantity = this.#shares(b, at, leaves);
    terms.price = market ? MARKET_PRICE : this.#price(b, at, b.f64[(at + replaced.price) >> 3]!);
    terms.orderState = leaves > 0 ? ORDER_LIVE : ORDER_DEAD;
    return put.putOrderReplaced(view, to, time, orders.get(row, ROW.before), terms);
  }

  #modified(
    stream: SessionStream,
    b: RecordBuffer,
    at: number,
    time: number,
    view: DataView,
    to: number,
  ): number {
    const { orders } = stream;
    const userRef = b.u32[(at + canceled.userRef) >> 2]!;
    const row = orders.find(userRef);
    const side = SIDE_OUT[orders.page(row).bytes[orders.byteOf(row, ROW.terms)]!]!;
    const left = this.#shares(b, at, b.f64[(at + canceled.leavesQuantity) >> 3]!);
    return put.putOrderModified(view, to, time, userRef, side, left);
  }

  /** Terms that changed without a request of the client: what is open now, and at which price. */
  #restated(b: RecordBuffer, at: number, time: number, view: DataView, to: number): number {
    const ofVenue = b.bytes[at + HEADER.number] === EVENT.OrderRestated;
    const priceAt = ofVenue ? restated.price : replaced.price;
    const userRefAt = ofVenue ? restated.userRef : replaced.userRef;
    const end = put.putOrderRestated(view, to, time, b.u32[(at + userRefAt) >> 2]!, RESTATE_REASON);
    const left = this.#shares(b, at, b.f64[(at + ended.leavesQuantity) >> 3]!);
    let next = putTagU32(view, end, OUCH_TAG.displayQuantity, left);
    const price = this.#price(b, at, b.f64[(at + priceAt) >> 3]!);
    next = putTagU64(view, next, OUCH_TAG.displayPrice, price);
    closeAppendage(view, end, next);
    return next;
  }

  #corrected(
    stream: SessionStream,
    type: number,
    b: RecordBuffer,
    at: number,
    time: number,
    view: DataView,
    to: number,
  ): number {
    const { orders, matches, config } = stream;
    const userRef = b.u32[(at + corrected.userRef) >> 2]!;
    const row = orders.find(userRef);
    const echo = orders.byteOf(row, ROW.echo) + ID.clOrdID - ID.echo;
    const id = orders.page(row).view;
    const match = matches.of(config.id, b.i32, (at + corrected.execRefId) >> 2);
    if (type === OUT.brokenTrade) {
      return put.putBrokenTrade(view, to, time, userRef, match, TRADE_REASON, id, echo);
    }
    return put.putTradeCorrection(
      view,
      to,
      time,
      userRef,
      this.#shares(b, at, b.f64[(at + corrected.lastQuantity) >> 3]!),
      this.#price(b, at, b.f64[(at + corrected.lastPrice) >> 3]!),
      NO_FLAG,
      match,
      TRADE_REASON,
      id,
      echo,
    );
  }
}
