/**
 * Random lives of orders against the reference model: no trade lost or booked twice, no status set
 * back, OrderQty = CumQty + LeavesQty, positions the sum of the trades, no limit exceeded.
 *
 * `DAYBOOK_SEQUENCES` says how many (100,000 in CI, else 10,000), `DAYBOOK_SEED` repeats a run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sequence } from './sequence.js';

const SEQUENCES = Number(process.env.DAYBOOK_SEQUENCES ?? (process.env.CI ? 100_000 : 10_000));
const SEED = Number(process.env.DAYBOOK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS_MAX = 24;

describe(`order model (DAYBOOK_SEED=${SEED})`, () => {
  it(`holds in ${SEQUENCES} random sequences`, { timeout: 600_000 }, () => {
    const steps = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), {
      minLength: 4,
      maxLength: STEPS_MAX,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (seeds) => new Sequence().run(seeds)),
      { numRuns: SEQUENCES, seed: SEED, endOnFailure: false },
    );
    expect(SEQUENCES).toBeGreaterThan(0);
  });
});
