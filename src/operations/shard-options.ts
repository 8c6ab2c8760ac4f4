/** What a shard's thread is started with; everything in it can cross a thread. */
import type { Capacity } from '../commands/state/capacity.js';
import type { FastPathMessage, FastPathOptions } from './fast-path-messages.js';

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
  /** Int32 of `FLAGS`: what asks the writer to look. */
  readonly flags: SharedArrayBuffer;
  /** Poll sockets in the writer's thread, where the addon is there. */
  readonly fastPath: FastPathOptions | undefined;
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
      /** Order entry can be opened in this thread. */
      readonly fastPath: boolean;
    }
  | FastPathMessage
  | { readonly kind: 'stopped'; readonly stateHash: string; readonly nextSequence: number };
