import type { Connection } from './connection.js';
import type { SessionStream } from './session-stream.js';

/** A configured session: its stream, and the connection that is logged in to it, if any. */
export interface Session {
  readonly stream: SessionStream;
  /** Answered before the disk has its orders (`acknowledge: 'memory'`). */
  readonly early: boolean;
  connection: Connection | undefined;
  /** Has something to send at the end of the batch. */
  dirty: boolean;
}
