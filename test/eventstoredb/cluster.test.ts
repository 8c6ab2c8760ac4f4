/** What real clusters do and a single node on loopback never does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HEADER } from '../../src/domain/event-record.js';
import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import {
  Forwarder,
  type ForwarderOptions,
  STALE_LOOKS_MAX,
  streamOfShard,
} from '../../src/log/eventstoredb/forwarder.js';
import { restoreJournal } from '../../src/log/eventstoredb/restore-journal.js';
import { sampleRecords } from '../../src/log/eventstoredb/sample-events.js';
import { accessDenied, RpcError } from '../../src/log/eventstoredb/server/rpc-error.js';
import { StreamStore } from '../../src/log/eventstoredb/stream-store.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import {
  type ClusterNode,
  type NodeBehaviour,
  notHandled,
  startNode,
  tooBigFor,
} from './cluster-node.js';

const STREAM = streamOfShard(0);

describe('a cluster', { timeout: 60_000 }, () => {
  let folder: string;
  let writer: JournalWriter;
  let nodes: ClusterNode[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-cluster-'));
    writer = JournalWriter.open(join(folder, 'journal'), { shard: 0, catalogue: 1 });
    nodes = [];
  });
  afterEach(() => {
    writer.close();
    for (const node of nodes) node.stop();
    rmSync(folder, { recursive: true });
  });

  async function node(store: StreamStore, behaviour: NodeBehaviour = {}): Promise<ClusterNode> {
    const started = await startNode(store, behaviour);
    nodes.push(started);
    return started;
  }

  const urlOf = ({ port }: ClusterNode) => `esdb://127.0.0.1:${port}?tls=false`;

  function forwarder(at: ClusterNode, options: Partial<ForwarderOptions> = {}): Forwarder {
    const directory = join(folder, 'journal');
    return new Forwarder({
      connectionString: urlOf(at),
      shard: 0,
      openReader: (from) => new JournalReader(directory, { from, end: writer.durableEnd }),
      durableEnd: writer.durableEnd,
      ...options,
      limits: { deadlineMs: 20_000, backoffMinMs: 1, backoffMaxMs: 5, ...options.limits },
    });
  }

  function record(count: number): void {
    writer.append(sampleRecords(writer.nextSequence, count));
  }

  const held = (store: StreamStore) => store.readStream(STREAM, 0, 'forwards', 1_000_000);
  const ids = (store: StreamStore) => held(store).map(({ id }) => id);

  /** A copy that has the first `count` events: what a follower that is behind shows. */
  function behind(store: StreamStore, count: number): StreamStore {
    const copy = new StreamStore();
    copy.append(STREAM, 'no_stream', held(store).slice(0, count));
    return copy;
  }

  it.each(['Server Is Not Ready', 'Server Is Busy', 'No leader info available in response'])(
    'that answers an append with "%s" gets it again',
    async (message) => {
      const store = new StreamStore();
      let answers = 0;
      const leader = await node(store, {
        // Twice: at the start, and with appends in flight.
        refuse: () => (++answers <= 6 || answers === 9 ? notHandled(message) : undefined),
      });
      record(50);
      writer.close();
      const forward = forwarder(leader, { limits: { batchEvents: 10 } });
      await forward.run();
      expect(held(store).map(({ revision }) => revision)).toEqual([...Array(50).keys()]);
      expect(forward.sessions).toBeGreaterThan(2);
    },
  );

  it.each([
    'RESOURCE_EXHAUSTED',
    'UNAVAILABLE',
    'ABORTED',
    'DEADLINE_EXCEEDED',
    'CANCELLED',
    'UNKNOWN',
    'INTERNAL',
    'DATA_LOSS',
  ] as const)('that is full or in trouble (%s) is asked again, slower each time', async (code) => {
    const store = new StreamStore();
    let calls = 0;
    const leader = await node(store, {
      fail: () => (++calls <= 9 ? new RpcError(status[code], 'no room') : undefined),
    });
    record(5);
    writer.close();
    const forward = forwarder(leader);
    await forward.run();
    expect(held(store).length).toBe(5);
    // One call a session until it goes well: nothing is asked twice without a pause.
    expect(forward.sessions).toBe(10);
  });

  it('whose node answers an append with an internal error gets it again', async () => {
    const store = new StreamStore();
    let answers = 0;
    const internal = { code: status.INTERNAL, message: 'Envelope', type: 'google.protobuf.Empty' };
    const leader = await node(store, { refuse: () => (++answers > 2 ? undefined : internal) });
    record(5);
    writer.close();
    await forwarder(leader).run();
    expect(held(store).length).toBe(5);
  });

  it('is written to at its leader, which a follower names', async () => {
    const store = new StreamStore();
    const leader = await node(store);
    const follower = await node(store, { leaderPort: leader.port });
    record(20);
    writer.close();
    const forward = forwarder(follower);
    await forward.run();
    expect(held(store).length).toBe(20);
    expect(follower.referred()).toBe(1);
    expect(forward.sessions).toBe(2);
  });

  it('that changes its leader while events flow loses none and repeats none', async () => {
    const store = new StreamStore();
    const first = await node(store);
    const second = await node(store, { leaderPort: first.port });
    const forward = forwarder(first, { limits: { batchEvents: 5 } });
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    for (let change = 0; change < 6; change += 1) {
      const [leader, other] = change % 2 === 0 ? [second, first] : [first, second];
      record(20);
      delete leader.behaviour.leaderPort;
      other.behaviour.leaderPort = leader.port;
      // Calls that are open end, as they do when a node steps down.
      other.behaviour.refuse = () => notHandled('Server Is Not Ready');
      delete leader.behaviour.refuse;
      record(20);
      await Promise.race([forward.untilStored(writer.nextSequence), running]);
    }
    stop.abort();
    await running;
    expect(held(store).length).toBe(240);
    expect(new Set(ids(store)).size).toBe(240);
  });

  it('is not believed to have lost events because a follower is behind', async () => {
    const store = new StreamStore();
    const leader = await node(store);
    record(30);
    const forward = forwarder(leader);
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    await forward.untilStored(30);
    // The leader is gone, and what answers at its address is a follower that has less.
    const stale = await node(behind(store, 10), { leaderPort: leader.port });
    const moved = forwarder(stale);
    const movedRunning = moved.run(stop.signal);
    await Promise.race([moved.untilStored(30), movedRunning]);
    expect(moved.storedSequence).toBe(30);
    stop.abort();
    await Promise.all([running, movedRunning]);
    expect(stale.referred()).toBeGreaterThan(0);
  });

  it('whose old leader still takes itself for one is asked again, but not for ever', async () => {
    const store = new StreamStore();
    const leader = await node(store);
    record(30);
    const forward = forwarder(leader);
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    running.catch(() => undefined);
    await forward.untilStored(30);
    const looksBefore = forward.sessions;
    // It refers to a node that was cut off and has less.
    const cutOff = await node(behind(store, 10));
    leader.behaviour.refuse = () => notHandled('Server Is Not Ready');
    leader.behaviour.leaderPort = cutOff.port;
    record(1);
    while (forward.sessions < looksBefore + 6) await turn();
    delete leader.behaviour.refuse;
    delete leader.behaviour.leaderPort;
    await Promise.race([forward.untilStored(31), running]);
    expect(held(store).length).toBe(31);

    // A store that stays behind what it has acknowledged was put back: that ends it.
    leader.behaviour.refuse = () => notHandled('Server Is Not Ready');
    leader.behaviour.leaderPort = cutOff.port;
    record(1);
    await expect(running).rejects.toMatchObject({ code: 'EVENTSTOREDB_REVISIONS' });
    expect(forward.sessions).toBeGreaterThanOrEqual(STALE_LOOKS_MAX);
  });

  it('that denies access from the start ends the shard, later on it is tried again', async () => {
    const store = new StreamStore();
    const leader = await node(store, { fail: () => accessDenied() });
    record(5);
    await expect(forwarder(leader).run()).rejects.toMatchObject({
      code: 'EVENTSTOREDB_ACCESS_DENIED',
    });
    delete leader.behaviour.fail;
    const forward = forwarder(leader);
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    await forward.untilStored(5);
    // The password was rotated in the store first; ours follows.
    leader.behaviour.fail = () => accessDenied();
    leader.behaviour.refuse = () => notHandled('Server Is Not Ready');
    const before = forward.sessions;
    record(5);
    while (forward.sessions < before + 4) {
      await Promise.race([turn(), running]);
    }
    expect(forward.problem?.code).toBe('EVENTSTOREDB_ACCESS_DENIED');
    expect(forward.lag().events).toBe(5);
    delete leader.behaviour.fail;
    delete leader.behaviour.refuse;
    await Promise.race([forward.untilStored(10), running]);
    stop.abort();
    await running;
    // One that takes over from it need not be denied for good either.
    leader.behaviour.fail = () => accessDenied();
    const next = forwarder(leader, { letIn: true });
    const end = new AbortController();
    const nextRunning = next.run(end.signal);
    while (next.sessions < 3) await Promise.race([turn(), nextRunning]);
    end.abort();
    await nextRunning;
  });

  it('is followed on when a password was rotated there first', async () => {
    const store = new StreamStore();
    const leader = await node(store);
    record(10);
    const stop = new AbortController();
    const forward = forwarder(leader);
    const running = forward.run(stop.signal);
    await forward.untilStored(10);
    const limits = { deadlineMs: 20_000, backoffMinMs: 1, backoffMaxMs: 5 };
    const log = new EventStoreDbLog({ connectionString: urlOf(leader), shard: 0, limits });
    const seen: number[] = [];
    const following = (async () => {
      for await (const batch of log.follow(0)) {
        for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2]!) {
          seen.push(batch.f64[(at + HEADER.sequence) / 8]!);
        }
      }
    })();
    while (seen.length < 10) await Promise.race([turn(), following]);
    let denied = 0;
    leader.behaviour.fail = () => {
      denied += 1;
      return accessDenied();
    };
    leader.dropReads();
    while (denied < 3) await Promise.race([turn(), following]);
    delete leader.behaviour.fail;
    record(10);
    while (seen.length < 20) await Promise.race([turn(), following, running]);
    expect(seen).toEqual([...Array(20).keys()]);
    await log.close();
    await following;
    // Denied from the first question on it ends.
    leader.behaviour.fail = () => accessDenied();
    const other = new EventStoreDbLog({ connectionString: urlOf(leader), shard: 0, limits });
    await expect(other.follow(0).next()).rejects.toMatchObject({
      code: 'EVENTSTOREDB_ACCESS_DENIED',
    });
    await other.close();
    stop.abort();
    await running;
  });

  it('that is behind a gateway which knows no such call for a while is waited for', async () => {
    const store = new StreamStore();
    const leader = await node(store);
    record(5);
    const forward = forwarder(leader);
    const stop = new AbortController();
    const running = forward.run(stop.signal);
    await forward.untilStored(5);
    leader.behaviour.fail = () => new RpcError(status.UNIMPLEMENTED, 'HTTP status code 404');
    leader.behaviour.refuse = () => notHandled('Server Is Not Ready');
    const before = forward.sessions;
    record(1);
    while (forward.sessions < before + 3) await Promise.race([turn(), running]);
    delete leader.behaviour.fail;
    delete leader.behaviour.refuse;
    await Promise.race([forward.untilStored(6), running]);
    stop.abort();
    await running;
  });

  it('that takes smaller appends than others gets smaller ones', async () => {
    const store = new StreamStore();
    const sizes: number[] = [];
    const leader = await node(store, {
      refuse: (bytes) => {
        if (bytes > 16_384) return tooBigFor(16_384);
        sizes.push(bytes);
        return undefined;
      },
    });
    record(512);
    writer.close();
    await forwarder(leader).run();
    expect(held(store).length).toBe(512);
    expect(sizes.length).toBeLessThan(60);
    // One that takes not even a single event of ours is no store for us.
    const tiny = await node(new StreamStore(), { refuse: () => tooBigFor(10) });
    await expect(forwarder(tiny).run()).rejects.toMatchObject({ code: 'EVENTSTOREDB_REFUSED' });
  });

  it('is read at its leader where it matters how much there is', async () => {
    const store = new StreamStore();
    const leader = await node(store);
    record(40);
    const stop = new AbortController();
    const forward = forwarder(leader);
    const running = forward.run(stop.signal);
    await forward.untilStored(40);
    stop.abort();
    await running;
    const stale = await node(behind(store, 10), { leaderPort: leader.port });
    const limits = { deadlineMs: 20_000, backoffMinMs: 1, backoffMaxMs: 5 };
    const log = new EventStoreDbLog({ connectionString: urlOf(stale), shard: 0, limits });
    expect(await log.head()).toBe(40);
    const restored = JournalWriter.open(join(folder, 'restored'), { shard: 0, catalogue: 1 });
    expect(await restoreJournal(log, restored)).toBe(40);
    restored.close();
    // Whoever follows may be ahead of the node that answers: it waits there for what comes.
    const behindStore = behind(store, 10);
    const slow = await node(behindStore, { leaderPort: leader.port });
    const other = new EventStoreDbLog({ connectionString: urlOf(slow), shard: 0, limits });
    const ended = new AbortController();
    const following = other.follow(20, ended.signal);
    const first = following.next();
    behindStore.append(STREAM, 9, held(store).slice(10, 30));
    const batch = await first;
    expect(batch.value?.f64[HEADER.sequence / 8]).toBe(20);
    ended.abort();
    await log.close();
    await other.close();
  });
});
