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
 * While the disk syncs a large batch, the thread reads and decodes what comes next and writes the answers
 * of this one; the server is held meanwhile, so that nothing leaves before the sync has returned.
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
import { openPort } from './shard.js';

/** Longest sleep, and longest time without a turn of the event loop, ms. */
const SLEEP_MS_MAX = 50;
const LOOP_MS_MAX = 50;
/** A batch from this size on is synced by another thread while this one goes on; below, that costs more. */
const OVERLAP_BYTES_MIN = 64 * 1024;

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
  #nextBeat = 0;
  #loopedAt = 0;
  /** The batch that is being made durable, and whether its answers are written already. */
  #batch: RecordBuffer | undefined;
  #answered = false;
  /** What was decoded while the disk was at the last batch: how many commands, and since when. */
  #aheadTaken = 0;
  #aheadSince = 0;
  readonly #overlap = (): void => this.#goOn();
  readonly #hasWork = (): boolean => this.#anything();
  readonly #wait = (): void => {
    const left = Math.ceil(this.#nextBeat - performance.now());
    this.#server?.turn(Math.max(0, Math.min(SLEEP_MS_MAX, left)));
  };

  constructor(parts: FastPathParts) {
    this.#parts = parts;
    this.#spin = parts.options.spin;
    if (parts.options.cpu !== undefined) parts.addon.pinThread(parts.options.cpu);
  }

  /** A batch of the writer: answered from memory where a session wants it, then from disk. */
  append(batch: RecordBuffer): void {
    const { journal, latency } = this.#parts;
    const entry = this.#entry;
    latency.decided();
    if (entry !== undefined && this.#anyEarly) {
      const before = entry.sent;
      entry.takeEarly(batch);
      if (entry.sent > before) {
        entry.sendAll();
        this.#server?.sendNow();
        latency.early();
      }
    }
    this.#batch = batch;
    this.#answered = false;
    journal.append(batch);
    this.#batch = undefined;
    latency.durable();
    if (entry === undefined) return;
    if (this.#answered) this.#server?.hold(false);
    else entry.take(batch);
    entry.sendAll();
  }

  /** What can be done while the disk syncs, for `nativeFileSystem`. */
  meanwhile(): (() => void) | undefined {
    const large = (this.#batch?.length ?? 0) >= OVERLAP_BYTES_MIN;
    return large && this.#entry !== undefined ? this.#overlap : undefined;
  }

  #goOn(): void {
    const entry = this.#entry;
    const server = this.#server;
    const batch = this.#batch;
    assert(entry !== undefined && server !== undefined && batch !== undefined, 'there is a batch');
    server.hold(true);
    server.turn(0);
    const taken = this.#decode(entry);
    if (this.#aheadTaken === 0) this.#aheadSince = server.turnedAt;
    this.#aheadTaken += taken;
    // Last: until here the sessions are as the durable log has them.
    entry.take(batch);
    this.#answered = true;
  }

  /** Runs until it is told to stop. */
  async run(writer: Writer): Promise<void> {
    const { flags, port, latency } = this.#parts;
    port.on('message', (request: FastPathRequest) => this.#take(request, writer));
    while (Atomics.load(flags, FLAGS.stop) === 0) {
      this.#turn(writer);
      if (this.#loopIsDue()) await this.#loop();
    }
    port.removeAllListeners('message');
    latency.close();
  }

  #turn(writer: Writer): void {
    this.#poll();
    this.#busy = false;
    const entry = this.#entry;
    const { latency } = this.#parts;
    if (entry !== undefined && this.#server !== undefined) {
      const { turnedAt } = this.#server;
      latency.sent(turnedAt);
      const ahead = this.#aheadTaken;
      const since = ahead > 0 ? this.#aheadSince : turnedAt;
      this.#aheadTaken = 0;
      latency.decoded(since, ahead + this.#decode(entry));
      if (turnedAt >= this.#nextBeat) {
        entry.beat(turnedAt);
        this.#nextBeat = turnedAt + Math.max(1, Math.floor(entry.times.heartbeatMs / 4));
      }
    }
    if ((this.#anything() || writer.state.work.any) && writer.run()) this.#busy = true;
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
    const { rings, flags } = this.#parts;
    for (let i = 0; i < rings.length; i += 1) if (rings[i]!.available() > 0) return true;
    return Atomics.load(flags, FLAGS.stop) !== 0 || Atomics.load(flags, FLAGS.message) !== 0;
  }

  #loopIsDue(): boolean {
    const { flags } = this.#parts;
    if ((this.#entry?.checking ?? 0) > 0 || Atomics.load(flags, FLAGS.message) !== 0) return true;
    const now = this.#server?.turnedAt ?? performance.now();
    return now - this.#loopedAt >= LOOP_MS_MAX;
  }

  /** A turn of the event loop: messages, passwords, timers, what the observers saw. */
  async #loop(): Promise<void> {
    Atomics.store(this.#parts.flags, FLAGS.message, 0);
    await new Promise((resolve) => setImmediate(resolve));
    this.#loopedAt = performance.now();
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
    while (writer.run());
    const logger = pino({ level: logLevel }, pino.destination({ dest: 2, sync: true }));
    const { directory: journalDirectory, durableEnd } = journal;
    const parts = { config, port: openPort(request.port), journalDirectory, durableEnd, logger };
    try {
      const onRefused = (login: RefusedLogin) => this.#say({ kind: 'loginRefused', login });
      const entry = new OrderEntry({ ...parts, onRefused, seed: randomInt(2 ** 31) }, () => {
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
      this.#anyEarly = false;
      this.#say({ kind: 'orderEntryClosed', counts: entry.counts });
    });
  }

  #say(message: FastPathMessage): void {
    this.#parts.port.postMessage(message);
  }
}
