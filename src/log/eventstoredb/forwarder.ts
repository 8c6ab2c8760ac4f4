import { assert } from '../../lib/assert.js';
import type { DurableEnd, DurablePosition } from '../journal/durable-end.js';
import { sleepUntil } from '../journal/wait.js';
import type { AppendChannel, AppendOutcome } from './append-channel.js';
import type { AppendFrame } from './append-frame.js';
import { Backoff } from './backoff.js';
import { EventIds } from './event-id.js';
import { ForwardBatches, type RecordReader } from './forward-batches.js';
import {
  type ForwardLag,
  type ForwardProblem,
  type ForwardState,
  isOverloaded,
  lagOf,
} from './forward-lag.js';
import type { StoreAddress } from './store-address.js';
import { StoreError, type StoreNode, storeError } from './store-errors.js';
import { StoreSession } from './store-session.js';
import { metastreamOf } from './stored-event.js';
import { parseStreamMetadata } from './stream-metadata.js';

/** Name of the stream that holds the events of a shard. Its revisions are the shard's sequences. */
export function streamOfShard(shard: number): string {
  return `daybook-${shard}`;
}

export interface ForwarderLimits {
  /** Events of one append. */
  readonly batchEvents: number;
  /** Bytes of one append as the server counts them; its limit is 1 MiB. */
  readonly batchBytes: number;
  /** Appends sent and not answered; the journal is read no further until one is. */
  readonly appendsInFlight: number;
  /** Pause before events that end a silence are sent, for more of them to come. */
  readonly lingerMs: number;
  /** Longest wait for the answer to an append or a read; then its place is found out anew. */
  readonly deadlineMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

export const FORWARDER_LIMITS: ForwarderLimits = {
  batchEvents: 512,
  batchBytes: 768 * 1024,
  appendsInFlight: 4,
  lingerMs: 5,
  deadlineMs: 10_000,
  backoffMinMs: 50,
  backoffMaxMs: 5_000,
};

/**
 * Looks in a row at a store that ends before what it has acknowledged, until that is believed: a node
 * that was cut off may take itself for the leader for a while. With the backoff some 30 s.
 */
export const STALE_LOOKS_MAX = 12;

/** Of what a store says about its refusal, for whoever looks at the lag. */
const PROBLEM_CHARS_MAX = 200;

export interface ForwarderOptions {
  readonly connectionString: StoreAddress;
  readonly shard: number;
  /** Opens the journal at a sequence. @throws JournalError when that is gone */
  readonly openReader: (from: number) => RecordReader;
  readonly durableEnd: DurableEnd;
  readonly limits?: Partial<ForwarderLimits>;
  /** Whether the store has taken events of this writer before: then a refusal may pass. */
  readonly letIn?: boolean;
  /** Lag above which {@link Forwarder.overloaded} says so, and new orders are to be refused. */
  readonly lagLimit?: Partial<ForwardLag>;
  /** Told of every progress and every loss. */
  readonly onChange?: (state: ForwardState) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

interface Flight {
  readonly frame: AppendFrame;
  readonly last: number;
  readonly timeMs: number;
  outcome: AppendOutcome | undefined;
  readonly answered: Promise<void>;
}

/**
 * Copies the journal's durable events to the shard's stream in EventStoreDB, exactly once, in order.
 *
 * Every append names the revision it goes behind, and the revision of an event is its sequence, so
 * nothing can be written twice or out of order, by whomever. Whenever an answer is missing or a
 * revision is wrong, the forwarder drops what is in flight, looks at the last event of the stream,
 * compares its id (which covers its content) with its own event there, and goes on behind it.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #limits: ForwarderLimits;
  readonly #stream: string;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  readonly #durable: DurablePosition = { nextSequence: 0, segment: 0, offset: 0 };
  #stored = 0;
  #located = false;
  #oldestMs: number | undefined;
  #problem: StoreError | undefined;
  #letIn: boolean;
  /** The leader, as the last node told us that is none. */
  #leader: StoreNode | undefined;
  #batchBytes: number;
  #staleLooks = 0;
  #sessions = 0;
  #waiters: (() => void)[] = [];

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#limits = { ...FORWARDER_LIMITS, ...options.limits };
    this.#stream = streamOfShard(options.shard);
    this.#now = options.now ?? Date.now;
    const { backoffMinMs: minMs, backoffMaxMs: maxMs, appendsInFlight } = this.#limits;
    assert(appendsInFlight > 0, 'one append may be in flight');
    this.#letIn = options.letIn ?? false;
    this.#batchBytes = this.#limits.batchBytes;
    this.#backoff = new Backoff({ minMs, maxMs });
  }

