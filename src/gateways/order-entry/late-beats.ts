/**
 * Whether a look at the connections comes so late that it may not judge them: this process stood still (a
 * suspended machine, a stopped process), and what the clients sent meanwhile lies unread in their sockets. By the
 * next look it has been read. Two in a row are never late, so that who is silent is found in any case.
 */
export class LateBeats {
  readonly #mostMs: number;
  #last = Number.NEGATIVE_INFINITY;
  #wasLate = false;

  /** @param mostMs between two looks; several times what is planned */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** @param now ms, of performance.now() */
  isLate(now: number): boolean {
    const first = this.#last === Number.NEGATIVE_INFINITY;
    this.#wasLate = !first && !this.#wasLate && now - this.#last > this.#mostMs;
    this.#last = now;
    return this.#wasLate;
  }
}
