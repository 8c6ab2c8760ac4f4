/** Starts the writer of a shard in a thread of its own and hands out the ports to it. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CommandPort } from '../commands/command-port.js';
import { type Capacity, DEFAULT_CAPACITY } from '../commands/state/capacity.js';
import { COMMAND_SLOT_BYTES } from '../domain/commands.js';
import { assert } from '../lib/assert.js';
import { Doorbell } from '../lib/doorbell.js';
import { SpscRing } from '../lib/ring.js';
import { SharedGate } from '../lib/shared-gate.js';
import { workerUrl } from '../lib/worker-url.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import {
  type FastPathMessage,
  type FastPathOptions,
  type FastPathRequest,
  FLAG_WORDS,
  FLAGS,
} from './fast-path-messages.js';
import type { WriterThreadData, WriterThreadMessage } from './shard-options.js';

/** Slots of a producer's ring, 320 bytes each: 5 MiB. */
export const RING_SLOTS = 16_384;

export interface ShardOptions {
  /** Directory of the shard's journal; made when it is not there. */
  readonly directory: string;
  /** Threads that will submit commands: each gets a ring of its own. */
  readonly producers: readonly string[];
  readonly shard?: number;
  readonly shards?: number;
  /**
   * Slots of each producer's ring, a power of two; default RING_SLOTS. The writer gives slots back
   * when the log has their events, so a producer goes on during a sync only if a ring holds two
   * commits.
   */
  readonly ringSlots?: number;
  readonly capacity?: Capacity;
  readonly segmentBytesMax?: number;
  readonly software?: string;
  /** Shut, new orders and replaces are refused by every port, and cancels pass. */
  readonly orderGate?: SharedGate;
  /** Let the writer's own thread poll the sockets of order entry, where the addon is there. */
  readonly fastPath?: FastPathOptions;
}

/** Everything a thread needs to make its CommandPort; can cross a thread. */
export interface PortHandle {
  readonly ring: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
  readonly producer: number;
  readonly orderGate: SharedArrayBuffer;
}

export function openPort({ ring, doorbell, producer, orderGate }: PortHandle): CommandPort {
  const bell = Doorbell.attach(doorbell);
  return new CommandPort(SpscRing.attach(ring), bell, producer, new SharedGate(orderGate));
}

export interface RunningShard {
  readonly directory: string;
  readonly durableEnd: SharedDurableEnd;
  readonly epoch: number;
  readonly recoveredEvents: number;
  readonly recoverySeconds: number;
  /** The last event that recovery took from a snapshot, -1 none; and those that were no good. */
  readonly snapshotAnchor: number;
  readonly snapshotsPassedOver: readonly string[];
  readonly capacity: Capacity;
  readonly torn: string | undefined;
  /** The port of a producer; one thread uses it. */
  port(producer: string): CommandPort;
  /** The same for another thread, which calls `openPort`. */
  portHandle(producer: string): PortHandle;
  /** Order entry in the writer's thread: there with `fastPath` and the addon. */
  readonly writerThread: WriterThread | undefined;
  /** Ends after what the rings hold is durable. */
  stop(): Promise<{ readonly stateHash: string; readonly nextSequence: number }>;
  /** Rejects when the writer fails; nothing more is accepted then. */
  readonly failed: Promise<never>;
}

type Stopped = Extract<WriterThreadMessage, { kind: 'stopped' }>;
type Ready = Extract<WriterThreadMessage, { kind: 'ready' }>;

/**
 * Recovers the shard and starts its writer.
 * @throws JournalError when the journal is damaged or another writer holds it
 */
