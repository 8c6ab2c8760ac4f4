/**
 * Keeps a session that floods from delaying the others: whoever sends much gets a small share of each batch
 * as long as anybody sends little. Without calm sessions nobody is held back.
 *
 * ```
 *   messages taken, this WINDOW_MS or the last one  --> 0: idle    < CALM_MESSAGES_MAX: calm    else: busy
 *   share of a busy session in a batch:  any calm ? fairShare : turn
 *
 *   commit in flight |##########|####|####|            a batch is what one commit will hold: several turns
 *   turns            |1 |2 |3 |4|5 |6|7  |             of the sockets go by while the one before is in flight
 *   share               [  32   ][ 32 ][ 32 ]
 * ```
 *
 * A calm session's order then waits for a commit of a few busy shares, and its own is as small. Who is held
 * back is not refused: TCP is, for a moment.
 */
import type { SessionStream } from './session-stream.js';

/** A session is calm below this many messages a window: 20,000 a second. */
export const CALM_MESSAGES_MAX = 2000;
const WINDOW_MS = 100;

const IDLE = 0;
const CALM = 1;
const BUSY = 2;

interface Share {
  /** Messages of this window. */
  taken: number;
  /** IDLE, CALM or BUSY by this window or the last, whichever is more. */
  level: number;
  /** Messages in the batch that `batch` counts. */
  inBatch: number;
  batch: number;
}

export class FairShare {
  readonly #shares = new Map<SessionStream, Share>();
  /** Sessions by level. */
  readonly #counts = [0, 0, 0];
  #windowEnd = 0;
  #batch = 0;
  /** A session had its share of this batch and waits for the next. */
  #anyHeld = false;

  constructor(streams: readonly SessionStream[]) {
    for (const stream of streams) {
      this.#shares.set(stream, { taken: 0, level: IDLE, inBatch: 0, batch: 0 });
    }
    this.#counts[IDLE] = streams.length;
  }

  /** Whether busy sessions have to leave room for calm ones. */
  get held(): boolean {
    return this.#counts[CALM]! > 0 && this.#counts[BUSY]! > 0;
  }

  /** Messages that the session may still have now: `turn` of them, or what is left of `fairShare`. */
  of(stream: SessionStream, turn: number, fairShare: number): number {
    if (!this.held) return turn;
    const share = this.#shares.get(stream);
    if (share === undefined || share.level !== BUSY) return turn;
    const had = share.batch === this.#batch ? share.inBatch : 0;
    const left = Math.max(0, Math.min(turn, fairShare - had));
    if (left === 0) this.#anyHeld = true;
    return left;
  }

  /** Messages of the session were taken. */
  took(stream: SessionStream, count: number): void {
    const share = this.#shares.get(stream);
    if (share === undefined || count === 0) return;
    if (share.batch !== this.#batch) {
      share.batch = this.#batch;
      share.inBatch = 0;
    }
    share.inBatch += count;
    share.taken += count;
    const level = levelOf(share.taken);
    if (level > share.level) this.#set(share, level);
  }

  /** From now on messages come into another batch. @returns whether somebody has waited for it */
  beginBatch(): boolean {
    this.#batch += 1;
    const waited = this.#anyHeld;
    this.#anyHeld = false;
    return waited;
  }

  /** @param now ms of performance.now() */
  tick(now: number): void {
    if (now < this.#windowEnd) return;
    this.#windowEnd = now + WINDOW_MS;
    for (const share of this.#shares.values()) {
      this.#set(share, levelOf(share.taken));
      share.taken = 0;
    }
  }

  #set(share: Share, level: number): void {
    this.#counts[share.level]! -= 1;
    this.#counts[level]! += 1;
    share.level = level;
  }
}

function levelOf(taken: number): number {
  if (taken === 0) return IDLE;
  return taken < CALM_MESSAGES_MAX ? CALM : BUSY;
}
