import { FETCHED_AHEAD_MAX } from './limits.js';

/**
 * Fetches items in order, up to FETCHED_AHEAD_MAX at a time, so that the network, decompressing and
 * the disk work side by side. The first failure ends it, after what was under way has ended.
 */
export async function* fetchedAhead<T, R>(
  items: readonly T[],
  fetch: (item: T) => Promise<R>,
): AsyncGenerator<[T, R], void, undefined> {
  const underWay: [T, Promise<R>][] = [];
  const begin = (item: T) => {
    const promise = fetch(item);
    promise.catch(() => undefined);
    underWay.push([item, promise]);
  };
  let next = 0;
  try {
    while (next < items.length || underWay.length > 0) {
      while (next < items.length && underWay.length < FETCHED_AHEAD_MAX) {
        begin(items[next] as T);
        next += 1;
      }
      const [item, promise] = underWay.shift() as [T, Promise<R>];
      yield [item, await promise];
    }
  } finally {
    await Promise.allSettled(underWay.map(([, promise]) => promise));
  }
}
