/** Starts the drop copy in a thread of its own, as a reader of a shard's log. */
import { workerUrl } from '../../lib/worker-url.js';
import type { RunningShard } from '../shard.js';
import type { DropCopyConfig, DropCopyCounts } from './drop-copy-feed.js';
import { type FeedThread, startFeedThread } from './feed-thread.js';

/** What the thread is started with; everything in it can cross a thread. */
export interface DropCopyThreadData {
  readonly config: DropCopyConfig;
  readonly directory: string;
  readonly durableEnd: SharedArrayBuffer;
  readonly logLevel: string;
}

export type DropCopyThreadMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'counts' | 'stopped'; readonly counts: DropCopyCounts };

/** `port` of the result is that of the retransmission server. @throws what the thread failed with */
export function startDropCopy(
  shard: RunningShard,
  config: DropCopyConfig,
  logLevel = 'info',
): Promise<FeedThread<DropCopyCounts>> {
  const { directory, durableEnd } = shard;
  const data: DropCopyThreadData = { config, logLevel, directory, durableEnd: durableEnd.memory };
  return startFeedThread(workerUrl(import.meta.url, './drop-copy-thread.js'), data);
}
