/** What a shard and its forwarder's process tell each other, as JSON. */
import type { ForwardState } from './forward-lag.js';
import type { ForwarderLimits } from './forwarder.js';

/** What the process is started with. The password comes this way, so that no list of processes has it. */
export interface StartForwarding {
  readonly kind: 'start';
  /** Of the journal. */
  readonly directory: string;
  readonly shard: number;
  readonly connectionString: string;
  /** "user:password" for the connection string, where those are kept apart from it. */
  readonly credentials: string | undefined;
  readonly limits: Partial<ForwarderLimits>;
  /** Whether the store took events from a process before this one. */
  readonly letIn: boolean;
}

export type ToForwarder =
  | StartForwarding
  /** For the next connection. */
  | { readonly kind: 'credentials'; readonly credentials: string }
  /** The writer has closed: what is durable now is all there will be. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' };

/** A `code` without `isStore` is that of a JournalError. */
export interface ForwardingFailed {
  readonly kind: 'failed';
  readonly code?: string;
  readonly isStore: boolean;
  readonly message: string;
}

export type FromForwarder =
  | { readonly kind: 'state'; readonly state: ForwardState }
  | { readonly kind: 'done' }
  | ForwardingFailed;
