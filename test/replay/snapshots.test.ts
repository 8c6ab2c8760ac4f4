import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evolveBatch } from '../../src/commands/recovery.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { type FileSystem, nodeFileSystem } from '../../src/log/file-system.js';
import {
  restoreSnapshot,
  snapshotDirectory,
  takeSnapshot,
} from '../../src/operations/snapshots.js';
import { ANY_CAPACITY, AnyFlow } from './any-flow.js';

let root: string;
let journal: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'daybook-snapshots-'));
  journal = join(root, 'journal');
  directory = snapshotDirectory(journal);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const fresh = () => new ShardState(ANY_CAPACITY, 99);
const restore = (next = Number.MAX_SAFE_INTEGER, make = fresh, shard = 0) =>
  restoreSnapshot(journal, shard, next, make);
const paths = () =>
  readdirSync(directory)
    .sort()
    .map((name) => join(directory, name));

function flowOf(seed: number, steps: number): AnyFlow {
  const flow = new AnyFlow(seed).begin();
  for (let i = 0; i < steps; i += 1) flow.step();
  return flow;
}

describe('snapshots', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))('give the state back, seed %i', (seed) => {
    const flow = flowOf(seed * 31 + 3, 400);
    const taken = takeSnapshot(flow.state, 5n, journal);
    const before = flow.batches.length;
    const { state, anchor, time, passedOver } = restore();
    expect({ anchor, time, passedOver }).toEqual({
      anchor: taken.anchor,
      time: 5n,
      passedOver: [],
    });
    expect(stateHash(state)).toBe(taken.stateHash);
    // What the hash does not see must be there, too: the state goes on as the other does.
    for (let i = 0; i < 400; i += 1) flow.step();
    for (const batch of flow.batches.slice(before)) evolveBatch(state, batch);
    expect(stateHash(state)).toBe(stateHash(flow.state));
    for (let row = 1; row < state.orders.used; row += 1) {
      const of = [state.orders.account[row]!, state.orders.listId[row]!] as const;
      expect(state.lists.of(...of)).toEqual(flow.state.lists.of(...of));
    }
  });

  it('keeps the two newest, and takes the newest', () => {
    const flow = flowOf(1, 50);
    const anchors: number[] = [];
    for (let i = 0; i < 4; i += 1) {
      anchors.push(takeSnapshot(flow.state, 1n, journal).anchor);
      for (let step = 0; step < 20; step += 1) flow.step();
    }
    expect(paths().length).toBe(2);
    expect(restore().anchor).toBe(anchors[3]);
    expect(restore(anchors[3]!).anchor).toBe(anchors[2]);
    expect(restore(anchors[2]!).anchor).toBe(-1);
  });

  it('falls back to the older one, then to nothing, at any flipped bit', () => {
    const flow = flowOf(2, 200);
    const older = takeSnapshot(flow.state, 1n, journal);
    for (let step = 0; step < 50; step += 1) flow.step();
    takeSnapshot(flow.state, 2n, journal);
    const [old, path] = paths() as [string, string];
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at = at < 200 ? at + 1 : at + 997) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(path, damaged);
      const { state, anchor, passedOver } = restore();
      expect(anchor, `byte ${at}`).toBe(older.anchor);
      expect(stateHash(state)).toBe(older.stateHash);
      expect(passedOver.length).toBe(1);
    }
    truncateSync(old, 100);
    const { state, anchor, passedOver } = restore();
    expect([anchor, passedOver.length, state.nextSequence]).toEqual([-1, 2, 0]);
  });

  it.each([0, 1, 47, 48, 100, 5000, -1])('is not taken when cut to %i bytes', (length) => {
    takeSnapshot(flowOf(3, 100).state, 1n, journal);
    const [path] = paths() as [string];
    truncateSync(path, length < 0 ? statSync(path).size + length : length);
    expect(restore()).toMatchObject({
      anchor: -1,
      passedOver: [expect.stringContaining('SNAPSHOT_DAMAGED')],
    });
  });

  it('is not taken with bytes behind its end, under another name, of another shard or capacity', () => {
    takeSnapshot(flowOf(4, 100).state, 1n, journal);
    const [path] = paths() as [string];
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(1)]));
    expect(restore().anchor).toBe(-1);
    writeFileSync(path, bytes);
    expect(restore().anchor).toBeGreaterThan(0);
    expect(restore(undefined, fresh, 1).passedOver[0]).toContain('SNAPSHOT_OTHER_SCHEMA');
    const larger = () => new ShardState({ ...ANY_CAPACITY, orders: 3000 }, 1);
    expect(restore(undefined, larger).passedOver[0]).toContain('SNAPSHOT_OTHER_SCHEMA');
    renameSync(path, join(directory, 'snapshot-0000000000000007'));
    expect(restore()).toMatchObject({ anchor: -1 });
  });

  it('survives a crash at every file operation of writing one', () => {
    const flow = flowOf(6, 100);
    const older = takeSnapshot(flow.state, 1n, journal);
    for (let step = 0; step < 20; step += 1) flow.step();
    let finished = false;
    let crashes = 0;
    for (let operations = 0; !finished; operations += 1) {
      try {
        const newer = takeSnapshot(flow.state, 2n, journal, crashing(operations));
        finished = true;
        expect(restore().anchor).toBe(newer.anchor);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        crashes += 1;
        const { anchor, state } = restore();
        expect([older.anchor, flow.state.nextSequence - 1]).toContain(anchor);
        const hash = anchor === older.anchor ? older.stateHash : stateHash(flow.state);
        expect(stateHash(state)).toBe(hash);
      }
    }
    expect(crashes).toBeGreaterThan(20);
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});

class Crash extends Error {}

/** Writes half of a piece and dies at the given operation. */
function crashing(operations: number): FileSystem {
  let left = operations;
  const die = () => {
    left -= 1;
    if (left < 0) throw new Crash();
  };
  return new Proxy(nodeFileSystem, {
    get: (target, name: keyof FileSystem) => {
      const call = target[name] as (...args: unknown[]) => unknown;
      if (['close', 'size', 'readdir', 'pread'].includes(name)) return call;
      return (...args: unknown[]) => {
        if (name === 'pwrite' && left === 0) {
          const [file, from, start, length, position] = args as [
            number,
            Uint8Array,
            number,
            number,
            number,
          ];
          target.pwrite(file, from, start, length >> 1, position);
        }
        die();
        return call(...args);
      };
    },
  });
}
