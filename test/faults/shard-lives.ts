/**
 * The lives of one shard on one disk: each opens the journal, recovers the state, appends commits,
 * takes snapshots, and ends as it likes. Knows what was acknowledged, and so what must be there.
 */
import { evolveBatch, lastTime } from '../../src/commands/recovery.js';
import type { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { HEADER } from '../../src/domain/event-record.js';
import { type FileSystem, namingFiles } from '../../src/log/file-system.js';
import { FixedDurableEnd } from '../../src/log/journal/fixed-durable-end.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { JournalWriter } from '../../src/log/journal/journal-writer.js';
import { SharedDurableEnd } from '../../src/log/journal/shared-durable-end.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';
import { recoverState, takeSnapshot } from '../../src/operations/snapshots.js';
import type { FaultyDisk } from './faulty-disk.js';
import type { Random } from './random.js';
import { joined, newState, type RecordedFlow } from './recorded-flow.js';

/** Something that must never happen happened. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface LifeOptions {
  readonly catalogue: number;
  readonly segmentBytesMax: number;
  /** Commits to append at most. */
  readonly commits: number;
  /** Once in so many commits a snapshot is taken; 0 never. */
  readonly snapshotEvery: number;
  /** Ends without closing anything, as a killed process does. */
  readonly abandoned: boolean;
}

export class ShardLives {
  readonly directory: string;
  readonly flow: RecordedFlow;
  /** Batches of the flow that were acknowledged: published as durable, or found at an opening. */
  acknowledged = 0;
  /** Ends, in batches, of commits that were handed over since, and not acknowledged. */
  readonly #handedOver = new Set<number>();
  /** A sync lied: of what was acknowledged, a part at the end may be missing. */
  lied = false;
  readonly #disk: FaultyDisk;
  readonly #files: FileSystem;
  readonly #random: Random;

  constructor(disk: FaultyDisk, random: Random, flow: RecordedFlow, directory: string) {
    this.#disk = disk;
    this.#files = namingFiles(disk);
    this.#random = random;
    this.flow = flow;
    this.directory = directory;
  }

