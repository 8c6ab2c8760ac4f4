/**
 * The client order id under which a request of an OUCH client is on record: unique, and holding what
 * the answers must echo and the order's terms have no room for.
 *
 * ```
 *   byte 0      1          9      13         21       22   23     24   25        39
 *        +------+----------+------+----------+--------+----+------+----+---------+---+
 *        | kind | session  | day  | number   |display |ISO |cross |TIF | ClOrdID | 0 |
 *        | O X M| 8 hex    | 4 hex| 8 hex    |        |    |      |    | 14      |   |
 *        +------+----------+------+----------+--------+----+------+----+---------+---+
 * ```
 *
 * `O` is an order or a replace and its number the UserRefNum. `X` and `M` are a cancel and a modify:
 * they have no UserRefNum of their own, so the gateway counts them; their flags and ClOrdID are blank.
 * All of it is printable ASCII, as the log demands.
 */
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';
import { CL_ORD_ID_BYTES as OUCH_ID_BYTES } from '../ouch/inbound.js';

export const KIND = { order: 0x4f, cancel: 0x58, modify: 0x4d } as const;

export const ID = {
  kind: 0,
  session: 1,
  day: 9,
  number: 13,
  display: 21,
  interMarketSweep: 22,
  cross: 23,
  timeInForce: 24,
  clOrdID: 25,
  end: 39,
} as const;

assert(ID.end <= CL_ORD_ID_BYTES && ID.clOrdID + OUCH_ID_BYTES === ID.end, 'the id fits');

const SPACE = 0x20;
const HEX = Uint8Array.from('0123456789abcdef', (c) => c.charCodeAt(0));
const VALUE = new Uint8Array(256).fill(0xff);
for (let i = 0; i < 16; i += 1) VALUE[HEX[i]!] = i;

function putHex(bytes: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value >>> 0;
  for (let i = at + digits - 1; i >= at; i -= 1) {
    bytes[i] = HEX[rest & 15]!;
    rest >>>= 4;
  }
}

/** The hexadecimal number at `at`, or -1 when it is none. */
function hexAt(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i += 1) {
    const digit = VALUE[bytes[i]!]!;
    if (digit === 0xff) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** Day of a trading day yyyymmdd in 16 bits, ascending; 0 before the first. Good until 2175. */
export function dayCode(yyyymmdd: number): number {
  if (yyyymmdd === 0) return 0;
  const year = Math.floor(yyyymmdd / 10_000);
  const month = Math.floor(yyyymmdd / 100) % 100;
  const code = ((year - 2000) * 12 + month) * 31 + (yyyymmdd % 100);
  return Math.min(0xffff, Math.max(1, code));
}

/** Writes kind, session, day and number, and blanks for the rest. */
export function putRequestId(
  bytes: Uint8Array,
  at: number,
  kind: number,
  session: number,
  day: number,
  number: number,
): void {
  bytes[at] = kind;
  putHex(bytes, at + ID.session, 8, session);
  putHex(bytes, at + ID.day, 4, day);
  putHex(bytes, at + ID.number, 8, number);
  bytes.fill(SPACE, at + ID.display, at + ID.end);
}

/**
 * The number of the id at `at`, or -1 when it is not of this kind, session and day: a request of
 * another gateway, or of another day of this session.
 */
export function numberOf(
  bytes: Uint8Array,
  at: number,
  kind: number,
  session: number,
  day: number,
): number {
  if (bytes[at] !== kind) return -1;
  if (hexAt(bytes, at + ID.session, 8) !== session) return -1;
  if (hexAt(bytes, at + ID.day, 4) !== day) return -1;
  return hexAt(bytes, at + ID.number, 8);
}