  /** Everything before this sequence is known to be in the store. */
  get storedSequence(): number {
    return this.#stored;
  }

  /** Why the store cannot be reached just now; undefined while all is well. */
  get problem(): StoreError | undefined {
    return this.#problem;
  }

  /** Connections begun so far; more than one tells of losses. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Counts from the first event when the store was never reached: what it holds is not known. */
  lag(): ForwardLag {
    return lagOf(this.#state(), this.#options.durableEnd, this.#now());
  }

  /** Whether the lag is above its limit: the shard should refuse new orders until it is not. */
  get overloaded(): boolean {
    return isOverloaded(this.lag(), this.#options.lagLimit);
  }

  /**
   * Resolves once everything before `sequence` is in the store, or `signal` aborts. A new writer waits
   * so for its `WriterStarted` before it takes orders: from then on the old one is fenced.
   *
   * If {@link run} fails this never resolves: wait for both.
   */
  async untilStored(sequence: number, signal?: AbortSignal): Promise<void> {
    let wake = (): void => {};
    const onAbort = (): void => wake();
    signal?.addEventListener('abort', onAbort, { once: true });
    while (this.#stored < sequence && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        this.#waiters.push(resolve);
      });
    }
    signal?.removeEventListener('abort', onAbort);
  }

  /**
   * Forwards until `signal` aborts, or the writer has closed and the store has everything.
   *
   * @throws StoreError that no retry can help (another writer, a deleted stream, no access from the
   *   first event on); JournalError when the journal cannot be read. The shard must stop: its record
   *   is in doubt.
   */
  async run(signal?: AbortSignal): Promise<void> {
    this.#oldestMs = this.#now();
    while (signal?.aborted !== true) {
      const session = new StoreSession(this.#options.connectionString, {
        requiresLeader: true,
        node: this.#leader,
      });
      this.#sessions += 1;
      try {
        await this.#forward(session, signal);
        return;
      } catch (error) {
        if (!(error instanceof StoreError) || !this.#mayPass(error)) throw error;
        this.#problem = error;
        // Followed once: when that was no leader either, the address is asked again.
        this.#leader = error.leader;
        this.#oldestMs ??= this.#now();
        this.#options.onChange?.(this.#state());
      } finally {
        session.close();
      }
      await this.#backoff.wait(signal);
    }
  }

