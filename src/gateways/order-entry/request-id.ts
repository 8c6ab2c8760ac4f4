/**
 * The client order id under which a request of an OUCH client is on record: unique, and holding what
 * the answers must echo and the order's terms have no room for.
 *
 * ```
 *   byte 0      1          9      13       14   15     16   17        31         39
 *        +------+----------+------+--------+----+------+----+---------+----------+---+
 *        | kind | session  | day  |display |ISO |cross |TIF | ClOrdID | number   | 0 |
 *        | O X M| 8 hex    | 4 hex|        |    |      |    | 14      | 8 hex    |   |
 *        +------+----------+------+--------+----+------+----+---------+----------+---+
 * ```
 *
 * `O` is an order or a replace and its number the UserRefNum. `X` and `M` are a cancel and a modify:
 * they have no UserRefNum of their own, so the gateway counts them; their flags and ClOrdID are blank.
 * All of it is printable ASCII, as the log demands. It begins at a word, and is written and read by
 * words of memory order: byte by byte it was a third of what a request costs here. The number stands
 * at its end, where the writer's table of ids (`lib/key-table.ts`) looks for what counts up: 16 orders in
 * a row then share a line of memory.
 */
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';
import { CL_ORD_ID_BYTES as OUCH_ID_BYTES } from '../ouch/inbound.js';

export const KIND = { order: 0x4f, cancel: 0x58, modify: 0x4d } as const;

export const ID = {
  kind: 0,
  session: 1,
  day: 9,
  /** Word 3: behind the last digit of the day stands what is echoed, up to the number. */
  echo: 12,
  display: 13,
  interMarketSweep: 14,
  cross: 15,
  timeInForce: 16,
  clOrdID: 17,
  number: 31,
  end: 39,
} as const;

assert(CL_ORD_ID_BYTES === 40 && ID.clOrdID + OUCH_ID_BYTES === ID.number, 'the id fits');
assert(ID.echo % 4 === 0 && ID.timeInForce === ID.echo + 4, 'flags and time in force are words');

const BLANKS = 0x2020_2020;
/** The two hexadecimal digits of each byte, the upper one first in memory. */
const DIGITS = new Int32Array(256);
for (let i = 0; i < 256; i += 1) {
  const text = i.toString(16).padStart(2, '0');
  DIGITS[i] = text.charCodeAt(0) | (text.charCodeAt(1) << 8);
}

/** The number of four hexadecimal digits that stand in memory as `word`; nonsense when they are none. */
function numberOfDigits(word: number): number {
  // A letter has bit 6, and 9 less than its value in its lower half.
  const nibbles = (word & 0x0f0f_0f0f) + ((word >>> 6) & 0x0101_0101) * 9;
  const bytes = ((nibbles << 4) | (nibbles >>> 8)) & 0x00ff_00ff;
  return ((bytes & 0xff) << 8) | (bytes >>> 16);
}

/** Day of a trading day yyyymmdd in 16 bits, ascending; 0 before the first. Good until 2175. */
export function dayCode(yyyymmdd: number): number {
  if (yyyymmdd === 0) return 0;
  const year = Math.floor(yyyymmdd / 10_000);
  const month = Math.floor(yyyymmdd / 100) % 100;
  const code = ((year - 2000) * 12 + month) * 31 + (yyyymmdd % 100);
  return Math.min(0xffff, Math.max(1, code));
}

/** The ids of one session and day: all but kind and number is the same in each. */
export class RequestIds {
  readonly #first: number;
  readonly #second: number;
  readonly #third: number;
  readonly #fourth: number;

  /**
   * @param session u32
   * @param day from `dayCode`
   */
  constructor(session: number, day: number) {
    const digits = session.toString(16).padStart(8, '0') + day.toString(16).padStart(4, '0');
    assert(digits.length === ID.display - ID.session, 'a session and a day');
    const words = new Int32Array(4);
    const bytes = new Uint8Array(words.buffer);
    for (let i = 0; i < digits.length; i += 1) bytes[ID.session + i] = digits.charCodeAt(i);
    this.#first = words[0]!;
    this.#second = words[1]!;
    this.#third = words[2]!;
    this.#fourth = words[3]!;
  }

  /** Writes an id with blanks for what is echoed. @param word index of its first word in `i32` */
  put(i32: Int32Array, word: number, kind: number, number: number): void {
    this.putNumber(i32, word, kind, number);
    i32[word + 3] = (i32[word + 3]! & 0xff) | (BLANKS << 8);
    i32[word + 4] = BLANKS;
    i32[word + 5] = BLANKS;
    i32[word + 6] = BLANKS;
    i32[word + 7] = (i32[word + 7]! & 0xff00_0000) | (BLANKS >>> 8);
  }

  /** Writes kind, session, day and number; what is echoed comes after. */
  putNumber(i32: Int32Array, word: number, kind: number, number: number): void {
    const upper = DIGITS[number >>> 24]!;
    const second = DIGITS[(number >>> 16) & 0xff]!;
    const third = DIGITS[(number >>> 8) & 0xff]!;
    const last = DIGITS[number & 0xff]!;
    i32[word] = this.#first | kind;
    i32[word + 1] = this.#second;
    i32[word + 2] = this.#third;
    i32[word + 3] = this.#fourth;
    i32[word + 7] = upper << 24;
    i32[word + 8] = (upper >>> 8) | (second << 8) | (third << 24);
    i32[word + 9] = (third >>> 8) | (last << 8);
  }

  /**
   * The number of the id at `word`, or -1 when it is not of this kind, session and day: a request of
   * another gateway, or of another day of this session.
   */
  numberOf(i32: Int32Array, word: number, kind: number): number {
    if (i32[word] !== (this.#first | kind)) return -1;
    if (i32[word + 1] !== this.#second || i32[word + 2] !== this.#third) return -1;
    if ((i32[word + 3]! & 0xff) !== this.#fourth) return -1;
    const digit = i32[word + 7]! >>> 24;
    const ninth = i32[word + 8]!;
    const tenth = i32[word + 9]!;
    const high = numberOfDigits(digit | (ninth << 8));
    const low = numberOfDigits((ninth >>> 24) | (tenth << 8));
    // Whatever else stood there would not be written so.
    const upper = DIGITS[high >>> 8]!;
    const second = DIGITS[high & 0xff]!;
    const third = DIGITS[low >>> 8]!;
    const last = DIGITS[low & 0xff]!;
    if (digit !== (upper & 0xff) || tenth !== ((third >>> 8) | (last << 8))) return -1;
    if (ninth !== ((upper >>> 8) | (second << 8) | (third << 24))) return -1;
    return ((high << 16) | low) >>> 0;
  }
}
