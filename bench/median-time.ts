/** Median of the milliseconds that `work` takes, repeated for `seconds` but three times at least. */
export function medianMs(seconds: number, work: () => void): number {
  work(); // compiled before it is timed
  const times: number[] = [];
  const started = performance.now();
  while (times.length < 3 || performance.now() - started < seconds * 1000) {
    const before = performance.now();
    work();
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1]!;
}
