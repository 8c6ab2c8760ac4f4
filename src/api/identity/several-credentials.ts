/**
 * Two Authorization headers: a proxy may check one and Daybook believe the other, so neither counts.
 * node:http and node:http2 drop the second in silence; the list of what came has both.
 */

/** In place of what was shown: no form of a credential, so that it is refused and put on record. */
export const SEVERAL = 'several authorization headers';

const NAME = 'authorization';

/**
 * @param shown the header as the protocol's library gives it
 * @param raw names and values in turn, as they came
 */
export function several(shown: string | undefined, raw: readonly string[]): string | undefined {
  if (shown === undefined) return undefined;
  let count = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    if (name.length === NAME.length && name.toLowerCase() === NAME) count += 1;
  }
  return count > 1 ? SEVERAL : shown;
}
