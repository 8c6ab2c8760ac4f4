/**
 * The fast path: the writer's own thread polls the sockets and runs to completion.
 *
 * ```
 *          +------------------------------- the writer's thread ------------------------------+
 *   TCP ==>| turn: read | deframe, decode | decide, encode | pwrite + fdatasync | answer       |==> TCP
 *          |  (addon)   |  -> own ring    |  -> batch      |  (addon)           | -> next turn |
 *          +-----^------+--------^--------+----------------+--------------------+--------------+
 *                |               |                                  |
 *            epoll_wait     rings of REST, venues                   +--> other readers of the log
 * ```
 *
 * A batch that is large, or has sessions that do not wait for the disk beside it, is sealed, written and
 * synced by the journal's second thread, while this one reads, decodes and decides the next:
 *
 * ```
 *   this thread     decide 1 | decide 2 ...            | answer 1, begin 2 | decide 3 ...
 *   the journal's            | seal, write, sync 1     |                   | seal, write, sync 2
 * ```
 *
 * One commit is in flight at a time. What is decided meanwhile waits in the writer's batch, and is answered
 * from memory at once where a session wants it.
 *
 * It sleeps in epoll_wait, where the doorbell of the other rings wakes it through an eventfd; told to
 * spin, it never sleeps. The event loop has a turn when something of it waits: a message, a password.
 */
import { randomInt } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import pino from 'pino';
import type { BatchLog, Writer } from '../commands/writer.js';
import type { RecordBuffer } from '../domain/event-record.js';
import type { RefusedLogin } from '../gateways/order-entry/connections.js';
import { NativeServer } from '../gateways/order-entry/native-server.js';
import { OrderEntry } from '../gateways/order-entry/order-entry.js';
import { RowPages } from '../gateways/order-entry/row-pages.js';
import type { TurnLatency } from '../gateways/order-entry/turn-latency.js';
import { assert } from '../lib/assert.js';
import type { Doorbell } from '../lib/doorbell.js';
import type { NativeAddon } from '../lib/native-addon.js';
import type { SpscRing } from '../lib/ring.js';
import type { JournalWriter } from '../log/journal/journal-writer.js';
import {
  type FastPathMessage,
  type FastPathOptions,
  type FastPathRequest,
  FLAGS,
  type OpenEntry,
} from './fast-path-messages.js';
import { useHugePages } from './huge-pages.js';
import { openPort } from './shard.js';

/** Longest sleep, and longest time without a turn of the event loop, ms. */
const SLEEP_MS_MAX = 50;
const LOOP_MS_MAX = 50;
/** The same while a password is being checked, whose outcome comes through the event loop. */
const LOGIN_LOOP_MS = 1;
/** A batch from this size on goes to the journal's thread; below, handing it over costs more. */
const HAND_OVER_BYTES_MIN = 64 * 1024;

/** Of `#due`: the next look at heartbeats, the last turn of the event loop. */
const NEXT_BEAT = 0;
const LOOPED = 1;

export interface FastPathParts {
  readonly addon: NativeAddon;
  readonly options: FastPathOptions;
  readonly journal: JournalWriter;
  readonly latency: TurnLatency;
  readonly doorbell: Doorbell;
  readonly rings: readonly SpscRing[];
  /** Int32 of `FLAGS`. */
  readonly flags: Int32Array;
  readonly port: MessagePort;
}

export class FastPath implements BatchLog {
  readonly #parts: FastPathParts;
  /** Order entry while it is open. */
  #entry: OrderEntry | undefined;
  #anyEarly = false;
  /** Polled as long as the thread runs, once there is one: others write to its eventfd. */
  #server: NativeServer | undefined;
  #spin: boolean;
  /** Something was done in the last turn, so there may be more. */
  #busy = false;
  /** The sessions have something to do. */
  #entryWaits = false;
  /**
   * Times of performance.now(): looked at in every turn, so nothing that is allocated. No heartbeat is
   * due while there is no order entry: a time that is over would end every sleep at once.
   */
  readonly #due = Float64Array.of(Number.POSITIVE_INFINITY, 0);
  #running = false;
  readonly #hasWork = (): boolean => this.#anything();
  #writer: Writer | undefined;
  readonly #wait = (): void => {
    const left = Math.ceil(this.#due[NEXT_BEAT]! - performance.now());
    this.#server?.turn(Math.max(0, Math.min(SLEEP_MS_MAX, this.#loopMs, left)));
  };

