/** Boxes as processes: an EventStoreDB that can be killed, a trading daybook, what their logs and tables hold. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startDatabase } from '../../src/cli/read-side.js';
import { evolveBatch } from '../../src/commands/recovery.js';
import { DEFAULT_CAPACITY } from '../../src/commands/state/capacity.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { nodeFileSystem } from '../../src/log/file-system.js';
import { FileDurableEnd } from '../../src/log/journal/durable-mark.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { journalDirectory } from '../../src/operations/shard.js';
import { order, request } from '../api/running-api.js';
import { hashTables } from '../projections/test-database.js';

export interface StoreProcess {
  readonly port: number;
  readonly url: string;
  kill(): Promise<void>;
}

/** The store in `file`, in a process of its own. @param port 0: any free one */
export async function startStore(file: string, port = 0): Promise<StoreProcess> {
  const script = fileURLToPath(new URL('server-process.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, file, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const bound = Number(text.toString());
  return {
    port: bound,
    url: `esdb://127.0.0.1:${bound}?tls=false`,
    kill: () => killed(child),
  };
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

let orders = 0;

/** Enters orders of accounts that trade with each other; every fifth is canceled when it rests. */
export async function trade(url: string, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    orders += 1;
    const side = orders % 2 === 0 ? 'Buy' : 'Sell';
    const account = ['alpha', 'beta', 'gamma'][orders % 3] as string;
    const more = { side, account, quantity: String(1 + (orders % 4)) };
    const made = await request(`${url}/v1/orders`, 'POST', order(`box-${orders}`, more));
    if (made.status !== 201 && made.status !== 422) {
      throw new Error(`an order was answered with ${made.status} ${JSON.stringify(made.body)}`);
    }
    if (made.status === 201 && orders % 5 === 0) {
      await request(`${url}/v1/orders/${made.body.orderId}`, 'DELETE', undefined);
    }
  }
}

/** A figure of /metrics. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? Number.NaN : Number(line.split(' ')[1]);
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await turn();
}

/** Waits until the venue is silent, the store has everything and the tables show it. */
export async function settled(url: string): Promise<number> {
  let last = -1;
  await until(async () => {
    const durable = await metric(url, 'daybook_durable_sequence');
    const stored = await metric(url, 'daybook_eventstoredb_stored_sequence');
    const projected = await metric(url, 'daybook_projected_sequence');
    const silent = durable === last && stored === durable && projected === durable;
    last = durable;
    return silent;
  });
  return last;
}

/** Every record of a journal, and the hash of the state they make. */
export function readJournal(dataDirectory: string): { records: Buffer; hash: string } {
  const directory = journalDirectory(dataDirectory);
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const reader = new JournalReader(directory, { from: 0, end });
  const state = new ShardState(DEFAULT_CAPACITY, 3);
  const pieces: Buffer[] = [];
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    evolveBatch(state, batch);
    pieces.push(Buffer.from(batch.bytes.subarray(0, batch.length)));
  }
  reader.close();
  end.close();
  return { records: Buffer.concat(pieces), hash: stateHash(state) };
}

/** One hash per table of the embedded database, running or not. */
export async function readTables(dataDirectory: string): Promise<Record<string, string>> {
  const database = await startDatabase(dataDirectory, undefined);
  try {
    return await hashTables(database.settings);
  } finally {
    await database.stop();
  }
}
