import {
  ANY,
  BACKWARDS,
  END,
  type EventStoreDBClient,
  FORWARDS,
  NO_STREAM,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
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

export function describeDeletes(open: () => Promise<ProtocolServer>): void {
  describe('deletes and stream metadata', () => {
    let server: ProtocolServer;
    let client: EventStoreDBClient;

    beforeAll(async () => {
      server = await open();
      client = connect(server);
    });
    afterAll(() => disconnect(client, server));

    async function streamOf(count: number): Promise<string> {
      const stream = freshStream();
      await client.appendToStream(
        stream,
        Array.from({ length: count }, () => testEvent()),
      );
      return stream;
    }

    async function revisions(stream: string, backwards = false): Promise<number[]> {
      const read: number[] = [];
      const direction = backwards ? BACKWARDS : FORWARDS;
      const fromRevision = backwards ? END : START;
      for await (const { event } of client.readStream(stream, { direction, fromRevision })) {
        read.push(Number(event?.revision));
      }
      return read;
    }

    it('hides a soft-deleted stream', async () => {
      const stream = await streamOf(3);
      const { position } = await client.deleteStream(stream, { expectedRevision: 2n });
      expect(position).toBeDefined();
      await expect(revisions(stream)).rejects.toThrow(StreamNotFoundError);
      await expect(revisions(stream, true)).rejects.toThrow(StreamNotFoundError);
    });

    it('goes on counting when a soft-deleted stream is written to again', async () => {
      for (const expectedRevision of [NO_STREAM, ANY, 2n] as const) {
        const stream = await streamOf(3);
        await client.deleteStream(stream);
        const result = await client.appendToStream(stream, [testEvent(), testEvent()], {
          expectedRevision,
        });
        expect(result.nextExpectedRevision).toBe(4n);
        expect(await revisions(stream)).toEqual([3, 4]);
        expect(await revisions(stream, true)).toEqual([4, 3]);
        expect((await client.getStreamMetadata(stream)).metadata?.truncateBefore).toBe(3);
      }
    });

    it('is not there for a writer that expects it to exist', async () => {
      const stream = await streamOf(1);
      await client.deleteStream(stream);
      await expect(
        client.appendToStream(stream, testEvent(), { expectedRevision: STREAM_EXISTS }),
      ).rejects.toThrow(StreamDeletedError);
    });

    it('comes back through new metadata, with the keys just written', async () => {
      const stream = await streamOf(3);
      await client.setStreamMetadata(stream, { old: 1, maxCount: 2 });
      await client.deleteStream(stream);
      await client.setStreamMetadata(stream, { fresh: 2 });
      expect(await revisions(stream)).toEqual([]);
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({
        fresh: 2,
        truncateBefore: 3,
      });
      await client.appendToStream(stream, testEvent());
      expect(await revisions(stream)).toEqual([3]);
    });

    it('is taken for one that is not there by whoever deletes it again', async () => {
      for (const expectedRevision of [NO_STREAM, ANY, 1n] as const) {
        const stream = await streamOf(2);
        await client.deleteStream(stream);
        await client.deleteStream(stream, { expectedRevision });
        await expect(revisions(stream)).rejects.toThrow(StreamNotFoundError);
        await client.tombstoneStream(stream, { expectedRevision });
        await expect(revisions(stream)).rejects.toThrow(StreamDeletedError);
      }
      const stream = await streamOf(2);
      await client.deleteStream(stream);
      for (const expectedRevision of [0n, 2n] as const) {
        await expect(client.deleteStream(stream, { expectedRevision })).rejects.toThrow(
          WrongExpectedVersionError,
        );
      }
    });

    it('is brought back empty by an append of nothing', async () => {
      for (const expectedRevision of [ANY, 1n] as const) {
        const stream = await streamOf(2);
        await client.deleteStream(stream);
        const nothing = await client.appendToStream(stream, [], { expectedRevision });
        expect(nothing.nextExpectedRevision).toBe(1n);
        expect(await revisions(stream)).toEqual([]);
        expect((await client.getStreamMetadata(stream)).metadata?.truncateBefore).toBe(2);
      }
    });

    it('refuses to delete what has neither events nor metadata', async () => {
      for (const expectedRevision of [NO_STREAM, ANY] as const) {
        await expect(
          client.deleteStream(freshStream(), { expectedRevision }),
        ).rejects.toMatchObject({ type: 'wrong-expected-version', actualVersion: 'no_stream' });
      }
    });

    it('deletes a stream that has metadata only', async () => {
      const stream = freshStream();
      await client.setStreamMetadata(stream, { custom: true });
      const { position } = await client.deleteStream(stream, { expectedRevision: NO_STREAM });
      expect(position).toBeDefined();
    });

    it('names both revisions when a delete expects the wrong one', async () => {
      const stream = await streamOf(2);
      await expect(client.deleteStream(stream, { expectedRevision: 0n })).rejects.toMatchObject({
        streamName: stream,
        expectedVersion: 0n,
        actualVersion: 1n,
      });
      await expect(client.tombstoneStream(stream, { expectedRevision: 5n })).rejects.toThrow(
        WrongExpectedVersionError,
      );
    });

    it('ends a tombstoned stream for good', async () => {
      const stream = await streamOf(2);
      await client.tombstoneStream(stream, { expectedRevision: 1n });
      await expect(revisions(stream)).rejects.toThrow(StreamDeletedError);
      for (const expectedRevision of [ANY, NO_STREAM, STREAM_EXISTS, 1n] as const) {
        await expect(
          client.appendToStream(stream, testEvent(), { expectedRevision }),
        ).rejects.toThrow(StreamDeletedError);
      }
      await expect(client.deleteStream(stream)).rejects.toThrow(StreamDeletedError);
      await expect(client.tombstoneStream(stream)).rejects.toThrow(StreamDeletedError);
      await expect(take(client.subscribeToStream(stream), 1)).rejects.toThrow(StreamDeletedError);
    });

    it('tombstones a stream that was never written', async () => {
      const stream = freshStream();
      await client.tombstoneStream(stream, { expectedRevision: NO_STREAM });
      await expect(client.appendToStream(stream, testEvent())).rejects.toThrow(StreamDeletedError);
    });

    it('keeps a tombstone visible in $all', async () => {
      const stream = await streamOf(1);
      await client.tombstoneStream(stream);
      const types: string[] = [];
      const newest = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 20 });
      for await (const { event } of newest) {
        if (event?.streamId === stream) types.push(event.type);
      }
      expect(types).toEqual(['$streamDeleted', 'TestHappened']);
    });

    it('keeps what the metadata says, and answers the default without any', async () => {
      const stream = freshStream();
      expect((await client.getStreamMetadata(stream)).metadata).toBeUndefined();
      await client.setStreamMetadata(
        stream,
        { maxAge: 60, custom: { deep: [1] } },
        { expectedRevision: NO_STREAM },
      );
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({
        maxAge: 60,
        custom: { deep: [1] },
      });
      await expect(
        client.setStreamMetadata(stream, { maxAge: 61 }, { expectedRevision: NO_STREAM }),
      ).rejects.toThrow(WrongExpectedVersionError);
    });

    it('counts a stream with metadata only as one that exists', async () => {
      const stream = freshStream();
      await client.setStreamMetadata(stream, { custom: 1 });
      const result = await client.appendToStream(stream, testEvent(), {
        expectedRevision: STREAM_EXISTS,
      });
      expect(result.nextExpectedRevision).toBe(0n);
    });

    it('shows only the newest $maxCount events', async () => {
      const stream = await streamOf(5);
      await client.setStreamMetadata(stream, { maxCount: 2 });
      expect(await revisions(stream)).toEqual([3, 4]);
      expect(await revisions(stream, true)).toEqual([4, 3]);
      await client.appendToStream(stream, testEvent());
      expect(await revisions(stream)).toEqual([4, 5]);
    });

    it('shows nothing below $tb, at, one above and one below the head', async () => {
      for (const [truncateBefore, visible] of [
        [3, [3, 4]],
        [4, [4]],
        [5, []],
      ] as const) {
        const stream = await streamOf(5);
        await client.setStreamMetadata(stream, { truncateBefore });
        expect(await revisions(stream)).toEqual(visible);
      }
    });

    it('reads a truncated stream from its start without an error', async () => {
      const stream = await streamOf(4);
      await client.setStreamMetadata(stream, { truncateBefore: 2 });
      const [first] = await take(client.readStream(stream, { fromRevision: START }), 1);
      expect(first?.event?.revision).toBe(2n);
    });
  });
}