  #mayPass(error: StoreError): boolean {
    const { appendBytesMax } = error;
    // At one byte an append is one event.
    if (appendBytesMax !== undefined && this.#batchBytes > 1) {
      this.#batchBytes = Math.max(1, Math.min(appendBytesMax, this.#batchBytes >>> 1));
      return true;
    }
    return this.#letIn ? error.retryOnceLetIn : error.retry;
  }

  async #forward(session: StoreSession, signal: AbortSignal | undefined): Promise<void> {
    const next = await this.#locate(session);
    const reader = this.#options.openReader(next);
    let channel: AppendChannel | undefined;
    const close = (): void => channel?.close();
    signal?.addEventListener('abort', close, { once: true });
    try {
      channel = await session.appends();
      const batches = new ForwardBatches(reader, this.#options.shard, next, {
        events: this.#limits.batchEvents,
        bytes: this.#batchBytes,
      });
      await this.#pump(channel, batches, signal);
    } finally {
      signal?.removeEventListener('abort', close);
      reader.close();
    }
  }

  /**
   * Finds out where the store stands: the sequence behind its last event.
   *
   * @throws StoreError when it does not hold our events, and exactly ours
   */
  async #locate(session: StoreSession): Promise<number> {
    const { durableEnd, openReader, shard } = this.#options;
    await this.#checkWhole(session);
    const last = await session.lastEvent(this.#stream, this.#limits.deadlineMs);
    const next = last === undefined ? 0 : last.revision + 1;
    durableEnd.read(this.#durable);
    if (next > this.#durable.nextSequence) {
      const message = `${this.#stream} holds ${next} events, the journal ${this.#durable.nextSequence}`;
      throw new StoreError('EVENTSTOREDB_AHEAD', message);
    }
    if (this.#located && next < this.#stored) {
      this.#staleLooks += 1;
      const message = `${this.#stream} ends before revision ${next}, it had ${this.#stored} events`;
      const isStale = this.#staleLooks < STALE_LOOKS_MAX;
      throw new StoreError(
        isStale ? 'EVENTSTOREDB_UNAVAILABLE' : 'EVENTSTOREDB_REVISIONS',
        message,
      );
    }
    this.#staleLooks = 0;
    if (last !== undefined) {
      const reader = openReader(last.revision);
      const records = reader.read();
      assert(records !== undefined, 'what is durable can be read');
      const ours = new EventIds(shard).of(records, 0);
      reader.close();
      if (last.id !== ours) {
        const message = `${this.#stream} holds another event at revision ${last.revision}`;
        throw new StoreError('EVENTSTOREDB_DIFFERENT_EVENTS', message);
      }
    }
    this.#located = true;
    this.#progress(next, undefined);
    return next;
  }

  /** A system of record hides nothing: the stream must be neither deleted nor made to forget. */
  async #checkWhole(session: StoreSession): Promise<void> {
    const settings = await session.lastEvent(metastreamOf(this.#stream), this.#limits.deadlineMs);
    if (settings === undefined) return;
    const { truncateBefore, maxCount, maxAgeSeconds } = parseStreamMetadata(settings.data);
    if ((truncateBefore ?? 0) === 0 && maxCount === undefined && maxAgeSeconds === undefined)
      return;
    const message = `${this.#stream} was deleted, or its metadata makes it forget events`;
    throw new StoreError('EVENTSTOREDB_REVISIONS', message);
  }

  async #pump(
    channel: AppendChannel,
    batches: ForwardBatches,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const flights: Flight[] = [];
    const { durableEnd } = this.#options;
    const stopped = (): boolean => signal?.aborted === true;
    while (!stopped()) {
      const state = durableEnd.state();
      this.#send(channel, batches, flights);
      const [oldest] = flights;
      if (oldest !== undefined) {
        await oldest.answered;
        if (stopped()) return;
        while (flights[0]?.outcome !== undefined) {
          const flight = flights.shift()!;
          this.#settle(flight, flights[0]);
          batches.recycle(flight.frame);
        }
      } else if (state === 'open') {
        await durableEnd.wait(batches.nextSequence, signal);
        await sleepUntil(undefined, this.#limits.lingerMs, signal);
      } else {
        return;
      }
    }
  }

  /**
   * Fills the window. Behind an append in flight only full ones are sent: what is less waits for the
   * answer and grows meanwhile, so that a quiet day costs few small appends and a busy one none.
   */
  #send(channel: AppendChannel, batches: ForwardBatches, flights: Flight[]): void {
    const { appendsInFlight, batchEvents, deadlineMs } = this.#limits;
    while (flights.length < appendsInFlight) {
      if (flights.length > 0 && this.#backlog(batches) < batchEvents) return;
      const batch = batches.next();
      if (batch === undefined) return;
      const { frame, first, timeMs } = batch;
      const answer = channel.append(frame, this.#stream, first - 1, deadlineMs);
      const flight: Flight = {
        frame,
        last: first + frame.count - 1,
        timeMs,
        outcome: undefined,
        answered: answer.then((outcome) => {
          flight.outcome = outcome;
        }),
      };
      if (flights.length === 0) {
        this.#oldestMs = timeMs;
        this.#options.onChange?.(this.#state());
      }
      flights.push(flight);
    }
  }

  #backlog(batches: ForwardBatches): number {
    this.#options.durableEnd.read(this.#durable);
    return this.#durable.nextSequence - batches.nextSequence;
  }

  #state(): ForwardState {
    return {
      stored: this.#stored,
      oldestMs: this.#oldestMs,
      sessions: this.#sessions,
      connected: this.#problem === undefined,
      problem: this.#problem === undefined ? undefined : problemOf(this.#problem),
      letIn: this.#letIn,
    };
  }

  #settle(flight: Flight, next: Flight | undefined): void {
    const { outcome } = flight;
    assert(outcome !== undefined, 'an append is settled once it was answered');
    if (outcome.kind === 'lost' || outcome.kind === 'refused') throw storeError(outcome.error);
    if (outcome.kind === 'wrong-revision') {
      const message = `${this.#stream} is at ${outcome.current}, not before ${flight.last}`;
      throw new StoreError('EVENTSTOREDB_WRONG_REVISION', message);
    }
    if (outcome.revision !== flight.last) {
      const message = `${this.#stream} put event ${flight.last} at revision ${outcome.revision}`;
      throw new StoreError('EVENTSTOREDB_REVISIONS', message);
    }
    this.#letIn = true;
    this.#progress(flight.last + 1, next?.timeMs);
    this.#backoff.reset();
  }

  #progress(stored: number, oldestMs: number | undefined): void {
    this.#stored = stored;
    this.#oldestMs = oldestMs;
    this.#problem = undefined;
    this.#options.onChange?.(this.#state());
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

function problemOf({ code, message }: StoreError): ForwardProblem {
  return { code, message: message.slice(0, PROBLEM_CHARS_MAX) };
}
