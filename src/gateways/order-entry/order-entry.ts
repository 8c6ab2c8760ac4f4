/**
 * Order entry: OUCH over SoupBinTCP, all sessions in one thread, whoever moves the bytes and calls.
 *
 * ```
 *   channels -> deframers --turn--> commands -> ring -> (writer, journal)
 *   channels <- outputs   <--take-- messages <- batches of the log, when they are durable
 * ```
 *
 * `OrderEntryGateway` drives it on node:net behind the journal, `operations/fast-path.ts` on the
 * addon in the writer's own thread.
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { Clock } from '../../lib/time.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { SparseIndex } from '../../log/journal/sparse-index.js';
import { putSequencedHeader } from '../soupbintcp/packets.js';
import type { Channel } from './channel.js';
import {
  checkSessions,
  type GatewayLimits,
  type GatewayTimes,
  LIMITS_DEFAULT,
  TIMES_DEFAULT,
} from './config.js';
import { Connection } from './connection.js';
import { Connections } from './connections.js';
import { FairShare } from './fair-share.js';
import { ForcedCancels } from './forced-cancels.js';
import { LogCursor } from './log-cursor.js';
import { MatchNumbers } from './match-numbers.js';
import type { GatewayCounts, OrderEntryParts, TurnOutcome } from './order-entry-parts.js';
import { PacketHandler } from './packet-handler.js';
import { isRevoked, putInForce, type SessionPermit } from './permits.js';
import { Requests } from './requests.js';
import { RowPages } from './row-pages.js';
import type { Session } from './session.js';
import { SessionStream } from './session-stream.js';
import { MESSAGE_BYTES_MAX, StreamMessages } from './stream-message.js';
import { Tradables } from './tradable.js';

const SOUP_HEADER = 3;
const accepted = eventLayouts.OrderAccepted.offsets;
const tradingDayAt = eventLayouts.TradingDayOpened.offsets.tradingDay;

export class OrderEntry {
  readonly limits: GatewayLimits;
  readonly times: GatewayTimes;
  readonly clock = new Clock();
  readonly #parts: OrderEntryParts;
  /** Called when there is something for `turn` to do. */
  readonly #onWork: () => void;
  readonly #tradables = new Tradables();
  readonly #messages = new StreamMessages(this.#tradables);
  readonly #matches: MatchNumbers;
  readonly #requests: Requests;
  readonly #packets: PacketHandler;
  readonly #sessions: Session[];
  readonly #bySessionId = new Map<number, Session>();
  readonly #connections: Connections;
  readonly #fair: FairShare;
  readonly #journalIndex = new SparseIndex();
  readonly #cancels: ForcedCancels;
  #ready: Connection[] = [];
  #dirty: Session[] = [];
  #catchingUp: Connection[] = [];
  #live = false;
  /** The next event to fold, and, of sessions that are answered from memory, ahead of it. */
  #position = 0;
  #early = 0;
  #dayWaits = false;
  #catchUpWaits = false;
  #sent = 0;
  #behind = 0;
  #lastSessionId = -1;
  #lastSession: Session | undefined;

  constructor(parts: OrderEntryParts, onWork: () => void) {
    checkSessions(parts.config.sessions);
    this.#parts = parts;
    this.#onWork = onWork;
    this.limits = { ...LIMITS_DEFAULT, ...parts.config.limits };
    this.times = { ...TIMES_DEFAULT, ...parts.config.times };
    this.#matches = new MatchNumbers(this.limits.executions, parts.seed);
    this.#requests = new Requests(parts.port, this.#tradables, this.clock);
    this.#cancels = new ForcedCancels(this.#requests, this.#tradables);
    this.#packets = new PacketHandler(this.#requests, this.#tradables, this.clock);
    const rows = parts.rows ?? new RowPages(0);
    this.#sessions = parts.config.sessions.map((config) => ({
      stream: new SessionStream(config, this.#matches, this.limits.userRefs, rows),
      early: config.acknowledge === 'memory',
      connection: undefined,
      dirty: false,
    }));
    for (const session of this.#sessions) {
      this.#bySessionId.set(session.stream.config.id, session);
    }
    this.#fair = new FairShare(this.#sessions.map(({ stream }) => stream));
    this.#connections = new Connections({
      sessions: this.#sessions,
      times: this.times,
      logger: parts.logger,
      onInput: (connection) => this.#plan(connection),
      onTaken: (connection) => this.#onTaken(connection),
      onOpen: (connection) => this.#catchUp(connection),
      onEnd: (connection) => this.#onEnd(connection),
      onRefused: (login) => parts.onRefused?.(login),
    });
  }

  get counts(): GatewayCounts {
    return {
      connections: this.#connections.size,
      taken: this.#packets.taken,
      ignored: this.#packets.ignored,
      sent: this.#sent,
      behind: this.#behind,
    };
  }

  /** Requests put into the ring, and messages written, since the start. */
  get taken(): number {
    return this.#packets.taken;
  }

  get sent(): number {
    return this.#sent;
  }

  /** The next event to fold. */
  get position(): number {
    return this.#position;
  }

  get journalIndex(): SparseIndex {
    return this.#journalIndex;
  }

  /** Logins under way, whose outcome comes through the event loop. */
  get checking(): number {
    return this.#connections.checking;
  }

  /** Whether any session is answered before the disk has its orders. */
  get anyEarly(): boolean {
    return this.#sessions.some(({ early }) => early);
  }

  /**
   * Whether all that was decided has to be durable before anything more is: a trading day is in it, or
   * a session that is answered from memory asks for messages, which it gets from the log.
   */
  get waitsForDisk(): boolean {
    return this.#dayWaits || this.#catchUpWaits;
  }

  /** Folds the log up to its durable end; from then on sessions may come. @throws JournalError */
  begin(): void {
    const { journalDirectory, durableEnd } = this.#parts;
    const end = { nextSequence: 0, segment: 0, offset: 0 };
    durableEnd.read(end);
    const index = this.#journalIndex;
    const reader = new JournalReader(journalDirectory, { from: 0, end: durableEnd, index });
    while (reader.nextSequence < end.nextSequence) {
      const batch = reader.read();
      assert(batch !== undefined, 'the log reads up to its durable end');
      this.take(batch);
    }
    reader.close();
    this.#live = true;
    for (const { stream } of this.#sessions) this.#cancels.ofSession(stream);
    this.#onWork();
  }

  /** A client has connected. */
  admit(channel: Channel): void {
    this.#connections.add(new Connection(channel, performance.now()));
  }

  /** Looks at the times of all connections. @param now of performance.now() */
  beat(now: number): void {
    this.#connections.beat(now);
  }

  /** What each session may do from now on; one without a permit may do nothing. */
  permit(permits: readonly SessionPermit[]): void {
    const byUser = new Map(permits.map((permit) => [permit.user, permit]));
    for (const session of this.#sessions) {
      const { connection, stream } = session;
      const permit = byUser.get(stream.config.user);
      // First, so that what is canceled with the connection is that of the accounts it had.
      if (connection !== undefined && isRevoked(session, permit)) {
        this.#connections.end(connection, 'REVOKED');
      }
      putInForce(session, permit);
    }
    this.#onWork();
  }

  /** Ends every session in order; resolves when their sockets are gone. */
  end(): Promise<void> {
    return this.#connections.endAll('STOPPING');
  }

  // From the sockets to the ring.

  #plan(connection: Connection): void {
    if (!connection.queued) {
      connection.queued = true;
      this.#ready.push(connection);
    }
    this.#onWork();
  }

  #onTaken(connection: Connection): void {
    if (connection.state !== 'open') return;
    this.#catchUp(connection);
    connection.output.flush();
  }

  /** Every connection with input has its turn; one publish for all of them. */
  turn(): TurnOutcome {
    this.clock.tick();
    this.#requests.begin();
    this.#fair.tick(performance.now());
    this.#goOnCatchingUp();
    let blocked = !this.#cancels.submit();
    const turn = this.#ready;
    this.#ready = [];
    let more = this.#catchingUp.length > 0;
    for (const connection of turn) {
      connection.queued = false;
      const outcome = blocked ? 'blocked' : this.#drain(connection);
      if (outcome === 'idle') continue;
      connection.queued = true;
      this.#ready.push(connection);
      if (outcome === 'blocked') blocked = true;
      else if (outcome === 'more') more = true;
    }
    this.#parts.port.publish();
    if (blocked) return 'blocked';
    return more ? 'more' : 'idle';
  }

  #drain(connection: Connection): TurnOutcome | 'held' {
    const { session } = connection;
    if (session === undefined) return this.#take(connection, 1).outcome;
    const { turn, fairShare } = this.limits;
    const { stream } = session;
    const most = this.#fair.of(stream, turn, fairShare);
    if (most === 0) return 'held';
    const { outcome, taken } = this.#take(connection, most);
    this.#fair.took(stream, taken);
    return outcome;
  }

  /** What was taken so far is in a commit: from now on it is another batch. */
  beginBatch(): void {
    if (this.#fair.beginBatch()) this.#onWork();
  }

  /** Takes packets of a connection, at most `most`. */
  #take(connection: Connection, most: number): { outcome: TurnOutcome; taken: number } {
    const { channel } = connection;
    for (let taken = 0; taken < most; taken += 1) {
      if (!channel.held && !this.#connections.next(connection)) {
        channel.refill();
        if (!this.#connections.next(connection)) return { outcome: 'idle', taken };
      }
      const { session } = connection;
      assert(session !== undefined, 'an open connection has its session');
      const handled = this.#packets.handle(connection, session.stream);
      channel.held = handled === 'blocked';
      if (handled === 'blocked') return { outcome: 'blocked', taken };
      if (handled !== 'done') {
        this.#connections.end(connection, handled.end);
        return { outcome: 'idle', taken };
      }
    }
    channel.refill();
    return { outcome: 'more', taken: most };
  }

  #onEnd(connection: Connection): void {
    connection.cursor?.close();
    connection.cursor = undefined;
    connection.channel.held = false;
    const { session } = connection;
    if (session === undefined || session.connection !== connection) return;
    session.connection = undefined;
    this.#cancels.ofSession(session.stream);
    this.#onWork();
  }

  // From the log to the sockets.

  /**
   * Folds what is not on disk yet, of the sessions that are answered from memory. What concerns
   * everybody, such as a new day, waits for the disk, and so does all behind it.
   *
   * @param from byte of the batch behind what was folded already
   */
  takeEarly(batch: RecordBuffer, from: number): void {
    const { bytes, u16, u32, f64 } = batch;
    if (from === batch.length) return;
    if (this.#dayWaits && f64[(from + HEADER.sequence) >> 3]! > this.#position) return;
    this.#dayWaits = false;
    for (let at = from; at < batch.length; at += u16[(at + HEADER.length) >> 1]!) {
      const number = bytes[at + HEADER.number]!;
      if (number === EVENT.TradingDayOpened || number === EVENT.TradingDayClosed) {
        this.#dayWaits = true;
        return;
      }
      this.#early = f64[(at + HEADER.sequence) >> 3]! + 1;
      const session = this.#session(u32[(at + HEADER.session) >> 2]!);
      if (session?.early === true) this.#takeFor(session, batch, at);
    }
  }

  /** Folds a batch that is durable, and writes the messages of those who are up to date. */
  take(batch: RecordBuffer): void {
    const { bytes, u16, u32, f64 } = batch;
    let at = 0;
    while (at < batch.length) {
      const number = bytes[at + HEADER.number]!;
      if (number === EVENT.TradingDayOpened) this.#openDay(batch, at);
      else if (number === EVENT.TradingDayClosed) {
        for (const session of this.#sessions) this.#takeFor(session, batch, at);
      } else if (Tradables.concerns(number)) this.#tradables.take(batch, at);
      else {
        const session = this.#session(u32[(at + HEADER.session) >> 2]!);
        const told = session?.early === true && f64[(at + HEADER.sequence) >> 3]! < this.#early;
        if (session !== undefined && !told) this.#takeFor(session, batch, at);
      }
      this.#position = f64[(at + HEADER.sequence) >> 3]! + 1;
      at += u16[(at + HEADER.length) >> 1]!;
    }
  }

  #session(id: number): Session | undefined {
    if (id !== this.#lastSessionId) {
      this.#lastSessionId = id;
      this.#lastSession = this.#bySessionId.get(id);
    }
    return this.#lastSession;
  }

  /** A new day is a new session of SoupBinTCP: the old one ends for whoever is logged in. */
  #openDay(batch: RecordBuffer, at: number): void {
    const day = batch.u32[(at + tradingDayAt) >> 2]!;
    this.#matches.clear();
    for (const session of this.#sessions) {
      if (session.connection !== undefined) this.#connections.end(session.connection, 'DAY_OPENED');
      session.stream.openDay(day);
      session.stream.take(batch, at);
    }
  }

  #takeFor(session: Session, batch: RecordBuffer, at: number): void {
    const type = session.stream.take(batch, at);
    const { connection } = session;
    if (type === 0 && batch.bytes[at + HEADER.number] === EVENT.OrderAccepted) {
      this.#cancelStray(session.stream, batch, at);
    }
    if (type === 0 || connection === undefined || connection.behind) return;
    if (connection.state !== 'open') return;
    if (!this.#put(connection, session.stream, type, batch, at)) {
      connection.behind = true;
      this.#behind += 1;
      return;
    }
    if (session.dirty) return;
    session.dirty = true;
    this.#dirty.push(session);
  }

  /** Sent on one day and taken on the next: no stream can tell the client of it, so it must not stay. */
  #cancelStray(stream: SessionStream, batch: RecordBuffer, at: number): void {
    if (!this.#live) return;
    const orderId = batch.f64[(at + accepted.orderId) >> 3]!;
    const account = batch.u32[(at + accepted.account) >> 2]!;
    const { name } = stream.config;
    this.#parts.logger.error({ session: name, orderId, reason: 'DAY_PASSED' }, 'order canceled');
    this.#cancels.ofOrder(stream, account, orderId);
    this.#onWork();
  }

  /** Writes the message into the connection's buffer. @returns false when it has no room */
  #put(
    connection: Connection,
    stream: SessionStream,
    type: number,
    batch: RecordBuffer,
    at: number,
  ): boolean {
    const { output } = connection;
    if (!output.room(MESSAGE_BYTES_MAX + SOUP_HEADER)) return false;
    const { view } = output;
    const start = output.at;
    const end = this.#messages.write(stream, type, batch, at, view, start + SOUP_HEADER);
    putSequencedHeader(view, start, end - start - SOUP_HEADER);
    output.at = end;
    connection.next += 1;
    this.#sent += 1;
    return true;
  }

  /** Gives the sockets what `take` wrote: one write per session and batch. */
  sendAll(): void {
    const now = performance.now();
    for (const session of this.#dirty) {
      const { connection } = session;
      session.dirty = false;
      if (connection === undefined) continue;
      connection.sentAt = now;
      connection.output.flush();
    }
    this.#dirty = [];
  }

  /** Sends from the log what a connection has missed, as far as there is room. */
  #catchUp(connection: Connection): void {
    const { session } = connection;
    if (!connection.behind || connection.state !== 'open' || session === undefined) return;
    if (session.early && this.#early > this.#position) {
      // Its stream is ahead of the log.
      this.#catchUpWaits = true;
      this.#catchUpLater(connection);
      return;
    }
    const { stream } = session;
    connection.cursor ??= this.#openCursor(stream, connection.next);
    const outcome = connection.cursor.pump(connection.next, this.#position, (type, batch, at) =>
      this.#put(connection, stream, type, batch, at),
    );
    connection.output.flush();
    connection.sentAt = performance.now();
    if (outcome === 'more') this.#catchUpLater(connection);
    if (outcome !== 'caughtUp') return;
    assert(connection.next === stream.count + 1, 'the log gave the session all its messages');
    connection.cursor.close();
    connection.cursor = undefined;
    connection.behind = false;
  }

  #catchUpLater(connection: Connection): void {
    if (connection.catchingUp) return;
    connection.catchingUp = true;
    this.#catchingUp.push(connection);
    this.#onWork();
  }

  /** Those who had read their share of the log in the last turn. */
  #goOnCatchingUp(): void {
    if (this.#catchingUp.length === 0) return;
    const waiting = this.#catchingUp;
    this.#catchingUp = [];
    this.#catchUpWaits = false;
    for (const connection of waiting) {
      connection.catchingUp = false;
      this.#catchUp(connection);
    }
  }

  #openCursor(stream: SessionStream, next: number): LogCursor {
    const { journalDirectory, durableEnd } = this.#parts;
    const known =
      next > stream.count ? { ordinal: next, sequence: this.#position } : stream.index.find(next);
    const reader = new JournalReader(journalDirectory, {
      from: known.sequence,
      end: durableEnd,
      index: this.#journalIndex,
    });
    return new LogCursor(reader, stream, known.ordinal);
  }
}
