/**
 * Random lives of orders against the reference model: no trade lost or booked twice, no status set
 * back, OrderQty = CumQty + LeavesQty, positions the sum of the trades, no limit exceeded; with limits of money, also the sums of account,
 * group and firm in the base currency of each, whatever marks, rates and bases become.
 *
 * `DAYBOOK_SEQUENCES` says how many (100,000 in CI, else 10,000), `DAYBOOK_SEED` repeats a run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sequence } from './sequence.js';

const SEQUENCES = Number(process.env.DAYBOOK_SEQUENCES ?? (process.env.CI ? 100_000 : 10_000));
const SEED = Number(process.env.DAYBOOK_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Of these, adding up all money after each step, which is slow. */
const WITH_MONEY = Math.ceil(SEQUENCES / 20);
const STEPS_MAX = 24;
const STEPS_WITH_MONEY_MAX = 48;

const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const steps = (maxLength: number) => fc.array(seed, { minLength: 4, maxLength, size: 'max' });

describe(`order model (DAYBOOK_SEED=${SEED})`, () => {
  it(`holds in ${SEQUENCES} random sequences`, { timeout: 1_200_000 }, () => {
    fc.assert(
      fc.property(steps(STEPS_MAX), (seeds) => new Sequence().run(seeds)),
      { numRuns: SEQUENCES, seed: SEED, endOnFailure: false },
    );
    expect(SEQUENCES).toBeGreaterThan(0);
  });

  it(`holds in ${WITH_MONEY} with limits across currencies`, { timeout: 1_200_000 }, () => {
    fc.assert(
      fc.property(steps(STEPS_WITH_MONEY_MAX), (seeds) => new Sequence(true).run(seeds)),
      { numRuns: WITH_MONEY, seed: SEED, endOnFailure: false },
    );
    expect(WITH_MONEY).toBeGreaterThan(0);
  });
});
