/**
 * Inbound OUCH messages as commands, written straight into slots of the ring.
 *
 * What a client may not ask is not refused here: it goes to the writer in a form that the writer
 * denies, so that the refusal is on record and the answer is sent again like every other. Only what
 * OUCH says to ignore (a UserRefNum that is not new) leaves no trace.
 */
import type { CommandPort } from '../../commands/command-port.js';
import { COMMAND, commandLayouts } from '../../domain/commands.js';
import { HEADER } from '../../domain/event-record.js';
import { EXEC_INST, ORD_TYPE, SIDE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import type { Clock } from '../../lib/time.js';
import { OUCH_TAG } from '../ouch/catalogue.js';
import { findAppendage } from '../ouch/check.js';
import * as ouch from '../ouch/inbound.js';
import * as terms from './ouch-terms.js';
import { ID, KIND, putRequestId } from './request-id.js';
import { ROW } from './session-orders.js';
import type { SessionStream } from './session-stream.js';
import type { Tradables } from './tradable.js';

/** What became of a message. */
export const OUTCOME = {
  /** In the ring. */
  taken: 0,
  /** Its UserRefNum is not new: the first request stands and was answered. */
  ignored: 1,
  /** The ring is full: offer the same message again later. */
  blocked: 2,
  /** The session has used up its UserRefNums of the day. */
  exhausted: 3,
} as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

const order = commandLayouts.NewOrder;
const replace = commandLayouts.ReplaceOrder;
const cancel = commandLayouts.CancelOrder;
const at_ = order.offsets;

const NO = 0x4e;
const YES = 0x59;
const ATTRIBUTED = 0x41;
const POST_ONLY = 0x50;
const PRICE_LIMIT = 0x4c;
const QUESTION = 0x3f;
const MS_PER_DAY = 86_400_000;
const NS_PER_MS = 1_000_000n;

/** Instructions that Daybook does not know: pegs, discretion, reserves. Their orders are denied. */
const UNKNOWN_INSTRUCTIONS = [
  OUCH_TAG.pegOffset,
  OUCH_TAG.discretionPrice,
  OUCH_TAG.discretionPegType,
  OUCH_TAG.discretionPegOffset,
  OUCH_TAG.randomReserves,
];

export class Requests {
  readonly #port: CommandPort;
  readonly #tradables: Tradables;
  readonly #clock: Clock;

  constructor(port: CommandPort, tradables: Tradables, clock: Clock) {
    this.#port = port;
    this.#tradables = tradables;
    this.#clock = clock;
  }

  /** Enter Order at `at`, the message ending at `end`. */
  enterOrder(stream: SessionStream, view: DataView, at: number, end: number): Outcome {
    const userRef = ouch.enterOrder.userRefNum(view, at);
    const { orders } = stream;
    if (userRef <= orders.last) return OUTCOME.ignored;
    if (orders.full) return OUTCOME.exhausted;
    if (!this.#port.open) return OUTCOME.blocked;
    const appendageAt = ouch.enterOrder.appendageAt(at);
    const plain = end === appendageAt + 2;
    const bytes = plain ? order.bytesMin : order.bytes;
    const to = this.#port.claim(COMMAND.NewOrder, bytes);
    if (to < 0) return OUTCOME.blocked;
    this.#putHeader(stream, to);
    const { u8, u16, u32, f64 } = this.#port.slots;
    const named = plain ? 0 : this.#accountOf(stream, view, appendageAt, end);
    const account = plain ? this.#tradables.account(stream.config.defaultAccount) : named;
    u32[(to + at_.account) >> 2] = account;
    const idAt = to + at_.clOrdId;
    putRequestId(u8, idAt, KIND.order, stream.config.id, stream.day, userRef);
    u8[idAt + ID.display] = printable(ouch.enterOrder.display(view, at));
    u8[idAt + ID.interMarketSweep] = printable(
      ouch.enterOrder.interMarketSweepEligibility(view, at),
    );
    u8[idAt + ID.cross] = printable(ouch.enterOrder.crossType(view, at));
    u8[idAt + ID.timeInForce] = printable(ouch.enterOrder.timeInForce(view, at));
    const idIsText = putClOrdID(u8, idAt, view, ouch.enterOrder.clOrdIDAt(at));
    const known = idIsText && this.#putTerms(view, at, to);
    const supported = plain || this.#putInstructions(view, appendageAt, end, to);
    this.#putAmounts(view, at, to);
    if (!plain) this.#putOptional(view, appendageAt, end, to);
    // A side of None is what the writer denies as terms that do not exist.
    if (!known || !supported) u8[to + at_.side] = SIDE.None;
    u32[(to + at_.userRef) >> 2] = userRef;
    const row = orders.ensure(userRef);
    orders.set(row, ROW.instrument, u32[(to + at_.instrument) >> 2]!);
    orders.set(row, ROW.account, account);
    orders.set(row, ROW.ordType, u8[to + at_.ordType]!);
    const page = orders.page(row);
    const termsAt = orders.byteOf(row, ROW.terms);
    page.bytes[termsAt] = u8[to + at_.side]!;
    page.bytes[termsAt + 1] = u8[to + at_.capacity]!;
    this.#keepEcho(stream, row, idAt);
    f64[(to + at_.orderId) >> 3] = 0;
    u16[(to + at_.venue) >> 1] = 0;
    // The writer refuses it on record, and the cancels behind it pass.
    if (!this.#port.takesOrders) {
      u16[(to + at_.execInst) >> 1] = u16[(to + at_.execInst) >> 1]! | EXEC_INST.Overload;
    }
    return OUTCOME.taken;
  }

  /** Replace Order: names the order by the id of the UserRefNum, known to the log or on its way. */
  replaceOrder(stream: SessionStream, view: DataView, at: number, end: number): Outcome {
    const userRef = ouch.replaceOrder.userRefNum(view, at);
    const { orders } = stream;
    if (userRef <= orders.last) return OUTCOME.ignored;
    if (orders.full) return OUTCOME.exhausted;
    if (!this.#port.open) return OUTCOME.blocked;
    const to = this.#port.claim(COMMAND.ReplaceOrder, replace.bytes);
    if (to < 0) return OUTCOME.blocked;
    this.#putHeader(stream, to);
    const { u8, u32, f64 } = this.#port.slots;
    const { offsets } = replace;
    const orig = orders.find(ouch.replaceOrder.origUserRefNum(view, at));
    const row = orders.ensure(userRef);
    if (orig >= 0) orders.inherit(row, orig);
    const idAt = to + offsets.clOrdId;
    const echo = this.#putReplaceId(stream, view, at, row, idAt);
    if (orig >= 0) this.#putOrderId(stream, orig, to + offsets.origClOrdId);
    u32[(to + offsets.account) >> 2] = this.#accountOfRow(stream, orig);
    const instrument = this.#tradables.instrument(orig < 0 ? 0 : orders.get(orig, ROW.instrument));
    const lotShares = instrument?.lotShares ?? 1;
    const tickUnits = instrument?.tickUnits ?? 1;
    const quantity = ouch.replaceOrder.quantity(view, at);
    const price = ouch.replaceOrder.price(view, at);
    const market = orders.get(row, ROW.ordType) === ORD_TYPE.Market && price === terms.MARKET_PRICE;
    // A quantity of 0 is refused: for terms that a replace cannot change.
    f64[(to + offsets.quantity) >> 3] = echo ? Math.floor(quantity / lotShares) : 0;
    f64[(to + offsets.price) >> 3] = market ? 0 : Math.floor(price / tickUnits);
    let off = quantity % lotShares === 0 ? 0 : EXEC_INST.OffLot;
    if (!market && price % tickUnits !== 0) off |= EXEC_INST.OffTick;
    const floorAt = findAppendage(view, ouch.replaceOrder.appendageAt(at), end, OUCH_TAG.maxFloor);
    const floor = floorAt < 0 ? 0 : view.getUint32(floorAt);
    if (floor % lotShares !== 0) off |= EXEC_INST.OffLot;
    f64[(to + offsets.displayQuantity) >> 3] = Math.floor(floor / lotShares);
    u8[to + offsets.execInst] = off | (this.#port.takesOrders ? 0 : EXEC_INST.Overload);
    u32[(to + offsets.userRef) >> 2] = userRef;
    return OUTCOME.taken;
  }

  /** Cancel Order, and Modify Order with the same side: down to a size. */
  cancelOrder(
    stream: SessionStream,
    userRef: number,
    shares: number,
    kind: number,
    side: number,
  ): Outcome {
    const to = this.#port.claim(COMMAND.CancelOrder, cancel.bytesMin);
    if (to < 0) return OUTCOME.blocked;
    this.#putHeader(stream, to);
    const { u8, u32, f64 } = this.#port.slots;
    const { offsets } = cancel;
    const { orders } = stream;
    stream.cancels += 1;
    putRequestId(u8, to + offsets.clOrdId, kind, stream.config.id, stream.day, stream.cancels);
    const row = orders.find(userRef);
    if (row >= 0) this.#putOrderId(stream, row, to + offsets.origClOrdId);
    u32[(to + offsets.account) >> 2] = this.#accountOfRow(stream, row);
    u32[(to + offsets.userRef) >> 2] = userRef;
    const index = row < 0 ? 0 : orders.get(row, ROW.instrument);
    const lotShares = this.#tradables.instrument(index)?.lotShares ?? 1;
    let lots = Math.floor(shares / lotShares);
    // Not a whole number of lots, or another side: a size that is never below the order's is refused.
    if (shares % lotShares !== 0) lots = Number.MAX_SAFE_INTEGER;
    if (kind === KIND.modify && (row < 0 || shares === 0 || this.#sideOf(stream, row) !== side)) {
      lots = Number.MAX_SAFE_INTEGER;
    }
    f64[(to + offsets.quantity) >> 3] = lots;
    return OUTCOME.taken;
  }

  /** Mass cancel of the session's orders: all, or of one account or instrument. */
  massCancel(stream: SessionStream, account: number, instrument: number, reason: number): Outcome {
    const id = this.#port.submit(
      'MassCancel',
      { received: this.#clock.ns(), actor: stream.config.actor ?? 0, session: stream.config.id },
      { account, instrument, ofSession: stream.config.id, reason },
    );
    return id < 0 ? OUTCOME.blocked : OUTCOME.taken;
  }

  /** Cancels an order by its id alone. */
  cancelStray(stream: SessionStream, account: number, orderId: number): Outcome {
    const id = this.#port.submit(
      'CancelOrder',
      { received: this.#clock.ns(), actor: stream.config.actor ?? 0, session: stream.config.id },
      { account, orderId, reason: REASON.ORDER_DAY_ENDED },
    );
    return id < 0 ? OUTCOME.blocked : OUTCOME.taken;
  }

  /** The account of a Firm text; 0 when the session may not trade for it. */
  accountNamed(stream: SessionStream, name: string): number {
    const { accounts, defaultAccount } = stream.config;
    if (name === '') return this.#tradables.account(defaultAccount);
    return accounts.includes(name) ? this.#tradables.account(name) : 0;
  }

  #putHeader(stream: SessionStream, to: number): void {
    const { i32 } = this.#port.slots;
    i32[(to + HEADER.received) >> 2] = this.#clock.low;
    i32[((to + HEADER.received) >> 2) + 1] = this.#clock.high;
    i32[(to + HEADER.actor) >> 2] = stream.config.actor ?? 0;
    i32[(to + HEADER.session) >> 2] = stream.config.id;
  }

  /** Side, type, time in force, capacity. @returns whether Daybook knows them all */
  #putTerms(view: DataView, at: number, to: number): boolean {
    const { u8 } = this.#port.slots;
    const side = terms.SIDE_IN[ouch.enterOrder.side(view, at)]!;
    const timeInForce = terms.TIME_IN_FORCE_IN[ouch.enterOrder.timeInForce(view, at)]!;
    const capacity = terms.CAPACITY_IN[ouch.enterOrder.capacity(view, at)]!;
    const display = ouch.enterOrder.display(view, at);
    const sweep = ouch.enterOrder.interMarketSweepEligibility(view, at);
    const known =
      side !== terms.UNKNOWN &&
      timeInForce !== terms.UNKNOWN &&
      capacity !== terms.UNKNOWN &&
      (display === YES || display === ATTRIBUTED) &&
      (sweep === NO || sweep === YES) &&
      ouch.enterOrder.crossType(view, at) === NO;
    u8[to + at_.side] = known ? side : SIDE.None;
    u8[to + at_.timeInForce] = timeInForce === terms.UNKNOWN ? 0 : timeInForce;
    u8[to + at_.capacity] = capacity === terms.UNKNOWN ? 0 : capacity;
    return known;
  }

  /** Instrument, quantity, price. */
  #putAmounts(view: DataView, at: number, to: number): void {
    const { u8, u16, u32, f64 } = this.#port.slots;
    const high = ouch.enterOrder.symbolHigh(view, at);
    const instrument = this.#tradables.bySymbol(high, ouch.enterOrder.symbolLow(view, at));
    u32[(to + at_.instrument) >> 2] = instrument?.index ?? 0;
    const lotShares = instrument?.lotShares ?? 1;
    const tickUnits = instrument?.tickUnits ?? 1;
    const quantity = ouch.enterOrder.quantity(view, at);
    const price = ouch.enterOrder.price(view, at);
    const market = price === terms.MARKET_PRICE;
    u8[to + at_.ordType] = market ? ORD_TYPE.Market : ORD_TYPE.Limit;
    f64[(to + at_.quantity) >> 3] = Math.floor(quantity / lotShares);
    f64[(to + at_.price) >> 3] = market ? 0 : Math.floor(price / tickUnits);
    let off = quantity % lotShares === 0 ? 0 : EXEC_INST.OffLot;
    if (!market && price % tickUnits !== 0) off |= EXEC_INST.OffTick;
    u16[(to + at_.execInst) >> 1] = u16[(to + at_.execInst) >> 1]! | off;
  }

  /** Instructions that are flags. @returns false for one that Daybook does not know */
  #putInstructions(view: DataView, appendageAt: number, end: number, to: number): boolean {
    for (const tag of UNKNOWN_INSTRUCTIONS) {
      if (findAppendage(view, appendageAt, end, tag) >= 0) return false;
    }
    const typeAt = findAppendage(view, appendageAt, end, OUCH_TAG.priceType);
    if (typeAt >= 0 && view.getUint8(typeAt) !== PRICE_LIMIT) return false;
    const postOnlyAt = findAppendage(view, appendageAt, end, OUCH_TAG.postOnly);
    if (postOnlyAt < 0) return true;
    const postOnly = view.getUint8(postOnlyAt);
    if (postOnly === POST_ONLY) {
      this.#port.slots.u16[(to + at_.execInst) >> 1] = EXEC_INST.PostOnly;
    }
    return postOnly === POST_ONLY || postOnly === NO;
  }

  /** Instructions that are amounts. */
  #putOptional(view: DataView, appendageAt: number, end: number, to: number): void {
    const { u16, u32, f64 } = this.#port.slots;
    const index = u32[(to + at_.instrument) >> 2]!;
    const lotShares = this.#tradables.instrument(index)?.lotShares ?? 1;
    const putShares = (tag: number, field: number) => {
      const found = findAppendage(view, appendageAt, end, tag);
      if (found < 0) return;
      const shares = view.getUint32(found);
      f64[(to + field) >> 3] = Math.floor(shares / lotShares);
      if (shares % lotShares !== 0) {
        u16[(to + at_.execInst) >> 1] = u16[(to + at_.execInst) >> 1]! | EXEC_INST.OffLot;
      }
    };
    putShares(OUCH_TAG.maxFloor, at_.displayQuantity);
    putShares(OUCH_TAG.minQty, at_.minQuantity);
    const expireAt = findAppendage(view, appendageAt, end, OUCH_TAG.expireTime);
    if (expireAt < 0) return;
    const now = Number(this.#clock.ns() / NS_PER_MS);
    const midnight = now - (now % MS_PER_DAY);
    f64[(to + at_.expireTime) >> 3] = midnight + view.getUint32(expireAt) * 1000;
  }

  #accountOf(stream: SessionStream, view: DataView, appendageAt: number, end: number): number {
    const firmAt = findAppendage(view, appendageAt, end, OUCH_TAG.firm);
    if (firmAt < 0) return this.#tradables.account(stream.config.defaultAccount);
    let name = '';
    for (let i = 0; i < 4; i += 1) name += String.fromCharCode(view.getUint8(firmAt + i));
    return this.accountNamed(stream, name.trimEnd());
  }

  #accountOfRow(stream: SessionStream, row: number): number {
    if (row >= 0) return stream.orders.get(row, ROW.account);
    return this.#tradables.account(stream.config.defaultAccount);
  }

  #sideOf(stream: SessionStream, row: number): number {
    const { orders } = stream;
    return terms.SIDE_OUT[orders.page(row).bytes[orders.byteOf(row, ROW.terms)]!]!;
  }

  /** @returns whether a replace may have these: the time in force cannot change, ids are text */
  #putReplaceId(
    stream: SessionStream,
    view: DataView,
    at: number,
    row: number,
    idAt: number,
  ): boolean {
    const { u8 } = this.#port.slots;
    const { orders, config, day } = stream;
    const root = orders.get(row, ROW.root) - 1;
    const rootEcho = orders.byteOf(root, ROW.echo);
    const rootBytes = orders.page(root).bytes;
    putRequestId(u8, idAt, KIND.order, config.id, day, orders.refAt(row));
    const display = ouch.replaceOrder.display(view, at);
    const timeInForce = ouch.replaceOrder.timeInForce(view, at);
    const sweep = ouch.replaceOrder.interMarketSweepEligibility(view, at);
    u8[idAt + ID.display] = printable(display);
    u8[idAt + ID.interMarketSweep] = printable(sweep);
    u8[idAt + ID.cross] = root === row ? NO : rootBytes[rootEcho + ID.cross - ID.display]!;
    u8[idAt + ID.timeInForce] = printable(timeInForce);
    const idIsText = putClOrdID(u8, idAt, view, ouch.replaceOrder.clOrdIDAt(at));
    this.#keepEcho(stream, row, idAt);
    const same = root === row || rootBytes[rootEcho + ID.timeInForce - ID.display] === timeInForce;
    return idIsText && same && (display === YES || display === ATTRIBUTED);
  }

  /** The id under which the request of a row is on record. */
  #putOrderId(stream: SessionStream, row: number, idAt: number): void {
    const { u8 } = this.#port.slots;
    const { orders, config, day } = stream;
    putRequestId(u8, idAt, KIND.order, config.id, day, orders.refAt(row));
    const { bytes } = orders.page(row);
    const echo = orders.byteOf(row, ROW.echo);
    for (let i = 0; i < ID.end - ID.display; i += 1) u8[idAt + ID.display + i] = bytes[echo + i]!;
  }

  #keepEcho(stream: SessionStream, row: number, idAt: number): void {
    const { u8 } = this.#port.slots;
    const { bytes } = stream.orders.page(row);
    const echo = stream.orders.byteOf(row, ROW.echo);
    for (let i = 0; i < ID.end - ID.display; i += 1) bytes[echo + i] = u8[idAt + ID.display + i]!;
  }
}

/** What the log can hold: printable ASCII. */
function printable(byte: number): number {
  return byte >= 0x20 && byte < 0x7f ? byte : QUESTION;
}

/** Copies 14 bytes. @returns false when some were not printable; they are on record as `?` */
function putClOrdID(u8: Uint8Array, idAt: number, view: DataView, from: number): boolean {
  let text = true;
  for (let i = 0; i < ouch.CL_ORD_ID_BYTES; i += 1) {
    const byte = view.getUint8(from + i);
    const put = printable(byte);
    u8[idAt + ID.clOrdID + i] = put;
    if (put !== byte) text = false;
  }
  return text;
}
