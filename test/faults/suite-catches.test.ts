/** The suite can fail: each of these breakages of the disk's promises is noticed. */
import { describe, expect, it } from 'vitest';
import { timeout } from './environment.js';
import { recordFlow } from './recorded-flow.js';
import { type Breakage, randomRound } from './rounds.js';
import { Violation } from './shard-lives.js';

/** Each is noticed within a few dozen rounds; this many are tried. */
const ROUNDS_MAX = 1000;

const breakages: Record<string, Breakage> = {
  'a dropped fdatasync': (disk) => {
    disk.fdatasync = () => undefined;
  },
  'a dropped fsync': (disk) => {
    disk.fsync = () => undefined;
  },
  'a directory that is not synced': (disk) => {
    disk.syncDirectory = () => undefined;
  },
  'a truncation that does nothing': (disk) => {
    disk.truncate = () => undefined;
  },
};

async function firstViolation(breakage: Breakage): Promise<unknown> {
  const flow = recordFlow(7, 60);
  for (let seed = 1; seed <= ROUNDS_MAX; seed += 1) {
    try {
      await randomRound(seed, flow, breakage);
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

describe('the fault suite', () => {
  it.each(Object.entries(breakages))(
    'notices %s',
    async (_name, breakage) => {
      expect(await firstViolation(breakage)).toBeInstanceOf(Violation);
    },
    timeout(ROUNDS_MAX),
  );
});
