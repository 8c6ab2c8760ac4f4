import { FAULT, type Fault } from '../wire/fault.js';
import { SAFE_HIGH_MAX } from '../wire/integer.js';
import type { Direction } from '../wire/layout.js';
import { OUCH } from './catalogue.js';

/**
 * The catalogue as flat tables, so that a message is checked with a few loads.
 * `fixed` 0 means that no message has the type.
 */
interface CheckTables {
  readonly fixed: Uint16Array;
  readonly appendage: Uint8Array;
  /** Offset of the first u64 price, 0 for none: type and price never share an offset. */
  readonly priceAt: Uint8Array;
}

const APPENDAGE_OPTIONAL = 1;
const APPENDAGE_REQUIRED = 2;

function tables(direction: Direction): CheckTables {
  const fixed = new Uint16Array(256);
  const appendage = new Uint8Array(256);
  const priceAt = new Uint8Array(256);
  for (const layout of OUCH.index[direction]) {
    if (layout === undefined) continue;
    fixed[layout.typeByte] = layout.length;
    if (layout.appendage === 'optional') appendage[layout.typeByte] = APPENDAGE_OPTIONAL;
    if (layout.appendage === 'required') appendage[layout.typeByte] = APPENDAGE_REQUIRED;
    const price = layout.fields.find((field) => field.kind === 'price' && field.length === 8);
    priceAt[layout.typeByte] = price?.offset ?? 0;
  }
  return { fixed, appendage, priceAt };
}

const INBOUND = tables('in');
const OUTBOUND = tables('out');

/** Value bytes of each known tag, 0 for an unknown one. */
const TAG_BYTES = Uint8Array.from(OUCH.tags, (field) => field?.length ?? 0);
const TAG_IS_PRICE = Uint8Array.from(OUCH.tags, (field) =>
  field?.kind === 'price' && field.length === 8 ? 1 : 0,
);

function checkAppendage(view: DataView, at: number, length: number): Fault {
  if (length < 2 || view.getUint16(at) !== length - 2) return FAULT.appendageMalformed;
  const end = at + length;
  let next = at + 2;
  while (next < end) {
    const itemLength = view.getUint8(next);
    if (itemLength === 0 || next + 1 + itemLength > end) return FAULT.appendageMalformed;
    const tag = view.getUint8(next + 1);
    const known = TAG_BYTES[tag]!;
    if (known !== 0 && known !== itemLength - 1) return FAULT.appendageMalformed;
    if (TAG_IS_PRICE[tag] === 1 && view.getUint32(next + 2) > SAFE_HIGH_MAX) {
      return FAULT.valueUnsafe;
    }
    next += 1 + itemLength;
  }
  return FAULT.none;
}

function check(of: CheckTables, view: DataView, at: number, length: number): Fault {
  if (length < 1) return FAULT.empty;
  const type = view.getUint8(at);
  const fixed = of.fixed[type]!;
  if (fixed === 0) return FAULT.typeUnknown;
  const appendage = of.appendage[type]!;
  const rest = length - fixed;
  if (rest < 0 || (rest === 0 && appendage === APPENDAGE_REQUIRED)) return FAULT.lengthWrong;
  if (rest > 0 && appendage === 0) return FAULT.lengthWrong;
  const priceAt = of.priceAt[type]!;
  if (priceAt !== 0 && view.getUint32(at + priceAt) > SAFE_HIGH_MAX) return FAULT.valueUnsafe;
  return rest === 0 ? FAULT.none : checkAppendage(view, at + fixed, rest);
}

/**
 * Whether the `length` bytes at `at` are one inbound message in every structural respect: known
 * type, exact length, well-formed appendages, known tags of their right length, prices within
 * 2^53 - 1. After `FAULT.none` every accessor of the message is safe to call. The meaning of
 * values (side, time in force, zero quantity ...) is not judged here.
 */
export function checkInbound(view: DataView, at: number, length: number): Fault {
  return check(INBOUND, view, at, length);
}

/** As `checkInbound`, for messages from a venue. */
export function checkOutbound(view: DataView, at: number, length: number): Fault {
  return check(OUTBOUND, view, at, length);
}

/**
 * Offset of the value of the first appendage item with `tag`, or -1. `appendageAt` is the offset
 * of the appendage length (`at + ENTER_ORDER_BYTES`, say), `end` the end of the message, both of a
 * message that was checked.
 */
export function findAppendage(
  view: DataView,
  appendageAt: number,
  end: number,
  tag: number,
): number {
  let next = appendageAt + 2;
  while (next < end) {
    if (view.getUint8(next + 1) === tag) return next + 2;
    next += 1 + view.getUint8(next);
  }
  return -1;
}
