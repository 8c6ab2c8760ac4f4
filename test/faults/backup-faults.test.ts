import { describe, expect, it } from 'vitest';
import { backupRound } from './backup-rounds.js';
import { rounds, SEED, timeout } from './environment.js';
import { recordFlow } from './recorded-flow.js';

/** A share of what the others do: the buffers of a backup are large. */
const SHARE = 25;
const ROUNDS = Math.ceil(rounds(200 * SHARE) / SHARE);

describe('random faults of backup and restore', () => {
  it(
    `give back what was shipped, or name what is wrong, ${ROUNDS} rounds from seed ${SEED}`,
    async () => {
      const flow = recordFlow(7, 60);
      let done = 0;
      for (let seed = SEED; seed < SEED + ROUNDS; seed += 1) {
        const story = await backupRound(seed, flow);
        if (story.at(-1) === 'restore (done)') done += 1;
      }
      // Most are restored in the end: the faults do not just keep everything from working.
      if (ROUNDS >= 100) expect(done).toBeGreaterThan(ROUNDS / 2);
    },
    timeout(ROUNDS) + ROUNDS * 2000,
  );
});
