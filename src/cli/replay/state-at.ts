/** `daybook replay --at`: the state as it was after a sequence, or at a time. */
import type { Auditor } from '../../audit/auditor.js';
import type { MoneyLine, Total } from '../../audit/position-lines.js';
import type { LimitLine, OrderLine, TradingStateLine } from '../../audit/state-report.js';
import { LineOutput } from '../line-output.js';
import { EXIT } from '../usage.js';

/** Open orders that are listed; more are counted. */
const ORDERS_LISTED_MAX = 100_000;

interface Report {
  readonly asOf: number;
  readonly time: string;
  readonly epoch: number;
  readonly stateHash: string;
  readonly totals: Readonly<Record<string, Total>>;
  readonly positions: readonly MoneyLine[];
  readonly openOrders: number;
  readonly limits: readonly LimitLine[];
  readonly tradingStates: readonly TradingStateLine[];
}

export async function stateAt(auditor: Auditor, at: string, json: boolean): Promise<number> {
  const report = auditor.answer({ about: 'summary', at }) as Report;
  const orders = openOrders(auditor, report.asOf);
  const output = new LineOutput();
  if (json) output.line(JSON.stringify({ sequence: report.asOf, ...report, orders }));
  else for (const line of linesOf(report, orders)) output.line(line);
  await output.flush();
  return EXIT.success;
}

function openOrders(auditor: Auditor, asOf: number): OrderLine[] {
  const orders: OrderLine[] = [];
  let after: number | undefined;
  do {
    const page = auditor.answer({ about: 'orders', at: String(asOf), after });
    const { orders: more, next } = page as unknown as { orders: OrderLine[]; next: number | null };
    orders.push(...more);
    after = next ?? undefined;
  } while (after !== undefined && orders.length < ORDERS_LISTED_MAX);
  return orders;
}

function linesOf(report: Report, orders: readonly OrderLine[]): string[] {
  const { positions, limits, tradingStates } = report;
  return [
    `as of sequence ${report.asOf}, ${report.time}, epoch ${report.epoch}`,
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
    ...limits.map(
      (l) =>
        `  ${l.limit} ${l.scope} ${l.name} ${l.instrument} ${l.value} ${l.currency === '' ? l.unit : l.currency}`,
    ),
    `${report.openOrders} open orders`,
    ...orders.map(
      (o) =>
        `  ${o.orderId} ${o.clOrdId} ${o.account} ${o.instrument} ${o.side} ${o.leavesQuantity} of ${o.quantity} at ${o.price} ${o.status}`,
    ),
  ];
}
