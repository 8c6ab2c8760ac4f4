/** The connections of a gateway: logins, heartbeats, silence, and how each of them ends. */
import type { Logger } from 'pino';
import { FailedLogins } from '../../lib/failed-logins.js';
import { SOUP_TYPE } from '../soupbintcp/catalogue.js';
import { putEndOfSession, putServerHeartbeat } from '../soupbintcp/packets.js';
import { WireError } from '../wire/wire-error.js';
import type { GatewayTimes } from './config.js';
import type { Connection } from './connection.js';
import { LateBeats } from './late-beats.js';
import {
  authenticate,
  type LoginFault,
  loginAccepted,
  loginRejected,
  readLogin,
  startOf,
} from './login.js';
import type { Session } from './session.js';

const SOUP_HEADER = 3;
/** A connection that was ended has this long to take what was sent to it before, ms. */
const LINGER_MS = 1000;

/** Ends that are not the client's fault and tell it that the session is over. */
const TOLD = new Set(['DAY_OPENED', 'STOPPING', 'LOGOUT']);

export interface ConnectionsOptions {
  readonly sessions: readonly Session[];
  readonly times: GatewayTimes;
  readonly logger: Logger;
  /** There are bytes to look at, or a login was decided. */
  readonly onInput: (connection: Connection) => void;
  /** The socket has room again. */
  readonly onTaken: (connection: Connection) => void;
  /** A client is logged in; `behind` says that it is to be sent what it missed. */
  readonly onOpen: (connection: Connection) => void;
  readonly onEnd: (connection: Connection) => void;
  /** Told of each login that is refused for who it is. */
  readonly onRefused: (login: RefusedLogin) => void;
}

