import {
  END,
  type EventStoreDBClient,
  eventTypeFilter,
  type Position,
  type ResolvedEvent,
  START,
  StreamDeletedError,
  streamNameFilter,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  disconnect,
  freshStream,
  type ProtocolServer,
  take,
  testEvent,
} from './protocol-server.js';

/** A subscription as the client hands it out. */
interface Live extends AsyncIterable<ResolvedEvent> {
  once(event: string, listener: (...args: never[]) => void): unknown;
  unsubscribe(): Promise<void>;
}

function signal(live: Live, event: string): Promise<void> {
  return new Promise((resolve) => live.once(event, () => resolve()));
}

/** Tells of every `step`-th event, so that thousands of events need few appends. */
function batchOf(count: number, type: (index: number) => string) {
  return Array.from({ length: count }, (_, index) => testEvent(undefined, type(index)));
}

export function describeSubscriptions(open: () => Promise<ProtocolServer>): void {
  describe('subscriptions', () => {
    let server: ProtocolServer;
    let client: EventStoreDBClient;

    beforeAll(async () => {
      server = await open();
      client = connect(server);
    });
    afterAll(() => disconnect(client, server));

    async function revisionsOf(live: Live, count: number): Promise<number[]> {
      const events = await take(live, count);
      return events.map(({ event }) => Number(event?.revision));
    }

    it('confirms, sends history, says it has caught up, then goes live', async () => {
      const stream = freshStream();
      await client.appendToStream(
        stream,
        batchOf(40, () => 'Past'),
      );
      const live = client.subscribeToStream(stream);
      const order: string[] = [];
      live.once('confirmation', () => order.push('confirmation'));
      live.once('caughtUp', () => {
        order.push('caughtUp');
        void client.appendToStream(stream, testEvent());
      });
      for await (const { event } of live) {
        if (event?.revision === 0n) order.push('first');
        if (event?.revision === 40n) break;
      }
      expect(order).toEqual(['confirmation', 'first', 'caughtUp']);
    });

    it('starts behind the revision it is given', async () => {
      const stream = freshStream();
      await client.appendToStream(
        stream,
        batchOf(5, () => 'Past'),
      );
      expect(await revisionsOf(client.subscribeToStream(stream, { fromRevision: 2n }), 2)).toEqual([
        3, 4,
      ]);
    });

    it('sends from the end only what comes after', async () => {
      const stream = freshStream();
      await client.appendToStream(
        stream,
        batchOf(5, () => 'Past'),
      );
      const live = client.subscribeToStream(stream, { fromRevision: END });
      await signal(live, 'confirmation');
      await client.appendToStream(stream, testEvent());
      expect(await revisionsOf(live, 1)).toEqual([5]);
    });

    it('waits on a stream that does not exist yet', async () => {
      const stream = freshStream();
      const live = client.subscribeToStream(stream, { fromRevision: START });
      await signal(live, 'confirmation');
      await client.appendToStream(stream, testEvent());
      expect(await revisionsOf(live, 1)).toEqual([0]);
    });

    it('keeps order without gap or repeat while thousands are written', async () => {
      const stream = freshStream();
      const total = 3_000;
      const live = client.subscribeToStream(stream);
      const read = revisionsOf(live, total);
      for (let sent = 0; sent < total; sent += 100) {
        await client.appendToStream(
          stream,
          batchOf(100, () => 'Live'),
        );
      }
      expect(await read).toEqual(Array.from({ length: total }, (_, index) => index));
    });

    it('holds still for a reader that pauses, and goes on where it was', async () => {
      const stream = freshStream();
      const total = 2_000;
      const live = client.subscribeToStream(stream, { fromRevision: START });
      await signal(live, 'caughtUp');
      for (let sent = 0; sent < total; sent += 200) {
        await client.appendToStream(
          stream,
          batchOf(200, () => 'Late'),
        );
      }
      expect(await revisionsOf(live, total)).toEqual(Array.from({ length: total }, (_, i) => i));
    });

    it('ends with an error when its stream is tombstoned', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, testEvent());
      const live = client.subscribeToStream(stream);
      live.once('caughtUp', () => void client.tombstoneStream(stream));
      await expect(take(live, 2)).rejects.toThrow(StreamDeletedError);
    });

    it('sends checkpoints that only grow, and ends history with one', async () => {
      const stream = freshStream();
      const rare = `Rare-${crypto.randomUUID()}`;
      await client.appendToStream(
        stream,
        batchOf(100, (i) => (i === 3 ? rare : 'Often')),
      );
      const checkpoints: Position[] = [];
      const live = client.subscribeToAll({
        filter: eventTypeFilter({
          prefixes: [rare],
          maxSearchWindow: 10,
          checkpointInterval: 2,
          checkpointReached: (_subscription, position) => {
            checkpoints.push(position);
          },
        }),
      });
      const caughtUp = signal(live, 'caughtUp');
      live.on('data', () => {});
      await caughtUp;
      await live.unsubscribe();
      const commits = checkpoints.map(({ commit }) => commit);
      expect(commits.length).toBeGreaterThan(4);
      for (let i = 1; i < commits.length; i += 1)
        expect(commits[i]!).toBeGreaterThan(commits[i - 1]!);
    });

    it('resumes from a checkpoint without gap or repeat', async () => {
      const stream = freshStream();
      const type = `Resumed-${crypto.randomUUID()}`;
      await client.appendToStream(
        stream,
        batchOf(120, (i) => (i % 3 === 0 ? type : 'Other')),
      );
      let checkpoint: Position | undefined;
      const before: bigint[] = [];
      const first = client.subscribeToAll({
        filter: eventTypeFilter({
          prefixes: [type],
          maxSearchWindow: 10,
          checkpointReached: (_subscription, position) => {
            if (before.length >= 10) checkpoint ??= position;
          },
        }),
      });
      for await (const { event } of first) {
        if (checkpoint !== undefined) break;
        before.push(event!.revision);
      }
      expect(checkpoint).toBeDefined();
      const second = client.subscribeToAll({
        fromPosition: checkpoint!,
        filter: eventTypeFilter({ prefixes: [type] }),
      });
      const after = await take(second, 40 - before.length);
      const revisions = [...before, ...after.map(({ event }) => event!.revision)];
      expect(revisions.map(Number)).toEqual(Array.from({ length: 40 }, (_, i) => i * 3));
    });

    it('filters by stream name, by prefix and by regular expression', async () => {
      const stream = freshStream();
      await client.appendToStream(
        stream,
        batchOf(3, () => 'Named'),
      );
      await client.appendToStream(
        freshStream(),
        batchOf(3, () => 'Named'),
      );
      const byPrefix = client.subscribeToAll({ filter: streamNameFilter({ prefixes: [stream] }) });
      expect(await revisionsOf(byPrefix, 3)).toEqual([0, 1, 2]);
      const byRegex = client.subscribeToAll({
        filter: streamNameFilter({ regex: `^${stream.slice(0, -1)}.$` }),
      });
      expect(await revisionsOf(byRegex, 3)).toEqual([0, 1, 2]);
    });

    it('refuses a filter that is no regular expression', async () => {
      const live = client.subscribeToAll({ filter: eventTypeFilter({ regex: '(' }) });
      await expect(take(live, 1)).rejects.toMatchObject({ code: 3 });
    });

    it('goes live on $all from the end', async () => {
      const stream = freshStream();
      const live = client.subscribeToAll({ fromPosition: END });
      await signal(live, 'confirmation');
      await client.appendToStream(stream, testEvent());
      for await (const { event } of live) {
        if (event?.streamId === stream) break;
      }
    });

    it('resolves links, and gives back a link to nothing as it is', async () => {
      const stream = freshStream();
      const links = freshStream();
      await client.appendToStream(
        stream,
        batchOf(2, () => 'Target'),
      );
      for (const target of [`1@${stream}`, `9@${stream}`]) {
        await client.appendToStream(links, {
          id: crypto.randomUUID(),
          contentType: 'application/octet-stream',
          type: '$>',
          data: Buffer.from(target),
          metadata: undefined,
        });
      }
      const live = client.subscribeToStream(links, { resolveLinkTos: true });
      const [resolved, dangling] = await take(live, 2);
      expect(resolved?.event).toMatchObject({ streamId: stream, revision: 1n });
      expect(resolved?.link).toMatchObject({ streamId: links, revision: 0n });
      expect(dangling?.event).toBeUndefined();
      expect(dangling?.link).toMatchObject({ streamId: links, revision: 1n });
    });
  });
}
