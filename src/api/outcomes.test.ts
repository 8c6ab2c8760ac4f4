import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeEvent } from '../domain/event-codec.js';
import { RecordBuffer } from '../domain/event-record.js';
import type { DaybookEvent, EventOf } from '../domain/events.js';
import { LogFollower } from './log-follower.js';
import { OUTCOME_EVENTS_MAX, Outcomes } from './outcomes.js';
import { RecentClientIds } from './reference/recent-client-ids.js';
import { RecentOrders } from './reference/recent-orders.js';
import { ReferenceData } from './reference/reference-data.js';

const open: Outcomes[] = [];
afterEach(() => {
  for (const outcomes of open.splice(0)) outcomes.close();
});

function following(options: ConstructorParameters<typeof Outcomes>[0] = {}) {
  const outcomes = new Outcomes(options);
  open.push(outcomes);
  const reference = new ReferenceData();
  const recentOrders = new RecentOrders(8);
  const follower = new LogFollower({
    reference,
    recentOrders,
    recentClientIds: new RecentClientIds(8),
    outcomes,
    hub: { take: () => undefined },
  });
  return { outcomes, follower };
}

const routed = (sequence: number, command: number): EventOf<'OrderRouted'> => ({
  type: 'OrderRouted',
  ...{ sequence, time: 1n, received: 1n, command, actor: 0, session: 0 },
  data: { orderId: 1, account: 1, instrument: 1, venue: 1, spare16: 0, spare32: 0 },
});

const marked = (sequence: number, command: number): EventOf<'PriceMarked'> => ({
  type: 'PriceMarked',
  ...{ sequence, time: 1n, received: 1n, command, actor: 0, session: 0 },
  data: { price: 1, instrument: 1, source: 0 },
});

const massCancelDone = (sequence: number, command: number): EventOf<'MassCancelDone'> => ({
  type: 'MassCancelDone',
  ...{ sequence, time: 1n, received: 1n, command, actor: 0, session: 0 },
  data: { account: 0, instrument: 0, ofSession: 0, reason: 0, side: 0, onlyOnDisconnect: 0 },
});

function batchOf(events: readonly DaybookEvent[]): RecordBuffer {
  const batch = new RecordBuffer(Math.max(1, events.length) * 256);
  for (const event of events) {
    batch.length += encodeEvent(event, batch.bytes, batch.length);
    batch.count += 1;
  }
  return batch;
}

describe('Outcomes', () => {
  it('tells when all that waits has its outcome, and waits for nothing that comes later', async () => {
    const { outcomes, follower } = following();
    await outcomes.settled();
    const told: string[] = [];
    const first = outcomes.of(1);
    const second = outcomes.of(2);
    const settled = outcomes.settled().then(() => told.push('settled'));
    const third = outcomes.of(3);
    follower.take(batchOf([marked(0, 1)]));
    await first;
    expect(told).toEqual([]);
    follower.take(batchOf([marked(1, 2)]));
    await Promise.all([second, settled]);
    expect(told).toEqual(['settled']);
    const closed = outcomes.settled();
    outcomes.close();
    await expect(third).rejects.toThrow();
    await closed;
  });

  it('gives each waiting command its own events, whatever else is in the commit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
        fc.infiniteStream(fc.boolean()),
        async (commands, sizes, flags) => {
          const { outcomes, follower } = following();
          const waiting = new Map<number, ReturnType<Outcomes['of']>>();
          for (const command of commands) {
            if (flags.next().value) waiting.set(command, outcomes.of(command));
          }
          let sequence = 0;
          const expected = new Map<number, number[]>();
          const commit: DaybookEvent[] = [];
          for (const command of commands) {
            for (let left = sizes.next().value as number; left > 0; left -= 1) {
              const told = flags.next().value as boolean;
              commit.push((told ? marked : routed)(sequence, command));
              if (told) expected.set(command, [...(expected.get(command) ?? []), sequence]);
              sequence += 1;
            }
            if (flags.next().value) follower.take(batchOf(commit.splice(0)));
          }
          follower.take(batchOf(commit));
          for (const [command, outcome] of waiting) {
            const { events, omitted } = await outcome;
            expect(events.map((event) => event.sequence)).toEqual(expected.get(command) ?? []);
            expect(omitted).toBe(0);
          }
          expect(outcomes.pending).toBe(0);
          expect(follower.sequence).toBe(sequence - 1);
        },
      ),
    );
  });

  it('does not answer before the commit has been read', async () => {
    const { outcomes } = following();
    const batch = batchOf([marked(0, 7)]);
    let answered = false;
    const outcome = outcomes.of(7).then(() => {
      answered = true;
    });
    outcomes.offer(batch, 0);
    await Promise.resolve();
    expect(answered).toBe(false);
    outcomes.commitEnd();
    await outcome;
    expect(answered).toBe(true);
  });

  it('follows a command over several commits to the event that ends it', async () => {
    const { outcomes, follower } = following();
    const outcome = outcomes.of(7, 'MassCancelDone');
    follower.take(batchOf([marked(0, 7), marked(1, 7)]));
    expect(outcomes.pending).toBe(1);
    follower.take(batchOf([marked(2, 7), massCancelDone(3, 7), marked(4, 8)]));
    const { events } = await outcome;
    expect(events.map((event) => event.sequence)).toEqual([0, 1, 2, 3]);
  });

  it('keeps the first events and the last of a command with very many', async () => {
    const { outcomes, follower } = following();
    const outcome = outcomes.of(7, 'MassCancelDone');
    const some = Array.from({ length: OUTCOME_EVENTS_MAX - 1 }, (_, i) => marked(i, 7));
    follower.take(batchOf(some));
    const at = OUTCOME_EVENTS_MAX - 1;
    follower.take(batchOf([marked(at, 7), marked(at + 1, 7), massCancelDone(at + 2, 7)]));
    const { events, omitted } = await outcome;
    expect(events).toHaveLength(OUTCOME_EVENTS_MAX + 1);
    expect(events.at(-1)?.type).toBe('MassCancelDone');
    expect(omitted).toBe(1);
  });

  it('keeps room for cancels when it is full of orders', () => {
    const { outcomes } = following({ pendingMax: 4, reserved: 1 });
    const ignore = (): undefined => undefined;
    outcomes.of(1).catch(ignore);
    outcomes.of(2).catch(ignore);
    expect(outcomes.hasRoom(true)).toBe(true);
    outcomes.of(3).catch(ignore);
    expect(outcomes.hasRoom(true)).toBe(false);
    expect(outcomes.hasRoom(false)).toBe(true);
    outcomes.of(4).catch(ignore);
    expect(outcomes.hasRoom(false)).toBe(false);
  });

  it('says that the outcome is on record when it was not seen in time', async () => {
    const { outcomes, follower } = following({ waitMs: 1 });
    await expect(outcomes.of(7)).rejects.toMatchObject({ code: 'OUTCOME_PENDING' });
    follower.take(batchOf([marked(0, 7)]));
    expect(outcomes.pending).toBe(0);
  });

  it('tells whoever waits, and whoever comes later, that the log cannot be followed', async () => {
    const { outcomes } = following();
    const outcome = outcomes.of(7);
    outcomes.fail('The log cannot be read.');
    await expect(outcome).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(outcomes.of(8)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
