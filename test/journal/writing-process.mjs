// A process that appends as fast as it can until it is killed, and says after each append how far
// it is durable: 8 bytes, little-endian binary64, on its standard output.
// Arguments: directory, seed.
import { writeSync } from 'node:fs';

import { RecordBuffer } from '../../dist/src/domain/event-record.js';
import { JournalWriter } from '../../dist/src/log/journal/journal-writer.js';
import { addSampleRecords } from '../../dist/src/log/journal/sample-records.js';

const [directory, seed] = process.argv.slice(2);
const writer = JournalWriter.open(directory, {
  shard: 0,
  catalogue: 1,
  segmentBytesMax: 200_000,
});
const batch = new RecordBuffer(2_000 * 184);
const told = new Float64Array(1);
let random = Number(seed);
for (;;) {
  random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
  // Mostly small commits, now and then one of many pages, which a kill can cut in two.
  const count = random % 16 === 0 ? 1 + ((random >>> 8) % 2_000) : 1 + ((random >>> 8) % 20);
  batch.clear();
  addSampleRecords(batch, writer.nextSequence, count);
  writer.append(batch);
  told[0] = writer.nextSequence;
  writeSync(1, new Uint8Array(told.buffer));
}
