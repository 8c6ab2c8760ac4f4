import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { JournalEventLog } from '../../src/log/journal/journal-event-log.js';
import { describeEventLog } from './event-log.js';

describeEventLog('the journal', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  return {
    // Segments of a few commits each, so that everything happens across their borders.
    open: async () =>
      JournalEventLog.open(directory, { shard: 0, catalogue: 1, segmentBytesMax: 12_000 }),
    remove: async () => rmSync(directory, { recursive: true }),
  };
});
