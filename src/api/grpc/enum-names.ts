/**
 * Closed lists of the definitions (`SIDE_SELL_SHORT`) <-> their names everywhere else (`SellShort`). The
 * one is made of the other, so a list needs no table; a test holds them against the domain's.
 */
import { assert } from '../../lib/assert.js';

export interface EnumNames<N extends string> {
  /** By number; 0 (unspecified) and what this version does not know are undefined. */
  nameOf(number: number): N | undefined;
  numberOf(name: N): number;
  readonly names: readonly N[];
}

/** @param prefix of every value, as "SIDE_" */
export function enumNames<N extends string>(
  values: Readonly<Record<string, number>>,
  prefix: string,
): EnumNames<N> {
  const names: (N | undefined)[] = [];
  const numbers = new Map<string, number>();
  for (const [key, number] of Object.entries(values)) {
    assert(key.startsWith(prefix), `${key} begins with ${prefix}`);
    if (number === 0) continue;
    const name = pascalCase(key.slice(prefix.length)) as N;
    names[number] = name;
    numbers.set(name, number);
  }
  return {
    nameOf: (number) => names[number],
    numberOf(name) {
      const number = numbers.get(name);
      assert(number !== undefined, `${name} is not in the definitions`);
      return number;
    },
    names: [...numbers.keys()] as N[],
  };
}

function pascalCase(screaming: string): string {
  return screaming
    .toLowerCase()
    .replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
