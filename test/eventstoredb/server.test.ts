import { AccessDeniedError, BACKWARDS, END, EventStoreDBClient } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { singleUser } from '../../src/log/eventstoredb/server/credentials.js';
import { EventStoreDbServer } from '../../src/log/eventstoredb/server/eventstoredb-server.js';
import {
  LIVE_BUFFER_EVENTS,
  MAX_APPEND_BYTES,
  MAX_FILTER_REGEX_LENGTH,
  MAX_OPEN_APPENDS_PER_CALL,
} from '../../src/log/eventstoredb/server/limits.js';
import { StreamStore } from '../../src/log/eventstoredb/stream-store.js';
import { connect, startTestServer, take, testEvent } from './protocol-server.js';
import { allRequest, batchEvent, chunk, rawClient, request } from './raw-calls.js';
import { selfSigned } from './self-signed.js';

const NOTHING = new Uint8Array();

describe('batch appends, as no client should send them', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let client: ReturnType<typeof rawClient>;

  beforeEach(async () => {
    server = await startTestServer();
    client = rawClient(server.server.port);
  });
  afterEach(() => {
    client.close();
    server.stop();
  });

  /** Sends the chunks, half-closes, and collects the answers until the server ends the call. */
  function exchange(chunks: streams.BatchAppendReq[]): Promise<streams.BatchAppendResp[]> {
    const call = client.batchAppend();
    const answers: streams.BatchAppendResp[] = [];
    for (const part of chunks) call.write(part);
    call.end();
    return new Promise((resolve, reject) => {
      call.on('data', (answer: streams.BatchAppendResp) => answers.push(answer));
      call.on('end', () => resolve(answers));
      call.on('error', reject);
    });
  }

  function errorType(answer: streams.BatchAppendResp | undefined): string | undefined {
    return answer?.getError()?.getDetails()?.getTypeName();
  }

  it('answers each append once and drains before it ends the call', async () => {
    const ids = Array.from({ length: 20 }, () => crypto.randomUUID());
    const answers = await exchange(ids.map((id) => chunk(id, { stream: 's', isFinal: true })));
    expect(answers.map((answer) => answer.getCorrelationId()!.getString())).toEqual(ids);
    expect(answers.map((answer) => answer.getSuccess()?.getCurrentRevision())).toEqual(
      ids.map((_, index) => String(index)),
    );
  });

  it('keeps interleaved appends apart', async () => {
    const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
    const answers = await exchange([
      chunk(a, { stream: 'a', isFinal: false }),
      chunk(b, { stream: 'b', isFinal: false }),
      chunk(a, { events: [batchEvent(), batchEvent()], isFinal: true }),
      chunk(b, { isFinal: true }),
    ]);
    expect(answers.map((answer) => answer.getSuccess()?.getCurrentRevision())).toEqual(['2', '1']);
  });

  it('answers "timeout" at once when the deadline has passed, and writes nothing', async () => {
    for (const deadline of [new Date(0), new Date(Date.now() - 1)]) {
      const [answer] = await exchange([
        chunk(crypto.randomUUID(), { stream: 'late', deadline, isFinal: true }),
      ]);
      expect(errorType(answer)).toBe('event_store.client.Timeout');
    }
    expect(server.store.status('late')).toEqual({ kind: 'missing' });
  });

  it('answers an append whose end does not come in time, once, and forgets it', async () => {
    const call = client.batchAppend();
    const answers: streams.BatchAppendResp[] = [];
    const id = crypto.randomUUID();
    const first = new Promise<void>((resolve) => {
      call.on('data', (answer: streams.BatchAppendResp) => {
        answers.push(answer);
        resolve();
      });
    });
    const deadline = new Date(Date.now() + 50);
    call.write(chunk(id, { stream: 's', deadline, isFinal: false }));
    await first;
    call.write(chunk(id, { isFinal: true }));
    call.end();
    await new Promise((resolve) => call.on('end', resolve));
    expect(answers.map(errorType)).toEqual(['event_store.client.Timeout']);
    expect(server.store.eventCount).toBe(0);
  });

  it('names the stream in every error, and goes on with the next append', async () => {
    const good = crypto.randomUUID();
    const answers = await exchange([
      chunk(crypto.randomUUID(), {
        stream: 's',
        events: [batchEvent({ type: 'E' })],
        isFinal: true,
      }),
      chunk(crypto.randomUUID(), {
        stream: 's',
        events: [batchEvent({ 'content-type': 'application/json' })],
        isFinal: true,
      }),
      chunk(good, { stream: 's', isFinal: true }),
    ]);
    expect(answers.map(errorType)).toEqual([
      'event_store.client.BadRequest',
      'event_store.client.BadRequest',
      undefined,
    ]);
    for (const answer of answers) {
      expect(Buffer.from(answer.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe('s');
    }
    expect(server.store.eventCount).toBe(1);
  });

  it('counts the bytes of all chunks of an append together', async () => {
    const id = crypto.randomUUID();
    const half = [batchEvent(undefined, MAX_APPEND_BYTES / 2)];
    const [answer] = await exchange([
      chunk(id, { stream: 's', events: half, isFinal: false }),
      chunk(id, { events: half, isFinal: true }),
    ]);
    expect(errorType(answer)).toBe('event_store.client.MaximumAppendSizeExceeded');
    expect(server.store.eventCount).toBe(0);
  });

  it('answers the end of an append it knows nothing of once', async () => {
    const id = crypto.randomUUID();
    const answers = await exchange([chunk(id, { isFinal: false }), chunk(id, { isFinal: true })]);
    expect(answers.map(errorType)).toEqual(['event_store.client.BadRequest']);
  });

  it('takes as many unfinished appends as it says, and ends the call at one more', async () => {
    const open = (count: number) =>
      Array.from({ length: count }, () =>
        chunk(crypto.randomUUID(), { stream: 's', isFinal: false }),
      );
    await expect(exchange(open(MAX_OPEN_APPENDS_PER_CALL))).resolves.toEqual([]);
    await expect(exchange(open(MAX_OPEN_APPENDS_PER_CALL + 1))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
  });
});

describe('reads, as no client should ask for them', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let client: ReturnType<typeof rawClient>;

  beforeEach(async () => {
    server = await startTestServer();
    client = rawClient(server.server.port);
  });
  afterEach(() => {
    client.close();
    server.stop();
  });

  function read(options: streams.ReadReq.Options): Promise<streams.ReadResp[]> {
    const call = client.read(request(options));
    const responses: streams.ReadResp[] = [];
    return new Promise((resolve, reject) => {
      call.on('data', (response: streams.ReadResp) => responses.push(response));
      call.on('end', () => resolve(responses));
      call.on('error', reject);
    });
  }

  function typeFilter(regex: string, multiplier = 1): streams.ReadReq.Options.FilterOptions {
    const expression = new streams.ReadReq.Options.FilterOptions.Expression();
    expression.setRegex(regex);
    const filter = new streams.ReadReq.Options.FilterOptions();
    filter.setEventType(expression);
    filter.setCount(new shared.Empty());
    filter.setCheckpointintervalmultiplier(multiplier);
    return filter;
  }

  it('filters a read of $all in both directions up to its count', async () => {
    const writer = connect(server);
    await writer.appendToStream(
      's',
      Array.from({ length: 600 }, (_, i) => testEvent(undefined, i % 100 === 0 ? 'Rare' : 'Often')),
    );
    const options = allRequest();
    options.setFilter(typeFilter('^Rare$'));
    options.setCount('4');
    const revisions = (responses: streams.ReadResp[]) =>
      responses.map((response) => Number(response.getEvent()!.getEvent()!.getStreamRevision()));
    expect(revisions(await read(options))).toEqual([0, 100, 200, 300]);
    options.getAll()!.setEnd(new shared.Empty());
    options.setReadDirection(streams.ReadReq.Options.ReadDirection.BACKWARDS);
    expect(revisions(await read(options))).toEqual([500, 400, 300, 200]);
    void writer.dispose();
  });

  it('refuses what makes no sense', async () => {
    const wrong: [string, (options: streams.ReadReq.Options) => void][] = [
      ['no id form', (options) => options.clearUuidOption()],
      ['neither count nor subscription', (options) => options.clearCount()],
      ['neither stream nor $all', (options) => options.clearAll()],
      ['no multiplier', (options) => options.setFilter(typeFilter('x', 0))],
      [
        'expression too long',
        (options) => options.setFilter(typeFilter('x'.repeat(MAX_FILTER_REGEX_LENGTH + 1))),
      ],
      [
        'a subscription backwards',
        (options) => {
          options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
          options.setReadDirection(streams.ReadReq.Options.ReadDirection.BACKWARDS);
        },
      ],
      [
        'a position nobody handed out',
        (options) => {
          const position = new streams.ReadReq.Options.Position();
          position.setCommitPosition('999999999');
          position.setPreparePosition('999999999');
          options.getAll()!.setPosition(position);
        },
      ],
    ];
    for (const [what, spoil] of wrong) {
      const options = allRequest();
      spoil(options);
      await expect(read(options), what).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    const longest = allRequest();
    longest.setFilter(typeFilter('x'.repeat(MAX_FILTER_REGEX_LENGTH)));
    await expect(read(longest)).resolves.toEqual([]);
  });

  it('takes from the log only what a slow reader has room for', async () => {
    const writer = connect(server);
    const batch = () =>
      Array.from({ length: 100 }, () => testEvent(undefined, 'Big', { pad: 'x'.repeat(9_000) }));
    for (let i = 0; i < 60; i += 1) await writer.appendToStream('s', batch());
    let pages = 0;
    const readAll = server.store.readAll.bind(server.store);
    server.store.readAll = (...range) => {
      pages += 1;
      return readAll(...range);
    };
    const options = allRequest();
    options.setCount('6000');
    const call = client.read(request(options));
    let received = 0;
    call.on('data', () => {
      received += 1;
      if (received === 1) call.pause();
    });
    // 6 000 events are 24 pages; what the connection itself holds is a few hundred events.
    expect(await atRest(() => pages)).toBeLessThan(12);
    call.resume();
    await new Promise((resolve) => call.on('end', resolve));
    expect(received).toBe(6_000);
    void writer.dispose();
  });

  /** A subscription to `$all` and what came of it; `settled` waits until nothing more comes. */
  function subscribe(filter?: streams.ReadReq.Options.FilterOptions, after?: number) {
    const options = allRequest();
    options.clearCount();
    options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
    if (filter !== undefined) options.setFilter(filter);
    if (after !== undefined) {
      const position = new streams.ReadReq.Options.Position();
      position.setCommitPosition(String(after));
      position.setPreparePosition(String(after));
      options.getAll()!.setPosition(position);
    }
    const call = client.read(request(options));
    const seen = { revisions: [] as number[], checkpoints: [] as number[], caughtUp: 0 };
    call.on('error', () => {});
    call.on('data', (response: streams.ReadResp) => {
      const event = response.getEvent()?.getEvent();
      if (event !== undefined) seen.revisions.push(Number(event.getStreamRevision()));
      const checkpoint = response.getCheckpoint();
      if (checkpoint !== undefined) seen.checkpoints.push(Number(checkpoint.getCommitPosition()));
      if (response.hasCaughtUp()) seen.caughtUp += 1;
    });
    const settled = () =>
      atRest(() => seen.revisions.length + seen.checkpoints.length + seen.caughtUp);
    return { seen, settled, cancel: () => call.cancel() };
  }

  /** Appends that many events of a type to stream `s`, whole. */
  function append(count: number, type = 'E'): void {
    const event = { type, contentType: 'application/json', customMetadata: NOTHING, data: NOTHING };
    server.store.append(
      's',
      'any',
      Array.from({ length: count }, () => ({ ...event, id: crypto.randomUUID() })),
    );
  }

  it('sends over $all what lies behind a position, and each live event once', async () => {
    append(10);
    const [fourth] = server.store.readStream('s', 3, 'forwards', 1);
    const { seen, settled, cancel } = subscribe(undefined, fourth!.position);
    await settled();
    for (const count of [1, 3, 1]) {
      append(count);
      await settled();
    }
    expect(seen.revisions).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    cancel();
  });

  it('falls behind at a full buffer, not below it, and says so when it has caught up', async () => {
    for (const [count, caughtUp] of [
      [LIVE_BUFFER_EVENTS - 1, 1],
      [LIVE_BUFFER_EVENTS, 2],
      [5 * LIVE_BUFFER_EVENTS + 1, 2],
    ] as const) {
      const { seen, settled, cancel } = subscribe();
      await settled();
      expect(seen.caughtUp).toBe(1);
      const before = seen.revisions.length;
      append(count);
      await settled();
      expect(seen.caughtUp).toBe(caughtUp);
      expect(seen.revisions.length).toBe(before + count);
      cancel();
    }
  });

  it('sends a checkpoint every interval of considered events and at the end, none twice', async () => {
    append(64);
    const positions = server.store.readAll(0, 'forwards', 200).map(({ position }) => position);
    const { seen, settled, cancel } = subscribe(typeFilter('^Rare$'));
    await settled();
    // The end of history falls on an interval: one checkpoint, not two.
    expect(seen.checkpoints).toEqual([positions[31], positions[63]]);
    append(31);
    await settled();
    expect(seen.checkpoints.length).toBe(2);
    append(1);
    await settled();
    expect(seen.checkpoints).toEqual([positions[31], positions[63], server.store.lastPosition()]);
    expect(seen.revisions).toEqual([]);
    cancel();
  });

  it('frees a subscription when its client goes away', async () => {
    const options = allRequest();
    options.clearCount();
    options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
    const call = client.read(request(options));
    call.on('error', () => {});
    await new Promise((resolve) => call.once('data', resolve));
    expect(server.server.openReads).toBe(1);
    call.cancel();
    await until(() => server.server.openReads === 0);
  });
});

/** Waits until a counter stands still over many turns of the event loop. */
async function atRest(count: () => number): Promise<number> {
  let still = 0;
  let last = count();
  while (still < 50) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    still = count() === last ? still + 1 : 0;
    last = count();
  }
  return last;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a log served read-only', () => {
  it('denies every write in words the client understands', async () => {
    const store = new StreamStore();
    for (const batchAppend of [true, false]) {
      const server = await EventStoreDbServer.start({ source: store, readOnly: true, batchAppend });
      const client = connect({ connectionString: `esdb://127.0.0.1:${server.port}?tls=false` });
      await expect(client.appendToStream('s', testEvent())).rejects.toThrow(AccessDeniedError);
      await expect(client.deleteStream('s')).rejects.toThrow(AccessDeniedError);
      await expect(client.tombstoneStream('s')).rejects.toThrow(AccessDeniedError);
      await expect(client.setStreamMetadata('s', {})).rejects.toThrow(AccessDeniedError);
      server.stop();
      void client.dispose();
    }
    expect(store.eventCount).toBe(0);
  });
});

