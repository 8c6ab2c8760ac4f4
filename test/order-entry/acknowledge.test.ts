import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { Writer } from '../../src/commands/writer.js';
import { encodeCommand } from '../../src/domain/command-codec.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandName,
} from '../../src/domain/commands.js';
import { RecordBuffer } from '../../src/domain/event-record.js';
import { TurnLatency } from '../../src/gateways/order-entry/turn-latency.js';
import { Doorbell } from '../../src/lib/doorbell.js';
import { nativeAddon } from '../../src/lib/native-addon.js';
import { SpscRing } from '../../src/lib/ring.js';
import { SharedGate } from '../../src/lib/shared-gate.js';
import { Clock } from '../../src/lib/time.js';
import type { CommitThread } from '../../src/log/journal/commit-thread.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { NativeCommitThread } from '../../src/log/native-commit-thread.js';
import { nativeFileSystem } from '../../src/log/native-file-system.js';
import { FastPath } from '../../src/operations/fast-path.js';
import {
  type FastPathMessage,
  FLAG_WORDS,
  FLAGS,
} from '../../src/operations/fast-path-messages.js';
import { OuchTestClient } from './ouch-test-client.js';
import { sessionOf } from './running-gateway.js';

const addon = nativeAddon();
const CAPACITY = {
  ...{ orders: 2000, clientIds: 4000, executions: 100, positions: 100 },
  ...{ accounts: 10, instruments: 10 },
};

/** A fast path in this thread, over a disk whose next sync can be made to fail. */
class Rig {
  readonly directory = mkdtempSync(join(tmpdir(), 'acknowledge-'));
  readonly flags = new Int32Array(new SharedArrayBuffer(FLAG_WORDS * 4));
  readonly latency = new TurnLatency();
  readonly journal: JournalWriter;
  readonly #channel = new MessageChannel();
  readonly #writer: Writer;
  readonly #fast: FastPath;
  readonly #ring = SpscRing.create({ slots: 1024, slotBytes: COMMAND_SLOT_BYTES });
  readonly #doorbell = Doorbell.create();
  syncFails = false;
  diskHeld = false;
  /** Commits of the journal's own thread. */
  handedOver = 0;

