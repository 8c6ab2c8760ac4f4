/**
 * A position at average cost, exact.
 *
 * Everything is counted in ticks x lots of the instrument. Average cost is a rational number, so
 * closing part of a position relieves `cost x closed / quantity`, which need not be whole. It is
 * rounded, half to even, to a billionth of a tick x lot, and what rounding takes from one side stays
 * on the other: bought and sold value, realised P&L and remaining cost always add up to the last
 * digit, and a flat position has no remainder. An amount is therefore two numbers,
 *
 * ```
 *   value = whole + parts / 1e9        whole: safe integer, may be negative
 *                                      parts: 0 <= parts < 1e9
 * ```
 *
 * A position is one row of a Float64Array, so that the writer keeps millions without an object each
 * and the read side computes with the very same code.
 */
import { assert } from '../lib/assert.js';
import { scratch } from '../lib/scratch.js';

/** Places of the amounts within a row. */
export const POSITION = {
  /** Lots, negative when short. */
  quantity: 0,
  /** Cost of the open quantity, same sign as quantity x price. */
  cost: 1,
  costParts: 2,
  realized: 3,
  realizedParts: 4,
  /** Lots of all fills. */
  bought: 5,
  sold: 6,
  /** Ticks x lots of all fills. */
  boughtValue: 7,
  soldValue: 8,
  /** Micros of the instrument's currency. */
  fees: 9,
} as const;

/** Width of a row; the rest is for the owner of the table. */
export const POSITION_WIDTH = 10;

/** Added to an account's index: its suspense, where fills that match no order are booked. */
export const SUSPENSE = 2 ** 30;

/** Parts in one tick x lot. */
export const PARTS = 1_000_000_000;
const PARTS_BIG = 1_000_000_000n;

/** Up to this quantity the division below stays within safe integers. */
const FAST_LOTS_MAX = 4_000_000;

/** A sum that left the safe range: refused before it is ever rounded. */
export class NotExactError extends Error {
  override readonly name = 'NotExactError';
  readonly code = 'RISK_NOT_EXACT';
}

function exact(value: number): number {
  if (!Number.isSafeInteger(value))
    throw new NotExactError('a sum left the range of safe integers');
  return value;
}

/** Adds whole + parts to the amount at `at`. */
function addTo(rows: Float64Array, at: number, whole: number, parts: number): void {
  const sum = (rows[at + 1] as number) + parts;
  const carry = sum >= PARTS ? 1 : 0;
  rows[at + 1] = sum - carry * PARTS;
  rows[at] = exact((rows[at] as number) + whole + carry);
}

/** Result of `relieve`, reused: whole and parts. */
const relieved = scratch(2);

/**
 * Computes cost x closed / held into `relieved`, rounded half to even to a part.
 *
 * @param whole,parts the cost
 * @param closed lots closed, 0 < closed < held
 * @param held lots held, as a positive number
 */
function relieve(whole: number, parts: number, closed: number, held: number): void {
  const product = whole * closed;
  if (!Number.isSafeInteger(product) || held > FAST_LOTS_MAX) {
    relieveBig(whole, parts, closed, held);
    return;
  }
  let quotient = Math.floor(product / held);
  let rest = product - quotient * held;
  // The division above may round up to the next whole number.
  if (rest < 0) {
    quotient -= 1;
    rest += held;
  }
  const numerator = rest * PARTS + parts * closed;
  let fraction = Math.floor(numerator / held);
  let over = numerator - fraction * held;
  if (over < 0) {
    fraction -= 1;
    over += held;
  }
  if (2 * over > held || (2 * over === held && fraction % 2 === 1)) fraction += 1;
  const carry = Math.floor(fraction / PARTS);
  relieved[0] = quotient + carry;
  relieved[1] = fraction - carry * PARTS;
}