/** For the record of refused access. Crosses threads. */
export interface RefusedLogin {
  readonly fault: LoginFault;
  readonly peer: string;
  /** As it was given: it may be anything. */
  readonly user: string;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #byUser: Map<string, Session>;
  readonly #all = new Set<Connection>();
  readonly #failed = new FailedLogins();
  readonly #late: LateBeats;
  #onEmpty: (() => void) | undefined;
  #checking = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    // Planned four times in a heartbeat's time.
    this.#late = new LateBeats(options.times.heartbeatMs);
    this.#byUser = new Map(options.sessions.map((each) => [each.stream.config.user, each]));
  }

  get size(): number {
    return this.#all.size;
  }

  /** Logins whose password is being checked, off the thread. */
  get checking(): number {
    return this.#checking;
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    connection.channel.open({
      onInput: () => {
        if (connection.state === 'ended') return;
        connection.heardAt = performance.now();
        this.#options.onInput(connection);
      },
      onTaken: () => this.#options.onTaken(connection),
      onEnd: (reason) => this.end(connection, reason),
      onClosed: () => {
        this.#all.delete(connection);
        if (this.#all.size === 0) this.#onEmpty?.();
      },
    });
  }

  /**
   * Moves to the next packet of a logged-in client. Logs it in first; ends it when its bytes are no
   * packets. @returns false when there is none to take now
   */
  next(connection: Connection): boolean {
    const { state } = connection;
    if (state !== 'open' && state !== 'login') return false;
    try {
      if (!connection.deframer.next()) return false;
      if (state === 'open') return true;
      this.#login(connection);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.end(connection, error.code);
    }
    return false;
  }

  /** Ends a connection once; `reason` is what the log says. */
  end(connection: Connection, reason: string): void {
    if (connection.state === 'ended') return;
    const wasOpen = connection.state === 'open';
    connection.state = 'ended';
    const { channel, output, session } = connection;
    const { stream } = session ?? {};
    this.#options.logger.info(
      { peer: channel.peer, reason, session: stream?.config.name, next: connection.next },
      wasOpen ? 'order entry session ended' : 'connection ended before it was logged in',
    );
    // A packet is either sent whole or not at all; here the stream of the client is at its end.
    if (wasOpen && TOLD.has(reason) && output.room(SOUP_HEADER)) {
      output.at = putEndOfSession(output.view, output.at);
    }
    output.finish();
    channel.ignore();
    setTimeout(() => channel.destroy(), LINGER_MS).unref();
    this.#options.onEnd(connection);
  }

  /** Ends all; resolves when the last socket is closed. */
  async endAll(reason: string): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of [...this.#all]) this.end(connection, reason);
    if (this.#all.size > 0) await empty;
  }

  /** Looks at the times of all connections. @param now of performance.now() */
  beat(now: number): void {
    const { heartbeatMs, silenceMs, loginMs, stalledMs } = this.#options.times;
    if (this.#late.isLate(now)) return;
    for (const connection of this.#all) {
      const { state, output } = connection;
      if (state === 'ended') continue;
      if (state !== 'open') {
        if (now - connection.openedAt >= loginMs) this.end(connection, 'LOGIN_TIMEOUT');
        continue;
      }
      // A client that we do not read from, because the ring is full, is not silent.
      const { channel } = connection;
      if (channel.paused || channel.held) connection.heardAt = now;
      if (now - connection.heardAt >= silenceMs) this.end(connection, 'SILENT');
      else if (output.inFlight && now - output.givenAt >= stalledMs) {
        this.end(connection, 'READER_STALLED');
        channel.destroy();
      } else if (now - connection.sentAt >= heartbeatMs && !output.inFlight) {
        if (!output.room(SOUP_HEADER)) continue;
        output.at = putServerHeartbeat(output.view, output.at);
        connection.sentAt = now;
        output.flush();
      }
    }
  }

  #login(connection: Connection): void {
    const { deframer } = connection;
    if (deframer.type !== SOUP_TYPE.loginRequest) {
      this.end(connection, 'LOGIN_EXPECTED');
      return;
    }
    const bytes = deframer.payloadLength + SOUP_HEADER;
    const request = readLogin(deframer.view, deframer.payloadAt - SOUP_HEADER, bytes);
    const { peer } = connection.channel;
    const address = peer.replace(/:\d+$/, '');
    const user = this.#byUser.has(request.user) ? request.user : undefined;
    const refuse = (fault: LoginFault): void => {
      this.#options.onRefused({ fault, peer, user: request.user });
      this.#refuse(connection, fault);
    };
    if (this.#failed.waitMs(address, user, performance.now()) > 0) {
      return refuse('LOGIN_ATTEMPTS_EXCEEDED');
    }
    connection.state = 'checking';
    this.#checking += 1;
    // Counted now: many may be checked at a time.
    this.#failed.failed(address, user, performance.now());
    authenticate(request, this.#byUser).then(
      (session) => {
        this.#checking -= 1;
        if (session !== undefined) {
          this.#failed.forgive(address, request.user, performance.now());
          this.#failed.succeeded(address, request.user, performance.now());
        }
        if (connection.state !== 'checking') return;
        if (session === undefined) return refuse('CREDENTIALS_WRONG');
        const start = startOf(request, session);
        if (typeof start === 'string') this.#refuse(connection, start);
        else this.#open(connection, session, start);
      },
      (error: Error) => {
        this.#checking -= 1;
        this.end(connection, error.message);
      },
    );
  }

  #refuse(connection: Connection, fault: LoginFault): void {
    this.#put(connection, loginRejected(fault));
    this.end(connection, fault);
  }

  /** The newest login holds: a client whose connection broke need not wait for our timeout. */
  #open(connection: Connection, session: Session, start: number): void {
    if (session.connection !== undefined) this.end(session.connection, 'REPLACED');
    session.connection = connection;
    connection.session = session;
    connection.state = 'open';
    connection.next = start;
    connection.behind = start <= session.stream.count;
    this.#put(connection, loginAccepted(session, start));
    const { peer } = connection.channel;
    const { name } = session.stream.config;
    this.#options.logger.info({ peer, session: name, next: start }, 'order entry session opened');
    this.#options.onOpen(connection);
    this.#options.onInput(connection);
  }

  #put(connection: Connection, packet: Uint8Array): void {
    const { output } = connection;
    const { view } = output;
    new Uint8Array(view.buffer, view.byteOffset).set(packet, output.at);
    output.at += packet.length;
    connection.sentAt = performance.now();
    output.flush();
  }
}
