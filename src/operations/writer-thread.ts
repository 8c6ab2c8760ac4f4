/**
 * The thread of a shard's writer: recover, take the shard over, then run to completion for ever:
 * drain, decide, sync, publish. It sleeps on the doorbell when there is nothing to do.
 */
import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { stateHash } from '../commands/state-hash.js';
import { Writer } from '../commands/writer.js';
import { catalogueFingerprint } from '../domain/catalogue-fingerprint.js';
import { encodeCommand } from '../domain/command-codec.js';
import { COMMAND_SLOT_BYTES } from '../domain/commands.js';
import { RecordBuffer } from '../domain/event-record.js';
import { TurnLatency } from '../gateways/order-entry/turn-latency.js';
import { assert } from '../lib/assert.js';
import { inlineMore } from '../lib/compiler-budget.js';
import { Doorbell } from '../lib/doorbell.js';
import { findNativeAddon } from '../lib/native-addon.js';
import { SpscRing } from '../lib/ring.js';
import { runPromptly } from '../lib/thread-scheduling.js';
import { Clock, nativeTime } from '../lib/time.js';
import { JournalWriter } from '../log/journal/journal-writer.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import { NativeCommitThread } from '../log/native-commit-thread.js';
import { nativeFileSystem } from '../log/native-file-system.js';
import { FastPath } from './fast-path.js';
import { FLAGS } from './fast-path-messages.js';
import { useHugePages } from './huge-pages.js';
import { newState } from './new-state.js';
import type { WriterThreadData, WriterThreadMessage } from './shard-options.js';
import { recoverState } from './snapshots.js';

/** Longest sleep without looking at the stop flag, ms. */
const SLEEP_MS_MAX = 1000;

const data = workerData as WriterThreadData;
assert(parentPort !== null, 'the writer runs in a thread of its own');
const port = parentPort;
const say = (message: WriterThreadMessage) => port.postMessage(message);

runPromptly();
if (data.fastPath !== undefined) inlineMore();
const started = performance.now();
const native = findNativeAddon();
const latency = new TurnLatency();
const doorbell = Doorbell.attach(data.doorbell);
const fileSystem =
  native.addon === undefined ? undefined : nativeFileSystem(native.addon, () => latency.written());
native.addon?.nameThread('writer');
// Everything leaves the writer's processor to it; the writer itself is pinned there later.
if (data.fastPath?.cpu !== undefined) native.addon?.avoidCpu(data.fastPath.cpu);
const thread =
  native.addon === undefined || data.fastPath === undefined
    ? undefined
    : new NativeCommitThread(native.addon, doorbell.shared);
const journal = JournalWriter.open(data.directory, {
  shard: data.shard,
  catalogue: catalogueFingerprint(),
  durableEnd: new SharedDurableEnd(data.durableEnd),
  ...(fileSystem === undefined ? {} : { fileSystem }),
  ...(native.addon === undefined ? {} : { seal: native.addon.sealCommit }),
  ...(thread === undefined ? {} : { thread }),
  ...(data.segmentBytesMax === undefined ? {} : { segmentBytesMax: data.segmentBytesMax }),
});
const clock = new Clock(native.addon && nativeTime(native.addon));
// The newest good snapshot, then the tail; nothing is decided and no side effect happens.
const recovered = recoverState(data.directory, data.shard, journal.durableEnd, () =>
  newState(data.capacity, randomInt(2 ** 31)),
);
const { state } = recovered;
clock.notBefore(recovered.time);

const rings = data.rings.map((ring) => SpscRing.attach(ring));
if (data.fastPath !== undefined && native.addon !== undefined) {
  useHugePages(native.addon, [state, ...rings], data.fastPath.spin);
}
const flags = new Int32Array(data.flags);
const { addon } = native;
const fastPath =
  data.fastPath === undefined || addon === undefined
    ? undefined
    : new FastPath({
        ...{ addon, options: data.fastPath, journal, latency, doorbell, rings, flags, port },
      });
const writer = new Writer(state, fastPath ?? journal, clock, rings);
const recoveredEvents = state.nextSequence;
takeOver();
say({
  kind: 'ready',
  epoch: state.epoch,
  recoveredEvents,
  recoverySeconds: (performance.now() - started) / 1000,
  snapshotAnchor: recovered.anchor,
  snapshotsPassedOver: recovered.passedOver,
  fastPath: fastPath !== undefined,
  torn: journal.torn && JSON.stringify(journal.torn),
});

const stopped = () => Atomics.load(flags, FLAGS.stop) !== 0;
if (fastPath === undefined) {
  latency.close();
  const hasWork = () => stopped() || rings.some((ring) => ring.available() > 0);
  while (!stopped()) if (!writer.run()) doorbell.sleep(hasWork, SLEEP_MS_MAX);
} else await fastPath.run(writer);
while (writer.run());
journal.close();
say({ kind: 'stopped', stateHash: stateHash(state), nextSequence: state.nextSequence });

/** The first event of a writer: its epoch fences whoever wrote before. */
function takeOver(): void {
  const command = new RecordBuffer(COMMAND_SLOT_BYTES);
  clock.tick();
  const header = { received: clock.ns(), command: 0, actor: 0, session: 0 };
  const { shard, shards, software } = data;
  encodeCommand('StartWriter', header, { epoch: 0, shard, shards, software }, command.bytes);
  writer.runOne(command, 0);
}
