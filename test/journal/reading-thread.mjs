// A thread that reads the journal through shared memory, blocking, and tells what it saw.
import { parentPort, workerData } from 'node:worker_threads';

import { JournalReader } from '../../dist/src/log/journal/journal-reader.js';
import { sequencesOf } from '../../dist/src/log/journal/sample-records.js';
import { SharedDurableEnd } from '../../dist/src/log/journal/shared-durable-end.js';

const { directory, memory, from } = workerData;
const end = new SharedDurableEnd(memory);
const reader = new JournalReader(directory, { from, end, readBytes: 4096 });
let next = from;
while (end.state() === 'open' || next < from + workerData.count) {
  const batch = reader.readBlocking(1000);
  for (const sequence of batch === undefined ? [] : sequencesOf(batch)) {
    if (sequence !== next) throw new Error(`expected ${next}, read ${sequence}`);
    next += 1;
  }
}
reader.close();
parentPort.postMessage(next);
