/** Runs a scenario, all ways through it, and says what differs. */
import type { Report } from '../../domain/execution-report.js';
import { compare, type Difference, isMeant } from './compare.js';
import { Exchange } from './exchange.js';
import {
  type CrossingOrder,
  dayOf,
  type Row,
  type Run,
  runsOf,
  type Scenario,
} from './scenario.js';
import { SellSide } from './sell-side.js';

export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly runs: number;
  readonly differences: readonly Difference[];
}

export function runScenario(scenario: Scenario, order?: CrossingOrder): Outcome {
  const runs = runsOf(scenario, order);
  const differences = runs.flatMap((run) => runOne(run));
  return { id: scenario.id, title: scenario.title, runs: runs.length, differences };
}

function runOne(run: Run): Difference[] {
  const differences: Difference[] = [];
  let t = '';
  const differ = (field: string, expected: string, actual: string) =>
    differences.push({ run: run.name, t, field, expected, actual });
  const exchange = new Exchange();
  const sellSide = new SellSide(exchange, run.rows);
  const last = new Map<number, Report>();
  try {
    for (const row of run.rows) {
      t = String(row.t);
      exchange.advanceTo(dayOf(row));
      if (row.dir === '*') sellSide.happen(row);
      if (row.dir === '>') {
        const impossible = sellSide.request(row);
        if (impossible !== undefined) differ('request', row.msg, impossible);
      }
      if (row.dir !== '<') continue;
      const { report, impossible } = expect(row, exchange, sellSide);
      if (report === undefined) {
        differ('report', `${row.msg} ${row.execType ?? ''}`.trim(), impossible ?? 'none');
        continue;
      }
      const order = exchange.reports.order(report.orderId);
      for (const found of compare(row, report, last.get(report.orderId), order)) {
        differences.push({ run: run.name, t, ...found });
      }
      last.set(report.orderId, report);
    }
    t = 'end';
    for (const { message, clOrdId, ordStatus } of exchange.queue) {
      differ('report', 'none', `${message} ${clOrdId} ${ordStatus}`);
    }
    if (!exchange.replays()) differ('replay', 'the same state', 'another state');
  } catch (error) {
    // An assertion of the writer is a finding of this run; the other runs go on.
    differ('writer', 'goes on', `stops: ${(error as Error).message}`);
  }
  return differences;
}

/**
 * The report that a row means: one that the writer made by itself (a refusal, an answer to a status
 * request), else the one that follows from the venue doing what the row says.
 */
function expect(
  row: Row,
  exchange: Exchange,
  sellSide: SellSide,
): { readonly report: Report | undefined; readonly impossible?: string | undefined } {
  const { queue } = exchange;
  const own = queue.findIndex((report) => isMeant(row, report));
  if (own >= 0) return { report: queue.splice(own, 1)[0] };
  const before = queue.length;
  const impossible = sellSide.act(row);
  const made = queue.findIndex((report) => isMeant(row, report));
  if (made >= 0) return { report: queue.splice(made, 1)[0] };
  // Not the report that was meant, but the nearest: the difference is worth seeing.
  if (queue.length > before) return { report: queue.splice(before, 1)[0] };
  return { report: queue.shift(), impossible };
}
