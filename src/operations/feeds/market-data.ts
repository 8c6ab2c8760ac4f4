/** Starts a market data feed in a thread of its own, in front of a shard. */
import { workerUrl } from '../../lib/worker-url.js';
import type { PortHandle, RunningShard } from '../shard.js';
import { type FeedThread, startFeedThread } from './feed-thread.js';
import type { MarketDataFeedConfig, MarketDataFeedCounts } from './market-data-feed.js';

/** What the thread is started with; everything in it can cross a thread. */
export interface MarketDataThreadData {
  readonly config: MarketDataFeedConfig;
  readonly directory: string;
  readonly durableEnd: SharedArrayBuffer;
  readonly port: PortHandle;
  readonly logLevel: string;
}

export type MarketDataThreadMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'counts' | 'stopped'; readonly counts: MarketDataFeedCounts };

/**
 * @param producer name of the producer of the shard whose ring the feed alone writes to
 * @throws what the thread failed with: the port is taken ...
 */
export function startMarketData(
  shard: RunningShard,
  producer: string,
  config: MarketDataFeedConfig,
  logLevel = 'info',
): Promise<FeedThread<MarketDataFeedCounts>> {
  const data: MarketDataThreadData = {
    ...{ config, logLevel, directory: shard.directory, port: shard.portHandle(producer) },
    durableEnd: shard.durableEnd.memory,
  };
  return startFeedThread(workerUrl(import.meta.url, './market-data-thread.js'), data);
}
