import type pg from 'pg';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventName, events } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { nsFromWords } from '../../lib/time.js';
import { advanceCheckpoints, type Progress, readProgress } from './checkpoint.js';
import { isDataError, PoisonEventError, ProjectionError } from './errors.js';
import { type Build, type Projection, type ReadModel, SCHEMA_OF } from './read-model.js';

/** What was set aside: recorded in `projection_dead_letters`, and to be raised as an alarm. */
export interface DeadLetter {
  readonly model: string;
  readonly shard: number;
  readonly sequence: number;
  readonly reason: string;
}

export interface ProjectorOptions {
  /** Projected together: one transaction, so their tables are always as of the same sequence. */
  readonly models: readonly ReadModel[];
  readonly shard: number;
  /** `live` sets a poison event aside and goes on; `rebuild` stops at it. */
  readonly build: Build;
  /** Opens a connection for this projector alone. */
  readonly connect: () => Promise<pg.Client>;
  readonly onDeadLetter?: (letter: DeadLetter) => void;
}

/** Event versions by number; 0 for numbers that the catalogue does not have. */
const VERSIONS = new Uint8Array(256);
for (const name of Object.keys(EVENT) as EventName[]) VERSIONS[EVENT[name]] = events[name].version;

/**
 * A batch is merged into its table row by row through the key. The planner would sometimes rather
 * read the whole table, which is faster only while the table is small.
 *
 * The commit need not wait for the disk: see `database/server-settings.ts`.
 */
const SESSION =
  'SET enable_hashjoin = off; SET enable_mergejoin = off; SET synchronous_commit = off; ' +
  'SET statement_timeout = 0';

interface Lane extends Progress {
  readonly projection: Projection;
  /** 1 for each event number that the model takes. */
  readonly takes: Uint8Array;
}

