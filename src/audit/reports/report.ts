/** What a report is: its columns, the events it is made of, and how they become rows. */
import type { ShardState } from '../../commands/state/shard-state.js';
import type { DaybookEvent, EventName } from '../../domain/events.js';

/**
 * `decimal` is exact, as text, in Parquet too: the scale is that of each instrument. `integer` is a
 * 64-bit one, `timestamp` ns since 1970 (ISO 8601 in CSV), `number` binary64.
 */
export type ColumnType = 'string' | 'decimal' | 'integer' | 'number' | 'timestamp' | 'boolean';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit: string;
  readonly meaning: string;
  /** Number and name of the field in the rule that asks for it. */
  readonly field?: string;
}

export type Cell = string | number | bigint | boolean | null;
/** By the name of the column; what is left out is null. */
export type Row = Readonly<Record<string, Cell>>;

export interface ReportContext {
  /** After the event that is being taken. */
  readonly state: ShardState;
  readonly emit: (row: Row) => void;
}

export interface ReportRun {
  take(event: DaybookEvent): void;
  /** After the last event: reports that add up emit their rows here. */
  end?(): void;
}

export interface Report {
  readonly name: string;
  readonly title: string;
  /** The rule that it follows; empty: none. */
  readonly source: string;
  /** What the rule asks for and Daybook does not know. */
  readonly missing: readonly string[];
  readonly columns: readonly Column[];
  readonly events: readonly EventName[];
  open(context: ReportContext): ReportRun;
}

export const column = (
  name: string,
  type: ColumnType,
  unit: string,
  meaning: string,
  field?: string,
): Column => ({ name, type, unit, meaning, ...(field === undefined ? {} : { field }) });
