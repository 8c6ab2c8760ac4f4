/**
 * A token bucket per identity: it holds the requests of one second, and a request takes one. What
 * finds it empty is refused with RATE_LIMITED, and nothing else is done for it.
 *
 * The table is bounded by the users there are (USERS_MAX); somebody who is not let in has none.
 */

/** Requests a second unless the user has a rate of its own. A whole desk's API measures 16,000. */
export const REQUESTS_PER_SECOND_DEFAULT = 50_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();

  /**
   * Takes one token. @param perSecond also the size of the bucket
   * @returns 0 when there was one, else the milliseconds until there will be
   */
  take(name: string, perSecond: number, nowMs: number): number {
    if (perSecond === Number.POSITIVE_INFINITY) return 0;
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = { tokens: perSecond, atMs: nowMs };
      this.#buckets.set(name, bucket);
    }
    const gained = ((nowMs - bucket.atMs) * perSecond) / 1000;
    bucket.tokens = Math.min(perSecond, bucket.tokens + gained);
    bucket.atMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.ceil(((1 - bucket.tokens) * 1000) / perSecond);
  }

  /** Forgets users who are no more. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#buckets.keys()) if (!names.has(name)) this.#buckets.delete(name);
  }
}
