/** What the order-entry gateway is told: its sessions, its limits, its times. Plain data. */
import { assert } from '../../lib/assert.js';
import type { TlsFiles } from '../../lib/tls-files.js';

export type Acknowledge = 'disk' | 'memory';

/** A login that the operator has set up. */
export interface SessionConfig {
  /** Number of the session in every event header, 1 to 2^32 - 1; never given to another client. */
  readonly id: number;
  /** Up to 4 letters or digits; with the trading day it makes the 10 characters of SoupBinTCP. */
  readonly name: string;
  /** Up to 6 characters. */
  readonly user: string;
  /** From `hashPassword`. */
  readonly passwordHash: string;
  /** Names of the accounts that it may trade for; Firm [appendage 2] picks one by its name. */
  readonly accounts: readonly string[];
  /** Name of the account of orders without Firm; one of `accounts`. */
  readonly defaultAccount: string;
  /** As set up, when some may not be traded for the moment: what is open there is still its own. */
  readonly home?: { readonly accounts: readonly string[]; readonly defaultAccount: string };
  /** Index of its identity in the header of every event; absent: 0. */
  readonly actor?: number;
  /** Cancel what is open when the connection ends, for whatever reason. */
  readonly cancelOnDisconnect: boolean;
  /**
   * What an answer waits for. `memory` is quicker by the sync and may tell of what a loss of power
   * undoes; orders go to venues from disk all the same. On the addon only: else the disk.
   */
  readonly acknowledge: Acknowledge;
}

/** Times in ms; tests shorten them. */
export interface GatewayTimes {
  /** Send a heartbeat after this long without sending. */
  readonly heartbeatMs: number;
  /** End a session that has not been heard for this long. */
  readonly silenceMs: number;
  /** End a connection that has not logged in by then. */
  readonly loginMs: number;
  /** End a session whose socket has not taken a buffer of output for this long. */
  readonly stalledMs: number;
}

export const TIMES_DEFAULT: GatewayTimes = {
  heartbeatMs: 1000,
  silenceMs: 15_000,
  loginMs: 5000,
  stalledMs: 10_000,
};

export interface GatewayLimits {
  /** Connections, logged in or not; further ones are closed at once. */
  readonly connections: number;
  /** Longest packet of a client with its length field; a longer one ends its session. */
  readonly packetBytes: number;
  /** Bytes received and not decided; when full, the socket is not read. */
  readonly inputBytes: number;
  /** Bytes of each of two output buffers; when both are full the session falls back to the log. */
  readonly outputBytes: number;
  /** UserRefNums of one session and day; the session ends when they are used up. */
  readonly userRefs: number;
  /** Executions of all sessions remembered for busts and corrections; beyond: match number 0. */
  readonly executions: number;
  /** Messages of one session taken before the next has its turn. */
  readonly turn: number;
  /** Messages in one batch of a session that floods, while others send little (fair-share.ts). */
  readonly fairShare: number;
}

export const LIMITS_DEFAULT: GatewayLimits = {
  connections: 256,
  packetBytes: 512,
  inputBytes: 131_072,
  outputBytes: 262_144,
  userRefs: 8_000_000,
  executions: 1_000_000,
  turn: 1024,
  fairShare: 32,
};

export interface GatewayConfig {
  /** Absent: plain text. With TLS the sockets are those of node:tls, never of the addon. */
  readonly tls?: TlsFiles | undefined;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly sessions: readonly SessionConfig[];
  readonly limits?: Partial<GatewayLimits>;
  readonly times?: Partial<GatewayTimes>;
}

/** Sessions of one gateway. */
export const SESSIONS_MAX = 1024;

/** @throws AssertionError when the operator's list contradicts itself */
export function checkSessions(sessions: readonly SessionConfig[]): void {
  assert(sessions.length <= SESSIONS_MAX, `more than ${SESSIONS_MAX} sessions`);
  const unique = (of: (s: SessionConfig) => unknown, what: string) =>
    assert(new Set(sessions.map(of)).size === sessions.length, `two sessions have one ${what}`);
  unique((s) => s.id, 'id');
  unique((s) => s.name, 'name');
  unique((s) => s.user, 'user');
  for (const session of sessions) {
    const { id, name, user, accounts, defaultAccount } = session;
    assert(Number.isInteger(id) && id > 0 && id < 2 ** 32, `session id ${id}`);
    assert(/^[A-Za-z0-9]{1,4}$/.test(name), `session name ${name}: 1 to 4 letters or digits`);
    assert(/^[\x21-\x7e]{1,6}$/.test(user), `user ${user}: 1 to 6 characters`);
    assert(accounts.includes(defaultAccount), `session ${name} may not use its default account`);
  }
}
