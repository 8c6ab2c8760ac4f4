/**
 * SHA-256 over the positions of a shard as of an event, to the last digit: the same whether they come
 * out of the writer's state, of a replay or of the read model.
 */
import { createHash } from 'node:crypto';
import { amountParts, POSITION } from './position.js';

/** Whole lots, ticks x lots and micros; `cost` and `realized` in parts, see `domain/position.ts`. */
export interface HeldPosition {
  /** With `SUSPENSE` added where it is the account's suspense. */
  readonly account: number;
  readonly instrument: number;
  readonly quantity: bigint;
  readonly bought: bigint;
  readonly sold: bigint;
  readonly boughtValue: bigint;
  readonly soldValue: bigint;
  readonly cost: bigint;
  readonly realized: bigint;
  readonly fees: bigint;
}

/** A position out of a row of a table of them. */
export function heldPosition(
  account: number,
  instrument: number,
  rows: Float64Array,
  row: number,
): HeldPosition {
  const whole = (place: number) => BigInt(rows[row + place] as number);
  return {
    account,
    instrument,
    quantity: whole(POSITION.quantity),
    bought: whole(POSITION.bought),
    sold: whole(POSITION.sold),
    boughtValue: whole(POSITION.boughtValue),
    soldValue: whole(POSITION.soldValue),
    cost: amountParts(rows, row + POSITION.cost),
    realized: amountParts(rows, row + POSITION.realized),
    fees: whole(POSITION.fees),
  };
}

/** One line for each position that ever traded, by account and instrument. @returns hexadecimal */
export function positionsHash(positions: Iterable<HeldPosition>): string {
  const traded = [...positions].filter(({ bought, sold }) => bought !== 0n || sold !== 0n);
  traded.sort((a, b) => a.account - b.account || a.instrument - b.instrument);
  const hash = createHash('sha256');
  for (const { account, instrument, ...amounts } of traded) {
    const { quantity, bought, sold, boughtValue, soldValue, cost, realized, fees } = amounts;
    const numbers = [quantity, bought, sold, boughtValue, soldValue, cost, realized, fees];
    hash.update(`${account} ${instrument} ${numbers.join(' ')}\n`);
  }
  return hash.digest('hex');
}
