import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import type { CopyRows } from '../copy/copy-rows.js';

/** Columns that every fact begins with. */
export const FACT_COLUMNS = ['sequence', 'time', 'time_ns'] as const;
/** Columns of the event that last changed a state row. */
export const STATE_COLUMNS = ['sequence', 'updated_ns', 'updated_at'] as const;

export function sequenceAt(records: RecordBuffer, at: number): number {
  return records.f64[(at + HEADER.sequence) >> 3] as number;
}

/** Writes FACT_COLUMNS. */
export function writeFactColumns(rows: CopyRows, records: RecordBuffer, at: number): void {
  rows.int8(sequenceAt(records, at));
  writeTimestamp(rows, records, at);
  writeNs(rows, records, at + HEADER.time);
}

/** Writes STATE_COLUMNS. */
export function writeStateColumns(rows: CopyRows, records: RecordBuffer, at: number): void {
  rows.int8(sequenceAt(records, at));
  writeNs(rows, records, at + HEADER.time);
  writeTimestamp(rows, records, at);
}

/** The record's time as timestamptz. */
export function writeTimestamp(rows: CopyRows, records: RecordBuffer, at: number): void {
  const word = (at + HEADER.time) >> 2;
  rows.timestamp(records.u32[word] as number, records.i32[word + 1] as number);
}

/** The time in ns whose bytes begin at `byte`. */
export function writeNs(rows: CopyRows, records: RecordBuffer, byte: number): void {
  const word = byte >> 2;
  rows.words(records.u32[word] as number, records.i32[word + 1] as number);
}
