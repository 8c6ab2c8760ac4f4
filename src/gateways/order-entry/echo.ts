/**
 * What the answers to a request must echo, as the id of the request has it between its day and its
 * number (`request-id.ts`): four flags and the ClOrdID, with `?` for what the log cannot hold.
 */
const QUESTION = 0x3f;

/** Whether all four bytes of a word are printable ASCII, 0x20 to 0x7e. */
function arePrintable(word: number): boolean {
  return (((word - 0x2020_2020) | (word + 0x0101_0101) | word) & 0x8080_8080) === 0;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

/** The same four bytes with `?` in the place of each that is not printable. */
function mended(word: number): number {
  let result = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const byte = (word >>> shift) & 0xff;
    result |= (isPrintable(byte) ? byte : QUESTION) << shift;
  }
  return result;
}

/** Puts display, intermarket sweep, cross and time in force behind the day of the id at `word`. */
export function putFlags(
  i32: Int32Array,
  word: number,
  display: number,
  sweep: number,
  cross: number,
  timeInForce: number,
): void {
  const all = display | (sweep << 8) | (cross << 16) | (timeInForce << 24);
  const flags = arePrintable(all) ? all : mended(all);
  i32[word + 3] = (i32[word + 3]! & 0xff) | (flags << 8);
  i32[word + 4] = flags >>> 24;
}

/**
 * Puts the 14 bytes of a ClOrdID behind the flags, which are there.
 * @returns false when some were not printable; they are on record as `?`
 */
export function putClOrdID(i32: Int32Array, word: number, view: DataView, from: number): boolean {
  let first = view.getInt32(from, true);
  let second = view.getInt32(from + 4, true);
  let third = view.getInt32(from + 8, true);
  let last = view.getUint16(from + 12, true);
  const text =
    arePrintable(first) &&
    arePrintable(second) &&
    arePrintable(third) &&
    arePrintable(last | 0x2020_0000);
  if (!text) {
    first = mended(first);
    second = mended(second);
    third = mended(third);
    last = mended(last) & 0xffff;
  }
  i32[word + 4] = (i32[word + 4]! & 0xff) | (first << 8);
  i32[word + 5] = (first >>> 24) | (second << 8);
  i32[word + 6] = (second >>> 24) | (third << 8);
  i32[word + 7] = (i32[word + 7]! & 0xff00_0000) | (third >>> 24) | (last << 8);
  return text;
}

/** Copies what is echoed, and leaves the digits of day and number around it as they are. Words. */
export function copyEcho(to: Int32Array, toWord: number, from: Int32Array, fromWord: number): void {
  to[toWord] = (to[toWord]! & 0xff) | (from[fromWord]! & ~0xff);
  to[toWord + 1] = from[fromWord + 1]!;
  to[toWord + 2] = from[fromWord + 2]!;
  to[toWord + 3] = from[fromWord + 3]!;
  to[toWord + 4] = (to[toWord + 4]! & 0xff00_0000) | (from[fromWord + 4]! & 0xff_ffff);
}
