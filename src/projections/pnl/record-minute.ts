import { HEADER, type RecordBuffer } from '../../domain/event-record.js';

/** Whole minutes since 1970 of the record's time. */
export function minuteOfRecord(records: RecordBuffer, at: number): number {
  const word = (at + HEADER.time) >> 2;
  const low = records.u32[word] as number;
  const high = records.i32[word + 1] as number;
  // ns = high * 2^32 + low is beyond 2^53; 2^32 = 4294967 * 1000 + 296 keeps each part within it.
  const us = high * 4_294_967 + Math.floor((high * 296 + low) / 1000);
  return Math.floor(us / 60_000_000);
}
