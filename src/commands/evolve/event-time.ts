/** The time of an event in whole ms, which is all that windows, rates and ages need. */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { scratch } from '../../lib/scratch.js';

/** The words of the time noted last: the events of a batch have one time. */
const noted = scratch(2);

const notedMs = scratch(1).fill(Number.NaN);

/** Sets `now[0]` to the time of an event. */
export function noteTime(now: Float64Array, b: RecordBuffer, at: number): void {
  const word = (at + HEADER.time) >> 2;
  if (b.i32[word] === noted[0] && b.i32[word + 1] === noted[1] && now[0] === notedMs[0]) return;
  noteAnother(now, b, word);
}

/**
 * ns since 1970 in two words to whole ms, without a bigint: 2^32 ns are 4294.967296 ms. It returns nothing: a
 * number that a function returns could be allocated. Apart, so that what is done for every event stays small.
 */
function noteAnother(now: Float64Array, b: RecordBuffer, word: number): void {
  const low = b.u32[word] as number;
  const high = b.i32[word + 1] as number;
  noted[0] = b.i32[word] as number;
  noted[1] = high;
  // Whole microseconds first: high x 4294967.296 us is exact when split at the decimal point.
  const micros = high * 4_294_967 + Math.floor((high * 296 + low) / 1000);
  now[0] = Math.floor(micros / 1000);
  notedMs[0] = now[0] as number;
}
