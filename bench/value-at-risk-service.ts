/**
 * The whole way of value at risk: 500 positions and marks out of the read models, 500 days of closes out
 * of the market data store, three methods and five stress scenarios for an account and the firm, stored.
 * Every mark changes each time.
 */
import type pg from 'pg';
import { SETTINGS_DEFAULT } from '../src/domain/value-at-risk/settings.js';
import { connect } from '../src/projections/database/connection-settings.js';
import { ValueAtRiskEngine } from '../src/projections/value-at-risk/engine.js';
import { withEmbeddedDatabase } from './embedded-database.js';
import type { Figure } from './figure.js';

const POSITIONS = 500;
const DAYS = 501;
/** 2026-11-16T00:00:01Z. */
const TIME_NS = '1794787201000000000';

const FILL = [
  `INSERT INTO daybook.instruments
     SELECT 0, 0, now(), 0, i, 1, 0, 0, true, false, 0.01, 1, 1, 'I' || i, 'USD'
       FROM generate_series(1, ${POSITIONS}) i`,
  "INSERT INTO daybook.accounts VALUES (0, 0, now(), 0, 1, 0, 0, 0, true, 'bench', '', 'USD')",
  `INSERT INTO daybook.positions (quantity, bought, sold, bought_value, sold_value, fees, sequence,
     updated_ns, updated_at, account, instrument, shard, cost, realized)
   SELECT (CASE i % 3 WHEN 0 THEN -1 ELSE 1 END) * i, 1, 1, 0, 0, 0, 0, 0, now(), 1, i, 0, i * 10000, 0
     FROM generate_series(1, ${POSITIONS}) i`,
  `INSERT INTO market.instruments (tick, lot, symbol)
     SELECT 0.01, 1, 'I' || i FROM generate_series(1, ${POSITIONS}) i`,
  `INSERT INTO market.bars (time, open, high, low, close, volume, trades, first_ns, first_sequence,
     last_ns, last_sequence, instrument, seconds, turnover, imported)
   SELECT TIMESTAMPTZ '2026-11-16 00:00:00Z' - d * INTERVAL '1 day', c, c, c, c, 1, 0, 0, 0, 0, 0,
          i, 86400, 0, true
     FROM generate_series(1, ${POSITIONS}) i, generate_series(1, ${DAYS}) d,
          LATERAL (SELECT 10000 + (hashint4(i * 1000 + d) % 500) AS c) price`,
  "INSERT INTO market.days SELECT 1, (TIMESTAMPTZ '2026-11-16 00:00:00Z')::date - d FROM generate_series(1, 501) d",
];

async function move(client: pg.Client, round: number): Promise<void> {
  await client.query(
    `INSERT INTO daybook.marks (sequence, updated_ns, updated_at, price, source, instrument, shard)
     SELECT 0, 0, now(), 10000 + (i * $1) % 97, 0, i, 0 FROM generate_series(1, ${POSITIONS}) i
     ON CONFLICT (shard, instrument) DO UPDATE SET price = excluded.price`,
    [round],
  );
  for (const model of ['positions', 'reference']) {
    await client.query(
      `INSERT INTO daybook.projection_checkpoints
         (model, shard, build, version, next_sequence, event_time_ns)
       VALUES ($1, 0, 'live', 1, $2, ${TIME_NS})
       ON CONFLICT (model, shard, build) DO UPDATE SET next_sequence = $2`,
      [model, round],
    );
  }
}

export function serviceFigures(seconds: number): Promise<Figure[]> {
  return withEmbeddedDatabase(async (settings) => {
    const client = await connect(settings, 'daybook bench');
    const engine = new ValueAtRiskEngine({
      ...{ client, shard: 0 },
      settings: { ...SETTINGS_DEFAULT, monteCarloEveryMs: 86_400_000, windowEveryMs: 86_400_000 },
    });
    for (const statement of FILL) await client.query(statement);
    const times: number[] = [];
    const started = performance.now();
    for (let round = 1; times.length < 5 || performance.now() - started < seconds * 1000; round++) {
      await move(client, round);
      const before = performance.now();
      await engine.cycle(before);
      times.push(performance.now() - before);
    }
    await client.end();
    const unit = { unit: 'ms', ack: 'none' } as const;
    // The first builds the window of returns and has Monte Carlo; the others are of every second.
    const [first = Number.NaN, ...others] = times;
    others.sort((a, b) => a - b);
    return [
      { name: 'var_service_first_ms', value: first, ...unit },
      { name: 'var_service_cycle_ms', value: others[others.length >> 1] as number, ...unit },
    ];
  });
}
