/** The forwarder of `bench forward`, in a process of its own: journal directory, connection string. */
import { Forwarder } from '../src/log/eventstoredb/forwarder.js';
import { nodeFileSystem } from '../src/log/file-system.js';
import { FileDurableEnd } from '../src/log/journal/durable-mark.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';

const [, , directory, connectionString] = process.argv;
if (directory === undefined || connectionString === undefined) process.exit(2);
const durableEnd = new FileDurableEnd(nodeFileSystem, directory);
const forwarder = new Forwarder({
  connectionString,
  shard: 0,
  openReader: (from) => new JournalReader(directory, { from, end: durableEnd }),
  durableEnd,
});
process.stdout.write('started\n');
await forwarder.run();
