/** The thread of a forwarder; see `forwarder-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.js';
import { runInBackground } from '../../lib/thread-scheduling.js';
import { JournalReader } from '../journal/journal-reader.js';
import { SharedDurableEnd } from '../journal/shared-durable-end.js';
import { Forwarder } from './forwarder.js';
import type { ForwarderThreadData, ForwarderThreadMessage } from './forwarder-thread.js';
import { SharedForwardState } from './shared-forward-state.js';
import { StoreError } from './store-errors.js';

const data = workerData as ForwarderThreadData;
assert(parentPort !== null, 'the forwarder runs in a thread of its own');
const port = parentPort;
// When cores are short, the writer goes first.
runInBackground();
const end = new SharedDurableEnd(data.durableEnd);
const state = new SharedForwardState(data.state);
const stopping = new AbortController();
port.on('message', () => stopping.abort());

const forwarder = new Forwarder({
  connectionString: data.connectionString,
  shard: data.shard,
  openReader: (from) => new JournalReader(data.directory, { from, end }),
  durableEnd: end,
  limits: data.limits,
  onChange: (changed) => state.publish(changed),
});

let message: ForwarderThreadMessage = { kind: 'done' };
try {
  await forwarder.run(stopping.signal);
} catch (error) {
  message = {
    kind: 'failed',
    code: (error as { code?: string }).code,
    isStore: error instanceof StoreError,
    message: error instanceof Error ? error.message : String(error),
  };
}
port.postMessage(message);
port.close();
