/**
 * The thread that takes a shard's snapshots: a reader of the log that evolves a state of its own, so
 * that the writer never stops for one. It costs the memory of a second state.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { evolveBatch, lastTime } from '../commands/recovery.js';
import { ShardState } from '../commands/state/shard-state.js';
import { assert } from '../lib/assert.js';
import { runInBackground } from '../lib/thread-scheduling.js';
import { nodeFileSystem } from '../log/file-system.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import type { SnapshotThreadData, SnapshotThreadMessage } from './snapshot-service.js';
import { recoverState, takeSnapshot } from './snapshots.js';

/** Longest wait without looking at the stop flag, ms. */
const WAIT_MS_MAX = 200;

const data = workerData as SnapshotThreadData;
assert(parentPort !== null, 'snapshots are taken in a thread of their own');
const port = parentPort;
runInBackground();
const say = (message: SnapshotThreadMessage) => port.postMessage(message);
const end = new SharedDurableEnd(data.durableEnd);
const stop = new Int32Array(data.stop);

const { state, anchor } = recoverState(
  data.directory,
  data.shard,
  end,
  () => new ShardState(data.capacity, 1),
);
let last = anchor;
const reader = new JournalReader(data.directory, { from: state.nextSequence, end });
while (Atomics.load(stop, 0) === 0) {
  const batch = reader.readBlocking(WAIT_MS_MAX);
  if (batch === undefined) continue;
  evolveBatch(state, batch);
  if (state.nextSequence - 1 - last < data.everyEvents) continue;
  const taken = takeSnapshot(state, lastTime(batch), data.directory, nodeFileSystem, reader.chain);
  last = taken.anchor;
  say({ kind: 'taken', ...taken });
}
reader.close();
