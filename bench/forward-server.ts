/** The server of `bench forward`, in a process of its own. Says its port on standard output. */
import { EventStoreDbServer } from '../src/log/eventstoredb/server/eventstoredb-server.js';
import { StreamStore } from '../src/log/eventstoredb/stream-store.js';

const server = await EventStoreDbServer.start({ source: new StreamStore() });
process.stdout.write(`${server.port}\n`);
