/**
 * Restart: a log of orders, acknowledgements, fills and cancels is written first, 50,000 orders for
 * each second asked for (at most 6 M; `--seconds 110` are 30 million events), then evolved from the journal alone, verified, stored as a
 * snapshot, and recovered from the snapshot and a tail of 5 % of the log. Then single orders are asked for.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decide } from '../src/commands/decide/decide.js';
import { Emitter } from '../src/commands/emitter.js';
import { evolveBatch, lastTime } from '../src/commands/recovery.js';
import { type Capacity, DEFAULT_CAPACITY } from '../src/commands/state/capacity.js';
import type { ShardState } from '../src/commands/state/shard-state.js';
import { BATCH_BYTES_MAX } from '../src/commands/writer.js';
import { catalogueFingerprint } from '../src/domain/catalogue-fingerprint.js';
import { encodeCommand } from '../src/domain/command-codec.js';
import { COMMAND_SLOT_BYTES, type CommandData, type CommandName } from '../src/domain/commands.js';
import { RecordBuffer } from '../src/domain/event-record.js';
import { assert } from '../src/lib/assert.js';
import { nodeFileSystem } from '../src/log/file-system.js';
import { FileDurableEnd } from '../src/log/journal/durable-mark.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import { JournalWriter } from '../src/log/journal/journal-writer.js';
import { verifyJournal } from '../src/log/journal/verify-journal.js';
import { newState } from '../src/operations/new-state.js';
import { recoverState, takeSnapshot } from '../src/operations/snapshots.js';
import type { Figure } from './figure.js';
import { measureOrderAsOf } from './order-as-of.js';

const ORDERS_A_SECOND = 50_000;
const ORDERS_MAX = 6_000_000;
/** Of a box for such a day, which keeps each order until the day is purged. */
const CAPACITY: Capacity = { ...DEFAULT_CAPACITY, orders: ORDERS_MAX, clientIds: 2 * ORDERS_MAX };
const ACCOUNTS = 100;
const START = 1_790_000_000_000_000_000n;

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
  const flow = new Flow(directory);
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

/** Orders of 100 accounts; each is acknowledged, half of them trade, half are canceled. */
class Flow {
  readonly state = fresh();
  readonly #batch = new RecordBuffer(BATCH_BYTES_MAX);
  readonly #emitter = new Emitter(this.state, this.#batch);
  readonly #slot = new RecordBuffer(COMMAND_SLOT_BYTES);
  readonly #journal: JournalWriter;
  #commands = 0;
  #orders = 0;

  constructor(directory: string) {
    this.#journal = JournalWriter.open(directory, { shard: 0, catalogue: catalogueFingerprint() });
    this.#send('StartWriter', { shard: 0, shards: 1, software: 'bench' });
    const terms = { tickMantissa: 1, tickScale: 2, lotMantissa: 1, multiplierMantissa: 1 };
    this.#send('ListInstrument', { symbol: 'S', currency: 'USD', open: 1, venue: 1, ...terms });
    this.#send('MarkPrice', { instrument: 1, price: 10_000 });
    for (let i = 1; i <= ACCOUNTS; i += 1) {
      this.#send('OpenAccount', { name: `A${i}`, currency: 'USD', open: 1 });
    }
  }

  enter(orders: number): void {
    for (let i = 0; i < orders; i += 1) this.#order();
    this.#commit();
  }

  close(): void {
    this.#journal.close();
  }

  #order(): void {
    this.#orders += 1;
    const n = this.#orders;
    const account = 1 + (n % ACCOUNTS);
    const orderId = this.state.orders.nextId();
    this.#send('NewOrder', {
      ...{ account, instrument: 1, clOrdId: `C${n}`, quantity: 10, price: 10_000 + (n % 7) },
      ...{ side: account % 2 === 0 ? 'Buy' : 'Sell', ordType: 'Limit', timeInForce: 'Day' },
    });
    this.#send('VenueReport', { orderId, report: 'Acknowledged', venueOrderId: `V${n}`, venue: 1 });
    if (n % 2 === 0) {
      const fill = { lastQuantity: 10, lastPrice: 10_000, execId: `E${n}`, venue: 1 };
      this.#send('VenueReport', { orderId, report: 'Filled', ...fill });
      return;
    }
    const clOrdId = `X${n}`;
    this.#send('CancelOrder', { account, orderId, clOrdId });
    this.#send('VenueReport', { orderId, report: 'Canceled', clOrdId, venue: 1 });
  }

  #send<N extends CommandName>(name: N, data: CommandData<N>): void {
    if (!this.#emitter.room) this.#commit();
    this.#commands += 1;
    const received = START + BigInt(this.#commands) * 1000n;
    const header = { received, command: this.#commands, actor: 1, session: 1 };
    encodeCommand(name, header, data, this.#slot.bytes);
    this.#emitter.setTime(received);
    decide(this.#emitter, this.#slot, 0);
  }

  #commit(): void {
    if (this.#batch.length === 0) return;
    this.#journal.append(this.#batch);
    this.#batch.clear();
  }
}
