// A process that follows the journal by its durable mark, up to a sequence, and prints it.
// Arguments: directory, from, until.
import { nodeFileSystem } from '../../dist/src/log/file-system.js';
import { FileDurableEnd } from '../../dist/src/log/journal/durable-mark.js';
import { JournalReader } from '../../dist/src/log/journal/journal-reader.js';
import { sequencesOf } from '../../dist/src/log/journal/sample-records.js';

const [directory, from, until] = process.argv.slice(2);
const end = new FileDurableEnd(nodeFileSystem, directory);
const reader = new JournalReader(directory, { from: Number(from), end });
let next = Number(from);
for await (const batch of reader.follow()) {
  for (const sequence of sequencesOf(batch)) {
    if (sequence !== next) throw new Error(`expected ${next}, read ${sequence}`);
    next += 1;
  }
  if (next >= Number(until)) break;
}
process.stdout.write(String(next));
