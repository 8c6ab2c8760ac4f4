/**
 * One TCP connection as the gateway sees it, whoever moves its bytes: node:net, or the addon's poll
 * loop. Received bytes stand in the deframer; what is to be sent is written into the output.
 *
 * ```
 *   socket --> | deframer: packets waiting | --> gateway --> | output: packets to send | --> socket
 * ```
 */
import type { SoupDeframer } from '../soupbintcp/deframer.js';

/** Where packets to send are written, in place. */
export interface Output {
  readonly view: DataView;
  /** End of what waits. */
  at: number;
  /** Whether the socket has bytes that it has not taken, and since when, ms of performance.now(). */
  readonly inFlight: boolean;
  readonly givenAt: number;
  /** Whether `bytes` more fit now; gives the socket what waits to make room. */
  room(bytes: number): boolean;
  /** Gives the socket what waits, or has it given at the end of the turn. */
  flush(): void;
  /** Gives the socket all that waits, and nothing after it: its end. */
  finish(): void;
}

/** What a channel tells the gateway. */
export interface ChannelOwner {
  /** There are new bytes in the deframer. */
  onInput(): void;
  /** The socket has taken what it was given: there is room again. */
  onTaken(): void;
  /** The client closed, or the socket failed; `reason` is for the log. */
  onEnd(reason: string): void;
  /** Nothing more will come: the socket is gone. */
  onClosed(): void;
}

export interface Channel {
  readonly peer: string;
  readonly deframer: SoupDeframer;
  readonly output: Output;
  /** The packet that the deframer stands at is not taken yet: it must stay where it is. */
  held: boolean;
  /** Whether received bytes wait outside the deframer, and the socket is not read. */
  readonly paused: boolean;
  /** Makes room for what waits outside, now that packets were taken out of the deframer. */
  refill(): void;
  /** From here on, what comes is thrown away: the session has ended. */
  ignore(): void;
  /** Closes at once. */
  destroy(): void;
  /** Says whom to tell; called once, before anything comes. */
  open(owner: ChannelOwner): void;
}
