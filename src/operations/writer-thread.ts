/**
 * The thread of a shard's writer: recover, take the shard over, then run to completion for ever:
 * drain, decide, sync, publish. It sleeps on the doorbell when there is nothing to do.
 */
import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { ShardState } from '../commands/state/shard-state.js';
import { stateHash } from '../commands/state-hash.js';
import { Writer } from '../commands/writer.js';
import { catalogueFingerprint } from '../domain/catalogue-fingerprint.js';
import { encodeCommand } from '../domain/command-codec.js';
import { COMMAND_SLOT_BYTES } from '../domain/commands.js';
import { RecordBuffer } from '../domain/event-record.js';
import { assert } from '../lib/assert.js';
import { Doorbell } from '../lib/doorbell.js';
import { SpscRing } from '../lib/ring.js';
import { Clock } from '../lib/time.js';
import { JournalWriter } from '../log/journal/journal-writer.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import type { WriterThreadData, WriterThreadMessage } from './shard-options.js';
import { recoverState } from './snapshots.js';

/** Longest sleep without looking at the stop flag, ms. */
const SLEEP_MS_MAX = 1000;

const data = workerData as WriterThreadData;
assert(parentPort !== null, 'the writer runs in a thread of its own');
const port = parentPort;
const say = (message: WriterThreadMessage) => port.postMessage(message);

const started = performance.now();
const journal = JournalWriter.open(data.directory, {
  shard: data.shard,
  catalogue: catalogueFingerprint(),
  durableEnd: new SharedDurableEnd(data.durableEnd),
  ...(data.segmentBytesMax === undefined ? {} : { segmentBytesMax: data.segmentBytesMax }),
});
const clock = new Clock();
const now = () => {
  clock.tick();
  return clock.ns();
};
// The newest good snapshot, then the tail; nothing is decided and no side effect happens.
const recovered = recoverState(
  data.directory,
  data.shard,
  journal.durableEnd,
  () => new ShardState(data.capacity, randomInt(2 ** 31)),
);
const { state } = recovered;
clock.notBefore(recovered.time);

const rings = data.rings.map((ring) => SpscRing.attach(ring));
const doorbell = Doorbell.attach(data.doorbell);
const stop = new Int32Array(data.stop);
const writer = new Writer(state, journal, now, rings);
const recoveredEvents = state.nextSequence;
takeOver();
say({
  kind: 'ready',
  epoch: state.epoch,
  recoveredEvents,
  recoverySeconds: (performance.now() - started) / 1000,
  snapshotAnchor: recovered.anchor,
  snapshotsPassedOver: recovered.passedOver,
  torn: journal.torn && JSON.stringify(journal.torn),
});

const hasWork = () => Atomics.load(stop, 0) !== 0 || rings.some((ring) => ring.available() > 0);
while (Atomics.load(stop, 0) === 0) {
  if (!writer.run()) doorbell.sleep(hasWork, SLEEP_MS_MAX);
}
while (writer.run());
journal.close();
say({ kind: 'stopped', stateHash: stateHash(state), nextSequence: state.nextSequence });

/** The first event of a writer: its epoch fences whoever wrote before. */
function takeOver(): void {
  const command = new RecordBuffer(COMMAND_SLOT_BYTES);
  const header = { received: now(), command: 0, actor: 0, session: 0 };
  const { shard, shards, software } = data;
  encodeCommand('StartWriter', header, { epoch: 0, shard, shards, software }, command.bytes);
  writer.runOne(command, 0);
}