export async function startShard(options: ShardOptions): Promise<RunningShard> {
  const rings = options.producers.map(() =>
    SpscRing.create({ slots: options.ringSlots ?? RING_SLOTS, slotBytes: COMMAND_SLOT_BYTES }),
  );
  const doorbell = Doorbell.create();
  const orderGate = options.orderGate ?? new SharedGate();
  const durableEnd = new SharedDurableEnd();
  const flags = new Int32Array(new SharedArrayBuffer(FLAG_WORDS * 4));
  const data: WriterThreadData = {
    directory: options.directory,
    shard: options.shard ?? 0,
    shards: options.shards ?? 1,
    capacity: options.capacity ?? DEFAULT_CAPACITY,
    segmentBytesMax: options.segmentBytesMax,
    rings: rings.map((ring) => ring.shared),
    doorbell: doorbell.shared,
    durableEnd: durableEnd.memory,
    flags: flags.buffer as SharedArrayBuffer,
    fastPath: options.fastPath,
    software: options.software ?? 'daybook',
  };
  const worker = new Worker(workerUrl(import.meta.url, './writer-thread.js'), { workerData: data });
  const { failed, stopped, ready: starting } = watch(worker);
  const ready = await Promise.race([starting, failed]);
  const indexOf = (producer: string) => {
    const index = options.producers.indexOf(producer);
    assert(index >= 0, `no producer is called ${producer}`);
    return index;
  };
  const portHandle = (producer: string): PortHandle => ({
    ring: (rings[indexOf(producer)] as SpscRing).shared,
    doorbell: doorbell.shared,
    // Unique over restarts: the epoch stands above the producer's place.
    producer: (ready.epoch % 4096) * 256 + indexOf(producer),
    orderGate: orderGate.shared,
  });
  const ports = new Map<string, CommandPort>();
  return {
    directory: options.directory,
    durableEnd,
    epoch: ready.epoch,
    recoveredEvents: ready.recoveredEvents,
    recoverySeconds: ready.recoverySeconds,
    snapshotAnchor: ready.snapshotAnchor,
    snapshotsPassedOver: ready.snapshotsPassedOver,
    capacity: data.capacity,
    torn: ready.torn,
    port: (producer) => {
      const known = ports.get(producer);
      if (known) return known;
      const port = openPort(portHandle(producer));
      ports.set(producer, port);
      return port;
    },
    portHandle,
    writerThread: ready.fastPath
      ? writerThread(worker, (request) => {
          worker.postMessage(request);
          Atomics.store(flags, FLAGS.message, 1);
          doorbell.ring();
        })
      : undefined,
    stop: async () => {
      Atomics.store(flags, FLAGS.stop, 1);
      doorbell.ring();
      const result = await Promise.race([stopped, failed]);
      await worker.terminate();
      return { stateHash: result.stateHash, nextSequence: result.nextSequence };
    },
    failed,
  };
}

function watch(worker: Worker): {
  readonly failed: Promise<never>;
  readonly ready: Promise<Ready>;
  readonly stopped: Promise<Stopped>;
} {
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the writer's thread ended with ${code}`));
    });
  });
  failed.catch(() => undefined);
  const said = <K extends WriterThreadMessage['kind']>(kind: K) =>
    new Promise<Extract<WriterThreadMessage, { kind: K }>>((resolve) => {
      worker.on('message', (message: WriterThreadMessage) => {
        if (message.kind === kind) resolve(message as never);
      });
    });
  return { failed, ready: said('ready'), stopped: said('stopped') };
}

/** What can be asked of a writer's thread while it runs. */
export interface WriterThread {
  /** Resolves with the next message of one of these kinds. */
  ask<K extends FastPathMessage['kind']>(
    request: FastPathRequest,
    ...kinds: readonly K[]
  ): Promise<Extract<FastPathMessage, { kind: K }>>;
  /** Calls `listener` with every message of this kind from now on. */
  hear<K extends FastPathMessage['kind']>(
    kind: K,
    listener: (message: Extract<FastPathMessage, { kind: K }>) => void,
  ): void;
  /** Says something that is not answered. */
  tell(request: FastPathRequest): void;
}

function writerThread(worker: Worker, send: (request: FastPathRequest) => void): WriterThread {
  return {
    tell: send,
    hear: (kind, listener) => {
      worker.on('message', (message: WriterThreadMessage) => {
        if (message.kind === kind) listener(message as never);
      });
    },
    ask: (request, ...kinds) =>
      new Promise((resolve) => {
        const onMessage = (message: WriterThreadMessage) => {
          if (!(kinds as readonly string[]).includes(message.kind)) return;
          worker.off('message', onMessage);
          resolve(message as never);
        };
        worker.on('message', onMessage);
        send(request);
      }),
  };
}

/** Where a shard keeps its journal under a data directory. */
export function journalDirectory(dataDirectory: string, shard = 0): string {
  return join(dataDirectory, 'journal', `shard-${shard}`);
}
