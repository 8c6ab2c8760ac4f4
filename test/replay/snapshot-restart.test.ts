/** A shard with its snapshot thread: recovery from snapshot and tail gives the state of the whole log. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generatedFlow } from '../../src/cli/demo/generated-flow.js';
import { runFlow } from '../../src/cli/demo/run-flow.js';
import { stateBefore } from '../../src/cli/replay/log-batches.js';
import { capacityForReplay } from '../../src/commands/state/capacity.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { startShard } from '../../src/operations/shard.js';
import { startSnapshots } from '../../src/operations/snapshot-service.js';
import { snapshotDirectory } from '../../src/operations/snapshots.js';

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'daybook-restart-'));
  directory = join(root, 'journal');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const capacity = capacityForReplay(100_000);
const CONTRACT = {
  symbol: 'ESH4',
  tickSize: '0.25',
  lotSize: '1',
  multiplier: '50',
  currency: 'USD',
};
const start = () =>
  startShard({ directory, producers: ['client', 'venue', 'snapshots'], capacity });

it('restarts from a snapshot that its thread took, and from none when all are damaged', async () => {
  const shard = await start();
  expect(shard.snapshotAnchor).toBe(-1);
  const snapshots = startSnapshots(shard, shard.port('snapshots'), 500);
  await runFlow(shard, generatedFlow(), CONTRACT, 'G');
  while (snapshots.last === undefined) await new Promise((resolve) => setImmediate(resolve));
  await snapshots.stop();
  const first = await shard.stop();
  const whole = stateBefore(directory, capacity, first.nextSequence);
  expect(stateHash(whole)).toBe(first.stateHash);

  const again = await start();
  expect(again.snapshotAnchor).toBe(snapshots.last?.anchor);
  expect(again.recoveredEvents).toBe(first.nextSequence);
  const second = await again.stop();

  const files = readdirSync(snapshotDirectory(directory));
  for (const name of files) writeFileSync(join(snapshotDirectory(directory), name), 'damaged');
  const last = await start();
  expect(last.snapshotAnchor).toBe(-1);
  expect(last.snapshotsPassedOver.length).toBe(files.length);
  expect(last.recoveredEvents).toBe(second.nextSequence);
  const third = await last.stop();
  const all = stateBefore(directory, capacity, third.nextSequence);
  expect(stateHash(all)).toBe(third.stateHash);
});
