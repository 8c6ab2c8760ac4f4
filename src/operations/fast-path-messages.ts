/** What the writer's thread and the thread that started it say to each other about order entry. */
import type { GatewayConfig } from '../gateways/order-entry/config.js';
import type { RefusedLogin } from '../gateways/order-entry/connections.js';
import type { GatewayCounts } from '../gateways/order-entry/order-entry-parts.js';
import type { SessionPermit } from '../gateways/order-entry/permits.js';
import type { TurnLatencies } from '../gateways/order-entry/turn-latency.js';
import type { PortHandle } from './shard.js';

export interface FastPathOptions {
  /** Never sleep: for machines that give the writer a core of its own. */
  readonly spin: boolean;
  /** Processor that the writer's thread is pinned to. */
  readonly cpu?: number | undefined;
  /** SO_BUSY_POLL of the sockets, us; 0 leaves it to the machine. */
  readonly busyPollUs?: number | undefined;
}

/** Words of the flags that both threads see: what is not 0 makes the writer look. */
export const FLAGS = { stop: 0, message: 1 } as const;
export const FLAG_WORDS = 2;

export interface OpenEntry {
  readonly kind: 'openOrderEntry';
  readonly config: GatewayConfig;
  readonly port: PortHandle;
  /** Of pino; lines go to standard error. */
  readonly logLevel: string;
}

export type FastPathRequest =
  | OpenEntry
  | { readonly kind: 'permitSessions'; readonly permits: readonly SessionPermit[] }
  | { readonly kind: 'closeOrderEntry' }
  | { readonly kind: 'askLatencies' };

export type FastPathMessage =
  | { readonly kind: 'orderEntryOpen'; readonly port: number; readonly recoverySeconds: number }
  | { readonly kind: 'orderEntryFailed'; readonly message: string; readonly code: string }
  | { readonly kind: 'loginRefused'; readonly login: RefusedLogin }
  | { readonly kind: 'orderEntryClosed'; readonly counts: GatewayCounts }
  | { readonly kind: 'latencies'; readonly latencies: TurnLatencies };