describe('how clients find and enter the server', () => {
  it('is found by discovery, as a cluster of one and in a list of candidates', async () => {
    const server = await startTestServer();
    const at = `127.0.0.1:${server.server.port}`;
    for (const hosts of [`esdb+discover://${at}`, `esdb://${at},127.0.0.1:1`]) {
      const client = EventStoreDBClient.connectionString(
        `${hosts}?tls=false&nodePreference=leader`,
      );
      const result = await client.appendToStream('s', testEvent());
      expect(result.success).toBe(true);
      void client.dispose();
    }
    server.stop();
  });

  it('speaks TLS, and lets in who has the password', async () => {
    const tls = selfSigned();
    const server = await EventStoreDbServer.start({
      source: new StreamStore(),
      host: 'localhost',
      tls,
      authenticate: singleUser('auditor', 'secret'),
    });
    const as = (user: string) =>
      EventStoreDBClient.connectionString(
        `esdb://${user}localhost:${server.port}?tlsCAFile=${tls.certificateFile}`,
      );
    const auditor = as('auditor:secret@');
    expect((await auditor.appendToStream('s', testEvent())).success).toBe(true);
    expect((await take(auditor.readStream('s'), 1)).length).toBe(1);
    for (const user of ['', 'auditor:wrong@', 'other:secret@']) {
      const client = as(user);
      await expect(take(client.readStream('s'), 1)).rejects.toThrow(AccessDeniedError);
      await expect(client.deleteStream('s')).rejects.toThrow(AccessDeniedError);
      await expect(client.appendToStream('s', testEvent())).rejects.toThrow(AccessDeniedError);
      void client.dispose();
    }
    server.stop();
    void auditor.dispose();
    tls.remove();
  });

  it('lets an auditor read the newest events of a stream after a restart on the same port', async () => {
    const first = await startTestServer();
    const client = connect(first);
    await client.appendToStream('s', [testEvent(), testEvent()]);
    first.stop();
    const again = await EventStoreDbServer.start({ source: first.store, port: first.server.port });
    const other = connect(first);
    const [newest] = await take(
      other.readStream('s', { direction: BACKWARDS, fromRevision: END }),
      1,
    );
    expect(newest?.event?.revision).toBe(1n);
    again.stop();
    void client.dispose();
    void other.dispose();
  });
});
