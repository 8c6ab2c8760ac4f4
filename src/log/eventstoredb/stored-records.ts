import { RECORD_BYTES_MAX, RecordBuffer } from '../../domain/event-record.js';
import { addEventJson, EventJsonError } from './event-from-json.js';
import { EventIds } from './event-id.js';
import type { StoredEvent } from './stored-event.js';

/** Bytes of records handed out at a time. */
const BATCH_BYTES = 512 * 1024;

/**
 * Turns the events of a stream back into the records they were, and checks each against its id: the
 * id covers the content, so a record that comes out with another one is not what was written.
 */
export class StoredRecords {
  readonly #ids: EventIds;
  readonly #records = new RecordBuffer(BATCH_BYTES);

  constructor(shard: number) {
    this.#ids = new EventIds(shard);
  }

  /**
   * The records of `events`, in one or more batches. The buffer is overwritten by the next one.
   *
   * @param next the sequence the first of them must have
   * @throws EventJsonError when one of them is not the event of ours that belongs there
   */
  *batches(events: readonly StoredEvent[], next: number): Generator<RecordBuffer, void, undefined> {
    const records = this.#records;
    records.clear();
    for (const [index, event] of events.entries()) {
      if (records.length + RECORD_BYTES_MAX > records.bytes.length) {
        yield records;
        records.clear();
      }
      this.#add(event, next + index);
    }
    if (records.count > 0) yield records;
  }

  #add(event: StoredEvent, sequence: number): void {
    const { revision, stream } = event;
    if (revision !== sequence) {
      throw new EventJsonError(`${stream} has revision ${revision} in the place of ${sequence}`);
    }
    const at = this.#records.length;
    addEventJson(
      {
        type: event.type,
        revision,
        data: parsed(event.data, event),
        metadata: parsed(event.customMetadata, event),
      },
      this.#records,
    );
    if (this.#ids.of(this.#records, at) !== event.id) {
      throw new EventJsonError(`${stream} revision ${revision} is not what its id was made of`);
    }
  }
}

function parsed(bytes: Uint8Array, event: StoredEvent): unknown {
  const { buffer, byteOffset, length } = bytes;
  try {
    return JSON.parse(Buffer.from(buffer, byteOffset, length).toString('latin1'));
  } catch (cause) {
    const message = `${event.stream} revision ${event.revision} is no JSON`;
    throw new EventJsonError(message, { cause });
  }
}
