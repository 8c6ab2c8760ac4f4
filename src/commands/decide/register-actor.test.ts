import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../domain/command-codec.js';
import { COMMAND_SLOT_BYTES } from '../../domain/commands.js';
import { decodeEvent } from '../../domain/event-codec.js';
import { RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent } from '../../domain/events.js';
import { REASON } from '../../domain/reject-reasons.js';
import { Emitter } from '../emitter.js';
import { ACTORS_MAX } from '../state/actor-table.js';
import type { Capacity } from '../state/capacity.js';
import { ShardState } from '../state/shard-state.js';
import { decide } from './decide.js';

const CAPACITY: Capacity = {
  ...{ orders: 4, clientIds: 4, executions: 4, positions: 4, accounts: 4, instruments: 4 },
};
const subjectOf = (number: number) => number.toString(16).padStart(32, '0');
const SEALED = 'ab'.repeat(240);

function register(state: ShardState, subject: string, actor = 0): DaybookEvent {
  const out = new RecordBuffer(4096);
  const slot = new RecordBuffer(COMMAND_SLOT_BYTES);
  const header = { received: 1n, command: 1, actor: 0, session: 0 };
  encodeCommand(
    'RegisterActor',
    header,
    { actor, subject, kind: 'User', sealed: SEALED },
    slot.bytes,
  );
  const emitter = new Emitter(state, out);
  emitter.setTime(1n);
  decide(emitter, slot, 0);
  return decodeEvent(out.bytes, 0);
}

describe('registering an actor', () => {
  it('numbers subjects in turn; a subject keeps its number', () => {
    const state = new ShardState(CAPACITY, 1);
    expect(register(state, subjectOf(7))).toMatchObject({ data: { actor: 1, sealed: SEALED } });
    expect(register(state, subjectOf(8))).toMatchObject({ data: { actor: 2 } });
    expect(register(state, subjectOf(7))).toMatchObject({ data: { actor: 1 } });
    expect(register(state, subjectOf(8), 2)).toMatchObject({ type: 'ActorRegistered' });
    expect(state.actors.list().map(({ subject }) => subject)).toEqual([subjectOf(7), subjectOf(8)]);
  });

  it('refuses no subject, and an index that is not that of the subject', () => {
    const state = new ShardState(CAPACITY, 1);
    register(state, subjectOf(7));
    const refused = { type: 'CommandRefused', data: { reason: REASON.ACTOR_INVALID } };
    expect(register(state, subjectOf(0))).toMatchObject(refused);
    expect(register(state, subjectOf(9), 1)).toMatchObject(refused);
    expect(register(state, subjectOf(9), 2)).toMatchObject(refused);
    expect(state.actors.count).toBe(2);
  });

  it('refuses one more than there is room for, and still takes those it has', () => {
    const state = new ShardState(CAPACITY, 1);
    for (let i = 1; i < ACTORS_MAX; i += 1) {
      state.actors.register({ actor: i, kind: 'User', subject: subjectOf(i), sealed: '' });
    }
    expect(register(state, subjectOf(ACTORS_MAX))).toMatchObject({ data: { actor: ACTORS_MAX } });
    expect(register(state, subjectOf(ACTORS_MAX + 1))).toMatchObject({
      data: { reason: REASON.CAPACITY_REFERENCE },
    });
    expect(register(state, subjectOf(1))).toMatchObject({ data: { actor: 1 } });
  });
});