/** The same with bigints: for amounts whose products leave the safe range. */
function relieveBig(whole: number, parts: number, closed: number, held: number): void {
  const numerator = (BigInt(whole) * PARTS_BIG + BigInt(parts)) * BigInt(closed);
  const divisor = BigInt(held);
  let quotient = numerator / divisor;
  let rest = numerator % divisor;
  if (rest < 0n) {
    quotient -= 1n;
    rest += divisor;
  }
  const twice = 2n * rest;
  const odd = ((quotient % 2n) + 2n) % 2n === 1n;
  if (twice > divisor || (twice === divisor && odd)) quotient += 1n;
  let wholePart = quotient / PARTS_BIG;
  let partsLeft = quotient % PARTS_BIG;
  if (partsLeft < 0n) {
    wholePart -= 1n;
    partsLeft += PARTS_BIG;
  }
  relieved[0] = exact(Number(wholePart));
  relieved[1] = Number(partsLeft);
}

/**
 * Books a trade into the row that starts at `row`.
 *
 * @param lots signed: positive bought, negative sold; a bust books the opposite
 * @param price ticks
 * @param fee micros
 * @throws NotExactError when a sum would leave the safe range; the row is then unusable
 */
export function applyFill(
  rows: Float64Array,
  row: number,
  lots: number,
  price: number,
  fee: number,
): void {
  assert(lots !== 0, 'a fill has a quantity');
  const value = exact(Math.abs(lots) * price);
  const side = lots > 0 ? 0 : 1;
  rows[row + POSITION.bought + side] =
    (rows[row + POSITION.bought + side] as number) + Math.abs(lots);
  rows[row + POSITION.boughtValue + side] = exact(
    (rows[row + POSITION.boughtValue + side] as number) + value,
  );
  rows[row + POSITION.fees] = exact((rows[row + POSITION.fees] as number) + fee);

  const held = rows[row + POSITION.quantity] as number;
  const closing = held !== 0 && held > 0 !== lots > 0;
  let open = lots;
  if (closing) {
    const closed = Math.min(Math.abs(lots), Math.abs(held));
    close(rows, row, held > 0 ? closed : -closed, price);
    open = lots + (held > 0 ? closed : -closed);
  }
  if (open !== 0) {
    rows[row + POSITION.quantity] = exact((rows[row + POSITION.quantity] as number) + open);
    addTo(rows, row + POSITION.cost, exact(open * price), 0);
  }
}

/** Closes `closed` lots (the sign of the position) at `price` and realises the difference. */
function close(rows: Float64Array, row: number, closed: number, price: number): void {
  const held = rows[row + POSITION.quantity] as number;
  const whole = rows[row + POSITION.cost] as number;
  const parts = rows[row + POSITION.costParts] as number;
  if (closed === held) {
    relieved[0] = whole;
    relieved[1] = parts;
  } else {
    relieve(whole, parts, Math.abs(closed), Math.abs(held));
  }
  const cost = relieved[0] as number;
  const costParts = relieved[1] as number;
  // Subtracting parts p from whole w: -(w + p/1e9) = (-w - 1) + (1e9 - p)/1e9 unless p is 0.
  const borrow = costParts > 0 ? 1 : 0;
  const negativeParts = borrow * (PARTS - costParts);
  addTo(rows, row + POSITION.cost, -cost - borrow, negativeParts);
  addTo(rows, row + POSITION.realized, exact(closed * price) - cost - borrow, negativeParts);
  rows[row + POSITION.quantity] = held - closed;
}

/** Unrealised P&L in parts (1e-9 tick x lot) at a mark in ticks. */
export function unrealizedParts(rows: Float64Array, row: number, mark: number): bigint {
  const quantity = BigInt(rows[row + POSITION.quantity] as number);
  return quantity * BigInt(mark) * PARTS_BIG - amountParts(rows, row + POSITION.cost);
}

/** An amount (`POSITION.cost` or `POSITION.realized`) in parts. */
export function amountParts(rows: Float64Array, at: number): bigint {
  return BigInt(rows[at] as number) * PARTS_BIG + BigInt(rows[at + 1] as number);
}
