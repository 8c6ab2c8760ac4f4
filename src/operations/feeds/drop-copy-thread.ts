/** The thread of the drop copy. */
import { parentPort, workerData } from 'node:worker_threads';
import pino from 'pino';
import { assert } from '../../lib/assert.js';
import { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';
import type { DropCopyThreadData, DropCopyThreadMessage } from './drop-copy.js';
import { DropCopyFeed } from './drop-copy-feed.js';

const data = workerData as DropCopyThreadData;
assert(parentPort !== null, 'the drop copy has a thread of its own');
const parent = parentPort;
const say = (message: DropCopyThreadMessage) => parent.postMessage(message);

const feed = await DropCopyFeed.open({
  config: data.config,
  directory: data.directory,
  durableEnd: new SharedDurableEnd(data.durableEnd),
  logger: pino({ level: data.logLevel }, pino.destination({ dest: 2, sync: true })),
});
let stopping = false;
parent.on('message', (message: 'stop' | 'counts') => {
  if (message === 'stop') stopping = true;
  else say({ kind: 'counts', counts: feed.counts });
});
say({ kind: 'listening', port: feed.port });
while (!stopping && (await feed.turn())) await new Promise((resolve) => setImmediate(resolve));
const { counts } = feed;
await feed.close();
say({ kind: 'stopped', counts });
// Asked to stop after the writer has closed, it answers all the same.
parent.on('message', () => say({ kind: 'stopped', counts }));
