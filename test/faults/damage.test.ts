import { describe, expect, it } from 'vitest';
import { damageRound } from './damage-rounds.js';
import { rounds, SEED, timeout } from './environment.js';
import { recordFlow } from './recorded-flow.js';

const ROUNDS = rounds(2500);

describe('files that are damaged while nobody runs', () => {
  it(
    `are named, and never lead to a wrong state, ${ROUNDS} rounds from seed ${SEED}`,
    async () => {
      const flow = recordFlow(7, 60);
      const foreign = recordFlow(7, 60, 1);
      const starts = new Map<string, number>();
      for (let seed = SEED; seed < SEED + ROUNDS; seed += 1) {
        const result = await damageRound(seed, flow, foreign);
        if (result === undefined) continue;
        starts.set(result.start, 1 + (starts.get(result.start) ?? 0));
      }
      if (ROUNDS < 1000) return;
      // Both are met often: refused by name, and started on the right state nevertheless.
      expect(starts.get('right')).toBeGreaterThan(ROUNDS / 20);
      expect(starts.get('JOURNAL_DAMAGED')).toBeGreaterThan(ROUNDS / 20);
    },
    timeout(ROUNDS),
  );
});
