/** What a shard's thread is started with; everything in it can cross a thread. */
import type { Capacity } from '../commands/state/capacity.js';

export interface WriterThreadData {
  readonly directory: string;
  readonly shard: number;
  readonly shards: number;
  readonly capacity: Capacity;
  readonly segmentBytesMax: number | undefined;
  /** One ring per producer thread. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly doorbell: SharedArrayBuffer;
  readonly durableEnd: SharedArrayBuffer;
  /** Int32: 1 asks the writer to stop. */
  readonly stop: SharedArrayBuffer;
  readonly software: string;
}

/** What the writer's thread says of itself. */
export type WriterThreadMessage =
  | {
      readonly kind: 'ready';
      readonly epoch: number;
      readonly recoveredEvents: number;
      readonly recoverySeconds: number;
      /** The last event that recovery took from a snapshot, -1 none; and those that were no good. */
      readonly snapshotAnchor: number;
      readonly snapshotsPassedOver: readonly string[];
      /** What recovery cut off an unfinished last commit, in words; undefined after a clean end. */
      readonly torn: string | undefined;
    }
  | { readonly kind: 'stopped'; readonly stateHash: string; readonly nextSequence: number };