  constructor() {
    const native = addon!;
    const fail = () => {
      if (this.syncFails) throw Object.assign(new Error('EIO: the disk is gone'), { code: 'EIO' });
    };
    const failing: typeof native = {
      ...native,
      fileSync: (file) => {
        fail();
        native.fileSync(file);
      },
      commitEnd: (thread) => {
        this.handedOver += 1;
        native.commitEnd(thread);
        fail();
      },
    };
    this.journal = JournalWriter.open(this.directory, {
      ...{ shard: 0, catalogue: 1, fileSystem: nativeFileSystem(failing) },
      thread: this.#holding(new NativeCommitThread(failing, this.#doorbell.shared)),
    });
    const rings = [this.#ring];
    this.#fast = new FastPath({
      ...{ addon: addon!, options: { spin: false }, journal: this.journal, latency: this.latency },
      ...{ doorbell: this.#doorbell, rings, flags: this.flags, port: this.#channel.port1 },
    });
    this.#writer = new Writer(new ShardState(CAPACITY, 1), this.#fast, new Clock(), rings);
    this.#control('StartWriter', { epoch: 0, shard: 0, shards: 1, software: 'test' });
    this.#control('ListInstrument', {
      ...{ symbol: 'LOTS', currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1 },
      ...{ multiplierMantissa: 1, open: 1 },
    });
    this.#control('OpenAccount', { name: 'AA', currency: 'USD', open: 1 });
  }

  /** The journal's thread, whose commits are not done as long as `diskHeld`. */
  #holding(thread: NativeCommitThread): CommitThread {
    const isDone = () => !this.diskHeld && thread.done;
    return new Proxy<CommitThread>(thread, {
      get: (_, name) => {
        if (name === 'done') return isDone();
        const value = Reflect.get(thread, name, thread);
        return typeof value === 'function' ? value.bind(thread) : value;
      },
    });
  }

  #control<N extends CommandName>(name: N, data: CommandData<N>): void {
    const command = new RecordBuffer(COMMAND_SLOT_BYTES);
    const header = { received: 1n, command: 1, actor: 1, session: 0 };
    encodeCommand(name, header, data, command.bytes);
    this.#writer.runOne(command, 0);
  }

  run(): Promise<void> {
    return this.#fast.run(this.#writer);
  }

  /** @returns the port */
  async open(): Promise<number> {
    const opened = new Promise<FastPathMessage>((resolve) => {
      this.#channel.port2.once('message', resolve);
    });
    const sessions = [
      sessionOf(1, 'DISK', 'disk', { accounts: ['AA'] }),
      sessionOf(2, 'MEMO', 'memory', { accounts: ['AA'], acknowledge: 'memory' }),
    ];
    const gate = new SharedGate();
    this.#channel.port2.postMessage({
      kind: 'openOrderEntry',
      config: { host: '127.0.0.1', port: 0, sessions },
      port: {
        ...{ ring: this.#ring.shared, doorbell: this.#doorbell.shared, producer: 1 },
        orderGate: gate.shared,
      },
      logLevel: 'silent',
    });
    Atomics.store(this.flags, FLAGS.message, 1);
    const message = await opened;
    if (message.kind !== 'orderEntryOpen') throw new Error(JSON.stringify(message));
    return message.port;
  }

  close(): void {
    this.#channel.port1.close();
    this.#channel.port2.close();
    this.journal.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

describe.skipIf(addon === undefined)('what an acknowledgement waits for', () => {
  let rig: Rig;
  afterEach(() => rig.close());

  /** An order over a disk that fails: what its session was told, and how the writer ended. */
  async function orderOverFailingDisk(user: string, orders = 1) {
    rig = new Rig();
    const running = rig.run();
    const ended = running.then(
      () => 'stopped',
      (error: { code: string }) => error.code,
    );
    const port = await rig.open();
    const client = await OuchTestClient.login(port, { user, sequence: 0 });
    client.enter(1, { symbol: 'LOTS' });
    await client.sequenced(1);
    rig.syncFails = true;
    client.socket.cork();
    for (let i = 2; i < 2 + orders; i += 1) client.enter(i, { symbol: 'LOTS' });
    client.socket.uncork();
    const outcome = await ended;
    // What was sent before the failure is in the socket by now.
    for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
    if (user === 'memory') await client.sequenced(2);
    const told = client.messages.map((m) => [m.type, m.fields.userRefNum]);
    client.close();
    return { outcome, told };
  }

  it('disk: nobody is told of an order that is not durable', async () => {
    const { outcome, told } = await orderOverFailingDisk('disk');
    expect(outcome).toBe('JOURNAL_SYNC_FAILED');
    expect(told).toEqual([['A', 1]]);
  });

  it('disk: nor of one that the journal has on its own thread', async () => {
    const { outcome, told } = await orderOverFailingDisk('disk', 800);
    expect(outcome).toBe('JOURNAL_SYNC_FAILED');
    expect(rig.handedOver).toBeGreaterThan(1);
    expect(told).toEqual([['A', 1]]);
  });

  it('memory: the answer is on its way before the sync', async () => {
    const { outcome, told } = await orderOverFailingDisk('memory');
    expect(outcome).toBe('JOURNAL_SYNC_FAILED');
    expect(told).toEqual([
      ['A', 1],
      ['A', 2],
    ]);
  });

  it('memory: answered while a commit is under way; a login then waits for the log', async () => {
    rig = new Rig();
    const running = rig.run();
    const port = await rig.open();
    const client = await OuchTestClient.login(port, { user: 'memory', sequence: 0 });
    const disk = await OuchTestClient.login(port, { user: 'disk', sequence: 0 });
    rig.diskHeld = true;
    disk.enter(1, { symbol: 'LOTS' });
    for (let i = 1; i <= 5; i += 1) {
      client.enter(i, { symbol: 'LOTS' });
      await client.sequenced(i);
    }
    expect(disk.messages).toEqual([]);
    client.socket.resetAndDestroy();
    const again = await OuchTestClient.login(port, { user: 'memory', sequence: 3 });
    again.enter(6, { symbol: 'LOTS' });
    // Turns of the thread: nothing is told twice, or before what stands in front of it.
    for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(again.messages).toEqual([]);
    rig.diskHeld = false;
    await again.sequenced(4);
    await disk.sequenced(1);
    expect(again.messages.map((m) => [m.type, m.fields.userRefNum])).toEqual([
      ...[3, 4, 5, 6].map((ref) => ['A', ref]),
    ]);
    Atomics.store(rig.flags, FLAGS.stop, 1);
    await running;
  });

  it('memory: what was told while a commit is under way is durable after a stop', async () => {
    rig = new Rig();
    const running = rig.run();
    const client = await OuchTestClient.login(await rig.open(), { user: 'memory', sequence: 0 });
    rig.diskHeld = true;
    for (let i = 1; i <= 3; i += 1) {
      client.enter(i, { symbol: 'LOTS' });
      await client.sequenced(i);
    }
    const end = { nextSequence: 0, segment: 0, offset: 0 };
    rig.journal.durableEnd.read(end);
    const before = end.nextSequence;
    Atomics.store(rig.flags, FLAGS.stop, 1);
    await running;
    rig.journal.durableEnd.read(end);
    // A risk decision and an acceptance each.
    expect(end.nextSequence).toBe(before + 3 * 2);
  });

  it('both: the same stream, numbered alike, and again from the log', async () => {
    rig = new Rig();
    const running = rig.run();
    const port = await rig.open();
    for (const user of ['disk', 'memory']) {
      const client = await OuchTestClient.login(port, { user });
      for (let i = 1; i <= 20; i += 1) client.enter(i, { symbol: i % 3 === 0 ? 'NONE' : 'LOTS' });
      client.send('X', { userRefNum: 1, quantity: 0 });
      await client.sequenced(21);
      const again = await OuchTestClient.login(port, { user, sequence: 5 });
      await again.sequenced(17);
      expect(again.payloads).toEqual(client.payloads.slice(4));
      again.close();
    }
    const many = await OuchTestClient.login(port, { user: 'disk', sequence: 0 });
    many.socket.cork();
    for (let i = 100; i < 900; i += 1) many.enter(i, { symbol: 'LOTS' });
    many.socket.uncork();
    await many.sequenced(800);
    expect(rig.handedOver).toBeGreaterThan(0);
    expect(rig.latency.latencies.memory.count).toBeGreaterThan(0);
    expect(rig.latency.latencies.total.count).toBeGreaterThanOrEqual(40);
    Atomics.store(rig.flags, FLAGS.stop, 1);
    await running;
  });
});
