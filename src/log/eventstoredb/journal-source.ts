import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import type { DurableEnd, DurablePosition } from '../journal/durable-end.js';
import { EventIds } from './event-id.js';
import { eventJson } from './event-json.js';
import type { RecordReader } from './forward-batches.js';
import { streamOfShard } from './forwarder.js';
import type { StoredEvent } from './stored-event.js';
import type { Direction, StreamSource, StreamStatus } from './stream-source.js';

/** Readers of the journal kept open at the places clients stopped at; the oldest one is closed. */
const OPEN_READERS_MAX = 64;

export interface JournalSourceOptions {
  readonly shard: number;
  /** Opens the journal at a sequence. */
  readonly openReader: (from: number) => RecordReader;
  readonly durableEnd: DurableEnd;
}

/** A reader with what it has read and not handed out. */
interface Place {
  readonly reader: RecordReader;
  records: RecordBuffer | undefined;
  at: number;
}

/**
 * The journal of one shard as EventStoreDB's clients see it, read-only: the stream `daybook-<shard>`,
 * and `$all` with nothing else in it. Revision, sequence and position are one number. What is served
 * is what the forwarder would write: the same ids, the same JSON.
 */
export class JournalSource implements StreamSource {
  readonly #options: JournalSourceOptions;
  readonly #stream: string;
  readonly #ids: EventIds;
  /** By the sequence they go on with, least recently used first. */
  readonly #places = new Map<number, Place>();
  readonly #listeners = new Set<() => void>();
  readonly #durable: DurablePosition = { nextSequence: 0, segment: 0, offset: 0 };
  #watching: AbortController | undefined;

  constructor(options: JournalSourceOptions) {
    this.#options = options;
    this.#stream = streamOfShard(options.shard);
    this.#ids = new EventIds(options.shard);
  }

  status(stream: string): StreamStatus {
    const last = this.lastPosition();
    if (stream !== this.#stream || last < 0) return { kind: 'missing' };
    return { kind: 'present', first: 0, last };
  }

  readStream(
    stream: string,
    revision: number,
    direction: Direction,
    limit: number,
  ): readonly StoredEvent[] {
    return stream === this.#stream ? this.readAll(revision, direction, limit) : [];
  }

  /** @throws JournalError when the place is no longer kept, or damaged */
  readAll(position: number, direction: Direction, limit: number): readonly StoredEvent[] {
    const last = this.lastPosition();
    if (direction === 'forwards') {
      return position > last ? [] : this.#take(position, Math.min(limit, last - position + 1));
    }
    const to = Math.min(position, last);
    const count = Math.min(limit, to + 1);
    return count <= 0 ? [] : this.#take(to - count + 1, count).reverse();
  }

  lastPosition(): number {
    this.#options.durableEnd.read(this.#durable);
    return this.#durable.nextSequence - 1;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#watching === undefined) void this.#ring();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#watching?.abort();
    };
  }

  /** Closes the files that are open. */
  close(): void {
    this.#watching?.abort();
    for (const { reader } of this.#places.values()) reader.close();
    this.#places.clear();
  }

  /** `count` durable events from `first` on. */
  #take(first: number, count: number): StoredEvent[] {
    const place = this.#place(first);
    try {
      const events = this.#read(place, count);
      this.#keep(first + events.length, place);
      return events;
    } catch (error) {
      place.reader.close();
      throw error;
    }
  }

  #read(place: Place, count: number): StoredEvent[] {
    const events: StoredEvent[] = [];
    while (events.length < count) {
      if (place.records === undefined || place.at >= place.records.length) {
        place.records = place.reader.read();
        place.at = 0;
        if (place.records === undefined) break;
      }
      events.push(this.#event(place.records, place.at));
      place.at += place.records.u16[(place.at + HEADER.length) / 2]!;
    }
    return events;
  }

  #place(first: number): Place {
    const kept = this.#places.get(first);
    if (kept === undefined) {
      return { reader: this.#options.openReader(first), records: undefined, at: 0 };
    }
    this.#places.delete(first);
    return kept;
  }

  #keep(next: number, place: Place): void {
    this.#places.get(next)?.reader.close();
    this.#places.delete(next);
    this.#places.set(next, place);
    if (this.#places.size <= OPEN_READERS_MAX) return;
    const [oldest] = this.#places;
    if (oldest === undefined) return;
    oldest[1].reader.close();
    this.#places.delete(oldest[0]);
  }

  #event(records: RecordBuffer, at: number): StoredEvent {
    const { type, data, metadata } = eventJson(records, at);
    const sequence = records.f64[(at + HEADER.sequence) / 8]!;
    const low = records.u32[(at + HEADER.time) / 4]!;
    const high = records.i32[(at + HEADER.time) / 4 + 1]!;
    return {
      stream: this.#stream,
      revision: sequence,
      position: sequence,
      id: this.#ids.of(records, at),
      type,
      contentType: 'application/json',
      createdTicks: ((BigInt(high) << 32n) | BigInt(low)) / 100n,
      customMetadata: Buffer.from(metadata, 'latin1'),
      data: Buffer.from(data, 'latin1'),
    };
  }

  /**
   * Tells listeners of every move of the durable end, until there are none or the writer is gone. A
   * durable end that cannot be read rejects unhandled, which ends the process: the journal is damaged.
   */
  async #ring(): Promise<void> {
    const { durableEnd } = this.#options;
    const watching = new AbortController();
    this.#watching = watching;
    try {
      while (!watching.signal.aborted && durableEnd.state() === 'open') {
        await durableEnd.wait(this.lastPosition() + 1, watching.signal);
        for (const listener of [...this.#listeners]) listener();
      }
    } finally {
      if (this.#watching === watching) this.#watching = undefined;
    }
  }
}
