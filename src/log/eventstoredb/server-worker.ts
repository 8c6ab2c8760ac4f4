/** The thread that serves a journal over EventStoreDB's protocol; see `server-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.js';
import { runInBackground } from '../../lib/thread-scheduling.js';
import { JournalReader } from '../journal/journal-reader.js';
import { SharedDurableEnd } from '../journal/shared-durable-end.js';
import { JournalSource } from './journal-source.js';
import { type ReaderKey, readerKeys } from './server/credentials.js';
import { EventStoreDbServer } from './server/eventstoredb-server.js';
import type { ServerThreadData, ServerThreadMessage } from './server-thread.js';

const data = workerData as ServerThreadData;
assert(parentPort !== null, 'the server runs in a thread of its own');
const port = parentPort;
const say = (message: ServerThreadMessage): void => port.postMessage(message);
// Auditors never hold up the writer.
runInBackground();

const durableEnd = new SharedDurableEnd(data.durableEnd);
const openReader = (from: number) => new JournalReader(data.directory, { from, end: durableEnd });
const { shard, host, tls, authenticated } = data;
let readers: readonly ReaderKey[] = [];
port.on('message', (message: readonly ReaderKey[]) => {
  readers = message;
});
try {
  const server = await EventStoreDbServer.start({
    source: new JournalSource({ shard, openReader, durableEnd }),
    readOnly: true,
    ...{ host, port: data.port },
    tlsFiles: tls,
    ...(authenticated ? { authenticate: readerKeys(() => readers) } : {}),
  });
  say({ kind: 'listening', port: server.port });
} catch (error) {
  // The address is taken, or not ours: for the operator in one line.
  const { code, message } = error as { code?: string | number; message: string };
  say({ kind: 'failed', code: typeof code === 'string' ? code : 'LISTEN_FAILED', message });
}
