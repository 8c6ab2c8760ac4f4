/** What a report says of an order beside the event: from the state after it. */
import { ORDER_FLAG } from '../../commands/state/order-table.js';
import type { ShardState } from '../../commands/state/shard-state.js';
import { EXEC_INST, ORD_TYPE, SIDE, TIME_IN_FORCE } from '../../domain/order-terms.js';
import { formatSteps, type Step } from '../../lib/decimal.js';
import { accountName } from '../position-lines.js';

const namesOf = (choices: Readonly<Record<string, number>>) =>
  new Map(Object.entries(choices).map(([name, number]) => [number, name]));
const sides = namesOf(SIDE);
const types = namesOf(ORD_TYPE);
const times = namesOf(TIME_IN_FORCE);

const ONE: Step = { units: 1, scale: 0 };

export interface InstrumentFacts {
  readonly symbol: string;
  readonly currency: string;
  readonly tick: Step;
  readonly lot: Step;
}

export function instrumentFacts(state: ShardState, instrument: number): InstrumentFacts {
  const terms = state.instruments.terms[instrument];
  if (terms === undefined) return { symbol: '', currency: '', tick: ONE, lot: ONE };
  return {
    symbol: terms.symbol,
    currency: terms.currency,
    tick: { units: terms.tickMantissa, scale: terms.tickScale },
    lot: { units: terms.lotMantissa, scale: terms.lotScale },
  };
}

export interface OrderFacts extends InstrumentFacts {
  readonly row: number;
  readonly account: string;
  readonly clOrdId: string;
  readonly side: string;
  readonly ordType: string;
  readonly timeInForce: string;
  readonly price: string | null;
  readonly stopPrice: string | null;
  readonly quantity: string;
  readonly leavesQuantity: string;
  readonly displayQuantity: string;
  readonly expireTime: bigint | null;
  readonly postOnly: boolean;
  readonly manual: boolean;
  readonly venue: number;
}

/** @returns undefined: the order is not in the state (any more) */
export function orderFacts(state: ShardState, orderId: number): OrderFacts | undefined {
  const { orders, clientIds } = state;
  const row = orders.rowOf(orderId);
  if (row === 0) return undefined;
  const of = instrumentFacts(state, orders.instrument[row] as number);
  const price = (ticks: number): string | null =>
    ticks === 0 ? null : formatSteps(ticks, of.tick);
  const lots = (quantity: number) => formatSteps(quantity, of.lot);
  const ordType = types.get(orders.ordType[row] as number) ?? '';
  const leaves = orders.leavesQuantity[row] as number;
  // Without optional terms their columns hold what an earlier order left there.
  const special = ((orders.flags[row] as number) & ORDER_FLAG.Special) !== 0;
  const display = special ? (orders.displayQuantity[row] as number) : 0;
  const clientId = orders.clientId[row] as number;
  const expires = special ? (orders.expireTime[row] as number) : 0;
  const timeInForce = times.get(orders.timeInForce[row] as number) ?? '';
  const limited = ordType !== 'Market' && ordType !== 'Stop' && ordType !== 'TrailingStop';
  return {
    ...of,
    row,
    account: accountName(state, orders.account[row] as number),
    clOrdId: clientId >= 0 ? clientIds.textOf(clientId) : '',
    side: sides.get(orders.side[row] as number) ?? '',
    ordType,
    timeInForce,
    price: limited ? formatSteps(orders.price[row] as number, of.tick) : null,
    stopPrice: ordType.includes('Stop') ? price(orders.stopPrice[row] as number) : null,
    quantity: lots(orders.quantity[row] as number),
    leavesQuantity: lots(leaves),
    displayQuantity: lots(display === 0 ? leaves : Math.min(display, leaves)),
    expireTime: expires > 0 ? BigInt(expires) * 1_000_000n : null,
    postOnly: ((orders.execInst[row] as number) & EXEC_INST.PostOnly) !== 0,
    manual: ((orders.execInst[row] as number) & EXEC_INST.Manual) !== 0,
    venue: orders.venue[row] as number,
  };
}
