import { describe, expect, it } from 'vitest';
import { rounds, SEED, timeout } from './environment.js';
import { recordFlow } from './recorded-flow.js';
import { randomRound } from './rounds.js';

const ROUNDS = rounds(2000);

describe('random faults of journal and snapshots', () => {
  it(
    `lose nothing acknowledged, ${ROUNDS} rounds from seed ${SEED}`,
    async () => {
      const flow = recordFlow(7, 60);
      const ends = new Set<string>();
      for (let seed = SEED; seed < SEED + ROUNDS; seed += 1) {
        for (const life of await randomRound(seed, flow)) {
          ends.add(life.slice(life.lastIndexOf('(')));
        }
      }
      // The rounds reach what they are for; of a single one that is replayed, nothing is known.
      if (ROUNDS < 1000) return;
      expect([...ends]).toEqual(
        expect.arrayContaining(
          ['ran', 'power', 'kill', 'EIO', 'JOURNAL_SYNC_FAILED', 'JOURNAL_DISK_FULL'].map(
            (end) => `(${end})`,
          ),
        ),
      );
    },
    timeout(ROUNDS),
  );
});
