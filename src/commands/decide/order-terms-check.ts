/** Combinations of order type, time in force, instructions and contingency that exist. */
import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import {
  CONTINGENCY,
  EXEC_INST,
  ORD_TYPE,
  PEG,
  SIDE,
  TIME_IN_FORCE,
} from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { type Emitter, recordOf } from '../emitter.js';
import { isChild, isStop, isTrailing } from '../evolve/held-orders.js';
import { LIST_ORDERS_MAX } from './contingencies.js';

const terms = eventLayouts.OrderAccepted.offsets;
const LONG_BYTES = recordOf('OrderAccepted').bytes;

/** @returns 0 or the reason; ORDER_EXPIRED for an expiry that is over */
export function checkTerms(e: Emitter, ordType: number): number {
  const { command: c, at } = e;
  const timeInForce = c.bytes[at + terms.timeInForce] as number;
  if (c.bytes[at + terms.side] === SIDE.None) return REASON.ORDER_TERMS_INVALID;
  const limit = ordType === ORD_TYPE.Limit;
  const postOnly = ((c.u16[(at + terms.execInst) >> 1] as number) & EXEC_INST.PostOnly) !== 0;
  if (postOnly && (!limit || isImmediate(timeInForce))) return REASON.ORDER_TERMS_INVALID;
  if (limit || ordType === ORD_TYPE.Market) {
    if (!limit && c.f64[(at + terms.price) >> 3] !== 0) return REASON.ORDER_PRICE_INVALID;
  } else if (!(ordType >= ORD_TYPE.Stop && ordType <= ORD_TYPE.Pegged)) {
    return REASON.ORDER_TERMS_INVALID;
  }
  // The common order ends here: everything else stands in the optional part of the record.
  const long = c.u16[(at + HEADER.length) >> 1] === LONG_BYTES;
  if (long) return checkOptional(e, ordType, timeInForce);
  const plain = limit || ordType === ORD_TYPE.Market;
  const known = timeInForce <= TIME_IN_FORCE.AtTheClose;
  return plain && known && timeInForce !== TIME_IN_FORCE.GoodTillDate
    ? 0
    : REASON.ORDER_TERMS_INVALID;
}

const isImmediate = (timeInForce: number) =>
  timeInForce === TIME_IN_FORCE.ImmediateOrCancel || timeInForce === TIME_IN_FORCE.FillOrKill;

function checkOptional(e: Emitter, ordType: number, timeInForce: number): number {
  const { command: c, at } = e;
  if (timeInForce > TIME_IN_FORCE.AtTheClose) return REASON.ORDER_TERMS_INVALID;
  const quantity = c.f64[(at + terms.quantity) >> 3] as number;
  const display = c.f64[(at + terms.displayQuantity) >> 3] as number;
  const minimum = c.f64[(at + terms.minQuantity) >> 3] as number;
  const cash = c.f64[(at + terms.cashQuantity) >> 3] as number;
  if (!isPart(display, quantity, cash) || !isPart(minimum, quantity, cash)) {
    return REASON.ORDER_QUANTITY_INVALID;
  }
  const expires = c.f64[(at + terms.expireTime) >> 3] as number;
  if (timeInForce === TIME_IN_FORCE.GoodTillDate) {
    if (!Number.isSafeInteger(expires) || expires <= 0) return REASON.ORDER_TERMS_INVALID;
    if (expires <= e.timeMs) return REASON.ORDER_EXPIRED;
  } else if (expires !== 0) return REASON.ORDER_TERMS_INVALID;
  const reason = checkPrices(e, ordType);
  return reason !== 0 ? reason : checkContingency(e);
}

/** Whether a quantity, 0 none, is a part of the order; of a cash order it is not known yet. */
function isPart(part: number, quantity: number, cash: number): boolean {
  if (!Number.isSafeInteger(part) || part < 0) return false;
  return cash !== 0 || part <= quantity;
}

/** Stop price, offset and peg: what the type needs is there, and nothing else. */
function checkPrices(e: Emitter, ordType: number): number {
  const { state, command: c, at } = e;
  const instrument = c.u32[(at + terms.instrument) >> 2] as number;
  const stop = c.f64[(at + terms.stopPrice) >> 3] as number;
  const offset = c.f64[(at + terms.offset) >> 3] as number;
  const peg = c.bytes[at + terms.peg] as number;
  if (!Number.isSafeInteger(stop) || !Number.isSafeInteger(offset)) {
    return REASON.ORDER_PRICE_INVALID;
  }
  if ((peg !== PEG.None) !== (ordType === ORD_TYPE.Pegged)) return REASON.ORDER_TERMS_INVALID;
  if (!isStop(ordType)) {
    if (stop !== 0 || (offset !== 0 && ordType !== ORD_TYPE.Pegged)) {
      return REASON.ORDER_TERMS_INVALID;
    }
    return 0;
  }
  const limited = ordType === ORD_TYPE.StopLimit || ordType === ORD_TYPE.TrailingStopLimit;
  if (!limited && c.f64[(at + terms.price) >> 3] !== 0) return REASON.ORDER_PRICE_INVALID;
  if (isTrailing(ordType)) {
    if (!(offset > 0)) return REASON.ORDER_TERMS_INVALID;
    // It starts from the mark unless the client says where; its limit then keeps the distance.
    if (stop === 0 && limited) return REASON.ORDER_PRICE_INVALID;
    if (stop === 0 && state.instruments.hasMark[instrument] === 0) return REASON.RISK_MARK_MISSING;
    return 0;
  }
  if (offset !== 0) return REASON.ORDER_TERMS_INVALID;
  const mayBeNegative = state.instruments.negativePrices[instrument] === 1;
  return stop > 0 || mayBeNegative ? 0 : REASON.ORDER_PRICE_INVALID;
}

/** A group needs a type; a child its parent, which comes first and has not ended without a trade. */
function checkContingency(e: Emitter): number {
  const { state, command: c, at } = e;
  const { orders, lists } = state;
  const contingency = c.bytes[at + terms.contingency] as number;
  const listId = c.f64[(at + terms.listId) >> 3] as number;
  const listIndex = c.bytes[at + terms.listIndex] as number;
  if ((contingency === CONTINGENCY.None) !== (listId === 0)) return REASON.ORDER_TERMS_INVALID;
  if (listId === 0) return listIndex === 0 ? 0 : REASON.ORDER_TERMS_INVALID;
  if (!Number.isSafeInteger(listId) || contingency > CONTINGENCY.Bracket) {
    return REASON.ORDER_TERMS_INVALID;
  }
  const group = lists.of(c.u32[(at + terms.account) >> 2] as number, listId);
  if (group.length >= LIST_ORDERS_MAX) return REASON.ORDER_TERMS_INVALID;
  for (const row of group) {
    if (orders.contingency[row] !== contingency) return REASON.ORDER_TERMS_INVALID;
  }
  if (contingency === CONTINGENCY.OneCancelsOther) return 0;
  const parent = group.find((row) => orders.listIndex[row] === 0);
  const child = isChild(contingency, listIndex);
  if (child !== (parent !== undefined)) return REASON.ORDER_TERMS_INVALID;
  if (parent === undefined) return 0;
  const over = orders.leavesQuantity[parent] === 0 && orders.cumQuantity[parent] === 0;
  return over ? REASON.ORDER_CONTINGENCY : 0;
}
