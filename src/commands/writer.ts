/**
 * The single writer of a shard: drains its rings, decides, and hands each batch to the log as one
 * commit.
 *
 * ```
 *   ring of REST     --+
 *   ring of gateway  --+-->  drain (round robin)  -->  decide, evolve  -->  batch  -->  log.append
 *   ring of venue    --+
 * ```
 *
 * The rings' slots are given back only when the log has the batch, which has one at a time: so a
 * producer feels the disk's back-pressure, and a crash loses nothing that anybody was told about. At
 * rest a batch is one command; under load it grows until its buffer is full or the rings are empty.
 */
import { RECORD_HEADER_BYTES, RecordBuffer } from '../domain/event-record.js';
import { assert } from '../lib/assert.js';
import type { SpscRing } from '../lib/ring.js';
import { decide, decideHashed, hashOfId } from './decide/decide.js';
import { workOff } from './decide/triggers.js';
import { Emitter } from './emitter.js';
import type { ShardState } from './state/shard-state.js';

/**
 * Where batches go: makes the batch durable as one commit, and throws when it is not and never will
 * be. It may return before the batch is durable, with a copy, but never has two such batches.
 */
export interface BatchLog {
  append(batch: RecordBuffer): void;
}

/**
 * The writer's clock: nanoseconds since 1970, never going back, as the two words of an i64, low one
 * unsigned. No bigint: a shard at rest has a batch for each command, and what each batch leaves to the
 * collector of garbage comes back as a pause of half a millisecond (`npm run bench -- core`).
 */
export interface WriterClock {
  /** Reads the time: `low` and `high` are of this moment until the next. */
  tick(): void;
  readonly low: number;
  readonly high: number;
}

/** Bytes of events in one commit at most. */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/** Commands whose client order ids are looked up ahead; few enough to stay in the first cache. */
const TOUCH_COMMANDS = 32;

/** Commands taken from one ring before the next ring has its turn. */
const TURN_COMMANDS_MAX = 1024;

/** A command of zeroes: causation of what no command at hand caused. */
const NOBODY = new RecordBuffer(RECORD_HEADER_BYTES);

export class Writer {
  readonly state: ShardState;
  readonly batch = new RecordBuffer(BATCH_BYTES_MAX);
  /** Commands decided since the start. */
  commands = 0;
  /** What touching read: kept, so that it is not optimised away. */
  touched = 0;
  readonly #log: BatchLog;
  readonly #clock: WriterClock;
  readonly #emitter: Emitter;
  readonly #rings: readonly SpscRing[];
  readonly #views: readonly RecordBuffer[];
  readonly #taken: number[];
  readonly #hashes = new Int32Array(TOUCH_COMMANDS);
  /** Whose turn it is. */
  #turn = 0;

  constructor(state: ShardState, log: BatchLog, clock: WriterClock, rings: readonly SpscRing[]) {
    this.state = state;
    this.#log = log;
    this.#clock = clock;
    this.#emitter = new Emitter(state, this.batch);
    this.#rings = rings;
    this.#views = rings.map((ring) => new RecordBuffer(ring.shared.byteLength, ring.shared));
    this.#taken = rings.map(() => 0);
  }

  /**
   * Takes what the rings hold, decides it and hands it to the log as one commit.
   * @returns whether there was anything to do
   */
  run(): boolean {
    assert(this.batch.length === 0, 'the last batch was not committed');
    this.decide();
    if (this.batch.length === 0) return false;
    this.commit();
    return true;
  }

  /** Whether there is anything to decide, and room for its events. */
  get waiting(): boolean {
    if (!this.#emitter.room) return false;
    if (this.state.work.any) return true;
    for (let i = 0; i < this.#rings.length; i += 1) {
      const taken = this.#taken[i] as number;
      if ((this.#rings[i] as SpscRing).available(taken) > taken) return true;
    }
    return false;
  }

  /** Takes what the rings hold and decides it, as long as the batch has room: its events join it. */
  decide(): void {
    this.#readTime();
    this.#workOff();
    const rings = this.#rings.length;
    let more = true;
    while (more && this.#emitter.room) {
      more = false;
      for (let i = 0; i < rings && this.#emitter.room; i += 1) {
        if (this.#drain((this.#turn + i) % rings)) more = true;
      }
    }
    this.#turn = rings === 0 ? 0 : (this.#turn + 1) % rings;
    // Commands that nothing came of.
    if (this.batch.length === 0) this.#release();
  }

  #readTime(): void {
    const clock = this.#clock;
    clock.tick();
    this.#emitter.takeTime(clock);
  }

  /** Hands the batch to the log, and starts the next. */
  commit(): void {
    this.#log.append(this.batch);
    this.batch.clear();
    this.#release();
  }

  /** What the last batch had no room for, in the name of nobody. */
  #workOff(): void {
    if (!this.state.work.any) return;
    this.#emitter.command = NOBODY;
    this.#emitter.at = 0;
    workOff(this.#emitter);
  }

  /** Decides one command that comes from inside, such as StartWriter, as a commit of its own. */
  runOne(command: RecordBuffer, at: number): void {
    assert(this.batch.length === 0, 'the last batch was not committed');
    this.#readTime();
    let done = false;
    while (!done) {
      done = decide(this.#emitter, command, at);
      this.#log.append(this.batch);
      this.batch.clear();
    }
    this.commands += 1;
  }

  /** One ring's turn. @returns whether the ring may hold more */
  #drain(index: number): boolean {
    const ring = this.#rings[index] as SpscRing;
    const view = this.#views[index] as RecordBuffer;
    const first = this.#taken[index] as number;
    const available = ring.available(first) - first;
    const turn = Math.min(available, TURN_COMMANDS_MAX);
    const hashes = this.#hashes;
    let taken = 0;
    let touched = 0;
    let group = 0;
    while (taken < turn && this.#emitter.room) {
      if (taken === touched) {
        group = taken;
        touched = this.#touch(ring, view, first + taken, first + turn) - first;
      }
      const idHash = hashes[taken - group] as number;
      if (!decideHashed(this.#emitter, view, ring.at(first + taken), idHash)) break;
      taken += 1;
    }
    this.#taken[index] = first + taken;
    this.commands += taken;
    return taken > 0 && taken < available;
  }

  /**
   * Asks memory for the places of the client order ids of the commands that come next, all at once: hashed
   * first, since a processor looks only so many instructions ahead for what it can fetch meanwhile.
   * @returns the number of the first command that was not touched
   */
  #touch(ring: SpscRing, view: RecordBuffer, from: number, end: number): number {
    const { state } = this;
    const to = Math.min(end, from + TOUCH_COMMANDS);
    const hashes = this.#hashes;
    for (let i = from; i < to; i += 1) hashes[i - from] = hashOfId(state, view, ring.at(i));
    this.touched = state.clientIds.touch(hashes, to - from);
    return to;
  }

  #release(): void {
    for (let i = 0; i < this.#rings.length; i += 1) {
      const taken = this.#taken[i] as number;
      if (taken > 0) (this.#rings[i] as SpscRing).release(taken);
      this.#taken[i] = 0;
    }
  }
}
