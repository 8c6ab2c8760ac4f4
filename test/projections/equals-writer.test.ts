import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evolve } from '../../src/commands/evolve/evolve.js';
import { evolveBatch } from '../../src/commands/recovery.js';
import { capacityForReplay } from '../../src/commands/state/capacity.js';
import { orderStatus } from '../../src/commands/state/order-status.js';
import { ROW } from '../../src/commands/state/position-table.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { HEADER } from '../../src/domain/event-record.js';
import { amountParts, POSITION, unrealizedParts } from '../../src/domain/position.js';
import { parseDecimal, rescaleDecimal } from '../../src/lib/decimal.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FileDurableEnd } from '../../src/log/journal/durable-mark.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { connect } from '../../src/projections/database/connection-settings.js';
import { createDataSource } from '../../src/projections/database/data-source.js';
import {
  type EmbeddedServer,
  startEmbeddedServer,
} from '../../src/projections/database/embedded-server.js';
import { ReadSide } from '../../src/projections/queries/read-side.js';

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

let directory: string;
let server: EmbeddedServer;
let state: ShardState;

/** The demo's own flow through the whole of Daybook; then its log alone, and its tables alone. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'daybook-equal-'));
  const demo = spawnSync(process.execPath, [main, 'demo', '--json', '--data-dir', directory], {
    encoding: 'utf8',
  });
  expect(demo.status, demo.stderr).toBe(0);
  state = replay(join(directory, 'journal', 'shard-0'));
  server = await startEmbeddedServer(join(directory, 'postgres'));
}, 120_000);

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** @param at called after each event, with its sequence */
function replay(journal: string, at?: (state: ShardState, sequence: number) => void): ShardState {
  const end = new FileDurableEnd(nodeFileSystem, journal);
  const durable = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(durable);
  const replayed = new ShardState(capacityForReplay(durable.nextSequence), 1);
  const reader = new JournalReader(journal, { from: 0, end });
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    if (at === undefined) {
      evolveBatch(replayed, batch);
      continue;
    }
    for (let offset = 0; offset < batch.length; ) {
      evolve(replayed, batch, offset);
      at(replayed, batch.f64[(offset + HEADER.sequence) >> 3] as number);
      offset += batch.u16[(offset + HEADER.length) >> 1] as number;
    }
  }
  reader.close();
  end.close();
  return replayed;
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = await connect(server.settings, 'test');
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('every order in the table is as in the memory of the writer', async () => {
  const { orders } = state;
  const rows = await query('SELECT * FROM daybook.orders');
  expect(rows).toHaveLength(orders.count);
  expect(rows.length).toBeGreaterThan(10_000);
  for (const found of rows) {
    const row = orders.rowOf(Number(found.order_id));
    const memory = {
      ...{ quantity: orders.quantity[row], cum_quantity: orders.cumQuantity[row] },
      ...{ leaves_quantity: orders.leavesQuantity[row], cum_value: orders.cumValue[row] },
      ...{ price: orders.price[row], stop_price: orders.stopPrice[row] },
      ...{ account: orders.account[row], instrument: orders.instrument[row] },
      ...{ side: orders.side[row], ord_type: orders.ordType[row], venue: orders.venue[row] },
      ...{ status: orderStatus(orders, row), display_quantity: orders.displayQuantity[row] },
    };
    const table = Object.keys(memory).map((column) => [column, Number(found[column])]);
    expect(Object.fromEntries(table), `order ${found.order_id}`).toEqual(memory);
  }
});

test('every position in the table is as in the memory of the writer, to the last digit', async () => {
  const { positions } = state;
  const rows = await query('SELECT *, cost::text, realized::text FROM daybook.positions');
  expect(rows.length).toBeGreaterThan(5);
  for (const found of rows) {
    const base = positions.find(Number(found.account), Number(found.instrument)) * ROW;
    const at = (place: number): number => positions.rows[base + place] as number;
    const parts = (place: number): bigint => BigInt(at(place)) * 10n ** 9n + BigInt(at(place + 1));
    expect({
      ...{ quantity: found.quantity, bought: found.bought, sold: found.sold, fees: found.fees },
      ...{ bought_value: found.bought_value, sold_value: found.sold_value },
      cost: BigInt((found.cost as string).replace('.', '')),
      realized: BigInt((found.realized as string).replace('.', '')),
    }).toEqual({
      ...{ quantity: String(at(POSITION.quantity)), bought: String(at(POSITION.bought)) },
      ...{ sold: String(at(POSITION.sold)), fees: String(at(POSITION.fees)) },
      bought_value: String(at(POSITION.boughtValue)),
      sold_value: String(at(POSITION.soldValue)),
      ...{ cost: parts(POSITION.cost), realized: parts(POSITION.realized) },
    });
  }
});

