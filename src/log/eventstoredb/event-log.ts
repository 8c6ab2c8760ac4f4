import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type EventLog, EventLogError } from '../event-log.js';
import type { AppendChannel } from './append-channel.js';
import { AppendFrame } from './append-frame.js';
import { Backoff } from './backoff.js';
import { EventIds } from './event-id.js';
import { streamOfShard } from './forwarder.js';
import { MAX_APPEND_BYTES } from './server/limits.js';
import type { StoreAddress } from './store-address.js';
import { StoreError, type StoreNode, storeError } from './store-errors.js';
import { StoreSession } from './store-session.js';
import { StoredRecords } from './stored-records.js';

export interface EventStoreDbLogLimits {
  /** Longest wait for one answer. */
  readonly deadlineMs: number;
  /** Failures in a row after which `head`, `append` and `read` give up. `follow` never does. */
  readonly attempts: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

export const EVENTSTOREDB_LOG_LIMITS: EventStoreDbLogLimits = {
  deadlineMs: 10_000,
  attempts: 8,
  backoffMinMs: 50,
  backoffMaxMs: 5_000,
};

export interface EventStoreDbLogOptions {
  readonly connectionString: StoreAddress;
  readonly shard: number;
  readonly limits?: Partial<EventStoreDbLogLimits>;
}

interface Connection {
  readonly session: StoreSession;
  channel: AppendChannel | undefined;
}

/**
 * Who may answer. Where the log ends is a question for the leader, and so is whatever is read up to
 * there: a follower may be behind. Following may be left to any node that the address prefers, since
 * one that is behind only hands events out later.
 */
type Answering = 'leader' | 'any';

/**
 * The event log in EventStoreDB: the stream `daybook-<shard>`, whose revisions are the sequences. The
 * writer appends to the journal and the forwarder copies; this is for readers on other boxes, for
 * rebuilding, and for shards without a journal.
 *
 * A batch must fit one append (1 MiB of JSON), because an append is what the store does whole or not
 * at all; a larger one is refused with EVENTSTOREDB_REFUSED and nothing is written.
 */
export class EventStoreDbLog implements EventLog {
  readonly #options: EventStoreDbLogOptions;
  readonly #limits: EventStoreDbLogLimits;
  readonly #stream: string;
  readonly #ids: EventIds;
  readonly #closing = new AbortController();
  readonly #connections = new Map<Answering, Connection>();
  /** As the last node told us that is none. */
  #leader: StoreNode | undefined;

  constructor(options: EventStoreDbLogOptions) {
    this.#options = options;
    this.#limits = { ...EVENTSTOREDB_LOG_LIMITS, ...options.limits };
    this.#stream = streamOfShard(options.shard);
    this.#ids = new EventIds(options.shard);
  }

  /** @throws StoreError when the store stays away */
  head(): Promise<number> {
    return this.#persist(({ session }) => this.#head(session));
  }

  /** @throws EventLogError; StoreError when the store stays away or refuses */
  append(batch: RecordBuffer): Promise<'appended' | 'repeated'> {
    const { frame, ids, first } = this.#frame(batch);
    let sent = false;
    return this.#persist(async (connection) => {
      const head = await this.#head(connection.session);
      if (first > head) throw new EventLogError('LOG_SEQUENCE_CONFLICT', first, head);
      if (first < head) {
        await this.#compare(connection.session, first, ids, head);
        return sent ? 'appended' : 'repeated';
      }
      connection.channel ??= await connection.session.appends();
      sent = true;
      const expected = first - 1;
      const { deadlineMs } = this.#limits;
      const outcome = await connection.channel.append(frame, this.#stream, expected, deadlineMs);
      if (outcome.kind === 'lost' || outcome.kind === 'refused') throw outcome.error;
      if (outcome.kind === 'appended') return 'appended';
      // Another writer was faster. Whose events are there now?
      const now = await this.#head(connection.session);
      await this.#compare(connection.session, first, ids, now);
      return 'repeated';
    });
  }

