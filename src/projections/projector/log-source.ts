/** Where a projector reads the log: the journal of this box, or EventStoreDB for a box elsewhere. */

import type { RecordBuffer } from '../../domain/event-record.js';
import { EventStoreDbLog } from '../../log/eventstoredb/event-log.js';
import type { StoreAddress } from '../../log/eventstoredb/store-address.js';
import { nodeFileSystem } from '../../log/file-system.js';
import { FileDurableEnd } from '../../log/journal/durable-mark.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';

/** What is read of the journal at once when behind, about 32,000 events. */
const READ_BYTES = 4 * 1024 * 1024;

export interface LogSource {
  /**
   * All events from `from` on, each once and in order; waits at the end for more. Ends when `signal`
   * aborts, or the writer has closed and everything was handed out.
   */
  follow(from: number, signal: AbortSignal): AsyncIterable<RecordBuffer>;
  close(): Promise<void>;
}

/** Which of the two; can cross a thread. */
export type LogSourceSettings =
  | {
      readonly journal: string;
      /** `SharedDurableEnd.memory` of the writer in this process; else the mark file is watched. */
      readonly durableEnd?: SharedArrayBuffer | undefined;
    }
  | { readonly eventStoreDb: StoreAddress };

export function openLogSource(settings: LogSourceSettings, shard: number): LogSource {
  if ('eventStoreDb' in settings) {
    return new EventStoreDbLog({ connectionString: settings.eventStoreDb, shard });
  }
  const { journal, durableEnd } = settings;
  const end =
    durableEnd === undefined
      ? new FileDurableEnd(nodeFileSystem, journal)
      : new SharedDurableEnd(durableEnd);
  return {
    async *follow(from, signal) {
      const reader = new JournalReader(journal, { from, end, readBytes: READ_BYTES });
      try {
        yield* reader.follow(signal);
      } finally {
        reader.close();
      }
    },
    async close() {
      end.close();
    },
  };
}
