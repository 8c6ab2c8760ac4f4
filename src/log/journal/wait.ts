/**
 * Resolves with `event`, after `timeoutMs`, or when `signal` aborts, whichever is first. The timer
 * also keeps the thread alive, which a pending `Atomics.waitAsync` alone does not.
 */
export function sleepUntil(
  event: Promise<unknown> | undefined,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
    if (signal?.aborted === true) return done();
    signal?.addEventListener('abort', done, { once: true });
    event?.then(done, done);
  });
}