/** ESH4: a tick x lot is 12.5 dollars; sums of the tables have ten decimals. */
const DIGITS_PER_PART = 125n;
const digitsOf = (text: string, scale: number): bigint =>
  rescaleDecimal(parseDecimal(text), scale).digits;

test('every position after each execution is as in the memory of the writer at that sequence', async () => {
  const rows = await query(
    'SELECT *, cost::text, realized::text FROM daybook.position_changes ORDER BY sequence',
  );
  expect(rows.length).toBeGreaterThan(1000);
  let next = 0;
  replay(join(directory, 'journal', 'shard-0'), ({ positions, instruments }, sequence) => {
    for (; Number(rows[next]?.sequence) === sequence; next++) {
      const found = rows[next]!;
      const instrument = Number(found.instrument);
      const base = positions.find(Number(found.account), instrument) * ROW;
      const at = (place: number): string => String(positions.rows[base + place]);
      expect({
        ...{ quantity: found.quantity, fees: found.fees },
        cost: digitsOf(found.cost as string, 9),
        realized: digitsOf(found.realized as string, 9),
        mark: found.mark === null ? undefined : Number(found.mark),
      }).toEqual({
        ...{ quantity: at(POSITION.quantity), fees: at(POSITION.fees) },
        cost: amountParts(positions.rows, base + POSITION.cost),
        realized: amountParts(positions.rows, base + POSITION.realized),
        mark: instruments.hasMark[instrument] === 0 ? undefined : instruments.mark[instrument],
      });
    }
  });
  expect(next).toBe(rows.length);
});

test('P&L of the firm and of each account is that of the memory of the writer', async () => {
  const dataSource = await createDataSource(server.settings, []).initialize();
  const readSide = new ReadSide({
    ...{ dataSource, shard: 0, wait: async () => undefined },
    unavailable: (cause) => new Error('unavailable', { cause }),
  });
  const { positions, instruments } = state;
  try {
    const [firm, accounts] = await Promise.all([
      readSide.scopeTotals({ by: 'firm' }),
      readSide.scopeTotals({ by: 'account' }),
    ]);
    expect([firm.asOf, accounts.asOf]).toEqual([state.nextSequence - 1, state.nextSequence - 1]);
    expect(firm.value).toHaveLength(1);
    for (const { id, currencies } of [...firm.value, ...accounts.value]) {
      const sum = { realized: 0n, unrealized: 0n, fees: 0n };
      for (let row = 1; row < positions.count; row++) {
        if (id !== 0 && positions.account[row] !== id) continue;
        const base = row * ROW;
        const mark = instruments.mark[positions.instrument[row] as number] as number;
        sum.realized += amountParts(positions.rows, base + POSITION.realized);
        sum.unrealized += unrealizedParts(positions.rows, base, mark);
        sum.fees += BigInt(positions.rows[base + POSITION.fees] as number);
      }
      expect(currencies).toHaveLength(1);
      const [found] = currencies;
      expect({
        realized: digitsOf(found?.realizedPnl ?? '', 10),
        unrealized: digitsOf(found?.unrealizedPnl ?? '', 10),
        fees: digitsOf(found?.fees ?? '', 6),
      }).toEqual({
        realized: sum.realized * DIGITS_PER_PART,
        unrealized: sum.unrealized * DIGITS_PER_PART,
        fees: sum.fees,
      });
      if (id !== 0) expect(sum).not.toEqual({ realized: 0n, unrealized: 0n, fees: 0n });
    }
  } finally {
    await dataSource.destroy();
  }
});

test('every event has its row, once, and none was set aside', async () => {
  const [counts] = await query(`SELECT
    (SELECT min(next_sequence)::int FROM daybook.projection_checkpoints) AS least,
    (SELECT max(next_sequence)::int FROM daybook.projection_checkpoints) AS most,
    (SELECT count(*)::int FROM daybook.projection_dead_letters) AS letters,
    (SELECT count(*) - count(DISTINCT sequence) FROM daybook.order_events)::int AS repeated`);
  const { nextSequence } = state;
  expect(counts).toEqual({ least: nextSequence, most: nextSequence, letters: 0, repeated: 0 });
});