  constructor(parts: FastPathParts) {
    this.#parts = parts;
    this.#spin = parts.options.spin;
    if (parts.options.cpu !== undefined) parts.addon.pinThread(parts.options.cpu);
  }

  /** A batch of the writer. */
  append(batch: RecordBuffer): void {
    const { journal, latency } = this.#parts;
    const entry = this.#entry;
    latency.decided();
    const large = batch.length >= HAND_OVER_BYTES_MIN || this.#anyEarly;
    if (large && this.#running && entry !== undefined) {
      journal.begin(batch);
      return;
    }
    journal.append(batch);
    latency.durable();
    this.#answer(batch);
  }

  /** The commit in flight, when it is durable. */
  #finish(): void {
    const { journal, latency } = this.#parts;
    if (!journal.settled) return;
    journal.finish();
    latency.written(journal.writtenAt);
    latency.durable(journal.durableAt);
    this.#answer(journal.records);
    this.#busy = true;
  }

  #answer(durable: RecordBuffer): void {
    const entry = this.#entry;
    if (entry === undefined) return;
    entry.take(durable);
    entry.sendAll();
  }

  /** Runs until it is told to stop. */
  async run(writer: Writer): Promise<void> {
    const { flags, port, latency } = this.#parts;
    port.on('message', (request: FastPathRequest) => this.#take(request, writer));
    this.#writer = writer;
    this.#running = true;
    while (Atomics.load(flags, FLAGS.stop) === 0) {
      this.#turn(writer);
      if (this.#loopIsDue()) await this.#loop();
    }
    this.#running = false;
    this.#settle(writer);
    port.removeAllListeners('message');
    latency.close();
  }

  /** Waits until all that was decided is durable. */
  #settle(writer: Writer): void {
    const { journal } = this.#parts;
    if (journal.inFlight) {
      journal.finish();
      this.#answer(journal.records);
    }
    if (writer.batch.length > 0) writer.commit();
    if (journal.inFlight) this.#settle(writer);
  }

  #turn(writer: Writer): void {
    this.#finish();
    this.#poll();
    this.#busy = false;
    const entry = this.#entry;
    const { latency, journal } = this.#parts;
    if (entry !== undefined && this.#server !== undefined) {
      const { turned } = this.#server;
      latency.sent(turned);
      latency.decoded(turned, this.#decode(entry));
      if (turned[0]! >= this.#due[NEXT_BEAT]!) {
        entry.beat(turned[0]!);
        const every = Math.max(1, Math.floor(entry.times.heartbeatMs / 4));
        this.#due[NEXT_BEAT] = turned[0]! + every;
      }
    }
    this.#decide(writer);
    if (journal.inFlight) return;
    if (writer.batch.length > 0) {
      writer.commit();
      this.#busy = true;
    }
    entry?.beginBatch();
  }

  #decide(writer: Writer): void {
    if (!writer.waiting) return;
    const { batch } = writer;
    const from = batch.length;
    const entry = this.#entry;
    if (entry?.waitsForDisk === true && (from > 0 || this.#parts.journal.inFlight)) return;
    writer.decide();
    this.#busy = true;
    if (entry === undefined || !this.#anyEarly) return;
    const before = entry.sent;
    entry.takeEarly(batch, from);
    if (entry.sent === before) return;
    entry.sendAll();
    this.#server?.sendNow();
    this.#parts.latency.early();
  }

  /** @returns commands that are in the ring by now */
  #decode(entry: OrderEntry): number {
    const before = entry.taken;
    if (this.#entryWaits) {
      this.#entryWaits = false;
      this.#busy = true;
      // Once: a batch of a few thousand orders stays in the cache, which a larger one does not.
      if (entry.turn() !== 'idle') this.#entryWaits = true;
    }
    return entry.taken - before;
  }

  #poll(): void {
    const { doorbell } = this.#parts;
    const rest = !this.#spin && !this.#busy && !this.#entryWaits;
    if (this.#server === undefined) {
      if (!this.#busy) doorbell.sleep(this.#hasWork, SLEEP_MS_MAX);
    } else if (rest) doorbell.sleepIn(this.#hasWork, this.#wait);
    else this.#server.turn(0);
  }

  #anything(): boolean {
    const { flags, journal } = this.#parts;
    if (this.#writer?.waiting === true || journal.settled) return true;
    return Atomics.load(flags, FLAGS.stop) !== 0 || Atomics.load(flags, FLAGS.message) !== 0;
  }

  #loopIsDue(): boolean {
    const { flags } = this.#parts;
    if (Atomics.load(flags, FLAGS.message) !== 0) return true;
    const looped = this.#due[LOOPED]!;
    if (this.#server === undefined) return performance.now() - looped >= this.#loopMs;
    return this.#server.turned[0]! - looped >= this.#loopMs;
  }

  get #loopMs(): number {
    return (this.#entry?.checking ?? 0) > 0 ? LOGIN_LOOP_MS : LOOP_MS_MAX;
  }

  /** A turn of the event loop: messages, passwords, timers, what the observers saw. */
  async #loop(): Promise<void> {
    Atomics.store(this.#parts.flags, FLAGS.message, 0);
    await new Promise((resolve) => setImmediate(resolve));
    this.#due[LOOPED] = performance.now();
  }

  #take(request: FastPathRequest, writer: Writer): void {
    if (request.kind === 'openOrderEntry') this.#open(request, writer);
    else if (request.kind === 'closeOrderEntry') this.#close();
    else if (request.kind === 'permitSessions') this.#entry?.permit(request.permits);
    else this.#say({ kind: 'latencies', latencies: this.#parts.latency.latencies });
  }

  #open(request: OpenEntry, writer: Writer): void {
    assert(this.#entry === undefined, 'order entry is opened once');
    const { addon, options, journal, doorbell } = this.#parts;
    const { config, logLevel } = request;
    const started = performance.now();
    // Of an earlier order entry: the log has to hold its requests before it is read.
    this.#settle(writer);
    while (writer.run());
    const logger = pino({ level: logLevel }, pino.destination({ dest: 2, sync: true }));
    const { directory: journalDirectory, durableEnd } = journal;
    const parts = { config, port: openPort(request.port), journalDirectory, durableEnd, logger };
    try {
      const onRefused = (login: RefusedLogin) => this.#say({ kind: 'loginRefused', login });
      // With --spin no order waits for a page of memory.
      const rows = new RowPages(options.spin ? writer.state.orders.capacity : 0);
      useHugePages(addon, [rows], options.spin);
      const seed = randomInt(2 ** 31);
      const entry = new OrderEntry({ ...parts, onRefused, rows, seed }, () => {
        this.#entryWaits = true;
      });
      entry.begin();
      const server = new NativeServer(addon, {
        limits: entry.limits,
        busyPollUs: options.busyPollUs ?? 0,
        onChannel: (channel) => entry.admit(channel),
        onRefused: () => logger.warn({ reason: 'CONNECTIONS_FULL' }, 'connection refused'),
      });
      const port = server.listen(config.host, config.port);
      doorbell.wakeThrough(server.wakeFd);
      this.#parts.latency.reset();
      this.#server = server;
      this.#entry = entry;
      this.#due[NEXT_BEAT] = 0;
      this.#anyEarly = entry.anyEarly;
      const recoverySeconds = (performance.now() - started) / 1000;
      this.#say({ kind: 'orderEntryOpen', port, recoverySeconds });
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      this.#say({ kind: 'orderEntryFailed', message, code: code ?? '' });
    }
  }

  #close(): void {
    const entry = this.#entry;
    const server = this.#server;
    if (entry === undefined || server === undefined) return;
    server.stopListening();
    void entry.end().then(() => {
      this.#entry = undefined;
      this.#due[NEXT_BEAT] = Number.POSITIVE_INFINITY;
      this.#anyEarly = false;
      this.#say({ kind: 'orderEntryClosed', counts: entry.counts });
    });
  }

  #say(message: FastPathMessage): void {
    this.#parts.port.postMessage(message);
  }
}
