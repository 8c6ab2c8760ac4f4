import {
  ANY,
  type EventStoreDBClient,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_APPEND_BYTES } from '../../src/log/eventstoredb/server/limits.js';
import {
  connect,
  disconnect,
  freshStream,
  type ProtocolServer,
  testEvent,
} from './protocol-server.js';

const TYPE = 'Filler';
/** Bytes of one event's payload so that the event counts exactly `bytes` against the limit. */
function filler(bytes: number) {
  return {
    id: crypto.randomUUID(),
    contentType: 'application/octet-stream' as const,
    type: TYPE,
    data: new Uint8Array(bytes - 2 * TYPE.length),
    metadata: undefined,
  };
}

export function describeAppends(open: () => Promise<ProtocolServer>): void {
  describe('appends', () => {
    let server: ProtocolServer;
    let client: EventStoreDBClient;

    beforeAll(async () => {
      server = await open();
      client = connect(server);
    });
    afterAll(() => disconnect(client, server));

    it('answers with the revision and a position that grows', async () => {
      const stream = freshStream();
      const first = await client.appendToStream(stream, [testEvent(), testEvent()]);
      const second = await client.appendToStream(stream, testEvent());
      expect(first.nextExpectedRevision).toBe(1n);
      expect(second.nextExpectedRevision).toBe(2n);
      expect(second.position!.commit).toBeGreaterThan(first.position!.commit);
    });

    it('names the current revision when the expected one is wrong', async () => {
      const stream = freshStream();
      await client.appendToStream(stream, [testEvent(), testEvent()]);
      await expect(
        client.appendToStream(stream, testEvent(), { expectedRevision: NO_STREAM }),
      ).rejects.toMatchObject({
        streamName: stream,
        expectedVersion: 'no_stream',
        actualVersion: 1n,
      });
      await expect(
        client.appendToStream(stream, testEvent(), { expectedRevision: 7n }),
      ).rejects.toMatchObject({ expectedVersion: 7n, actualVersion: 1n });
    });

    it('says there is no stream when a revision of none is expected', async () => {
      await expect(
        client.appendToStream(freshStream(), testEvent(), { expectedRevision: 0n }),
      ).rejects.toMatchObject({ expectedVersion: 0n, actualVersion: 'no_stream' });
      await expect(
        client.appendToStream(freshStream(), testEvent(), { expectedRevision: STREAM_EXISTS }),
      ).rejects.toMatchObject({ expectedVersion: 'stream_exists', actualVersion: 'no_stream' });
    });

    it('writes all events of an append or none', async () => {
      const stream = freshStream();
      const ids = [crypto.randomUUID(), crypto.randomUUID()];
      await client.appendToStream(
        stream,
        ids.map((id) => testEvent(id)),
      );
      await expect(
        client.appendToStream(stream, [testEvent(ids[1]), testEvent()], { expectedRevision: 0n }),
      ).rejects.toThrow(WrongExpectedVersionError);
      expect((await client.appendToStream(stream, testEvent())).nextExpectedRevision).toBe(2n);
    });

    it('compares ids within one stream only', async () => {
      const id = crypto.randomUUID();
      for (const stream of [freshStream(), freshStream()]) {
        const result = await client.appendToStream(stream, testEvent(id), {
          expectedRevision: ANY,
        });
        expect(result.nextExpectedRevision).toBe(0n);
      }
    });

    it('appends again when a repeat under "any" starts with an unknown id', async () => {
      const stream = freshStream();
      const known = crypto.randomUUID();
      await client.appendToStream(stream, testEvent(known));
      const result = await client.appendToStream(stream, [testEvent(), testEvent(known)]);
      expect(result.nextExpectedRevision).toBe(2n);
    });

    it('refuses under "any" a known id followed by an unknown one', async () => {
      const stream = freshStream();
      const known = crypto.randomUUID();
      await client.appendToStream(stream, testEvent(known));
      await expect(client.appendToStream(stream, [testEvent(known), testEvent()])).rejects.toThrow(
        WrongExpectedVersionError,
      );
    });

    it('answers a repeat with the position of the original', async () => {
      const stream = freshStream();
      const events = [testEvent(), testEvent()];
      const original = await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
      await client.appendToStream(stream, testEvent());
      const repeat = await client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
      expect(repeat).toEqual(original);
    });

    it('takes an append of exactly 1 MiB, and one byte less', async () => {
      for (const bytes of [MAX_APPEND_BYTES - 1, MAX_APPEND_BYTES]) {
        const result = await client.appendToStream(freshStream(), filler(bytes));
        expect(result.success).toBe(true);
      }
    });

    it('refuses an append of one byte more than 1 MiB and names the limit', async () => {
      const half = MAX_APPEND_BYTES / 2;
      const append = client.appendToStream(freshStream(), [filler(half), filler(half + 1)]);
      await expect(append).rejects.toThrow(MaxAppendSizeExceededError);
      await expect(append).rejects.toMatchObject({ maxAppendSize: MAX_APPEND_BYTES });
    });

    it('answers every one of many appends in flight, in the order of their stream', async () => {
      const stream = freshStream();
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          client.appendToStream(stream, testEvent(undefined, 'Many', { index })),
        ),
      );
      const revisions = results.map((result) => result.nextExpectedRevision);
      expect(new Set(revisions).size).toBe(200);
    });

    it('puts an append back together that comes in many chunks', async () => {
      const stream = freshStream();
      const events = Array.from({ length: 50 }, (_, index) =>
        testEvent(undefined, 'Chunked', { index, pad: 'x'.repeat(100) }),
      );
      await client.appendToStream(stream, events, { batchAppendSize: 400 });
      const read: number[] = [];
      for await (const { event } of client.readStream<never>(stream)) {
        read.push((event as unknown as { data: { index: number } }).data.index);
      }
      expect(read).toEqual(events.map((_, index) => index));
    });

    it('tells a wrong version without throwing when asked to', async () => {
      const separator = server.connectionString.includes('?') ? '&' : '?';
      const lenient = connect({
        connectionString: `${server.connectionString}${separator}throwOnAppendFailure=false`,
      });
      const stream = freshStream();
      await lenient.appendToStream(stream, testEvent());
      const result = await lenient.appendToStream(stream, testEvent(), { expectedRevision: 5n });
      expect(result.success).toBe(false);
      await lenient.dispose();
    });
  });
}