/**
 * Takes batches of the log into the tables of some read models.
 *
 * ```
 *   BEGIN
 *     move the checkpoints: compare and set        -- a second projector stops here
 *     COPY the rows of each table, merge state     -- built from the batch before BEGIN
 *   COMMIT
 * ```
 *
 * Rows and checkpoint live or die together, so after a crash at any point the log is read on from
 * the checkpoint: nothing is lost, nothing is taken twice. What a model computes with in memory is
 * thrown away after any failure and loaded from its tables again.
 *
 * One call at a time; the batches of one shard, in order. A batch, or part of one, that is already in
 * the tables is skipped.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #lanes: Lane[];
  #client: pg.Client | undefined;
  /** A client that has reported an error is not used again. */
  #broken = false;

  constructor(options: ProjectorOptions) {
    assert(options.models.length > 0, 'a projector has read models');
    this.#options = options;
    const schema = SCHEMA_OF[options.build];
    this.#lanes = options.models.map((model) => {
      const takes = new Uint8Array(256);
      for (const number of model.events) takes[number] = 1;
      return {
        model,
        next: 0,
        generation: 0,
        takes,
        projection: model.open(options.shard, schema),
      };
    });
  }

  /** The sequence from which the log is to be read: the least of the models. */
  get next(): number {
    return Math.min(...this.#lanes.map((lane) => lane.next));
  }

  /**
   * Connects, or connects again, and loads what the models compute with as of their checkpoints.
   *
   * @throws ProjectionError PROJECTION_VERSION
   */
  async open(): Promise<void> {
    await this.close();
    const client = await this.#options.connect();
    this.#broken = false;
    client.on('error', () => {
      this.#broken = true;
    });
    this.#client = client;
    await client.query(SESSION);
    for (const { projection } of this.#lanes) {
      for (const table of projection.rows) await table.prepare(client);
    }
    await this.#load();
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined && !this.#broken) await client.end();
  }

  /**
   * Takes the records in.
   *
   * @throws ProjectionError PROJECTION_DEPOSED, PROJECTION_GAP, PROJECTION_POISON (rebuild only);
   *   PROJECTION_SWITCHED, or the driver's error when the connection is lost: `open` again and hand
   *   in from `next`
   */
  async project(records: RecordBuffer): Promise<void> {
    if (records.count === 0) return;
    const first = records.f64[HEADER.sequence / 8] as number;
    if (first > this.next) {
      const message = `a batch begins at ${first}, the checkpoint is at ${this.next}`;
      throw new ProjectionError('PROJECTION_GAP', message);
    }
    const end = first + records.count;
    let until = end;
    while (this.next < end) {
      const from = this.next;
      try {
        await this.#commit(records, until);
        until = end;
      } catch (error) {
        if (this.#broken || !(error instanceof PoisonEventError || isDataError(error))) throw error;
        await this.#load();
        const poison = error instanceof PoisonEventError ? error.sequence : undefined;
        // The server names no event: halve until one is left.
        until = poison !== undefined ? poison : from + Math.floor((until - from) / 2);
        if (until <= from) {
          await this.#setAside(records, from, error);
          until = end;
        }
      }
    }
  }

  /** Reads progress and state back from the tables and drops the rows in hand. */
  async #load(): Promise<void> {
    const client = this.#connected();
    const { models, shard, build } = this.#options;
    const progress = await readProgress(client, models, shard, build);
    for (const [i, lane] of this.#lanes.entries()) {
      const { next, generation } = progress[i] as Progress;
      lane.next = next;
      lane.generation = generation;
      for (const { rows } of lane.projection.rows) rows.clear();
      await lane.projection.load(client);
    }
  }

  #connected(): pg.Client {
    assert(this.#client !== undefined, 'the projector is open');
    return this.#client;
  }

  /** Takes the records before `until`, or fewer when a model is full: all of them or none. */
  async #commit(
    records: RecordBuffer,
    until: number,
    letters: readonly DeadLetter[] = [],
  ): Promise<void> {
    const without = letters.map((letter) => letter.model);
    const { time, next } = this.#collect(records, until, without);
    const client = this.#connected();
    const { shard, build } = this.#options;
    await client.query('BEGIN');
    try {
      const behind = this.#lanes.filter((lane) => lane.next < next);
      await advanceCheckpoints(client, behind, shard, build, next, time);
      for (const { projection } of behind) {
        for (const table of projection.rows) await table.write(client);
      }
      for (const letter of letters) await this.#record(client, letter, records);
      await client.query('COMMIT');
    } catch (error) {
      if (!this.#broken) await client.query('ROLLBACK').catch(() => this.#abandon());
      throw error;
    }
    for (const lane of this.#lanes) {
      lane.next = Math.max(lane.next, next);
      for (const { rows } of lane.projection.rows) rows.clear();
    }
  }

  #abandon(): void {
    this.#broken = true;
  }

  /**
   * Lets each model take the events that it has not seen yet.
   *
   * @returns time of the last event, and the sequence after it
   */
  #collect(
    records: RecordBuffer,
    until: number,
    without: readonly string[],
  ): { readonly time: bigint; readonly next: number } {
    let at = 0;
    let last = 0;
    let next = until;
    for (let left = records.count; left > 0; left--) {
      const sequence = records.f64[(at + HEADER.sequence) >> 3] as number;
      if (sequence >= next) break;
      const number = records.bytes[at + HEADER.number] as number;
      for (const lane of this.#lanes) {
        if (sequence < lane.next || without.includes(lane.model.name)) continue;
        this.#take(lane, records, at, number, sequence);
        if (lane.projection.full === true) next = sequence + 1;
      }
      last = at;
      at += records.u16[(at + HEADER.length) >> 1] as number;
    }
    for (const { projection } of this.#lanes) projection.endBatch();
    const low = records.u32[(last + HEADER.time) >> 2] as number;
    return { time: nsFromWords(low, records.i32[(last + HEADER.time + 4) >> 2] as number), next };
  }

  #take(lane: Lane, records: RecordBuffer, at: number, number: number, sequence: number): void {
    const version = records.bytes[at + HEADER.version] as number;
    try {
      assert(VERSIONS[number] === version, `event ${number} version ${version} is not known`);
      if (lane.takes[number] === 1) lane.projection.handle(records, at);
    } catch (error) {
      throw new PoisonEventError(lane.model.name, sequence, error);
    }
  }

  /** The other models take the event; each that cannot leaves it, with the reason on record. */
  async #setAside(records: RecordBuffer, sequence: number, first: unknown): Promise<void> {
    const { shard, build, onDeadLetter } = this.#options;
    const letters: DeadLetter[] = [];
    let error = first;
    for (;;) {
      if (build === 'rebuild' || letters.length === this.#lanes.length) throw error;
      const model = error instanceof PoisonEventError ? error.model : await this.#culprit(records);
      const reason = error instanceof Error ? error.message : String(error);
      letters.push({ model, shard, sequence, reason });
      try {
        await this.#commit(records, sequence + 1, letters);
        break;
      } catch (next) {
        if (this.#broken || !(next instanceof PoisonEventError || isDataError(next))) throw next;
        await this.#load();
        error = next;
      }
    }
    for (const letter of letters) onDeadLetter?.(letter);
  }

  /** The model whose rows of the next event the server refuses, found by trying each alone. */
  async #culprit(records: RecordBuffer): Promise<string> {
    const client = this.#connected();
    const until = this.next + 1;
    try {
      this.#collect(records, until, []);
      for (const { projection, model } of this.#lanes) {
        await client.query('BEGIN');
        try {
          for (const table of projection.rows) await table.write(client);
        } catch (error) {
          if (this.#broken) throw error;
          return model.name;
        } finally {
          if (!this.#broken) await client.query('ROLLBACK');
        }
      }
    } finally {
      if (!this.#broken) await this.#load();
    }
    throw new ProjectionError('PROJECTION_POISON', `event ${until - 1} is refused together only`);
  }

  async #record(client: pg.Client, letter: DeadLetter, records: RecordBuffer): Promise<void> {
    const at = offsetOf(records, letter.sequence);
    const length = records.u16[(at + HEADER.length) >> 1] as number;
    const version = this.#lanes.find((lane) => lane.model.name === letter.model)?.model.version;
    await client.query(
      `INSERT INTO daybook.projection_dead_letters
         (model, version, shard, sequence, event_number, reason, record)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        letter.model,
        version,
        letter.shard,
        letter.sequence,
        records.bytes[at + HEADER.number],
        letter.reason,
        Buffer.from(records.bytes.subarray(at, at + length)),
      ],
    );
  }
}

function offsetOf(records: RecordBuffer, sequence: number): number {
  let at = 0;
  for (let left = records.count; left > 0; left--) {
    if (records.f64[(at + HEADER.sequence) >> 3] === sequence) return at;
    at += records.u16[(at + HEADER.length) >> 1] as number;
  }
  assert(false, `sequence ${sequence} is in the batch`);
}
