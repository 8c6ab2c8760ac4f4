/**
 * `daybook replay --decide --limits, --code`: which orders other limits, or another build, would have
 * refused or let through, and exposure and P&L over time under both histories.
 */
import { writeFileSync } from 'node:fs';
import { LineOutput } from '../line-output.js';
import { EXIT, UsageError } from '../usage.js';
import { chart, chartPage } from './chart.js';
import { readLimits } from './limits-file.js';
import { decideByOtherCode, type OtherCodeResult, rootOfBuild } from './other-code.js';
import {
  type CodeDifferences,
  DIFFERENCES_MAX,
  OWN,
  type Point,
  runWhatIf,
  type WhatIfResult,
} from './what-if-run.js';

export interface WhatIfOptions {
  /** File of limits. */
  readonly limits: string | undefined;
  /** Directory of another build. */
  readonly code: string | undefined;
  readonly json: boolean;
  readonly csv: string | undefined;
  /** A drawing: `.svg`, or a page that holds it: `.html`. */
  readonly chart: string | undefined;
}

export async function whatIf(directory: string, options: WhatIfOptions): Promise<number> {
  const { limits: file, code, chart: drawing, csv, json } = options;
  if (drawing !== undefined && !/\.(svg|html)$/.test(drawing)) {
    throw new UsageError('--chart FILE ends in .svg or .html');
  }
  const limits = file === undefined ? [] : readLimits(file);
  const result: WhatIfResult | OtherCodeResult =
    code === undefined
      ? runWhatIf(OWN, directory, limits)
      : await decideByOtherCode({ directory, root: rootOfBuild(code), limits });
  const missing = result.notApplied[0];
  if (missing !== undefined) {
    throw new UsageError(`--limits: the log has no place for ${JSON.stringify(missing)}`);
  }
  const { points } = result;
  if (csv !== undefined) writeFileSync(csv, csvOf(points));
  if (drawing !== undefined) writeFileSync(drawing, drawn(drawing, result, options));
  await print(result, json);
  const differences = codeOf(result)?.differences.length ?? 0;
  return differences > 0 ? EXIT.finding : EXIT.success;
}

const codeOf = (result: WhatIfResult | OtherCodeResult): CodeDifferences | undefined =>
  'code' in result ? (result as OtherCodeResult).code : undefined;

function drawn(file: string, result: WhatIfResult, { limits, code }: WhatIfOptions): string {
  const other = [
    ...(limits === undefined ? [] : [`limits of ${limits}`]),
    ...(code === undefined ? [] : [`code of ${code}`]),
  ].join(', ');
  const { points, summary } = result;
  return file.endsWith('.html') ? chartPage(points, summary, other) : chart(points, other);
}

function csvOf(points: readonly Point[]): string {
  const rows = points.map(({ time, sequence, currency, recorded, whatIf: other }) =>
    [time, sequence, currency, recorded.exposure, other.exposure, recorded.pnl, other.pnl].join(),
  );
  const head = 'time,sequence,currency,exposure,exposure_what_if,pnl,pnl_what_if';
  return `${[head, ...rows].join('\n')}\n`;
}

async function print(result: WhatIfResult | OtherCodeResult, json: boolean): Promise<void> {
  const output = new LineOutput();
  const { summary, changes, points } = result;
  const decided = codeOf(result);
  const code = decided === undefined ? {} : { code: decided };
  if (json) output.line(JSON.stringify({ summary, ...code, changes, points }));
  else {
    for (const line of codeLines(decided)) output.line(line);
    for (const [name, value] of Object.entries(summary)) output.line(`${name.padEnd(20)}${value}`);
    const byReason = new Map<string, number>();
    for (const { change, request, reason } of changes) {
      const key = `${request} ${change}: ${reason}`;
      byReason.set(key, (byReason.get(key) ?? 0) + 1);
    }
    for (const [reason, count] of byReason) output.line(`${reason.padEnd(50)}${count}`);
    for (const line of tableLines(points)) output.line(line);
  }
  await output.flush();
}

function codeLines(decided: CodeDifferences | undefined): string[] {
  if (decided === undefined || decided.commands === 0) return [];
  const { commands, events, differences } = decided;
  const count = differences.length;
  const more = count === DIFFERENCES_MAX ? ', and perhaps more behind' : '';
  const found = count === 0 ? 'no difference' : `${count} differences${more}`;
  return [
    ...differences.flatMap((each) => [
      `DECISION_DIFFERS sequence ${each.sequence}, ${each.commandName} ${each.command}: ${each.reason}`,
      `  recorded ${each.recorded}`,
      `  decided  ${each.decided}`,
    ]),
    `the other build decided ${commands} commands, ${events} events compared: ${found}`,
  ];
}

/** Rows of the printed table, at most; the CSV has all points. */
const TABLE_ROWS_MAX = 20;

function tableLines(points: readonly Point[]): string[] {
  const every = Math.max(1, Math.ceil(points.length / TABLE_ROWS_MAX));
  const rows = points.filter((_, i) => i % every === 0 || i === points.length - 1);
  const cells = [
    ['time', '', 'exposure', 'what if', 'P&L', 'what if'],
    ...rows.map(({ time, currency, recorded, whatIf: other }) => [
      ...[time, currency, recorded.exposure, other.exposure, recorded.pnl, other.pnl],
    ]),
  ];
  const widths = [0, 1, 2, 3, 4, 5].map((i) =>
    Math.max(...cells.map((row) => (row[i] as string).length)),
  );
  return cells.map((row) =>
    row
      .map((cell, i) =>
        i < 2 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number),
      )
      .join('  ')
      .trimEnd(),
  );
}
