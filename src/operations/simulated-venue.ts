/** Starts the simulated venue in a thread of its own, as a reader of a shard's log. */
import { Worker } from 'node:worker_threads';
import { workerUrl } from '../lib/worker-url.js';
import type { PortHandle, RunningShard } from './shard.js';

/** What the venue's thread is started with; everything in it can cross a thread. */
export interface VenueThreadData {
  readonly directory: string;
  readonly durableEnd: SharedArrayBuffer;
  readonly port: PortHandle;
  /** Index of the venue in orders and instruments. */
  readonly venue: number;
  /** Int32: 1 asks the venue to stop. */
  readonly stop: SharedArrayBuffer;
}

/** What the venue's thread says of itself. */
export type VenueThreadMessage =
  | {
      readonly kind: 'ready';
      /** Orders that entered their books again. */
      readonly working: number;
      /** Requests on record that the venue had not answered before it ended last time. */
      readonly unanswered: number;
      /** Orders that it said stand otherwise than the log has them. */
      readonly differences: number;
      readonly recoverySeconds: number;
    }
  | {
      readonly kind: 'stopped';
      /** Reports and marks handed to the writer. */
      readonly reports: number;
      /** How often the ring was full. */
      readonly waits: number;
    };

type Ready = Extract<VenueThreadMessage, { kind: 'ready' }>;
type Stopped = Extract<VenueThreadMessage, { kind: 'stopped' }>;

export interface RunningVenue {
  readonly recovered: Omit<Ready, 'kind'>;
  /**
   * Ends after what it has reported is durable. To be called before the shard stops; the other way
   * round loses nothing either, what is unsaid is said after the next start.
   */
  stop(): Promise<Omit<Stopped, 'kind'>>;
  /** Rejects when the venue fails: orders wait in the log until it is started again. */
  readonly failed: Promise<never>;
}

/**
 * @param venueIndex orders with this venue are its own
 * @param producerName the producer of the shard whose ring the venue reports through; nobody else
 *   uses it, and a shard serves one venue per producer and start
 * @throws VenueRecoveryError, JournalError through `failed` or the returned promise
 */
export async function startSimulatedVenue(
  shard: RunningShard,
  venueIndex: number,
  producerName: string,
): Promise<RunningVenue> {
  const stopFlag = new SharedArrayBuffer(4);
  const data: VenueThreadData = {
    directory: shard.directory,
    durableEnd: shard.durableEnd.memory,
    port: shard.portHandle(producerName),
    venue: venueIndex,
    stop: stopFlag,
  };
  const worker = new Worker(workerUrl(import.meta.url, './venue-thread.js'), { workerData: data });
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the venue's thread ended with ${code}`));
    });
  });
  failed.catch(() => undefined);
  let onReady: (ready: Ready) => void;
  let onStopped: (stopped: Stopped) => void;
  const ready = new Promise<Ready>((resolve) => {
    onReady = resolve;
  });
  const stopped = new Promise<Stopped>((resolve) => {
    onStopped = resolve;
  });
  worker.on('message', (message: VenueThreadMessage) => {
    if (message.kind === 'ready') onReady(message);
    else onStopped(message);
  });
  const { kind: _kind, ...recovered } = await Promise.race([ready, failed]);
  return {
    recovered,
    stop: async () => {
      Atomics.store(new Int32Array(stopFlag), 0, 1);
      const { reports, waits } = await Promise.race([stopped, failed]);
      await worker.terminate();
      return { reports, waits };
    },
    failed,
  };
}
