// Forwards a journal until it is killed. An error that no retry can help ends it with code 1.
// Arguments: directory of the journal, connection string, deadline in ms.
import { Forwarder } from '../../dist/src/log/eventstoredb/forwarder.js';
import { nodeFileSystem } from '../../dist/src/log/file-system.js';
import { FileDurableEnd } from '../../dist/src/log/journal/durable-mark.js';
import { JournalReader } from '../../dist/src/log/journal/journal-reader.js';

const [directory, connectionString, deadlineMs] = process.argv.slice(2);
const end = new FileDurableEnd(nodeFileSystem, directory);
const forwarder = new Forwarder({
  connectionString,
  shard: 0,
  openReader: (from) => new JournalReader(directory, { from, end }),
  durableEnd: end,
  limits: { batchEvents: 40, deadlineMs: Number(deadlineMs), backoffMinMs: 5, backoffMaxMs: 50 },
});
process.stdout.write('started\n');
await forwarder.run();
