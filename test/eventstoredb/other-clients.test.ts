/** What clients do that @eventstore/db-client for Node does not, and what it does that we do not serve. */
import {
  type EventStoreDBClient,
  persistentSubscriptionToStreamSettingsFromDefaults,
} from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeBatchAppendRequest } from '../../src/log/eventstoredb/server/batch-append-request.js';
import { connect, freshStream, startTestServer, take, testEvent } from './protocol-server.js';
import { allRequest, chunk, identifier, rawClient, request } from './raw-calls.js';

/** As clients on .NET and Java send it: two signed numbers of 64 bits. */
function halves(text: string): shared.UUID {
  const hex = text.replaceAll('-', '');
  const half = (at: number) => BigInt.asIntN(64, BigInt(`0x${hex.slice(at, at + 16)}`)).toString();
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(half(0));
  structured.setLeastSignificantBits(half(16));
  const id = new shared.UUID();
  id.setStructured(structured);
  return id;
}

/** Halves with every sign, and with zeros in front. */
const IDS = [
  '00000000-0000-4000-8000-000000000000',
  '7fffffff-ffff-4fff-bfff-ffffffffffff',
  'ffffffff-ffff-5fff-8fff-ffffffffffff',
  '00112233-4455-5677-8899-aabbccddeeff',
];

