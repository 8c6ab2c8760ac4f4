import type pg from 'pg';
import { isTrade, type Tick, type TickFinding } from '../../market-data/tick-batch.js';
import { copyIn } from '../copy/copy-in.js';
import { CopyRows } from '../copy/copy-rows.js';
import { writeTime } from './time-columns.js';

/** Findings of one batch that only say "seen before" and are recorded; more are counted. */
export const DUPLICATES_RECORDED_MAX = 100;

const COLUMNS = [
  ...['time', 'time_ns', 'received_ns', 'sequence', 'batch', 'instrument', 'source', 'accepted'],
  ...['value', 'limit_value', 'code', 'tick'],
];
const COPY = `COPY market.findings (${COLUMNS.join(', ')}) FROM STDIN (FORMAT binary)`;

/** Records what validation found, within the caller's transaction. */
export async function recordFindings(
  client: pg.ClientBase,
  batch: number,
  source: number,
  findings: readonly TickFinding[],
): Promise<void> {
  const rows = new CopyRows(COLUMNS.length);
  let duplicates = 0;
  for (const { tick, accepted, finding } of findings) {
    if (finding.code === 'DUPLICATE') {
      duplicates++;
      if (duplicates > DUPLICATES_RECORDED_MAX) continue;
    }
    // A malformed tick may have a time that is none: it stands where it was received.
    const time = tick.time >= 0n && tick.time < 2n ** 63n ? tick.time : tick.received;
    rows.row();
    writeTime(rows, time);
    rows.bigint(time);
    rows.bigint(tick.received);
    rows.int8(Number.isSafeInteger(tick.sequence) ? tick.sequence : -1);
    rows.int8(batch);
    rows.int4(tick.instrument);
    rows.int2(source);
    rows.boolean(accepted);
    rows.numeric(wholeOf(finding.value), 0);
    rows.numeric(wholeOf(finding.limit), 0);
    rows.text(finding.code);
    rows.text(textOf(tick));
  }
  if (rows.rows > 0) await copyIn(client, COPY, rows.finish());
}

/** The content of a tick as JSON, for a person to look at. */
function textOf(tick: Tick): string {
  if (isTrade(tick)) return JSON.stringify({ price: tick.price, quantity: tick.quantity });
  const { bidPrice, bidQuantity, askPrice, askQuantity } = tick;
  return JSON.stringify({ bidPrice, bidQuantity, askPrice, askQuantity });
}

/** Values compared are whole, but those of malformed ticks need not be. */
function wholeOf(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value;
  return Number.isInteger(value) ? BigInt(value) : -1n;
}
