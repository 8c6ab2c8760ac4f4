import { HEADER, RECORD_HEADER_BYTES, type RecordBuffer } from '../../domain/event-record.js';

/**
 * Appends records to `batch` as an encoder would, with a payload that follows from the sequence
 * and is nowhere zero: input for the tests and benchmarks of the journal, which does not look into payloads.
 *
 * @param lengths whole lengths in bytes, headers included; taken in turn
 * @returns the sequence after the last
 */
export function addSampleRecords(
  batch: RecordBuffer,
  first: number,
  count: number,
  lengths: readonly number[] = [88, 184],
): number {
  for (let sequence = first; sequence < first + count; sequence++) {
    const length = lengths[sequence % lengths.length]!;
    const at = batch.length;
    batch.bytes.fill(0, at, at + RECORD_HEADER_BYTES);
    batch.u16[(at + HEADER.length) / 2] = length;
    batch.bytes[at + HEADER.number] = 1 + (sequence % 7);
    batch.bytes[at + HEADER.version] = 1;
    batch.f64[(at + HEADER.sequence) / 8] = sequence;
    batch.u32[(at + HEADER.time) / 4] = sequence + 1;
    batch.f64[(at + HEADER.command) / 8] = sequence;
    for (let byte = at + RECORD_HEADER_BYTES; byte < at + length; byte++) {
      batch.bytes[byte] = 1 + ((sequence * 31 + byte - at) % 255);
    }
    batch.length += length;
    batch.count += 1;
  }
  return first + count;
}

/** The sequences of the records of a batch, in order. */
export function sequencesOf(batch: RecordBuffer): number[] {
  const sequences: number[] = [];
  for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2]!) {
    sequences.push(batch.f64[(at + HEADER.sequence) / 8]!);
  }
  return sequences;
}