  /** One life. @throws whatever the code under test throws, and Violation */
  live(options: LifeOptions): void {
    const durableEnd = new SharedDurableEnd();
    let writer: JournalWriter | undefined;
    const closing: (() => void)[] = [];
    try {
      writer = this.#open(options, durableEnd);
      const recovered = recoverState(
        this.directory,
        this.flow.shard,
        durableEnd,
        newState,
        this.#files,
      );
      const { state } = recovered;
      this.#checkState(state);
      const follower = new JournalReader(this.directory, {
        from: state.nextSequence,
        end: durableEnd,
        fileSystem: this.#files,
        readBytes: 64 * 1024,
      });
      closing.push(() => follower.close());
      this.#trade(writer, { state, follower, time: recovered.time }, options);
      if (options.abandoned) this.#disk.down = 'kill';
    } finally {
      if (this.#disk.down === undefined) for (const close of closing) close();
      if (this.#disk.down === undefined) writer?.close();
    }
  }

  /** Everything acknowledged is in the journal, byte by byte, and nothing is wrong with it. */
  async checkJournal(): Promise<void> {
    for await (const finding of verifyJournal(this.directory, {
      shard: this.flow.shard,
      fileSystem: this.#files,
    })) {
      throw new Violation(`verify finds ${JSON.stringify(finding)}`);
    }
    const end = FixedDurableEnd.find(this.#files, this.directory, this.flow.shard);
    const reader = new JournalReader(this.directory, {
      from: 0,
      end,
      fileSystem: this.#files,
      readBytes: 64 * 1024,
    });
    const expected = joined(this.flow.batches.slice(0, this.acknowledged));
    let at = 0;
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      for (let from = 0; from < batch.length; ) {
        const length = batch.u16[(from + HEADER.length) / 2] as number;
        const found = batch.bytes.subarray(from + 4, from + length);
        if (Buffer.compare(found, expected.bytes.subarray(at + 4, at + length)) !== 0) {
          throw new Violation(`the journal differs at byte ${at} of the events`);
        }
        from += length;
        at += length;
      }
    }
    reader.close();
    if (at !== expected.length) throw new Violation(`${at} of ${expected.length} bytes are there`);
  }

  #open(options: LifeOptions, durableEnd: SharedDurableEnd): JournalWriter {
    const writer = JournalWriter.open(this.directory, {
      shard: this.flow.shard,
      catalogue: options.catalogue,
      segmentBytesMax: options.segmentBytesMax,
      fileSystem: this.#files,
      durableEnd,
      // The holder is this process, which goes on living: what a lock is for is tested elsewhere.
      takeOver: true,
    });
    this.#found(writer.nextSequence);
    return writer;
  }

  /** The journal says that so many events are on record. */
  #found(nextSequence: number): void {
    const found = this.flow.sequences.indexOf(nextSequence);
    const whole = found === this.acknowledged || this.#handedOver.has(found);
    const lost = this.lied && found >= 0 && found < this.acknowledged;
    if (!whole && !lost) {
      const expected = [this.acknowledged, ...this.#handedOver].map((b) => this.flow.sequences[b]);
      throw new Violation(`the journal ends at ${nextSequence}, not at ${expected.join(' or ')}`);
    }
    this.acknowledged = found;
    this.#handedOver.clear();
  }

  #checkState(state: ShardState): void {
    const expected = this.flow.sequences[this.acknowledged];
    if (state.nextSequence !== expected) {
      throw new Violation(`the state is at ${state.nextSequence}, the journal at ${expected}`);
    }
    if (stateHash(state) !== this.flow.hashes[this.acknowledged]) {
      throw new Violation(`started on a wrong state at sequence ${state.nextSequence}`);
    }
  }

  #trade(
    writer: JournalWriter,
    reader: { readonly state: ShardState; readonly follower: JournalReader; time: bigint },
    options: LifeOptions,
  ): void {
    let takesSnapshots = options.snapshotEvery > 0;
    for (let commit = 0; commit < options.commits; commit += 1) {
      if (this.acknowledged >= this.flow.batches.length) return;
      this.#append(writer);
      if (!takesSnapshots || !this.#random.once(options.snapshotEvery)) continue;
      try {
        this.#snapshot(reader);
      } catch (error) {
        // The thread that takes snapshots ends; the writer goes on.
        if (this.#disk.down !== undefined || error instanceof Violation) throw error;
        takesSnapshots = false;
      }
    }
  }

  #append(writer: JournalWriter): void {
    const { batches, sequences } = this.flow;
    const from = this.acknowledged;
    const to = Math.min(batches.length, from + 1 + this.#random.below(4));
    this.#handedOver.add(to);
    try {
      writer.append(joined(batches.slice(from, to)));
    } finally {
      // What was published was acknowledged, whatever happened to the writer then.
      const position = { nextSequence: 0, segment: 0, offset: 0 };
      writer.durableEnd.read(position);
      if (position.nextSequence === sequences[to]) this.#found(position.nextSequence);
    }
    if (this.acknowledged !== to) throw new Violation('appended, and not published');
  }

  #snapshot(reader: { state: ShardState; follower: JournalReader; time: bigint }): void {
    const { state, follower } = reader;
    for (let batch = follower.read(); batch !== undefined; batch = follower.read()) {
      evolveBatch(state, batch);
      reader.time = lastTime(batch);
    }
    const sequence = this.flow.sequences.indexOf(state.nextSequence);
    if (stateHash(state) !== this.flow.hashes[sequence]) {
      throw new Violation(`a follower came to a wrong state at ${state.nextSequence}`);
    }
    takeSnapshot(state, reader.time, this.directory, this.#files, follower.chain);
  }
}
