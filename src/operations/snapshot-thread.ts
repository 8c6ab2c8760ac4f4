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

const recovered = recoverState(
  data.directory,
  data.shard,
  end,
  () => new ShardState(data.capacity, 1),
);
const { state } = recovered;
let last = recovered.anchor;
const reader = new JournalReader(data.directory, { from: state.nextSequence, end });
// The log may have grown by a snapshot's worth before this thread had its turn, and then rest.
takeIfDue(recovered.time, recovered.chain);
while (Atomics.load(stop, 0) === 0) {
  const batch = reader.readBlocking(WAIT_MS_MAX);
  if (batch === undefined) continue;
  evolveBatch(state, batch);
  takeIfDue(lastTime(batch), reader.chain);
}
reader.close();

/** @param time of the last event, with the chain value after it */
function takeIfDue(time: bigint, chain: Uint8Array | undefined): void {
  if (state.nextSequence - 1 - last < data.everyEvents) return;
  const taken = takeSnapshot(state, time, data.directory, nodeFileSystem, chain);
  last = taken.anchor;
  say({ kind: 'taken', ...taken });
}
