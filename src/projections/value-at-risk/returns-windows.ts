import { deflateSync, inflateSync } from 'node:zlib';
import type pg from 'pg';
import {
  buildReturnsWindow,
  type PriceHistory,
  type ReturnsWindow,
  WINDOW_DAYS_MIN,
  WINDOW_INSTRUMENTS_MAX,
} from '../../domain/value-at-risk/returns-window.js';
import { assert } from '../../lib/assert.js';
import { AdjustmentHistory } from '../../market-data/corporate-action.js';
import { type Close, closeTable } from '../../market-data/daily-closes.js';
import { ACTION_COLUMNS, type ActionRow, actionOf } from '../market-data/corporate-actions.js';

/** Returns are logarithmic, as RiskMetrics has them; historical simulation takes the simple ones. */
const RETURNS = 'log';
const MS_PER_DAY = 86_400_000;
/** Calendar days looked at for each day of the window: weekends and holidays. */
const CALENDAR_FACTOR = 2;
const CALENDAR_DAYS_MORE = 30;

/**
 * What the closes before a day depend on: while it stays the same, so does the window.
 *
 * @param day as "2026-11-22"; closes before it count
 */
export async function closesVersion(client: pg.ClientBase, day: string): Promise<string> {
  const { rows } = await client.query<{ days: string; actions: string }>(
    `SELECT (SELECT coalesce(max(batch), 0) FROM market.days WHERE day < $1::date) AS days,
            (SELECT coalesce(max(batch), 0) FROM market.corporate_actions) AS actions`,
    [day],
  );
  return `${day}/${rows[0]?.days}/${rows[0]?.actions}`;
}

/** A window with the closes that it was made of. */
export interface BuiltWindow {
  readonly window: ReturnsWindow;
  readonly history: PriceHistory;
}

const dayBefore = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - days * MS_PER_DAY).toISOString().slice(0, 10);

/**
 * The window of returns out of the closes before a day; undefined when there are too few.
 *
 * @param days daily returns that the window holds, at most
 * @param from the first day whose closes are looked at; default far enough back for as many days
 */
export async function windowBefore(
  client: pg.ClientBase,
  day: string,
  days: number,
  from = dayBefore(day, CALENDAR_FACTOR * days + CALENDAR_DAYS_MORE),
): Promise<BuiltWindow | undefined> {
  const { rows } = await client.query<{ symbol: string; day: string; close: string }>({
    text: `SELECT i.symbol, to_char(b.time AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, b.close
      FROM market.bars b JOIN market.instruments i ON i.instrument = b.instrument
     WHERE b.seconds = 86400 AND b.time >= $1 AND b.time < $2`,
    values: [`${from}T00:00:00Z`, `${day}T00:00:00Z`],
  });
  const closes = rows.map(
    (row): Close => ({ symbol: row.symbol, day: row.day, ticks: Number(row.close) }),
  );
  // One close more than returns.
  const history = closeTable(closes, days + 1, await adjustments(client));
  const tooFew = history.dayNames.length - 1 < WINDOW_DAYS_MIN || history.instruments.length === 0;
  if (tooFew) return undefined;
  assert(history.instruments.length <= WINDOW_INSTRUMENTS_MAX, 'instruments of the store');
  return { window: buildReturnsWindow(history, RETURNS, 'carry'), history };
}

async function adjustments(client: pg.ClientBase): Promise<Map<string, AdjustmentHistory>> {
  const { rows } = await client.query<ActionRow & { symbol: string }>(
    `SELECT i.symbol, ${ACTION_COLUMNS.replace('instrument', 'a.instrument')}
       FROM market.corporate_actions a JOIN market.instruments i ON i.instrument = a.instrument`,
  );
  const actions = new Map<string, ActionRow[]>();
  for (const row of rows) actions.set(row.symbol, [...(actions.get(row.symbol) ?? []), row]);
  return new Map(
    [...actions].map(([symbol, own]) => [symbol, new AdjustmentHistory(own.map(actionOf))]),
  );
}

/** Keeps the prices of a window under its digest, so that results of it can be made again. */
export async function keepWindow(
  client: pg.ClientBase,
  window: ReturnsWindow,
  history: PriceHistory,
): Promise<void> {
  const { identity } = window;
  await client.query(
    `INSERT INTO risk.windows (digest, identity, prices) VALUES ($1, $2, $3)
     ON CONFLICT (digest) DO NOTHING`,
    [identity.digest, JSON.stringify(identity), encode(history)],
  );
}

/** The window of a digest, built again from what was kept; undefined when there is none. */
export async function keptWindow(
  client: pg.ClientBase,
  digest: string,
): Promise<BuiltWindow | undefined> {
  const { rows } = await client.query<{ prices: Buffer }>(
    'SELECT prices FROM risk.windows WHERE digest = $1',
    [digest],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const history = decode(row.prices);
  const window = buildReturnsWindow(history, RETURNS, 'carry');
  assert(window.identity.digest === digest, 'a kept window is what its digest says');
  return { window, history };
}

/**
 * ```
 *   deflated: | bytes of names u32 | names: JSON [days, instruments] | prices f64, as in PriceHistory |
 * ```
 * Little-endian.
 */
function encode({ dayNames, instruments, ticks }: PriceHistory): Buffer {
  const names = Buffer.from(JSON.stringify([dayNames, instruments]));
  const raw = Buffer.alloc(4 + names.length + 8 * ticks.length);
  raw.writeUInt32LE(names.length, 0);
  names.copy(raw, 4);
  ticks.forEach((price, i) => {
    raw.writeDoubleLE(price, 4 + names.length + 8 * i);
  });
  return deflateSync(raw);
}

function decode(prices: Buffer): PriceHistory {
  const raw = inflateSync(prices);
  const length = raw.readUInt32LE(0);
  const [dayNames, instruments] = JSON.parse(raw.toString('utf8', 4, 4 + length)) as string[][];
  const from = 4 + length;
  const ticks = Float64Array.from({ length: (raw.length - from) / 8 }, (_, i) =>
    raw.readDoubleLE(from + 8 * i),
  );
  return { dayNames: dayNames as string[], instruments: instruments as string[], ticks };
}
