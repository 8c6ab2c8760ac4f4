import type pg from 'pg';
import type { RecordBuffer } from '../../domain/event-record.js';
import type { TableRows } from './table-rows.js';

/** Which tables a projector writes: those that queries read, or those built beside them. */
export type Build = 'live' | 'rebuild';

/** The schema that holds the tables of a build. */
export const SCHEMA_OF = { live: 'daybook', rebuild: 'daybook_rebuild' } as const;

/**
 * A read model: some tables, and what each event does to them.
 *
 * The version goes up when the same events would give other rows; the tables are then to be built
 * again (`daybook rebuild`), and a projector refuses to go on with the old ones.
 */
export interface ReadModel {
  readonly name: string;
  readonly version: number;
  /** Names of its tables, in the order in which they are dropped. */
  readonly tables: readonly string[];
  /** Numbers of the events it takes. */
  readonly events: readonly number[];
  /** A fresh projection of one shard into the tables of one schema. */
  open(shard: number, schema: string): Projection;
}

/** A read model being projected for one shard. Holds the rows of one batch, and maybe state. */
export interface Projection {
  /** The rows of the batch, by table, written in this order. */
  readonly rows: readonly TableRows[];
  /** That the batch should end here: one event may make very many rows. Absent: never. */
  readonly full?: boolean;
  /** Reads back the state that it computes with, as of the checkpoint. Drops what it held. */
  load(client: pg.ClientBase): Promise<void>;
  /**
   * Takes the record at `at`. Throws when it cannot; the projector then throws rows and state of
   * the whole batch away and loads again, so this may stop half-way.
   */
  handle(records: RecordBuffer, at: number): void;
  /** After the last event of a batch: adds the rows that are computed per batch, not per event. */
  endBatch(): void;
}
