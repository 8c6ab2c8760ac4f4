/** A breach of a limit on value at risk is decided again from the log like any other command. */
import { expect, it } from 'vitest';
import { DecideAgain, type Difference } from '../../src/commands/replay/decide-again.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { AnyFlow } from './any-flow.js';

it('gives what is on record, by the value that the command brought', () => {
  const flow = new AnyFlow(11).begin();
  const scope = { scope: 'Account', scopeId: 2 } as const;
  flow.send('ChangeLimit', { limit: LIMIT.MaxValueAtRisk, value: 500, ...scope });
  for (const value of [400, 501, 502]) {
    for (let i = 0; i < 40; i += 1) flow.step();
    flow.send('SetTradingState', { ...scope, state: 'Active' });
    flow.send('ReportValueAtRisk', { ...scope, value });
  }
  const differences: Difference[] = [];
  const names: (string | undefined)[] = [];
  const replay = new DecideAgain({
    stateBefore: (sequence) => flow.stateBefore(sequence),
    findEnd: (command, sequence) => flow.findEnd(command, sequence),
    onDifference: (difference) => differences.push(difference),
  });
  for (const batch of flow.batches) replay.take(batch);
  names.push(...differences.map(({ commandName }) => commandName));
  expect(names).toEqual([]);
  expect(replay.withoutCommand).toBe(0);
  expect(stateHash(replay.state)).toBe(stateHash(flow.state));
});
