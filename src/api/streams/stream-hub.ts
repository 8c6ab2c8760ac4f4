/**
 * All live streams of the API: reads the durable log once, for all subscribers, in the pass of the
 * log's follower.
 *
 * ```
 *   follower --> take: fold, entries of topics --> pending --> flush: channels --> sinks
 *                                                                        ^  |
 *   journal --> catch-ups, in turns ------------------------ arrived ----+  +-- too slow
 * ```
 *
 * A subscriber joins a channel in the turn in which it has everything up to the live end, and what was
 * pending is flushed before: no sequence is sent twice, none is left out. Fan-out takes a bounded
 * share of the thread: after a flush, the next one waits FLUSH_REST times as long as it took, and
 * what comes meanwhile goes into one message.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT } from '../../domain/events.js';
import type { JournalReader } from '../../log/journal/journal-reader.js';
import { overloaded, problem } from '../application/errors.js';
import type { Identity } from '../identity/identity.js';
import type { ReferenceData } from '../reference/reference-data.js';
import { CatchUp, PROGRESS_MS } from './catch-up.js';
import { Channel } from './channel.js';
import type { Entry } from './entry.js';
import { filterOf, type Wanted } from './filter.js';
import { OrderFacts } from './order-facts.js';
import { PositionBook } from './position-book.js';
import { PositionCheckpoints } from './position-checkpoints.js';
import type { StreamState } from './stream-state.js';
import type { Format, Sink, Subscriber } from './subscriber.js';
import { TermsHistory } from './terms-history.js';
import { TOPICS, type Topic, type TopicName, topics } from './topics.js';

/** Subscriptions at a time; more are refused with CAPACITY_OVERLOAD. */
export const SUBSCRIBERS_MAX = 2000;
/** A flush is followed by a rest of so many times its length: fan-out has a fifth of the thread. */
const FLUSH_REST = 4;
/** Entries that wait for a flush; then it is due at once. */
const PENDING_ENTRIES_MAX = 4096;

export interface Subscription extends Wanted {
  readonly topic: TopicName;
  /** Everything after this; -1 from the beginning; undefined: from now on. */
  readonly after?: number | undefined;
}

export interface StreamHubOptions {
  readonly reference: ReferenceData;
  /** A reader of the journal from a sequence on. */
  readonly readFrom: (sequence: number) => JournalReader;
}

/** The topics in the order of TOPICS, with what is live of them. */
interface Live {
  readonly topic: Topic;
  readonly channels: Map<string, Channel>;
  members: number;
  pending: Entry[];
}