describe('clients of other languages', { timeout: 60_000 }, () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let raw: ReturnType<typeof rawClient>;
  let client: EventStoreDBClient;

  beforeEach(async () => {
    server = await startTestServer();
    raw = rawClient(server.server.port);
    client = connect(server);
  });
  afterEach(() => {
    raw.close();
    server.stop();
    void client.dispose();
  });

  function batchAppend(message: streams.BatchAppendReq): Promise<streams.BatchAppendResp[]> {
    const call = raw.batchAppend();
    const answers: streams.BatchAppendResp[] = [];
    call.write(message);
    call.end();
    return new Promise((resolve, reject) => {
      call.on('data', (answer: streams.BatchAppendResp) => answers.push(answer));
      call.on('end', () => resolve(answers));
      call.on('error', reject);
    });
  }

  function read(options: streams.ReadReq.Options): Promise<streams.ReadResp[]> {
    const call = raw.read(request(options));
    const responses: streams.ReadResp[] = [];
    return new Promise((resolve, reject) => {
      call.on('data', (response: streams.ReadResp) => responses.push(response));
      call.on('end', () => resolve(responses));
      call.on('error', reject);
    });
  }

  it('send ids in halves, which are the same ids as in text', async () => {
    for (const id of IDS) {
      const stream = freshStream();
      const message = chunk(crypto.randomUUID(), { stream, isFinal: true });
      message.setCorrelationId(halves(crypto.randomUUID()));
      message.getProposedMessagesList()[0]?.setId(halves(id));
      const [answer] = await batchAppend(message);
      expect(answer?.getSuccess()?.getCurrentRevision()).toBe('0');
      const [stored] = await take(client.readStream(stream), 1);
      expect(stored?.event?.id).toBe(id);
      // The same event by text is a repeat.
      const again = await client.appendToStream(stream, testEvent(id), {
        expectedRevision: 'no_stream',
      });
      expect(again.nextExpectedRevision).toBe(0n);
      expect(server.store.status(stream)).toMatchObject({ last: 0 });
    }
  });

  it('ask for ids in halves and get them so, of events and of links', async () => {
    const stream = freshStream();
    const links = freshStream();
    await client.appendToStream(
      stream,
      IDS.map((id) => testEvent(id)),
    );
    const link = '80000000-0000-4000-8000-000000000001';
    await client.appendToStream(links, {
      ...testEvent(link),
      ...{ contentType: 'application/octet-stream' as const, type: '$>' },
      data: Buffer.from(`1@${stream}`),
    });
    const ids = new streams.ReadReq.Options.UUIDOption();
    ids.setStructured(new shared.Empty());
    const options = allRequest();
    options.setUuidOption(ids);
    const events = (await read(options)).map((response) => response.getEvent()?.getEvent());
    expect(events.map((event) => event?.getId()?.toObject())).toEqual(
      [...IDS, link].map((id) => halves(id).toObject()),
    );
    const ofLinks = new streams.ReadReq.Options.StreamOptions();
    ofLinks.setStreamIdentifier(identifier(links));
    ofLinks.setStart(new shared.Empty());
    options.setStream(ofLinks);
    options.setResolveLinks(true);
    const [resolved] = await read(options);
    const { event, link: pointer } = resolved?.getEvent()?.toObject() ?? {};
    expect(event?.id).toEqual(halves(IDS[1] ?? '').toObject());
    expect(pointer?.id).toEqual(halves(link).toObject());
  });

  it('say how long they wait for an append, in place of until when', async () => {
    const message = chunk(crypto.randomUUID(), { stream: 's', isFinal: true });
    const options = message.getOptions()!;
    options.clearDeadline();
    const deadlineIn = (...duration: number[]) => {
      const field = [(7 << 3) | 2, duration.length, ...duration];
      const bytes = Buffer.from([...options.serializeBinary(), ...field]);
      // In place of the options that the generated class writes: the same, and a field it does not know.
      const whole = new streams.BatchAppendReq();
      whole.setCorrelationId(message.getCorrelationId());
      const rest = Buffer.from(whole.serializeBinary());
      const begun = Buffer.concat([rest, Buffer.from([(2 << 3) | 2, bytes.length]), bytes]);
      return decodeBatchAppendRequest(begun).options?.deadline;
    };
    const before = Date.now();
    // 10 s, and 500 ms in nanoseconds.
    expect(deadlineIn(0x08, 10) ?? 0).toBeGreaterThanOrEqual(before + 10_000);
    expect(deadlineIn(0x08, 10) ?? 0).toBeLessThan(before + 310_000);
    const half = deadlineIn(0x10, 0x80, 0xca, 0xb5, 0xee, 0x01) ?? 0;
    expect(half).toBeGreaterThanOrEqual(before + 500);
    // -1 s.
    const past = deadlineIn(0x08, ...Array(9).fill(0xff), 0x01) ?? Number.NaN;
    expect(past).toBeLessThan(Date.now());
    expect(deadlineIn()).toBeGreaterThanOrEqual(before);
    expect(decodeBatchAppendRequest(Buffer.from(message.serializeBinary())).options?.deadline).toBe(
      undefined,
    );
  });

  it('read back whether it is JSON, as on the real server, and no other content type', async () => {
    const message = chunk(crypto.randomUUID(), { stream: 's', isFinal: true });
    const metadata = message.getProposedMessagesList()[0]?.getMetadataMap();
    metadata?.set('content-type', 'application/vnd.something+json');
    await batchAppend(message);
    const [stored] = await take(client.readStream('s'), 1);
    expect(stored?.event?.isJson).toBe(false);
    expect(server.store.readStream('s', 0, 'forwards', 1)[0]?.contentType).toBe(
      'application/octet-stream',
    );
  });

  it('are refused a filter without a window', async () => {
    const options = allRequest();
    const filter = new streams.ReadReq.Options.FilterOptions();
    const expression = new streams.ReadReq.Options.FilterOptions.Expression();
    expression.addPrefix('x');
    filter.setEventType(expression);
    filter.setCheckpointintervalmultiplier(1);
    options.setFilter(filter);
    await expect(read(options)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('are told UNIMPLEMENTED by what is not served, and by no parser', async () => {
    const settings = persistentSubscriptionToStreamSettingsFromDefaults();
    const calls: Record<string, () => Promise<unknown>> = {
      create: () => client.createPersistentSubscriptionToStream('s', 'g', settings),
      update: () => client.updatePersistentSubscriptionToStream('s', 'g', settings),
      delete: () => client.deletePersistentSubscriptionToStream('s', 'g'),
      subscribe: () => take(client.subscribeToPersistentSubscriptionToStream('s', 'g'), 1),
      list: () => client.listAllPersistentSubscriptions(),
      listOfStream: () => client.listPersistentSubscriptionsToStream('s'),
      listOfAll: () => client.listPersistentSubscriptionsToAll(),
      info: () => client.getPersistentSubscriptionToStreamInfo('s', 'g'),
      infoOfAll: () => client.getPersistentSubscriptionToAllInfo('g'),
      replay: () => client.replayParkedMessagesToStream('s', 'g'),
      replayOfAll: () => client.replayParkedMessagesToAll('g'),
      restart: () => client.restartPersistentSubscriptionSubsystem(),
      createProjection: () => client.createProjection('p', 'fromAll()'),
      listProjections: () => client.listProjections(),
      projectionState: () => client.getProjectionState('p'),
      projectionResult: () => client.getProjectionResult('p'),
      disableProjection: () => client.disableProjection('p'),
      restartProjections: () => client.restartSubsystem(),
    };
    const said: Record<string, unknown> = {};
    for (const [name, call] of Object.entries(calls)) {
      said[name] = await call().then(
        () => 'done',
        (error: { code?: unknown }) => error.code ?? String(error),
      );
    }
    const unimplemented = Object.keys(calls).map((name) => [name, status.UNIMPLEMENTED]);
    expect(said).toEqual(Object.fromEntries(unimplemented));
    // And the same connection goes on.
    await client.appendToStream('s', testEvent());
    // Those that are to have been made for $all are refused by the client itself.
    await expect(client.deletePersistentSubscriptionToAll('g')).rejects.toThrow();
  });
});
