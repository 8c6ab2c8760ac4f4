// An EventStoreDB of our own in a process of its own, to be killed. Says its port on standard output.
// Arguments: file of the store, port (0: any).
import { EventStoreDbServer } from '../../dist/src/log/eventstoredb/server/eventstoredb-server.js';
import { StreamStoreFile } from '../../dist/src/log/eventstoredb/stream-store-file.js';

const [path, port] = process.argv.slice(2);
const { store } = new StreamStoreFile(path);
const server = await EventStoreDbServer.start({ source: store, port: Number(port) });
process.stdout.write(`${server.port}\n`);
