/** What order entry is made of, and what it says of itself. */
import type { Logger } from 'pino';
import type { CommandPort } from '../../commands/command-port.js';
import type { DurableEnd } from '../../log/journal/durable-end.js';
import type { GatewayConfig } from './config.js';
import type { RefusedLogin } from './connections.js';
import type { RowPages } from './row-pages.js';

export interface OrderEntryParts {
  readonly config: GatewayConfig;
  /** Of a ring that only this order entry writes to. */
  readonly port: CommandPort;
  readonly journalDirectory: string;
  readonly durableEnd: DurableEnd;
  readonly logger: Logger;
  /** Seed of hash tables. */
  readonly seed: number;
  /** For the rows of all sessions; absent: nothing is reserved. */
  readonly rows?: RowPages;
  /** Told of each login that is refused for who it is; absent: the process's log alone has it. */
  readonly onRefused?: (login: RefusedLogin) => void;
}

export interface GatewayCounts {
  readonly connections: number;
  readonly taken: number;
  readonly ignored: number;
  readonly sent: number;
  /** How often a session fell behind its buffers and went on from the log. */
  readonly behind: number;
}

/** After a turn: nothing to do, more to do at once, or a full ring to wait for. */
export type TurnOutcome = 'idle' | 'more' | 'blocked';
