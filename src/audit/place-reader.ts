/** Reads the events of a place that the index names. */

import {
  type EventGroup,
  groupsOf,
  lengthAt,
  sequenceAt,
} from '../commands/replay/event-groups.js';
import type { RecordBuffer } from '../domain/event-record.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { CommitPlaces } from './order-index/commit-places.js';
import { INDEX_BLOCK_BYTES } from './order-index/limits.js';
import type { Place } from './order-index/order-index.js';

/** One block and the start of the commit behind it; larger commits make the reader take more. */
const READ_BYTES = 2 * INDEX_BLOCK_BYTES;

export interface JournalOf {
  readonly journal: string;
  readonly end: DurableEnd;
}

/** The batches of a place: whole commits, those behind the place cut off. */
function* batchesOf(log: JournalOf, place: Place): Generator<RecordBuffer> {
  const reader = new JournalReader(log.journal, {
    ...{ from: place.sequence, end: log.end, readBytes: READ_BYTES },
    index: new CommitPlaces(place.sequence, place),
  });
  try {
    while (reader.nextSequence < place.next) {
      const batch = reader.read();
      if (batch === undefined) return;
      cut(batch, place.next);
      yield batch;
    }
  } finally {
    reader.close();
  }
}

function cut(batch: RecordBuffer, next: number): void {
  let count = 0;
  for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
    if (sequenceAt(batch, at) >= next) {
      batch.length = at;
      batch.count = count;
      return;
    }
    count += 1;
  }
}

/** What each command of a place left, in turn. */
export function* groupsIn(log: JournalOf, place: Place): Generator<EventGroup> {
  for (const batch of batchesOf(log, place)) yield* groupsOf(batch);
}

/** Every record of a place, with where it stands. */
export function* recordsIn(
  log: JournalOf,
  place: Place,
): Generator<{ readonly batch: RecordBuffer; readonly at: number }> {
  for (const batch of batchesOf(log, place)) {
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) yield { batch, at };
  }
}
