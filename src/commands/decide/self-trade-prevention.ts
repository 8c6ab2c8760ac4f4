/**
 * What gives way when an order would trade with an open order of its own account. Cancels of the older
 * orders leave before the new order does, so the venue sees them first.
 */

import { HEADER } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { ORD_TYPE, SELF_TRADE_PREVENTION } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import { type Emitter, recordOf } from '../emitter.js';
import type { RiskResult } from '../risk/risk-result.js';
import {
  GIVE_WAY_MAX,
  nextCrossed,
  otherSide,
  preventionOf,
  preventionOfOrder,
} from '../risk/self-trade.js';
import { requestCancel } from './cancel-order.js';

const terms = eventLayouts.OrderAccepted.offsets;
const LONG_BYTES = recordOf('OrderAccepted').bytes;

const bit = 1 << (RISK_CHECK.SelfTrade - 1);

/**
 * Decides for the new order in the command, which may cross. In `Decrement` mode `ordered` becomes
 * what is left of it, and RiskDecided says from what to what.
 *
 * @param ordered one element: OrderQty of the order
 * @param position row of the position
 * @returns 0 or the reason to refuse
 */
export function preventSelfTrade(
  e: Emitter,
  risk: RiskResult,
  ordered: Float64Array,
  position: number,
): number {
  const { state, command: c, at } = e;
  const account = c.u32[(at + terms.account) >> 2] as number;
  const long = c.u16[(at + HEADER.length) >> 1] === LONG_BYTES;
  const asked = long ? (c.bytes[at + terms.selfTradePrevention] as number) : 0;
  const mode = preventionOf(state, account, asked);
  if (mode === SELF_TRADE_PREVENTION.Allow) return 0;
  risk.checks |= bit;
  const side = c.bytes[at + terms.side] as number;
  const ordType = c.bytes[at + terms.ordType] as number;
  const price = c.f64[(at + terms.price) >> 3] as number;
  const crossed = countCrossed(e, position, side, ordType, price);
  if (crossed === 0) return 0;
  const tooMany = crossed > GIVE_WAY_MAX;
  if (mode === SELF_TRADE_PREVENTION.CancelNewest || tooMany) return refuse(risk, crossed);
  const wanted = ordered[0] as number;
  let row = nextCrossed(state, otherSide(state, position, side), side, ordType, price);
  while (row !== 0 && (ordered[0] as number) > 0) {
    // A cancel that is done here takes the order off its list.
    const next = state.orders.next[row] as number;
    giveWay(e, row, mode, ordered);
    row = nextCrossed(state, next, side, ordType, price);
  }
  if (mode === SELF_TRADE_PREVENTION.CancelBoth || ordered[0] === 0) return refuse(risk, crossed);
  if (ordered[0] !== wanted) {
    risk.check = RISK_CHECK.SelfTrade;
    risk.compared[0] = wanted;
    risk.compared[1] = ordered[0] as number;
  }
  return 0;
}

const refuse = (risk: RiskResult, crossed: number) =>
  risk.fail(RISK_CHECK.SelfTrade, REASON.RISK_SELF_TRADE, 0, crossed);

/** How many open orders the order would meet; stops counting above what may give way. */
function countCrossed(
  e: Emitter,
  position: number,
  side: number,
  ordType: number,
  price: number,
): number {
  const { state } = e;
  let crossed = 0;
  let row = nextCrossed(state, otherSide(state, position, side), side, ordType, price);
  while (row !== 0 && crossed <= GIVE_WAY_MAX) {
    crossed += 1;
    row = nextCrossed(state, state.orders.next[row] as number, side, ordType, price);
  }
  return crossed;
}

/** Cancels the older order, or in Decrement takes the smaller quantity off both. */
function giveWay(e: Emitter, row: number, mode: number, ordered: Float64Array): void {
  const { orders } = e.state;
  const leaves = orders.leavesQuantity[row] as number;
  const left = ordered[0] as number;
  let downTo = 0;
  if (mode === SELF_TRADE_PREVENTION.Decrement) {
    const off = Math.min(leaves, left);
    ordered[0] = left - off;
    if (off < leaves) downTo = (orders.quantity[row] as number) - off;
  }
  requestCancel(e, row, REASON.RISK_SELF_TRADE, downTo, false);
}

/** A replace that would cross is refused in every mode but Allow: the order keeps its terms. */
export function refuseSelfTrade(
  e: Emitter,
  risk: RiskResult,
  order: number,
  price: number,
): number {
  const { state } = e;
  const { orders } = state;
  if (preventionOfOrder(state, order) === SELF_TRADE_PREVENTION.Allow) return 0;
  risk.checks |= bit;
  const ordType = orders.ordType[order] as number;
  if (ordType !== ORD_TYPE.Limit && ordType !== ORD_TYPE.StopLimit) return 0;
  const side = orders.side[order] as number;
  const position = orders.position[order] as number;
  const crossed = countCrossed(e, position, side, ordType, price);
  return crossed === 0 ? 0 : refuse(risk, crossed);
}
