/**
 * How much, and from where: a round that failed is told again with its seed, and a soak has more
 * rounds (`npm run soak`, docs/faults.md).
 */
function number(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is ${text}`);
  return value;
}

/** Seed of the first round; the others follow. */
export const SEED = number('DAYBOOK_FAULT_SEED', 1);

/** Rounds of a suite: as many as in continuous integration by default. */
export const rounds = (usual: number): number => number('DAYBOOK_FAULT_ROUNDS', usual);

/** More was asked for than continuous integration does. */
export const SOAK = process.env.DAYBOOK_FAULT_ROUNDS !== undefined && rounds(0) >= 10_000;

/** Milliseconds that so many rounds may take, on a machine that is very slow or busy. */
export const timeout = (count: number): number => 60_000 + count * 200;
