import { describe, expect, it } from 'vitest';
import { DecideAgain, type Difference } from '../../src/commands/replay/decide-again.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import { EVENT, eventLayouts, eventName } from '../../src/domain/events.js';
import { AnyFlow } from './any-flow.js';

function decideAgain(flow: AnyFlow) {
  const differences: Difference[] = [];
  const replay = new DecideAgain({
    stateBefore: (sequence) => flow.stateBefore(sequence),
    findEnd: (command, sequence) => flow.findEnd(command, sequence),
    onDifference: (difference) => differences.push(difference),
  });
  for (const batch of flow.batches) replay.take(batch);
  return { replay, differences };
}

const tell = ({ recorded, decided, ...rest }: Difference) => ({
  ...rest,
  recorded: recorded && decodeEvent(recorded),
  decided: decided && decodeEvent(decided),
});

describe('deciding again', () => {
  const seen = new Set<string>();

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'gives what is on record, seed %i',
    (seed) => {
      const flow = new AnyFlow(seed * 7919 + 1).begin();
      for (let i = 0; i < 800; i += 1) flow.step();
      const { replay, differences } = decideAgain(flow);
      expect(differences.map(tell)).toEqual([]);
      expect(replay.withoutCommand).toBe(0);
      expect(stateHash(replay.state)).toBe(stateHash(flow.state));
      for (const batch of flow.batches) {
        for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1]!) {
          seen.add(eventName(batch.bytes[at + HEADER.number]!)!);
        }
      }
    },
  );

  it('met every event that deciding knows', () => {
    const never = Object.keys(EVENT).filter((name) => !seen.has(name));
    expect(never).toEqual([]);
  });

  it('finds one changed event, once, and goes on behind it', () => {
    const flow = new AnyFlow(5).begin();
    for (let i = 0; i < 300; i += 1) flow.step();
    const batch = flow.batches.find((each) => each.bytes[HEADER.number] === EVENT.RiskDecided)!;
    batch.f64[eventLayouts.RiskDecided.offsets.value >> 3]! += 1;
    const { differences } = decideAgain(flow);
    expect(differences.map(({ sequence, commandName }) => [sequence, commandName])).toEqual([
      [batch.f64[HEADER.sequence >> 3], 'NewOrder'],
    ]);
  });

  it('decides a mass cancel again that was committed in parts, and one that a crash cut short', () => {
    const flow = new AnyFlow(1).begin();
    for (let i = 0; i < 1200; i += 1) {
      flow.send('NewOrder', {
        ...{ account: 1, instrument: 1, clOrdId: `M${i}`, quantity: 1, price: 900 },
        ...{ side: 'Buy', ordType: 'Limit', timeInForce: 'Day' },
      });
    }
    const before = flow.batches.length;
    flow.send('MassCancel', { account: 1 });
    expect(flow.batches.length - before).toBeGreaterThan(1);
    expect(decideAgain(flow)).toMatchObject({ differences: [], replay: { withoutCommand: 0 } });
    const cut = flow.batches.pop()!;
    flow.state = flow.stateBefore(cut.f64[HEADER.sequence >> 3]!);
    const { replay, differences } = decideAgain(flow);
    expect(differences).toEqual([]);
    expect(replay.withoutCommand).toBeGreaterThan(0);
    expect(stateHash(replay.state)).toBe(stateHash(flow.state));
  });
});
