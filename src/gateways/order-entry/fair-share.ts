/**
 * Keeps a session that floods from delaying the others: whoever sends much gets small shares of a batch
 * as long as anybody sends little. Without calm sessions nobody is held back.
 *
 * ```
 *   each WINDOW_MS, by session: messages taken  --> 0: idle    < CALM_MAX: calm    else: busy
 *   share of a busy session in a batch:  any calm ? fairShare : turn
 * ```
 *
 * A calm session's order then waits for a batch of a few busy shares at most, and not for one of all
 * that a flooding client has in its buffers. Who is held back is not refused: TCP is, for a moment.
 */
import type { SessionStream } from './session-stream.js';

/** A session is calm below this many messages a window: 20,000 a second. */
export const CALM_MESSAGES_MAX = 2000;
const WINDOW_MS = 100;

interface Share {
  taken: number;
  busy: boolean;
}

export class FairShare {
  readonly #shares = new Map<SessionStream, Share>();
  #windowEnd = 0;
  /** Whether busy sessions have to leave room for calm ones. */
  held = false;

  constructor(streams: readonly SessionStream[]) {
    for (const stream of streams) this.#shares.set(stream, { taken: 0, busy: false });
  }

  /** Messages that the session may have in this batch: `turn` of them, or `fairShare`. */
  of(stream: SessionStream, turn: number, fairShare: number): number {
    return this.held && this.#shares.get(stream)?.busy === true ? Math.min(turn, fairShare) : turn;
  }

  /** Messages of the session were taken. */
  took(stream: SessionStream, count: number): void {
    const share = this.#shares.get(stream);
    if (share !== undefined) share.taken += count;
  }

  /** @param now ms of performance.now() */
  tick(now: number): void {
    if (now < this.#windowEnd) return;
    this.#windowEnd = now + WINDOW_MS;
    let calm = false;
    let busy = false;
    for (const share of this.#shares.values()) {
      share.busy = share.taken >= CALM_MESSAGES_MAX;
      if (share.busy) busy = true;
      else if (share.taken > 0) calm = true;
      share.taken = 0;
    }
    this.held = calm && busy;
  }
}