  async *read(from: number): AsyncGenerator<RecordBuffer, void, undefined> {
    const head = await this.head();
    if (from > head) throw new EventLogError('LOG_SEQUENCE_AHEAD', from, head);
    const backoff = this.#backoff();
    const records = new StoredRecords(this.#options.shard);
    let next = from;
    while (next < head && !this.#closing.signal.aborted) {
      try {
        for await (const batch of this.#stored(records, next, head - next, 'leader')) {
          next += batch.count;
          backoff.reset();
          yield batch;
        }
        if (next < head) throw new EventLogError('LOG_SEQUENCE_GONE', next, head);
      } catch (error) {
        await this.#recover(error, backoff, this.#limits.attempts, 'leader');
      }
    }
  }

  /** Survives the loss of its connection: it resumes behind the last event it has handed out. */
  async *follow(from: number, signal?: AbortSignal): AsyncGenerator<RecordBuffer, void, undefined> {
    const ending = AbortSignal.any([
      this.#closing.signal,
      ...(signal === undefined ? [] : [signal]),
    ]);
    if (ending.aborted) return;
    const head = await this.head();
    if (from > head) throw new EventLogError('LOG_SEQUENCE_AHEAD', from, head);
    const backoff = this.#backoff();
    const records = new StoredRecords(this.#options.shard);
    let next = from;
    while (!ending.aborted) {
      try {
        for await (const batch of this.#stored(records, next, 'follow', 'any', ending)) {
          next += batch.count;
          backoff.reset();
          yield batch;
          if (ending.aborted) return;
        }
      } catch (error) {
        await this.#recover(error, backoff, Number.POSITIVE_INFINITY, 'any', ending);
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const answering of [...this.#connections.keys()]) this.#disconnect(answering);
  }

  async *#stored(
    records: StoredRecords,
    from: number,
    count: number | 'follow',
    answering: Answering,
    signal?: AbortSignal,
  ): AsyncGenerator<RecordBuffer, void, undefined> {
    const { session } = this.#connected(answering);
    const { deadlineMs: silenceMs } = this.#limits;
    const options = { stream: this.#stream, from, count, silenceMs };
    let next = from;
    for await (const events of session.read(
      signal === undefined ? options : { ...options, signal },
    )) {
      const [first] = events;
      if (first !== undefined && first.revision > next) {
        throw new EventLogError('LOG_SEQUENCE_GONE', next, events.at(-1)!.revision + 1);
      }
      yield* records.batches(events, next);
      next += events.length;
    }
  }

  async #head(session: StoreSession): Promise<number> {
    const last = await session.lastEvent(this.#stream, this.#limits.deadlineMs);
    return last === undefined ? 0 : last.revision + 1;
  }

  /**
   * Returns when the stream holds exactly these events from `first` on.
   *
   * @throws EventLogError LOG_SEQUENCE_CONFLICT when it ends among them, LOG_CONTENT_CONFLICT
   */
  async #compare(
    session: StoreSession,
    first: number,
    ids: readonly string[],
    head: number,
  ): Promise<void> {
    if (first + ids.length > head) throw new EventLogError('LOG_SEQUENCE_CONFLICT', first, head);
    const { deadlineMs: silenceMs } = this.#limits;
    const read = session.read({ stream: this.#stream, from: first, count: ids.length, silenceMs });
    for await (const events of read) {
      for (const event of events) {
        if (event.id !== ids[event.revision - first]) {
          throw new EventLogError('LOG_CONTENT_CONFLICT', first, head);
        }
      }
    }
  }

  #frame(batch: RecordBuffer): { frame: AppendFrame; ids: string[]; first: number } {
    assert(batch.count > 0, 'a batch has at least one event');
    const frame = new AppendFrame({ events: batch.count, bytes: MAX_APPEND_BYTES });
    const ids: string[] = [];
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2]!) {
      ids.push(this.#ids.of(batch, at));
      if (!frame.add(batch, at, this.#ids)) {
        const message = `a batch of ${batch.count} events is above ${MAX_APPEND_BYTES} bytes`;
        throw new StoreError('EVENTSTOREDB_REFUSED', message);
      }
    }
    return { frame, ids, first: batch.f64[HEADER.sequence / 8]! };
  }

  /** Runs `attempt` until it answers: connection losses are retried, a bounded number of times. */
  async #persist<T>(attempt: (connection: Connection) => Promise<T>): Promise<T> {
    const backoff = this.#backoff();
    for (;;) {
      try {
        return await attempt(this.#connected('leader'));
      } catch (error) {
        await this.#recover(error, backoff, this.#limits.attempts, 'leader');
      }
    }
  }

  /** Waits before the next attempt. @throws the error itself when there will be none */
  async #recover(
    error: unknown,
    backoff: Backoff,
    attempts: number,
    answering: Answering,
    signal: AbortSignal = this.#closing.signal,
  ): Promise<void> {
    if (error instanceof EventLogError) throw error;
    const known = error instanceof StoreError ? error : undefined;
    // Whoever follows was let in when it asked for the head.
    const mayPass = answering === 'any' ? known?.retryOnceLetIn : known?.retry;
    if (known === undefined || mayPass !== true || backoff.failures + 1 >= attempts) throw error;
    this.#disconnect(answering);
    // Followed once: when that was no leader either, the address is asked again.
    if (answering === 'leader') this.#leader = known.leader;
    if (!signal.aborted) await backoff.wait(signal);
  }

  #backoff(): Backoff {
    const { backoffMinMs: minMs, backoffMaxMs: maxMs } = this.#limits;
    return new Backoff({ minMs, maxMs });
  }

  #connected(answering: Answering): Connection {
    if (this.#closing.signal.aborted) {
      throw storeError(new StoreError('EVENTSTOREDB_REFUSED', 'the log is closed'));
    }
    const known = this.#connections.get(answering);
    if (known !== undefined) return known;
    const requiresLeader = answering === 'leader';
    const session = new StoreSession(this.#options.connectionString, {
      requiresLeader,
      node: requiresLeader ? this.#leader : undefined,
    });
    const connection: Connection = { session, channel: undefined };
    this.#connections.set(answering, connection);
    return connection;
  }

  #disconnect(answering: Answering): void {
    this.#connections.get(answering)?.session.close();
    this.#connections.delete(answering);
  }
}
