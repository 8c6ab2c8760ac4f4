/** Cuts a batch into what each command left: records that share command and time, one after another. */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT } from '../../domain/events.js';

/** The records of one command: bytes [from, to) of the batch. */
export interface EventGroup {
  readonly batch: RecordBuffer;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Commands from inside share id 0 and may follow one another: each of these stands alone. */
const ALONE: ReadonlySet<number> = new Set([
  EVENT.WriterStarted,
  EVENT.SnapshotTaken,
  EVENT.VenueReconciliationStarted,
  EVENT.VenueReconciled,
]);

export const lengthAt = (b: RecordBuffer, at: number): number =>
  b.u16[(at + HEADER.length) >> 1] as number;
export const numberAt = (b: RecordBuffer, at: number): number =>
  b.bytes[at + HEADER.number] as number;
export const sequenceAt = (b: RecordBuffer, at: number): number =>
  b.f64[(at + HEADER.sequence) >> 3] as number;
export const commandAt = (b: RecordBuffer, at: number): number =>
  b.f64[(at + HEADER.command) >> 3] as number;

/** Time of the record, ns since 1970. */
export function timeAt(b: RecordBuffer, at: number): bigint {
  const word = (at + HEADER.time) >> 2;
  return (BigInt(b.i32[word + 1] as number) << 32n) | BigInt(b.u32[word] as number);
}

/** The groups of a batch of whole commits; a command's events never span commits, but mass cancels. */
export function* groupsOf(batch: RecordBuffer): Generator<EventGroup> {
  let from = 0;
  while (from < batch.length) {
    let to = from + lengthAt(batch, from);
    let count = 1;
    while (to < batch.length && belongs(batch, from, to)) {
      to += lengthAt(batch, to);
      count += 1;
    }
    yield { batch, from, to, count };
    from = to;
  }
}

function belongs(b: RecordBuffer, first: number, at: number): boolean {
  if (ALONE.has(numberAt(b, first)) || ALONE.has(numberAt(b, at))) return false;
  if (commandAt(b, first) !== commandAt(b, at)) return false;
  for (let word = HEADER.time >> 2; word < (HEADER.time + 8) >> 2; word += 1) {
    if (b.i32[(first >> 2) + word] !== b.i32[(at >> 2) + word]) return false;
  }
  return true;
}
