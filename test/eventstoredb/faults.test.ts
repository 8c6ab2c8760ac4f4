import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HEADER, type RecordBuffer } from '../../src/domain/event-record.js';
import { EventIds } from '../../src/log/eventstoredb/event-id.js';
import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import { streamOfShard } from '../../src/log/eventstoredb/forwarder.js';
import { ForwarderProcess } from '../../src/log/eventstoredb/forwarder-process.js';
import { sampleRecords } from '../../src/log/eventstoredb/sample-events.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { type Fault, FaultProxy } from './fault-proxy.js';
import { connect } from './protocol-server.js';

/** `DAYBOOK_FAULT_ROUNDS=200 DAYBOOK_SEED=… npx vitest run test/eventstoredb/faults.test.ts` */
const ROUNDS = Number(process.env.DAYBOOK_FAULT_ROUNDS ?? 16);
const SEED = Number(process.env.DAYBOOK_SEED ?? Date.now() % 2 ** 31);
const DEADLINE_MS = 250;
const ROUND_MS_MAX = 20_000;

const processFile = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A process that says one line when it is ready, and is killed without notice. */
class Killable {
  readonly #file: string;
  readonly #arguments: () => string[];
  #child: ChildProcess | undefined;
  failure: string | undefined;
  line = '';

  constructor(file: string, args: () => string[]) {
    this.#file = processFile(file);
    this.#arguments = args;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [this.#file, ...this.#arguments()], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    child.once('close', (code) => {
      if (code !== null) this.failure = `${this.#file} ended with code ${code}: ${errors}`;
    });
    this.line = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (text) => resolve(String(text).trim()));
      child.once('close', () => reject(new Error(this.failure ?? 'killed before it was ready')));
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }
}

/** The forwarder as a shard has it: a process that is started again whenever it is killed. */
class KillableForwarder {
  readonly #process: ForwarderProcess;
  failure: string | undefined;

