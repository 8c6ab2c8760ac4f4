/** Whoever reaches the port may send any bytes: they are answered, and everybody else goes on. */
import { setImmediate as turn } from 'node:timers/promises';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, freshStream, startTestServer, take, testEvent } from './protocol-server.js';
import { allRequest, chunk, request } from './raw-calls.js';

const { read, append, batchAppend, delete: remove, tombstone } = streamsGrpc.StreamsService;
const METHODS = [read, append, batchAppend, remove, tombstone];
/** Of a call: what the bytes have become may be a subscription, which has no end of its own. */
const CALL_MS_MAX = 1_500;

const same = (bytes: Buffer): Buffer => bytes;

describe('bytes of any kind', { timeout: 120_000 }, () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let raw: Client;

  beforeAll(async () => {
    server = await startTestServer();
    raw = new Client(`127.0.0.1:${server.server.port}`, credentials.createInsecure());
    const client = connect(server);
    await client.appendToStream('s', [testEvent(), testEvent(), testEvent()]);
    void client.dispose();
  });
  afterAll(() => {
    raw.close();
    server.stop();
  });

  /** @returns the status that the call ended with */
  function send({ path }: { readonly path: string }, bytes: Buffer): Promise<number> {
    const deadline = Date.now() + CALL_MS_MAX;
    const call = raw.makeBidiStreamRequest(path, same, same, new Metadata(), { deadline });
    call.write(bytes);
    call.end();
    return new Promise((resolve) => {
      call.on('data', () => undefined);
      call.on('error', () => undefined);
      call.on('status', ({ code }) => resolve(code));
    });
  }

  it('end their own call with a status, and nothing else', async () => {
    const whole = [
      Buffer.from(request(allRequest()).serializeBinary()),
      Buffer.from(chunk(crypto.randomUUID(), { stream: 's', isFinal: true }).serializeBinary()),
    ];
    const noise = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
    const cut = fc
      .tuple(fc.constantFrom(...whole), fc.nat(300))
      .map(([bytes, length]) => bytes.subarray(0, length));
    const changed = fc
      .tuple(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { minLength: 1 }),
      )
      .map(([bytes, changes]) => {
        const other = Buffer.from(bytes);
        for (const [at, value] of changes) other[at % other.length] = value;
        return other;
      });
    const bytes = fc.oneof(noise, cut, changed);
    const calls = fc.array(fc.tuple(fc.constantFrom(...METHODS), bytes), { minLength: 20 });
    await fc.assert(
      fc.asyncProperty(calls, async (sent) => {
        const ended = await Promise.all(sent.map(([method, message]) => send(method, message)));
        for (const code of ended) expect(status[code]).toBeDefined();
        const client = connect(server);
        const own = freshStream();
        await client.appendToStream(own, testEvent());
        expect((await take(client.readStream(own), 1)).length).toBe(1);
        void client.dispose();
      }),
      { numRuns: 12 },
    );
    // Nothing is left open, as soon as the server has heard of the last end.
    while (server.server.openReads > 0) await turn();
  });
});
