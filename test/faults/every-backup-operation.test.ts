import { describe, expect, it } from 'vitest';
import { STORY } from './backup-story.js';
import { SEED, timeout } from './environment.js';
import { recordFlow } from './recorded-flow.js';
import { everyFaultOfBackups } from './systematic-backup.js';

/** More than there are of a step; only bounds the time. */
const ROUNDS_MAX = 2000;

describe('every fault of every operation of backup, restore and drill', () => {
  const flow = recordFlow(7, 60);
  const foreign = recordFlow(7, 60, 1);
  it.each(STORY.map(({ name }) => name))(
    `%s: comes through, or names what is wrong, seed ${SEED}`,
    async (name) => {
      const { operations, rounds, ends } = await everyFaultOfBackups(SEED, flow, foreign, name);
      expect(rounds[name]).toBeGreaterThan((operations[name] as number) / 2);
      expect(ends.done).toBeGreaterThan(0);
    },
    timeout(ROUNDS_MAX),
  );
});