export class StreamHub {
  readonly #options: StreamHubOptions;
  readonly #state: StreamState;
  readonly #terms = new TermsHistory();
  readonly #facts = new OrderFacts();
  readonly #book = new PositionBook();
  readonly #checkpoints = new PositionCheckpoints();
  readonly #live: readonly Live[] = TOPICS.map((name) => ({
    topic: topics[name],
    channels: new Map(),
    members: 0,
    pending: [],
  }));
  readonly #subscribers = new Set<Subscriber>();
  /** Those that read, in turn; and all that have a reader, by subscriber. */
  readonly #catchUps: CatchUp[] = [];
  readonly #reading = new Map<Subscriber, CatchUp>();
  readonly #progress: NodeJS.Timeout;
  #stepping = false;
  #sequence = -1;
  #flushTimer: NodeJS.Timeout | undefined;
  #flushAtMs = 0;
  #closed = false;

  constructor(options: StreamHubOptions) {
    this.#options = options;
    const { reference } = options;
    this.#state = {
      terms: this.#terms,
      facts: this.#facts,
      book: this.#book,
      groupName: (group) => reference.groupName(group),
    };
    this.#progress = setInterval(() => this.#flush(true), PROGRESS_MS).unref();
  }

  /** The last sequence that was taken; -1 none. */
  get sequence(): number {
    return this.#sequence;
  }
  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Takes whole commits, as the follower reads them. */
  take(batch: RecordBuffer): void {
    const { u16, f64 } = batch;
    const end = batch.length;
    let last = 0;
    for (let at = 0; at < end; at += u16[(at + HEADER.length) / 2] as number) {
      this.#takeRecord(batch, at);
      last = at;
    }
    if (end === 0) return;
    this.#sequence = f64[(last + HEADER.sequence) / 8] as number;
    this.#checkpoints.offer(this.#sequence, this.#book);
    this.#scheduleFlush();
  }

  /**
   * Begins a stream. Its first message comes in a later turn.
   *
   * @throws ApplicationError PERMISSION_DENIED, REQUEST_INVALID, REQUEST_TOO_LARGE,
   *   CAPACITY_OVERLOAD, SERVICE_UNAVAILABLE
   * @returns ends it
   */
  subscribe(
    identity: Identity,
    { topic: name, after = this.#sequence, ...wanted }: Subscription,
    to: { readonly format: Format; readonly sink: Sink; readonly fail: (error: unknown) => void },
  ): () => void {
    if (this.#closed) throw problem('SERVICE_UNAVAILABLE');
    const topic = topics[name];
    const filter = filterOf(identity, topic, wanted);
    if (!Number.isSafeInteger(after) || after < -1) {
      throw invalidAfter('must be a sequence, or -1 for the beginning');
    }
    if (after > this.#sequence) throw invalidAfter(`the last sequence is ${this.#sequence}`);
    if (this.#subscribers.size >= SUBSCRIBERS_MAX) throw overloaded();
    const subscriber: Subscriber = { topic, filter, ...to, position: after, state: 'reading' };
    this.#subscribers.add(subscriber);
    this.#catchUp(subscriber);
    return () => this.#end(subscriber);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#progress);
    clearTimeout(this.#flushTimer);
    for (const subscriber of this.#subscribers) {
      this.#end(subscriber);
      subscriber.fail(problem('SERVICE_UNAVAILABLE', 'Daybook is stopping.'));
    }
  }

  #takeRecord(batch: RecordBuffer, at: number): void {
    const number = batch.bytes[at + HEADER.number] as number;
    if (number === EVENT.OrderAccepted) this.#facts.take(batch, at);
    else this.#terms.take(batch, at);
    const changed = this.#book.take(batch, at);
    for (const live of this.#live) {
      if (live.members === 0 || live.topic.events[number] !== 1) continue;
      live.pending.push(...live.topic.entries(this.#state, batch, at, changed));
    }
  }

  #scheduleFlush(): void {
    const most = Math.max(...this.#live.map(({ pending }) => pending.length));
    if (most >= PENDING_ENTRIES_MAX) this.#flush(false);
    if (most === 0 || this.#flushTimer !== undefined) return;
    // Never in this turn: who waits for an answer to the same commit has it first.
    const waitMs = Math.max(0, this.#flushAtMs - performance.now());
    this.#flushTimer = setTimeout(() => this.#flush(false), waitMs);
  }

  /** @param always also to channels for which there is nothing */
  #flush(always: boolean): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const startMs = performance.now();
    for (const live of this.#live) this.#flushTopic(live, always);
    const endMs = performance.now();
    this.#flushAtMs = endMs + (endMs - startMs) * FLUSH_REST;
  }

  #flushTopic(live: Live, always: boolean): void {
    const entries = live.pending;
    live.pending = [];
    for (const channel of live.channels.values()) {
      channel.flush(entries, this.#sequence, always, (slow) => {
        live.members -= 1;
        this.#lag(slow);
      });
    }
    for (const [key, { members }] of live.channels) {
      if (members.size === 0) live.channels.delete(key);
    }
  }

  /** Says what the client will read from the log, once it has room for saying so. */
  #lag(subscriber: Subscriber): void {
    subscriber.state = 'full';
    subscriber.sink.onceDrained(() => {
      if (subscriber.state !== 'full') return;
      const { topic, format, sink, position } = subscriber;
      if (this.#sequence > position) {
        sink.send(format.lagged(topic.name, position + 1, this.#sequence));
      }
      subscriber.state = 'reading';
      this.#catchUp(subscriber);
    });
  }

  #catchUp(subscriber: Subscriber): void {
    const { topic, position } = subscriber;
    const checkpoint = topic.folds ? this.#checkpoints.before(position) : undefined;
    try {
      const reader = this.#options.readFrom((checkpoint?.sequence ?? position) + 1);
      const book = checkpoint?.book.copy();
      const catchUp = new CatchUp(subscriber, reader, this.#state, book);
      this.#reading.set(subscriber, catchUp);
      this.#catchUps.push(catchUp);
    } catch (error) {
      this.#fail(subscriber, error);
      return;
    }
    this.#stepSoon();
  }

  #stepSoon(): void {
    if (this.#stepping || this.#catchUps.length === 0) return;
    this.#stepping = true;
    setImmediate(() => {
      this.#stepping = false;
      const catchUp = this.#catchUps.shift();
      if (catchUp !== undefined) this.#step(catchUp);
      this.#stepSoon();
    });
  }

  #step(catchUp: CatchUp): void {
    const { subscriber } = catchUp;
    if (subscriber.state === 'ended') return;
    try {
      const progress = catchUp.step(this.#sequence);
      if (progress === 'reading') this.#catchUps.push(catchUp);
      else if (progress === 'full') this.#waitForRoom(catchUp);
      else {
        this.#closeReader(subscriber);
        this.#join(subscriber);
      }
    } catch (error) {
      this.#fail(subscriber, error);
    }
  }

  #waitForRoom(catchUp: CatchUp): void {
    const { subscriber } = catchUp;
    subscriber.sink.onceDrained(() => {
      this.#catchUps.push(catchUp);
      this.#stepSoon();
    });
  }

  /** The subscriber has everything up to the live end, and the channel too before it joins. */
  #join(subscriber: Subscriber): void {
    const live = this.#live[TOPICS.indexOf(subscriber.topic.name)] as Live;
    this.#flushTopic(live, false);
    const { topic, filter, format } = subscriber;
    const key = `${format.name} ${filter.key}`;
    let channel = live.channels.get(key);
    if (channel === undefined) {
      channel = new Channel(topic, filter, format, this.#sequence);
      live.channels.set(key, channel);
    }
    channel.members.add(subscriber);
    live.members += 1;
    subscriber.state = 'live';
  }

  #closeReader(subscriber: Subscriber): void {
    this.#reading.get(subscriber)?.close();
    this.#reading.delete(subscriber);
  }

  #fail(subscriber: Subscriber, error: unknown): void {
    this.#end(subscriber);
    subscriber.fail(error);
  }

  #end(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    this.#closeReader(subscriber);
    const wasLive = subscriber.state === 'live';
    subscriber.state = 'ended';
    if (!wasLive) return;
    const live = this.#live[TOPICS.indexOf(subscriber.topic.name)] as Live;
    const key = `${subscriber.format.name} ${subscriber.filter.key}`;
    const channel = live.channels.get(key);
    channel?.members.delete(subscriber);
    live.members -= 1;
    if (channel?.members.size === 0) live.channels.delete(key);
  }
}

const invalidAfter = (detail: string) =>
  problem('REQUEST_INVALID', `after: ${detail}`, { errors: [{ field: 'after', detail }] });
