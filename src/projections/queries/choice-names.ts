import { assert } from '../../lib/assert.js';

/** The names of a closed list by number, the other way round than `order-terms.ts` has them. */
export function namesOf<C extends Readonly<Record<string, number>>>(
  choices: C,
): (number: unknown) => keyof C & string {
  const names = new Map(Object.entries(choices).map(([name, number]) => [number, name]));
  return (number) => {
    const name = names.get(number as number);
    assert(name !== undefined, `${String(number)} is no choice`);
    return name;
  };
}
