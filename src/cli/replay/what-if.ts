/** `daybook replay --decide --limits`: which orders other limits would have refused or let through. */
import { writeFileSync } from 'node:fs';
import { positionLines, type Total, totals } from '../../audit/position-lines.js';
import { lastTime } from '../../commands/recovery.js';
import { type ChangedDecision, WhatIf } from '../../commands/replay/what-if.js';
import { DEFAULT_CAPACITY } from '../../commands/state/capacity.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { formatIsoNs } from '../../lib/time.js';
import { LineOutput } from '../line-output.js';
import { EXIT, UsageError } from '../usage.js';
import { chart } from './chart.js';
import { readLimits } from './limits-file.js';
import { logBatches, nextSequence } from './log-batches.js';

/** Points in time at which exposure and P&L are told, at most. */
const POINTS_MAX = 200;
/** Changed decisions that are listed; more are counted. */
const LISTED_MAX = 100_000;

export interface Point {
  readonly time: string;
  readonly sequence: number;
  readonly currency: string;
  readonly recorded: Total;
  readonly whatIf: Total;
}

export interface WhatIfOptions {
  readonly limits: string;
  readonly json: boolean;
  readonly csv: string | undefined;
  readonly svg: string | undefined;
}

const NOTHING: Total = { exposure: '0', pnl: '0' };

export async function whatIf(directory: string, options: WhatIfOptions): Promise<number> {
  const changes: ChangedDecision[] = [];
  const counts = { refused: 0, letThrough: 0, replacesRefused: 0, replacesLetThrough: 0 };
  const replay = new WhatIf(DEFAULT_CAPACITY, readLimits(options.limits), (change) => {
    const refused = change.change === 'refused';
    if (change.request === 'order') counts[refused ? 'refused' : 'letThrough'] += 1;
    else counts[refused ? 'replacesRefused' : 'replacesLetThrough'] += 1;
    if (changes.length < LISTED_MAX) changes.push(change);
  });
  const points: Point[] = [];
  const step = Math.max(1, Math.ceil(nextSequence(directory) / POINTS_MAX));
  let due = 0;
  for (const batch of logBatches(directory)) {
    replay.take(batch);
    if (replay.recorded.nextSequence < due) continue;
    due = replay.recorded.nextSequence + step;
    points.push(...pointsOf(replay, formatIsoNs(lastTime(batch))));
  }
  const missing = replay.notApplied[0];
  if (missing !== undefined) {
    throw new UsageError(`--limits: the log has no place for ${JSON.stringify(missing)}`);
  }
  if (options.csv !== undefined) writeFileSync(options.csv, csvOf(points));
  if (options.svg !== undefined) writeFileSync(options.svg, chart(points));
  await print(replay, counts, changes, points, options.json);
  return EXIT.success;
}

function pointsOf(replay: WhatIf, time: string): Point[] {
  const then = totals(positionLines(replay.recorded));
  const now = totals(positionLines(replay.state));
  const sequence = replay.recorded.nextSequence - 1;
  return [...new Set([...then.keys(), ...now.keys()])].sort().map((currency) => ({
    ...{ time, sequence, currency },
    recorded: then.get(currency) ?? NOTHING,
    whatIf: now.get(currency) ?? NOTHING,
  }));
}

function csvOf(points: readonly Point[]): string {
  const rows = points.map(({ time, sequence, currency, recorded, whatIf: other }) =>
    [time, sequence, currency, recorded.exposure, other.exposure, recorded.pnl, other.pnl].join(),
  );
  const head = 'time,sequence,currency,exposure,exposure_what_if,pnl,pnl_what_if';
  return `${[head, ...rows].join('\n')}\n`;
}

async function print(
  replay: WhatIf,
  counts: Readonly<Record<string, number>>,
  changes: readonly ChangedDecision[],
  points: readonly Point[],
  json: boolean,
): Promise<void> {
  const output = new LineOutput();
  const { orders, acceptedThen, acceptedNow, skipped, skippedFills } = replay;
  const summary = { orders, acceptedThen, acceptedNow, ...counts, skipped, skippedFills };
  const listed = changes.map((each) => ({ ...each, reason: rejectCode(each.reason) ?? '' }));
  const last = points.at(-1);
  if (json) output.line(JSON.stringify({ summary, changes: listed, points }));
  else {
    for (const [name, value] of Object.entries(summary)) output.line(`${name.padEnd(20)}${value}`);
    const byReason = new Map<string, number>();
    for (const { change, request, reason } of listed) {
      const key = `${request} ${change}: ${reason}`;
      byReason.set(key, (byReason.get(key) ?? 0) + 1);
    }
    for (const [reason, count] of byReason) output.line(`${reason.padEnd(50)}${count}`);
    if (last !== undefined) {
      output.line(
        `at the end, ${last.currency}: as recorded exposure ${last.recorded.exposure}, P&L ${last.recorded.pnl}`,
      );
      output.line(`  under these limits exposure ${last.whatIf.exposure}, P&L ${last.whatIf.pnl}`);
    }
  }
  await output.flush();
}
