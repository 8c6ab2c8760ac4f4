import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type EventLog, EventLogError } from '../event-log.js';
import { type FileSystem, nodeFileSystem } from '../file-system.js';
import { JournalError } from './errors.js';
import { JournalReader } from './journal-reader.js';
import { JournalWriter, type JournalWriterOptions } from './journal-writer.js';

/** The journal behind the port `EventLog`, writer and readers in one process. */
export class JournalEventLog implements EventLog {
  readonly writer: JournalWriter;
  readonly #files: FileSystem;
  readonly #closing = new AbortController();

  /** @throws JournalError as `JournalWriter.open` */
  static open(directory: string, options: JournalWriterOptions): JournalEventLog {
    const files = options.fileSystem ?? nodeFileSystem;
    return new JournalEventLog(JournalWriter.open(directory, options), files);
  }

  private constructor(writer: JournalWriter, files: FileSystem) {
    this.writer = writer;
    this.#files = files;
  }

  async head(): Promise<number> {
    return this.writer.nextSequence;
  }

  async append(batch: RecordBuffer): Promise<'appended' | 'repeated'> {
    assert(batch.count > 0, 'a batch has at least one record');
    const first = batch.f64[HEADER.sequence / 8]!;
    const head = this.writer.nextSequence;
    if (first === head) {
      this.writer.append(batch);
      return 'appended';
    }
    if (first > head || first + batch.count > head) {
      throw new EventLogError('LOG_SEQUENCE_CONFLICT', first, head);
    }
    if (!this.#isOnRecord(batch, first)) {
      throw new EventLogError('LOG_CONTENT_CONFLICT', first, head);
    }
    return 'repeated';
  }

  async *read(from: number): AsyncGenerator<RecordBuffer, void, undefined> {
    const head = this.writer.nextSequence;
    const reader = this.#reader(from);
    try {
      while (reader.nextSequence < head) {
        const batch = this.#translated(from, () => reader.read());
        assert(batch !== undefined, 'what is before the head can be read');
        yield batch;
      }
    } finally {
      reader.close();
    }
  }

  async *follow(from: number, signal?: AbortSignal): AsyncGenerator<RecordBuffer, void, undefined> {
    const closing = this.#closing.signal;
    const either = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    const reader = this.#reader(from);
    try {
      yield* reader.follow(either);
    } catch (error) {
      throw this.#translate(error, from);
    } finally {
      reader.close();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.writer.close();
  }

  #reader(from: number): JournalReader {
    const end = this.writer.durableEnd;
    const { directory } = this.writer;
    return this.#translated(
      from,
      () => new JournalReader(directory, { from, end, fileSystem: this.#files }),
    );
  }

  /** Compares the batch with the records at its sequences, but for the checksums. */
  #isOnRecord(batch: RecordBuffer, first: number): boolean {
    const reader = this.#reader(first);
    try {
      for (let at = 0; at < batch.length; ) {
        const found = this.#translated(first, () => reader.read());
        assert(found !== undefined, 'what is before the head can be read');
        for (let foundAt = 0; foundAt < found.length && at < batch.length; ) {
          const length = batch.u16[(at + HEADER.length) / 2]!;
          const start = HEADER.crc + 4;
          const own = batch.bytes.subarray(at + start, at + length);
          const other = found.bytes.subarray(foundAt + start, foundAt + length);
          if (Buffer.compare(own, other) !== 0) return false;
          at += length;
          foundAt += length;
        }
      }
      return true;
    } finally {
      reader.close();
    }
  }

  #translated<T>(from: number, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.#translate(error, from);
    }
  }

  #translate(error: unknown, from: number): unknown {
    if (!(error instanceof JournalError)) return error;
    const head = this.writer.nextSequence;
    switch (error.code) {
      case 'JOURNAL_SEQUENCE_GONE':
        return new EventLogError('LOG_SEQUENCE_GONE', from, head, { cause: error });
      case 'JOURNAL_SEQUENCE_AHEAD':
        return new EventLogError('LOG_SEQUENCE_AHEAD', from, head, { cause: error });
      default:
        return error;
    }
  }
}
