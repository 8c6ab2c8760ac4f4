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
import { EXEC_INST, ORD_TYPE, REPLACE_INST, SIDE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import type { Clock } from '../../lib/time.js';
import { OUCH_TAG } from '../ouch/catalogue.js';
import { findAppendage } from '../ouch/check.js';
import * as ouch from '../ouch/inbound.js';
import { arePermitted, OF_ORDER, OF_REPLACE } from './appendages.js';
import { copyEcho, putClOrdID, putFlags } from './echo.js';
import * as terms from './ouch-terms.js';
import { ID, KIND } from './request-id.js';
import { ROW } from './session-orders.js';
import type { SessionStream } from './session-stream.js';
import { type Tradables, UNTRADABLE } from './tradable.js';

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
assert(
  at_.side % 4 === 0 &&
    at_.ordType === at_.side + 1 &&
    at_.timeInForce === at_.side + 2 &&
    at_.capacity === at_.side + 3,
  'the terms of an order are one word',
);

const NO = 0x4e;
const YES = 0x59;
const ATTRIBUTED = 0x41;
const POST_ONLY = 0x50;
const MS_PER_DAY = 86_400_000;
const NS_PER_MS = 1_000_000n;

export class Requests {
  readonly #port: CommandPort;
  readonly #tradables: Tradables;
  readonly #clock: Clock;
  /** As of the beginning of this turn: a look at the gate costs as much as a field of a message. */
  #takesOrders = true;
  /** The time of this turn. */
  #receivedLow = 0;
  #receivedHigh = 0;

  constructor(port: CommandPort, tradables: Tradables, clock: Clock) {
    this.#port = port;
    this.#tradables = tradables;
    this.#clock = clock;
  }

  /** Before the messages of a turn. */
  begin(): void {
    this.#takesOrders = this.#port.takesOrders;
    this.#receivedLow = this.#clock.low | 0;
    this.#receivedHigh = this.#clock.high | 0;
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
    const { u8, u16, i32 } = this.#port.slots;
    i32[(to + at_.account) >> 2] = plain
      ? stream.account.of(stream.config, this.#tradables)
      : this.#accountOf(stream, view, appendageAt, end);
    stream.ids.putNumber(i32, (to + at_.clOrdId) >> 2, KIND.order, userRef);
    const known = this.#putTerms(view, at, to);
    const supported = plain || this.#putInstructions(view, appendageAt, end, to);
    const off = this.#putAmounts(view, at, to);
    // The writer refuses it on record, and the cancels behind it pass.
    const inst = this.#takesOrders ? off : off | EXEC_INST.Overload;
    if (inst !== 0) u16[(to + at_.execInst) >> 1] = u16[(to + at_.execInst) >> 1]! | inst;
    if (!plain) this.#putOptional(view, appendageAt, end, to);
    // A side of None is what the writer denies as terms that do not exist.
    if (!known || !supported) u8[to + at_.side] = SIDE.None;
    i32[(to + at_.userRef) >> 2] = userRef;
    orders.keep(orders.add(userRef), i32, to);
    return OUTCOME.taken;
  }

  /**
   * Replace Order: names the order by the id of the UserRefNum, known to the log or on its way. One that was
   * replaced itself names no live order, as in OUCH: the writer, which alone knows what came of the
   * replace before, refuses it like one that nobody entered.
   */
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
    const account = this.#accountOfRow(stream, orig);
    const sameId = this.#putReplaceId(stream, view, at, row, idAt);
    const changeable = sameId && this.#mayChange(stream, view, at, end, account);
    if (orig >= 0) this.#putOrderId(stream, orig, to + offsets.origClOrdId);
    u32[(to + offsets.account) >> 2] = account;
    const instrument = this.#tradables.instrument(orig < 0 ? 0 : orders.get(orig, ROW.instrument));
    const lotShares = instrument?.lotShares ?? 1;
    const tickUnits = instrument?.tickUnits ?? 1;
    const quantity = ouch.replaceOrder.quantity(view, at);
    const price = ouch.replaceOrder.price(view, at);
    const market = orders.get(row, ROW.ordType) === ORD_TYPE.Market && price === terms.MARKET_PRICE;
    // A quantity of 0 is refused: for terms that a replace cannot change.
    f64[(to + offsets.quantity) >> 3] = changeable ? Math.floor(quantity / lotShares) : 0;
    f64[(to + offsets.price) >> 3] = market ? 0 : Math.floor(price / tickUnits);
    let off = quantity % lotShares === 0 ? 0 : EXEC_INST.OffLot;
    if (!market && price % tickUnits !== 0) off |= EXEC_INST.OffTick;
    const floorAt = findAppendage(view, ouch.replaceOrder.appendageAt(at), end, OUCH_TAG.maxFloor);
    const floor = floorAt < 0 ? 0 : view.getUint32(floorAt);
    if (floor % lotShares !== 0) off |= EXEC_INST.OffLot;
    f64[(to + offsets.displayQuantity) >> 3] = Math.floor(floor / lotShares);
    if (!this.#takesOrders) off |= EXEC_INST.Overload;
    u8[to + offsets.execInst] = off | REPLACE_INST.NewestRef;
    u32[(to + offsets.userRef) >> 2] = userRef;
    return OUTCOME.taken;
  }

  /**
   * Cancel Order, and Modify Order with the same side: down to a size.
   * @param plain without appendages: we know none, and one could say that another order is meant
   */
  cancelOrder(
    stream: SessionStream,
    userRef: number,
    shares: number,
    kind: number,
    side: number,
    plain: boolean,
  ): Outcome {
    const to = this.#port.claim(COMMAND.CancelOrder, cancel.bytesMin);
    if (to < 0) return OUTCOME.blocked;
    this.#putHeader(stream, to);
    const { i32, u32, f64 } = this.#port.slots;
    const { offsets } = cancel;
    const { orders } = stream;
    stream.cancels += 1;
    stream.ids.put(i32, (to + offsets.clOrdId) >> 2, kind, stream.cancels);
    const row = orders.find(userRef);
    if (row >= 0) this.#putOrderId(stream, row, to + offsets.origClOrdId);
    u32[(to + offsets.account) >> 2] = this.#accountOfRow(stream, row);
    u32[(to + offsets.userRef) >> 2] = userRef;
    const index = row < 0 ? 0 : orders.get(row, ROW.instrument);
    const lotShares = this.#tradables.instrument(index)?.lotShares ?? 1;
    let lots = Math.floor(shares / lotShares);
    // No whole number of lots, an appendage, or another side: a size that is never below the order's is refused.
    if (lots * lotShares !== shares || !plain) lots = Number.MAX_SAFE_INTEGER;
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
    i32[(to + HEADER.received) >> 2] = this.#receivedLow;
    i32[((to + HEADER.received) >> 2) + 1] = this.#receivedHigh;
    i32[(to + HEADER.actor) >> 2] = stream.config.actor ?? 0;
    i32[(to + HEADER.session) >> 2] = stream.config.id;
  }

  /** Side, type, time in force, capacity, and what is echoed. @returns whether Daybook knows them all */
  #putTerms(view: DataView, at: number, to: number): boolean {
    const { i32 } = this.#port.slots;
    const timeInForce = ouch.enterOrder.timeInForce(view, at);
    const display = ouch.enterOrder.display(view, at);
    const sweep = ouch.enterOrder.interMarketSweepEligibility(view, at);
    const cross = ouch.enterOrder.crossType(view, at);
    const id = (to + at_.clOrdId) >> 2;
    putFlags(i32, id, display, sweep, cross, timeInForce);
    const idIsText = putClOrdID(i32, id, view, ouch.enterOrder.clOrdIDAt(at));
    const market = ouch.enterOrder.price(view, at) === terms.MARKET_PRICE;
    const ordType = market ? ORD_TYPE.Market : ORD_TYPE.Limit;
    const side = terms.SIDE_IN[ouch.enterOrder.side(view, at)]!;
    const duration = terms.TIME_IN_FORCE_IN[timeInForce]!;
    const capacity = terms.CAPACITY_IN[ouch.enterOrder.capacity(view, at)]!;
    const word = (to + at_.side) >> 2;
    if (
      idIsText &&
      (side | duration | capacity) < terms.UNKNOWN &&
      (display === YES || display === ATTRIBUTED) &&
      (sweep === NO || sweep === YES) &&
      cross === NO
    ) {
      i32[word] = side | (ordType << 8) | (duration << 16) | (capacity << 24);
      return true;
    }
    i32[word] = SIDE.None | (ordType << 8);
    if (idIsText) {
      const known = duration === terms.UNKNOWN ? 0 : duration;
      i32[word] = i32[word]! | (known << 16);
      if (capacity !== terms.UNKNOWN) i32[word] = i32[word]! | (capacity << 24);
    }
    return false;
  }

  /** Instrument, quantity, price. @returns flags of EXEC_INST: off lot, off tick */
  #putAmounts(view: DataView, at: number, to: number): number {
    const { i32, f64 } = this.#port.slots;
    const instrument =
      this.#tradables.bySymbol(
        ouch.enterOrder.symbolHigh(view, at),
        ouch.enterOrder.symbolLow(view, at),
      ) ?? UNTRADABLE;
    const { lotShares, tickUnits } = instrument;
    const quantity = ouch.enterOrder.quantity(view, at);
    const price = ouch.enterOrder.price(view, at);
    // Multiplied back and compared, since V8 calls a C function for a remainder.
    const lots = Math.floor(quantity / lotShares);
    const ticks = Math.floor(price / tickUnits);
    const market = price === terms.MARKET_PRICE;
    i32[(to + at_.instrument) >> 2] = instrument.index;
    f64[(to + at_.quantity) >> 3] = lots;
    f64[(to + at_.price) >> 3] = market ? 0 : ticks;
    const off = lots * lotShares === quantity ? 0 : EXEC_INST.OffLot;
    return market || ticks * tickUnits === price ? off : off | EXEC_INST.OffTick;
  }

  /** Instructions that are flags. @returns false when there is something that Daybook does not do */
  #putInstructions(view: DataView, appendageAt: number, end: number, to: number): boolean {
    if (!arePermitted(OF_ORDER, view, appendageAt, end)) return false;
    const postOnlyAt = findAppendage(view, appendageAt, end, OUCH_TAG.postOnly);
    if (postOnlyAt >= 0 && view.getUint8(postOnlyAt) === POST_ONLY) {
      this.#port.slots.u16[(to + at_.execInst) >> 1] = EXEC_INST.PostOnly;
    }
    return true;
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
    if (firmAt < 0) return stream.account.of(stream.config, this.#tradables);
    let name = '';
    for (let i = 0; i < 4; i += 1) name += String.fromCharCode(view.getUint8(firmAt + i));
    return this.accountNamed(stream, name.trimEnd());
  }

  #accountOfRow(stream: SessionStream, row: number): number {
    if (row >= 0) return stream.orders.get(row, ROW.account);
    return stream.account.of(stream.config, this.#tradables);
  }

  #sideOf(stream: SessionStream, row: number): number {
    const { orders } = stream;
    return terms.SIDE_OUT[orders.page(row).bytes[orders.byteOf(row, ROW.terms)]!]!;
  }

  /** Whether a replace asks for nothing that it cannot have; the account of Firm is the order's. */
  #mayChange(
    stream: SessionStream,
    view: DataView,
    at: number,
    end: number,
    account: number,
  ): boolean {
    const appendageAt = ouch.replaceOrder.appendageAt(at);
    if (end === appendageAt + 2) return true;
    if (!arePermitted(OF_REPLACE, view, appendageAt, end)) return false;
    const firmAt = findAppendage(view, appendageAt, end, OUCH_TAG.firm);
    return firmAt < 0 || this.#accountOf(stream, view, appendageAt, end) === account;
  }

  /** @returns whether a replace may have these: the time in force cannot change, ids are text */
  #putReplaceId(
    stream: SessionStream,
    view: DataView,
    at: number,
    row: number,
    idAt: number,
  ): boolean {
    const { i32 } = this.#port.slots;
    const { orders } = stream;
    const root = orders.get(row, ROW.root) - 1;
    const rootEcho = orders.byteOf(root, ROW.echo);
    const rootBytes = orders.page(root).bytes;
    const id = idAt >> 2;
    stream.ids.putNumber(i32, id, KIND.order, orders.refAt(row));
    const display = ouch.replaceOrder.display(view, at);
    const timeInForce = ouch.replaceOrder.timeInForce(view, at);
    const sweep = ouch.replaceOrder.interMarketSweepEligibility(view, at);
    const cross = root === row ? NO : rootBytes[rootEcho + ID.cross - ID.echo]!;
    putFlags(i32, id, display, sweep, cross, timeInForce);
    const idIsText = putClOrdID(i32, id, view, ouch.replaceOrder.clOrdIDAt(at));
    orders.keepEcho(row, i32, idAt);
    const same = root === row || rootBytes[rootEcho + ID.timeInForce - ID.echo] === timeInForce;
    return idIsText && same && (display === YES || display === ATTRIBUTED);
  }

  /** The id under which the request of a row is on record. */
  #putOrderId(stream: SessionStream, row: number, idAt: number): void {
    const { i32 } = this.#port.slots;
    const { orders, ids } = stream;
    ids.putNumber(i32, idAt >> 2, KIND.order, orders.refAt(row));
    const echo = orders.word(row) + ROW.echo;
    copyEcho(i32, (idAt + ID.echo) >> 2, orders.page(row).i32, echo);
  }
}
