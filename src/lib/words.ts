/**
 * Copies of a few words between typed arrays, and zeros for a few, written out: for so few words a loop of single steps
 * costs three times as much, since V8 looks for a reason to stop in each step, and `set` with
 * `subarray` makes an object (`npm run bench -- core`). The arrays come as arguments, not as fields:
 * V8 would load and check a field anew for each word.
 */

/** Copies an even number of words. */
export function copyWords(
  target: Int32Array,
  to: number,
  source: Int32Array,
  from: number,
  words: number,
): void {
  let i = 0;
  for (; i + 8 <= words; i += 8) {
    const t = to + i;
    const s = from + i;
    target[t] = source[s] as number;
    target[t + 1] = source[s + 1] as number;
    target[t + 2] = source[s + 2] as number;
    target[t + 3] = source[s + 3] as number;
    target[t + 4] = source[s + 4] as number;
    target[t + 5] = source[s + 5] as number;
    target[t + 6] = source[s + 6] as number;
    target[t + 7] = source[s + 7] as number;
  }
  for (; i < words; i += 2) {
    target[to + i] = source[from + i] as number;
    target[to + i + 1] = source[from + i + 1] as number;
  }
}

/** Copies 64 bits at a time, an odd number too: half the steps of `copyWords`, and no BigInt is made. */
export function copyLongs(
  target: BigInt64Array,
  to: number,
  source: BigInt64Array,
  from: number,
  longs: number,
): void {
  let i = 0;
  for (; i + 4 <= longs; i += 4) {
    const t = to + i;
    const s = from + i;
    target[t] = source[s] as bigint;
    target[t + 1] = source[s + 1] as bigint;
    target[t + 2] = source[s + 2] as bigint;
    target[t + 3] = source[s + 3] as bigint;
  }
  for (; i < longs; i += 1) target[to + i] = source[from + i] as bigint;
}

/** Makes a few numbers zero, or twice as many words: half the steps. */
export function clearNumbers(target: Float64Array, at: number, numbers: number): void {
  const end = at + numbers;
  let i = at;
  for (; i + 4 <= end; i += 4) {
    target[i] = 0;
    target[i + 1] = 0;
    target[i + 2] = 0;
    target[i + 3] = 0;
  }
  for (; i < end; i += 1) target[i] = 0;
}

/** Copies a text of at most `words` words up to its first zero word; the target is zero there. */
export function copyText(
  target: Int32Array,
  to: number,
  source: Int32Array,
  from: number,
  words: number,
): void {
  const first = source[from] as number;
  if (first === 0) return;
  target[to] = first;
  const second = source[from + 1] as number;
  if (second === 0) return;
  target[to + 1] = second;
  const third = source[from + 2] as number;
  if (third === 0) return;
  target[to + 2] = third;
  const fourth = source[from + 3] as number;
  if (fourth === 0) return;
  target[to + 3] = fourth;
  for (let i = 4; i < words; i += 1) {
    const word = source[from + i] as number;
    if (word === 0) return;
    target[to + i] = word;
  }
}
