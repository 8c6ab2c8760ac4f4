import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evolveBatch } from '../../src/commands/recovery.js';
import { capacityForReplay } from '../../src/commands/state/capacity.js';
import { orderStatus } from '../../src/commands/state/order-status.js';
import { ROW } from '../../src/commands/state/position-table.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { POSITION } from '../../src/domain/position.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FileDurableEnd } from '../../src/log/journal/durable-mark.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { connect } from '../../src/projections/database/connection-settings.js';
import {
  type EmbeddedServer,
  startEmbeddedServer,
} from '../../src/projections/database/embedded-server.js';

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

function replay(journal: string): ShardState {
  const end = new FileDurableEnd(nodeFileSystem, journal);
  const durable = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(durable);
  const replayed = new ShardState(capacityForReplay(durable.nextSequence), 1);
  const reader = new JournalReader(journal, { from: 0, end });
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    evolveBatch(replayed, batch);
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

test('every event has its row, once, and none was set aside', async () => {
  const [counts] = await query(`SELECT
    (SELECT min(next_sequence)::int FROM daybook.projection_checkpoints) AS least,
    (SELECT max(next_sequence)::int FROM daybook.projection_checkpoints) AS most,
    (SELECT count(*)::int FROM daybook.projection_dead_letters) AS letters,
    (SELECT count(*) - count(DISTINCT sequence) FROM daybook.order_events)::int AS repeated`);
  const { nextSequence } = state;
  expect(counts).toEqual({ least: nextSequence, most: nextSequence, letters: 0, repeated: 0 });
});
