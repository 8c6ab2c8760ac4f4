/** `daybook replay --at`: the state as it was after a sequence, or at a time. */

import { accountName, positionLines, totals } from '../../audit/position-lines.js';
import { sequenceAt, timeAt } from '../../commands/replay/event-groups.js';
import { DEFAULT_CAPACITY } from '../../commands/state/capacity.js';
import { orderStatus } from '../../commands/state/order-status.js';
import { ShardState } from '../../commands/state/shard-state.js';
import { stateHash } from '../../commands/state-hash.js';
import { ORD_STATUS, SCOPE, SIDE, TRADING_STATE } from '../../domain/order-terms.js';
import { limits as declaredLimits } from '../../domain/risk-catalogue.js';
import { formatSteps } from '../../lib/decimal.js';
import { formatIsoNs } from '../../lib/time.js';
import { LineOutput } from '../line-output.js';
import { EXIT, UsageError } from '../usage.js';
import { evolveUntil, logBatches } from './log-batches.js';

/** Open orders that are listed; more are counted. */
const ORDERS_LISTED_MAX = 100_000;

/** Sequence, or a time in ISO 8601 with up to nine decimals, UTC. */
export function momentOf(text: string): { sequence: number } | { time: bigint } {
  if (/^[0-9]{1,16}$/.test(text)) return { sequence: Number(text) };
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  const ms = match === null ? Number.NaN : Date.parse(`${match[1]}Z`);
  if (match === null || Number.isNaN(ms)) {
    throw new UsageError(
      `--at ${text}: a sequence, or a time such as 2026-11-22T14:50:06.123456789Z`,
    );
  }
  return { time: BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0')) };
}

export async function stateAt(directory: string, at: string, json: boolean): Promise<number> {
  const moment = momentOf(at);
  const state = new ShardState(DEFAULT_CAPACITY, 1);
  let time = 0n;
  for (const batch of logBatches(directory)) {
    const whole = evolveUntil(state, batch, (record) => {
      const wanted =
        'sequence' in moment
          ? sequenceAt(batch, record) <= moment.sequence
          : timeAt(batch, record) <= moment.time;
      if (wanted) time = timeAt(batch, record);
      return wanted;
    });
    if (!whole) break;
  }
  if ('sequence' in moment && state.nextSequence <= moment.sequence) {
    throw new UsageError(
      `--at ${at}: the log ends before, the next sequence is ${state.nextSequence}`,
    );
  }
  const output = new LineOutput();
  const report = reportOf(state, time);
  if (json) output.line(JSON.stringify(report));
  else for (const line of linesOf(report)) output.line(line);
  await output.flush();
  return EXIT.success;
}

const nameOf = (choices: Readonly<Record<string, number>>, number: number | undefined): string =>
  Object.keys(choices).find((name) => choices[name] === number) ?? String(number);

type Report = ReturnType<typeof reportOf>;

function reportOf(state: ShardState, time: bigint) {
  const positions = positionLines(state);
  return {
    sequence: state.nextSequence - 1,
    time: formatIsoNs(time),
    epoch: state.epoch,
    tradingDay: state.tradingDay,
    stateHash: stateHash(state),
    totals: Object.fromEntries(totals(positions)),
    positions,
    openOrders: state.orders.open,
    orders: ordersOf(state),
    limits: limitsOf(state),
    tradingStates: tradingStatesOf(state),
  };
}

function ordersOf(state: ShardState) {
  const { orders, clientIds, instruments } = state;
  const listed = [];
  for (let row = 1; row < orders.used && listed.length < ORDERS_LISTED_MAX; row += 1) {
    if (orders.account[row] === 0 || (orders.leavesQuantity[row] as number) <= 0) continue;
    const terms = instruments.terms[orders.instrument[row] as number];
    const price = (ticks: number) =>
      terms === undefined
        ? String(ticks)
        : formatSteps(ticks, { units: terms.tickMantissa, scale: terms.tickScale });
    const lots = (quantity: number) =>
      terms === undefined
        ? String(quantity)
        : formatSteps(quantity, { units: terms.lotMantissa, scale: terms.lotScale });
    const id = orders.clientId[row] as number;
    listed.push({
      orderId: orders.orderId[row] as number,
      clOrdId: id >= 0 ? clientIds.textOf(id) : '',
      account: accountName(state, orders.account[row] as number),
      instrument: terms?.symbol ?? '',
      side: nameOf(SIDE, orders.side[row]),
      status: nameOf(ORD_STATUS, orderStatus(orders, row)),
      price: price(orders.price[row] as number),
      quantity: lots(orders.quantity[row] as number),
      cumQuantity: lots(orders.cumQuantity[row] as number),
      leavesQuantity: lots(orders.leavesQuantity[row] as number),
    });
  }
  return listed;
}

function scopeName(state: ShardState, scope: number, id: number): string {
  if (scope === SCOPE.Account) return accountName(state, id);
  if (scope === SCOPE.Instrument) return state.instruments.terms[id]?.symbol ?? `#${id}`;
  if (scope !== SCOPE.Group) return '';
  return [...state.accounts.groups].find(([, index]) => index === id)?.[0] ?? `#${id}`;
}

function limitsOf(state: ShardState) {
  return [...state.limits.values.values()].map(({ key, value }) => {
    const declared = Object.entries(declaredLimits).find(([, each]) => each.number === key.limit);
    return {
      limit: declared?.[0] ?? String(key.limit),
      scope: nameOf(SCOPE, key.scope),
      name: scopeName(state, key.scope, key.scopeId),
      instrument: key.instrument === 0 ? '' : scopeName(state, SCOPE.Instrument, key.instrument),
      value,
      unit: declared?.[1].unit ?? '',
    };
  });
}

/** Scopes that do not trade freely; the firm always. */
function tradingStatesOf(state: ShardState) {
  const found = [{ scope: 'Firm', name: '', state: nameOf(TRADING_STATE, state.firmState) }];
  const add = (scope: 'Group' | 'Account' | 'Instrument', states: Uint8Array, count: number) => {
    for (let id = 1; id < count; id += 1) {
      if (states[id] === TRADING_STATE.Active) continue;
      const name = scopeName(state, SCOPE[scope], id);
      found.push({ scope, name, state: nameOf(TRADING_STATE, states[id]) });
    }
  };
  const { accounts, instruments } = state;
  add('Group', accounts.groupState, accounts.groups.size + 1);
  add('Account', accounts.state, accounts.count);
  add('Instrument', instruments.state, instruments.count);
  return found;
}

function linesOf(report: Report): string[] {
  const { positions, orders, limits, tradingStates } = report;
  return [
    `as of sequence ${report.sequence}, ${report.time}, epoch ${report.epoch}`,
    `state hash ${report.stateHash}`,
    ...tradingStates.map((each) => `${each.scope} ${each.name} ${each.state}`),
    ...Object.entries(report.totals).map(
      ([currency, total]) => `total ${currency}: exposure ${total.exposure}, P&L ${total.pnl}`,
    ),
    `${positions.length} positions`,
    ...positions.map(
      (p) =>
        `  ${p.account} ${p.instrument} ${p.quantity} at ${p.averagePrice}, realized ${p.realizedPnl}, unrealized ${p.unrealizedPnl}, fees ${p.fees} ${p.currency}`,
    ),
    `${limits.length} limits`,
    ...limits.map((l) => `  ${l.limit} ${l.scope} ${l.name} ${l.instrument} ${l.value} ${l.unit}`),
    `${report.openOrders} open orders`,
    ...orders.map(
      (o) =>
        `  ${o.orderId} ${o.clOrdId} ${o.account} ${o.instrument} ${o.side} ${o.leavesQuantity} of ${o.quantity} at ${o.price} ${o.status}`,
    ),
  ];
}
