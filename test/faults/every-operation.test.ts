import { describe, expect, it } from 'vitest';
import { SEED, timeout } from './environment.js';
import { recordFlow } from './recorded-flow.js';
import { everyFaultOfEveryOperation } from './systematic.js';

/** More than there are; only bounds the time. */
const ROUNDS_MAX = 4000;

describe('every fault of every operation of journal and snapshots', () => {
  it(
    `loses nothing acknowledged, seed ${SEED}`,
    async () => {
      const { rounds, operations } = await everyFaultOfEveryOperation(SEED, recordFlow(7, 60));
      expect(rounds).toBeGreaterThan(1000);
      expect(operations[0]).toBeGreaterThan(100);
      expect(operations[1]).toBeGreaterThan(100);
    },
    timeout(ROUNDS_MAX),
  );
});
