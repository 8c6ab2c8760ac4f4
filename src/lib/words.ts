/**
 * Copies of a few words between typed arrays. The arrays come as arguments, not as fields: in a loop
 * V8 would load and check a field anew for each word (`npm run bench -- core`). For so few words a
 * loop is also faster than `set` and `subarray`, which make an object.
 */

/** Copies an even number of words. */
export function copyWords(
  target: Int32Array,
  to: number,
  source: Int32Array,
  from: number,
  words: number,
): void {
  for (let i = 0; i < words; i += 2) {
    target[to + i] = source[from + i] as number;
    target[to + i + 1] = source[from + i + 1] as number;
  }
}

/** Copies a text of at most `words` words up to its first zero word; the target is zero there. */
export function copyText(
  target: Int32Array,
  to: number,
  source: Int32Array,
  from: number,
  words: number,
): void {
  for (let i = 0; i < words; i += 1) {
    const word = source[from + i] as number;
    if (word === 0) return;
    target[to + i] = word;
  }
}
