/** One connection of a client: how far its login is, and what it is sent next. */
import type { SoupDeframer } from '../soupbintcp/deframer.js';
import type { Channel, Output } from './channel.js';
import type { LogCursor } from './log-cursor.js';
import type { Session } from './session.js';

/** `checking` while the password is hashed; `ended` for good. */
export type ConnectionState = 'login' | 'checking' | 'open' | 'ended';

export class Connection {
  readonly channel: Channel;
  readonly deframer: SoupDeframer;
  readonly output: Output;
  state: ConnectionState = 'login';
  session: Session | undefined;
  /** In the queue of connections with input. */
  queued = false;
  /** In the queue of those that go on reading the log at the next turn. */
  catchingUp = false;
  /** Sequence number of the next message for this client. */
  next = 0;
  /** Where it is sent from the log; undefined when it is up to date. */
  cursor: LogCursor | undefined;
  /** Needs the log, which is read from as soon as there is room. */
  behind = false;
  readonly openedAt: number;
  heardAt: number;
  sentAt: number;

  constructor(channel: Channel, now: number) {
    this.channel = channel;
    this.deframer = channel.deframer;
    this.output = channel.output;
    this.openedAt = now;
    this.heardAt = now;
    this.sentAt = now;
  }
}