  constructor(world: World) {
    this.#process = new ForwarderProcess({
      ...{ directory: join(world.folder, 'journal'), shard: 0 },
      durableEnd: world.journal.durableEnd,
      connectionString: `esdb://127.0.0.1:${world.forwarding.port}?tls=false`,
      limits: {
        ...{ batchEvents: 40, deadlineMs: world.deadlineMs },
        ...{ backoffMinMs: 5, backoffMaxMs: 50 },
      },
      restartBackoff: { minMs: 5, maxMs: 50 },
    });
    this.#process.ended.catch((error: unknown) => {
      this.failure = `the forwarder ended: ${error}`;
    });
  }

  get restarts(): number {
    return this.#process.restarts;
  }

  kill(): void {
    // Between two of them there is none to kill.
    const { pid } = this.#process;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }

  /** Until it is back after {@link kill}, or has failed. */
  async back(restarts: number): Promise<void> {
    while (this.failure === undefined && this.restarts <= restarts) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async stop(): Promise<void> {
    if (this.failure === undefined) await this.#process.stop();
  }
}

/** Numbers in [0, below), the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function drawFault(random: (below: number) => number): Fault {
  const way = random(2) === 0 ? 'request' : 'answer';
  switch (random(7)) {
    case 0:
      return { kind: 'drop' };
    case 1:
      return { kind: 'cut', way, afterBytes: random(200) };
    case 2:
      return { kind: 'cut', way, afterBytes: random(way === 'request' ? 60_000 : 3_000) };
    case 3:
      return { kind: 'delay', milliseconds: 1 + random(60) };
    case 4:
      return { kind: 'stall', way };
    case 5:
      return { kind: 'duplicate' };
    default:
      return { kind: 'refuse', connections: 1 + random(4) };
  }
}

/** Everything of one run: journal, forwarder, proxies, server, and a follower that collects. */
class World {
  /** Longest that the forwarder waits for an answer. */
  readonly deadlineMs: number;
  readonly folder = mkdtempSync(join(tmpdir(), 'daybook-faults-'));
  readonly journal = JournalWriter.open(join(this.folder, 'journal'), { shard: 0, catalogue: 1 });
  readonly server: Killable = new Killable('server-process.mjs', () => [
    join(this.folder, 'streams'),
    this.server.line === '' ? '0' : this.server.line,
  ]);
  forwarder!: KillableForwarder;
  readonly ids: string[] = [];
  readonly #eventIds = new EventIds(0);
  forwarding!: FaultProxy;
  following!: FaultProxy;
  log!: EventStoreDbLog;
  /** Sequences as the follower got them. */
  followed = 0;
  broken: unknown;

  constructor(deadlineMs = DEADLINE_MS) {
    this.deadlineMs = deadlineMs;
  }

  async start(): Promise<void> {
    await this.server.start();
    this.forwarding = await FaultProxy.start(Number(this.server.line));
    this.following = await FaultProxy.start(Number(this.server.line));
    this.forwarder = new KillableForwarder(this);
    this.log = new EventStoreDbLog({
      connectionString: `esdb://127.0.0.1:${this.following.port}?tls=false`,
      shard: 0,
      limits: { deadlineMs: 1_000, attempts: 1_000, backoffMinMs: 2, backoffMaxMs: 50 },
    });
    void this.#follow();
  }

  async #follow(): Promise<void> {
    try {
      for await (const batch of this.log.follow(0)) this.#check(batch);
    } catch (error) {
      this.broken = error;
    }
  }

  /** Each event is the one that was written at its sequence, and comes once. */
  #check(batch: RecordBuffer): void {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2]!) {
      expect(batch.f64[(at + HEADER.sequence) / 8]).toBe(this.followed);
      expect(this.#eventIds.of(batch, at)).toBe(this.ids[this.followed]);
      this.followed += 1;
    }
  }

  write(count: number): void {
    const records = sampleRecords(this.journal.nextSequence, count);
    for (let at = 0; at < records.length; at += records.u16[(at + HEADER.length) / 2]!) {
      this.ids.push(this.#eventIds.of(records, at));
    }
    this.journal.append(records);
  }

  async caughtUp(what: string): Promise<void> {
    const deadline = Date.now() + ROUND_MS_MAX;
    while (this.followed < this.journal.nextSequence) {
      if (this.broken !== undefined) throw this.broken;
      for (const { failure } of [this.server, this.forwarder])
        if (failure) throw new Error(failure);
      if (Date.now() > deadline) {
        throw new Error(`${what}: ${this.followed} of ${this.journal.nextSequence} came through`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Ids of the stream's events, by the bare client. */
  async stored(): Promise<string[]> {
    const connectionString = `esdb://127.0.0.1:${this.server.line}?tls=false`;
    const client = connect({ connectionString });
    const stored: string[] = [];
    for await (const { event } of client.readStream(streamOfShard(0))) stored.push(event!.id);
    void client.dispose();
    return stored;
  }

  async stop(): Promise<void> {
    await this.forwarder.stop();
    await this.server.kill();
    await this.log.close();
    this.forwarding.stop();
    this.following.stop();
    this.journal.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** One round: something breaks while events are written; then all of them must have come through. */
async function round(world: World, random: (below: number) => number): Promise<string> {
  const choice = random(11);
  const write = () => world.write(1 + random(random(4) === 0 ? 400 : 30));
  let what: string;
  if (choice === 0) {
    what = 'server killed';
    write();
    await world.server.kill();
    write();
    await world.server.start();
  } else if (choice === 1) {
    what = 'forwarder killed';
    write();
    for (let turns = random(20); turns > 0; turns -= 1) await new Promise(setImmediate);
    const { restarts } = world.forwarder;
    world.forwarder.kill();
    write();
    if (random(2) === 0) await world.forwarder.back(restarts);
  } else if (choice === 2) {
    what = 'two forwarders';
    const zombie = world.forwarder;
    world.forwarder = new KillableForwarder(world);
    write();
    write();
    await world.caughtUp(what);
    await zombie.stop();
  } else if (choice === 3) {
    what = 'the follower cut off';
    const fault: Fault = { kind: 'cut', way: 'answer', afterBytes: random(30_000) };
    world.following.arm(fault);
    write();
  } else {
    const fault = drawFault(random);
    what = JSON.stringify(fault);
    world.forwarding.arm(fault);
    if (fault.kind === 'duplicate') world.forwarding.dropAll();
  }
  for (let writes = 1 + random(4); writes > 0; writes -= 1) {
    write();
    for (let turns = random(10); turns > 0; turns -= 1) await new Promise(setImmediate);
  }
  await world.caughtUp(what);
  world.forwarding.disarm();
  world.following.disarm();
  write();
  await world.caughtUp(`after ${what}`);
  return what;
}

describe('a network and processes that fail', () => {
  it(`lose nothing, write nothing twice, keep the order: ${ROUNDS} rounds, seed ${SEED}`, {
    timeout: 60_000 + ROUNDS * ROUND_MS_MAX,
  }, async () => {
    process.stdout.write(`faults: ${ROUNDS} rounds, DAYBOOK_SEED=${SEED}\n`);
    const random = randomOf(SEED);
    const world = new World();
    try {
      await world.start();
      const kinds = new Map<string, number>();
      for (let number = 1; number <= ROUNDS; number += 1) {
        const what = await round(world, random);
        const kind = /"kind":"(\w+)"/.exec(what)?.[1] ?? what;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      const stored = await world.stored();
      expect(stored).toEqual(world.ids);
      const met = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ');
      const hits = world.forwarding.hits + world.following.hits;
      process.stdout.write(`faults: ${stored.length} events, ${hits} hits; ${met}\n`);
    } finally {
      await world.stop();
    }
  });

  it('kill -9 between append and checkpoint: the next forwarder goes on behind what is stored', {
    timeout: 120_000,
  }, async () => {
    // So long a deadline that the first one is still waiting for its answer when it is killed.
    const world = new World(600_000);
    try {
      await world.start();
      // Few enough bytes for the window of HTTP/2, which nobody widens while answers stall.
      for (const count of [1, 40]) {
        world.write(20);
        await world.caughtUp('before');
        world.forwarding.arm({ kind: 'stall', way: 'answer' });
        world.write(count);
        // The follower has them, so the store has; the forwarder was never told.
        await world.caughtUp('stored, not answered');
        const { restarts } = world.forwarder;
        world.forwarder.kill();
        world.write(count);
        await world.forwarder.back(restarts);
        await world.caughtUp('after the kill');
      }
      expect(world.forwarding.hits).toBeGreaterThan(0);
      expect(await world.stored()).toEqual(world.ids);
    } finally {
      await world.stop();
    }
  });
});
