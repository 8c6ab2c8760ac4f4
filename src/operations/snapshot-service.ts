/** Takes snapshots of a running shard every so many events and puts each on record. */
import { Worker } from 'node:worker_threads';
import type { CommandPort } from '../commands/command-port.js';
import type { Capacity } from '../commands/state/capacity.js';
import { assert } from '../lib/assert.js';
import { workerUrl } from '../lib/worker-url.js';
import type { RunningShard } from './shard.js';
import type { TakenSnapshot } from './snapshots.js';

/** Events between two snapshots unless said otherwise: a tail of a fraction of a second. */
export const SNAPSHOT_EVERY_EVENTS = 1_000_000;

export interface SnapshotThreadData {
  readonly directory: string;
  readonly shard: number;
  readonly capacity: Capacity;
  readonly durableEnd: SharedArrayBuffer;
  readonly everyEvents: number;
  /** Int32: 1 asks the thread to stop. */
  readonly stop: SharedArrayBuffer;
}

export type SnapshotThreadMessage = { readonly kind: 'taken' } & TakenSnapshot;

export interface RunningSnapshots {
  /** The newest snapshot taken since the start. */
  readonly last: TakenSnapshot | undefined;
  /** Ends once a snapshot under way is whole. */
  stop(): Promise<void>;
  /** Rejects when taking fails: the shard goes on, recovery takes longer. */
  readonly failed: Promise<never>;
}

/** @param port a port of its own: each snapshot is put on record as SnapshotTaken */
export function startSnapshots(
  shard: RunningShard,
  port: CommandPort,
  everyEvents = SNAPSHOT_EVERY_EVENTS,
): RunningSnapshots {
  const stopFlag = new SharedArrayBuffer(4);
  const { directory, capacity, durableEnd } = shard;
  const data: SnapshotThreadData = {
    ...{ directory, capacity, everyEvents, shard: 0, stop: stopFlag },
    durableEnd: durableEnd.memory,
  };
  const worker = new Worker(workerUrl(import.meta.url, './snapshot-thread.js'), {
    workerData: data,
  });
  let last: TakenSnapshot | undefined;
  worker.on('message', (message: SnapshotThreadMessage) => {
    last = message;
    const { anchor, bytes, stateHash, contentHash } = message;
    const header = { received: 0n, actor: 0, session: 0 };
    const data = { anchor, bytes, stateHash, contentHash };
    assert(port.submit('RecordSnapshot', header, data) >= 0, 'a ring holds more than one snapshot');
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  failed.catch(() => undefined);
  return {
    get last() {
      return last;
    },
    failed,
    stop: async () => {
      Atomics.store(new Int32Array(stopFlag), 0, 1);
      await exited;
    },
  };
}
