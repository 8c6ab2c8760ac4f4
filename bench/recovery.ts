/**
 * Restart: a log of orders, acknowledgements, fills and cancels is written first, 50,000 orders for
 * each second asked for (at most 6 M; `--seconds 110` are 30 million events), then evolved from the journal alone, verified, stored as a
 * snapshot, and recovered from the snapshot and a tail of 5 % of the log. Then single orders are asked for.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evolveBatch, lastTime } from '../src/commands/recovery.js';
import { type Capacity, DEFAULT_CAPACITY } from '../src/commands/state/capacity.js';
import type { ShardState } from '../src/commands/state/shard-state.js';
import { assert } from '../src/lib/assert.js';
import { nodeFileSystem } from '../src/log/file-system.js';
import { FileDurableEnd } from '../src/log/journal/durable-mark.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import { verifyJournal } from '../src/log/journal/verify-journal.js';
import { newState } from '../src/operations/new-state.js';
import { recoverState, takeSnapshot } from '../src/operations/snapshots.js';
import type { Figure } from './figure.js';
import { measureOrderAsOf } from './order-as-of.js';
import { OrderLog, START } from './order-log.js';

const ORDERS_A_SECOND = 50_000;
const ORDERS_MAX = 6_000_000;
/** Of a box for such a day, which keeps each order until the day is purged. */
const CAPACITY: Capacity = { ...DEFAULT_CAPACITY, orders: ORDERS_MAX, clientIds: 2 * ORDERS_MAX };

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const root = mkdtempSync(join(tmpdir(), 'daybook-bench-recovery-'));
  try {
    const orders = Math.min(ORDERS_MAX, Math.ceil(options.seconds * ORDERS_A_SECOND));
    return await measure(join(root, 'journal'), orders);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const fresh = () => newState(CAPACITY, 1);
const since = (started: number) => (performance.now() - started) / 1000;

async function measure(directory: string, orders: number): Promise<Figure[]> {
  const flow = new OrderLog(directory, CAPACITY);
  flow.enter(Math.floor(orders * 0.95));
  const taken = takeSnapshot(flow.state, START, directory);
  flow.enter(orders - Math.floor(orders * 0.95));
  const events = flow.state.nextSequence;
  flow.close();

  const end = new FileDurableEnd(nodeFileSystem, directory);
  let started = performance.now();
  const whole = replay(directory, end);
  const replaySeconds = since(started);
  assert(whole.nextSequence === events, 'a replay sees the whole log');

  started = performance.now();
  const verification = verifyJournal(directory);
  let step = await verification.next();
  while (step.done !== true) step = await verification.next();
  const verifySeconds = since(started);
  assert(step.value.findings === 0, 'the log is whole');

  started = performance.now();
  const recovered = recoverState(directory, 0, end, fresh);
  const restartSeconds = since(started);
  assert(recovered.anchor === taken.anchor, 'the snapshot was used');
  const orderAsOf = measureOrderAsOf(directory, end, orders);
  end.close();
  const none = { ack: 'none' } as const;
  return [
    { name: 'events', value: events, unit: 'count', ...none },
    {
      name: 'replay_events_per_second',
      value: Math.round(events / replaySeconds),
      unit: '1/s',
      ...none,
    },
    {
      name: 'verify_bytes_per_second',
      value: Math.round(step.value.bytes / verifySeconds),
      unit: 'B/s',
      ...none,
    },
    { name: 'snapshot_bytes', value: taken.bytes, unit: 'B', ...none },
    { name: 'snapshot_write_seconds', value: round(taken.seconds), unit: 's', ...none },
    { name: 'snapshot_restart_seconds', value: round(restartSeconds), unit: 's', ...none },
    ...orderAsOf,
  ];
}

const round = (seconds: number) => Math.round(seconds * 1000) / 1000;

function replay(directory: string, end: FileDurableEnd): ShardState {
  const state = fresh();
  const reader = new JournalReader(directory, { from: 0, end });
  let time = 0n;
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    evolveBatch(state, batch);
    time = lastTime(batch);
  }
  reader.close();
  assert(time >= START, 'time goes on');
  return state;
}
