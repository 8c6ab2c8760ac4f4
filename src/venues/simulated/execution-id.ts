/**
 * Execution ids of the simulated venue, ASCII within 24 bytes:
 *
 * ```
 *   1048576-3M      the third match that the order event with sequence 1048576 led to, the maker's leg
 *   1048576-3T      the taker's leg of the same match
 * ```
 *
 * Unique over restarts, since a sequence is; and the same match gets the same id if it is ever
 * reported again, so the writer, which remembers ids, would book it once. The legs of a match find
 * each other by their ids.
 */
import { EXEC_ID_BYTES } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';

export const LEG = { Maker: 77, Taker: 84 } as const;

/** Matches of one order event; 16 digits of sequence, a dash and a letter stand beside it. */
export const MATCHES_PER_INPUT_MAX = 999_999;

const DASH = 45;
const ZERO = 48;

/** Writes `value`, a whole number of at least 0, in decimal digits. @returns the byte after them */
export function writeDigits(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i -= 1) {
    const next = Math.floor(rest / 10);
    bytes[i] = ZERO + (rest - next * 10);
    rest = next;
  }
  return at + digits;
}

/** Writes an id into a field that holds zeros. */
export function writeExecutionId(
  bytes: Uint8Array,
  at: number,
  input: number,
  match: number,
  leg: number,
): void {
  assert(match <= MATCHES_PER_INPUT_MAX, 'an order matched more often than its ids can count');
  let to = writeDigits(bytes, at, input);
  bytes[to] = DASH;
  to = writeDigits(bytes, to + 1, match);
  bytes[to] = leg;
}

/** What an id of this venue says. */
export class ExecutionId {
  input = 0;
  match = 0;
  leg = 0;

  /** @returns false when the id is another venue's */
  read(bytes: Uint8Array, at: number): boolean {
    const end = at + EXEC_ID_BYTES;
    let from = at;
    this.input = 0;
    for (; from < end && isDigit(bytes[from] as number); from += 1) {
      this.input = this.input * 10 + ((bytes[from] as number) - ZERO);
    }
    if (from === at || from >= end || bytes[from] !== DASH) return false;
    from += 1;
    const first = from;
    this.match = 0;
    for (; from < end && isDigit(bytes[from] as number); from += 1) {
      this.match = this.match * 10 + ((bytes[from] as number) - ZERO);
    }
    if (from === first || from >= end) return false;
    this.leg = bytes[from] as number;
    if (this.leg !== LEG.Maker && this.leg !== LEG.Taker) return false;
    return from + 1 === end || bytes[from + 1] === 0;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}
