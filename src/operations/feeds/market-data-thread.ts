/** The thread of a market data feed. */
import { parentPort, workerData } from 'node:worker_threads';
import pino from 'pino';
import { assert } from '../../lib/assert.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';
import { openPort } from '../shard.js';
import type { MarketDataThreadData, MarketDataThreadMessage } from './market-data.js';
import { MarketDataFeed } from './market-data-feed.js';

const data = workerData as MarketDataThreadData;
assert(parentPort !== null, 'market data has a thread of its own');
const parent = parentPort;
const say = (message: MarketDataThreadMessage) => parent.postMessage(message);

const end = new SharedDurableEnd(data.durableEnd);
const feed = await MarketDataFeed.open({
  config: data.config,
  port: openPort(data.port),
  reader: new JournalReader(data.directory, { from: 0, end, checkRecords: false }),
  logger: pino({ level: data.logLevel }, pino.destination({ dest: 2, sync: true })),
});
let stopping = false;
parent.on('message', (message: 'stop' | 'counts') => {
  if (message === 'stop') stopping = true;
  else say({ kind: 'counts', counts: feed.counts });
});
say({ kind: 'listening', port: feed.port });
while (!stopping) {
  await feed.turn();
  await new Promise((resolve) => setImmediate(resolve));
}
const { counts } = feed;
await feed.close();
say({ kind: 'stopped', counts });
parent.close();
