/** Nanoseconds since midnight UTC, as OUCH states time, from the two words of an event's time. */
import { nsFromWords } from '../../lib/time.js';

const NS_PER_DAY = 86_400_000_000_000n;

/** Events of one batch share their time, so the division is made once a batch. */
export class SinceMidnight {
  #low = 0;
  #high = 0;
  #ns = 0;

  of(low: number, high: number): number {
    if (low !== this.#low || high !== this.#high) {
      this.#low = low;
      this.#high = high;
      this.#ns = Number(nsFromWords(low, high) % NS_PER_DAY);
    }
    return this.#ns;
  }
}
