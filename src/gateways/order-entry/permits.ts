/** What a session may do as of now: it follows its identity while the gateway runs. Crosses threads. */
import { NO_PASSWORD } from './password.js';
import type { Session } from './session.js';

export interface SessionPermit {
  /** The login. */
  readonly user: string;
  /** Absent: nobody may log in, and whoever is logged in is cut off. */
  readonly passwordHash?: string | undefined;
  /** Index of the identity in the header of every event. */
  readonly actor: number;
  /** Names of the accounts it may trade for now. */
  readonly accounts: readonly string[];
}

/** Whether a client that is logged in has to go: its login is no more, or has another password. */
export function isRevoked({ stream }: Session, permit: SessionPermit | undefined): boolean {
  return (permit?.passwordHash ?? NO_PASSWORD) !== stream.config.passwordHash;
}

/** Puts a permit in force for what comes from now on; absent: nothing may come. */
export function putInForce({ stream }: Session, permit: SessionPermit | undefined): void {
  const before = stream.config;
  const { accounts: all, defaultAccount } = before;
  const home = before.home ?? { accounts: all, defaultAccount };
  const accounts = permit?.accounts ?? [];
  stream.config = {
    ...before,
    ...{ accounts, home, actor: permit?.actor ?? 0 },
    passwordHash: permit?.passwordHash ?? NO_PASSWORD,
    // An account that may not be traded any more is no account: its orders are denied, on record.
    defaultAccount: accounts.includes(home.defaultAccount) ? home.defaultAccount : '',
  };
}
