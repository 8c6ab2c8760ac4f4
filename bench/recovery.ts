/**
 * Restart: a log of orders, acknowledgements, fills and cancels is written first, 50,000 orders for
 * each second asked for (at most 6 M; `--seconds 110` are 30 million events), then evolved from the journal alone, verified, stored as a
 * snapshot, and recovered from the snapshot and a tail of 5 % of the log. Then single orders are asked for.
 * Each phase has a thread of its own and begins when the one before has ended, as a process that is started again.
 * Before it a thread touches and frees as much memory as a state needs, `fresh_memory_bytes_per_second`: a virtual
 * machine may have given what is free back to its host, and gets it again page by page, hundreds of times more slowly than
 * a processor clears it. A restart in such memory takes longer by a state's 1 to 2 GB at that rate.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { assert } from '../src/lib/assert.js';
import { workerUrl } from '../src/lib/worker-url.js';
import { nodeFileSystem } from '../src/log/file-system.js';
import { FileDurableEnd } from '../src/log/journal/durable-mark.js';
import { verifyJournal } from '../src/log/journal/verify-journal.js';
import type { Figure } from './figure.js';
import { measureOrderAsOf } from './order-as-of.js';
import { FRESH_BYTES, ORDERS_MAX, type PhaseData, type PhaseResult } from './recovery-phase.js';

const ORDERS_A_SECOND = 50_000;
export async function run(options: { seconds: number }): Promise<Figure[]> {
  const root = mkdtempSync(join(tmpdir(), 'daybook-bench-recovery-'));
  try {
    const orders = Math.min(ORDERS_MAX, Math.ceil(options.seconds * ORDERS_A_SECOND));
    return await measure(join(root, 'journal'), orders);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const since = (started: number) => (performance.now() - started) / 1000;

/** Runs a phase to its end; its memory is free then. */
async function runPhase(data: PhaseData): Promise<PhaseResult> {
  const url = workerUrl(import.meta.url, './recovery-phase.js');
  const worker = new Worker(url, { workerData: data });
  let result: PhaseResult | undefined;
  worker.on('message', (message: PhaseResult) => {
    result = message;
  });
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  assert(result !== undefined, `${data.phase} has a result`);
  return result;
}

async function measure(directory: string, orders: number): Promise<Figure[]> {
  const { events, taken } = await runPhase({ phase: 'write', directory, orders });
  assert(taken !== undefined, 'a snapshot was taken');
  const fresh = await runPhase({ phase: 'memory', directory, orders });
  const whole = await runPhase({ phase: 'replay', directory, orders });
  assert(whole.events === events, 'a replay sees the whole log');
  await runPhase({ phase: 'memory', directory, orders });
  const recovered = await runPhase({ phase: 'restart', directory, orders });
  assert(recovered.anchor === taken.anchor, 'the snapshot was used');
  assert(recovered.events === events, 'a restart sees the whole log');

  const started = performance.now();
  const verification = verifyJournal(directory);
  let step = await verification.next();
  while (step.done !== true) step = await verification.next();
  const verifySeconds = since(started);
  assert(step.value.findings === 0, 'the log is whole');

  const end = new FileDurableEnd(nodeFileSystem, directory);
  const orderAsOf = measureOrderAsOf(directory, end, orders);
  end.close();
  const rate = (value: number, unit: string) =>
    ({ value: Math.round(value), unit, ack: 'none' }) as const;
  const seconds = (value: number) =>
    ({ value: Math.round(value * 1000) / 1000, unit: 's', ack: 'none' }) as const;
  return [
    { name: 'events', ...rate(events, 'count') },
    { name: 'replay_events_per_second', ...rate(events / whole.seconds, '1/s') },
    { name: 'verify_bytes_per_second', ...rate(step.value.bytes / verifySeconds, 'B/s') },
    { name: 'snapshot_bytes', ...rate(taken.bytes, 'B') },
    { name: 'snapshot_write_seconds', ...seconds(taken.seconds) },
    { name: 'snapshot_restart_seconds', ...seconds(recovered.seconds) },
    { name: 'fresh_memory_bytes_per_second', ...rate(FRESH_BYTES / fresh.seconds, 'B/s') },
    ...orderAsOf,
  ];
}
