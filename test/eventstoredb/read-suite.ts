import {
  BACKWARDS,
  END,
  type EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  FORWARDS,
  START,
  StreamNotFoundError,
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

const EVENTS = 70;

export function describeReads(open: () => Promise<ProtocolServer>): void {
  describe('reads', () => {
    let server: ProtocolServer;
    let client: EventStoreDBClient;
    const stream = freshStream();
    const type = `Read-${crypto.randomUUID()}`;

    beforeAll(async () => {
      server = await open();
      client = connect(server);
      const events = Array.from({ length: EVENTS }, (_, index) =>
        testEvent(undefined, index % 7 === 0 ? type : 'Other', { index, größe: 'ä€😀' }),
      );
      await client.appendToStream(stream, events);
    });
    afterAll(() => disconnect(client, server));

    async function revisions(options: Parameters<EventStoreDBClient['readStream']>[1]) {
      const read: number[] = [];
      for await (const { event } of client.readStream(stream, options)) {
        read.push(Number(event?.revision));
      }
      return read;
    }

    const all = Array.from({ length: EVENTS }, (_, index) => index);

    it('reads a stream forwards and backwards, across pages', async () => {
      expect(await revisions({})).toEqual(all);
      expect(await revisions({ direction: BACKWARDS, fromRevision: END })).toEqual(
        all.toReversed(),
      );
    });

    it('includes the revision it starts from', async () => {
      expect(await revisions({ fromRevision: 66n })).toEqual([66, 67, 68, 69]);
      expect(await revisions({ fromRevision: 2n, direction: BACKWARDS })).toEqual([2, 1, 0]);
    });

    it('stops at its count, one below, at and above what is there', async () => {
      for (const maxCount of [EVENTS - 1, EVENTS, EVENTS + 1]) {
        expect((await revisions({ maxCount })).length).toBe(Math.min(maxCount, EVENTS));
      }
      expect(await revisions({ maxCount: 1, direction: BACKWARDS, fromRevision: END })).toEqual([
        69,
      ]);
    });

    it('reads nothing past the end of a stream, without an error', async () => {
      expect(await revisions({ fromRevision: 70n })).toEqual([]);
      expect(await revisions({ fromRevision: END, direction: FORWARDS })).toEqual([]);
    });

    it('starts backwards at the head when told a revision beyond it', async () => {
      expect(await revisions({ fromRevision: 9_999n, direction: BACKWARDS, maxCount: 2 })).toEqual([
        69, 68,
      ]);
    });

    it('says that a stream is not found', async () => {
      await expect(take(client.readStream(freshStream()), 1)).rejects.toThrow(StreamNotFoundError);
    });

    it('gives back what was written: id, type, data, metadata, time', async () => {
      const own = freshStream();
      const before = Date.now();
      const written = {
        ...testEvent(undefined, 'Kept', { price: '101.25' }),
        metadata: { $correlationId: 'o-1' },
      };
      const appended = await client.appendToStream(own, written);
      const [read] = await take(client.readStream(own), 1);
      expect(read?.event).toMatchObject({
        streamId: own,
        id: written.id,
        type: 'Kept',
        revision: 0n,
        isJson: true,
        data: { price: '101.25' },
        metadata: { $correlationId: 'o-1' },
        position: appended.position,
      });
      expect(read?.commitPosition).toBe(appended.position?.commit);
      expect(Math.abs(read!.event!.created.getTime() - before)).toBeLessThan(60_000);
    });

    it('gives back bytes that are no JSON', async () => {
      const own = freshStream();
      const data = Uint8Array.from([0, 255, 1, 254]);
      await client.appendToStream(own, {
        id: crypto.randomUUID(),
        contentType: 'application/octet-stream',
        type: 'Bytes',
        data,
        metadata: undefined,
      });
      const [read] = await take(client.readStream(own), 1);
      expect(read?.event?.isJson).toBe(false);
      expect(Buffer.from(read?.event?.data as unknown as Uint8Array)).toEqual(Buffer.from(data));
    });

    it('reads $all forwards from a position, including it', async () => {
      const own = freshStream();
      const first = await client.appendToStream(own, [testEvent()]);
      await client.appendToStream(own, [testEvent(), testEvent()]);
      const read: string[] = [];
      for await (const { event } of client.readAll({ fromPosition: first.position! })) {
        if (event?.streamId === own) read.push(String(event.revision));
      }
      expect(read).toEqual(['0', '1', '2']);
    });

    it('reads $all backwards from the end, newest first', async () => {
      const own = freshStream();
      await client.appendToStream(own, [testEvent(), testEvent(), testEvent()]);
      const read: string[] = [];
      for await (const { event } of client.readAll({
        direction: BACKWARDS,
        fromPosition: END,
        maxCount: 50,
      })) {
        if (event?.streamId === own) read.push(String(event.revision));
      }
      expect(read).toEqual(['2', '1', '0']);
    });

    it('reads $all backwards from a position, without the event there', async () => {
      const own = freshStream();
      const results = [];
      for (let i = 0; i < 3; i += 1) results.push(await client.appendToStream(own, testEvent()));
      const read: string[] = [];
      for await (const { event } of client.readAll({
        direction: BACKWARDS,
        fromPosition: results[1]!.position!,
        maxCount: 1,
      })) {
        if (event?.streamId === own) read.push(String(event.revision));
      }
      expect(read).toEqual(['0']);
      const start = { direction: BACKWARDS, fromPosition: START } as const;
      expect(await take(client.readAll(start), 1)).toEqual([]);
    });

    it('reads $all from the start up to a count', async () => {
      expect((await take(client.readAll({ fromPosition: START, maxCount: 3 }), 9)).length).toBe(3);
    });

    it('filters $all by event type prefix while reading on', async () => {
      const got: bigint[] = [];
      const subscription = client.subscribeToAll({
        filter: eventTypeFilter({ prefixes: [type] }),
      });
      for await (const { event } of subscription) {
        got.push(event!.revision);
        if (got.length === 10) break;
      }
      expect(got.map(Number)).toEqual(all.filter((index) => index % 7 === 0));
    });

    it('leaves system events out when asked to', async () => {
      const own = freshStream();
      await client.setStreamMetadata(own, { custom: 1 });
      const { position } = await client.appendToStream(own, testEvent());
      const seen: string[] = [];
      for await (const { event } of client.subscribeToAll({ filter: excludeSystemEvents() })) {
        seen.push(event!.type);
        if (event!.streamId === own) break;
      }
      expect(position).toBeDefined();
      expect(seen.filter((name) => name.startsWith('$'))).toEqual([]);
    });
  });
}
