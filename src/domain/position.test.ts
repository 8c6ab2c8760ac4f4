import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  amountParts,
  applyFill,
  NotExactError,
  POSITION,
  POSITION_WIDTH,
  unrealizedParts,
} from './position.js';

const PARTS = 1_000_000_000n;

const fresh = () => new Float64Array(POSITION_WIDTH);
const book = (fills: readonly (readonly [lots: number, price: number])[]) => {
  const rows = fresh();
  for (const [lots, price] of fills) applyFill(rows, 0, lots, price, 1);
  return rows;
};
const quantity = (rows: Float64Array) => rows[POSITION.quantity];
const realized = (rows: Float64Array) => amountParts(rows, POSITION.realized);

describe('a position at average cost', () => {
  it('realises nothing while it grows', () => {
    const rows = book([
      [2, 100],
      [1, 130],
    ]);
    expect(quantity(rows)).toBe(3);
    expect(amountParts(rows, POSITION.cost)).toBe(330n * PARTS);
    expect(realized(rows)).toBe(0n);
  });

  it('realises against the average when it shrinks, and flips through zero', () => {
    const rows = book([
      [2, 100],
      [1, 130],
      [-5, 120],
    ]);
    expect(quantity(rows)).toBe(-2);
    expect(realized(rows)).toBe(30n * PARTS);
    expect(amountParts(rows, POSITION.cost)).toBe(-240n * PARTS);
    expect(unrealizedParts(rows, 0, 125)).toBe(-10n * PARTS);
  });

  it('rounds a third half to even and leaves the rest in the position', () => {
    const rows = book([
      [1, 33],
      [2, 33],
      [-1, 40],
    ]);
    expect(realized(rows)).toBe(7n * PARTS);
    const thirds = book([
      [2, 50],
      [1, 0],
      [-1, 0],
    ]);
    expect(realized(thirds)).toBe(-33_333_333_333n);
    expect(amountParts(thirds, POSITION.cost)).toBe(66_666_666_667n);
  });

  /** A cost of 1 over 2^n lots is a whole number of parts and a half: 1e9 has nine factors of two. */
  it.each([
    [1024, 1, 976_562n],
    [1024, 3, 2_929_688n],
    [4_194_304, 4_096, 976_562n],
    [4_194_304, 12_288, 2_929_688n],
  ])('rounds a half to the even part: %d held, %d closed', (held, closed, parts) => {
    for (const side of [1, -1]) {
      const rows = book([
        [side, 1],
        [side * (held - 1), 0],
        [-side * closed, 0],
      ]);
      expect(realized(rows)).toBe(-BigInt(side) * parts);
      expect(amountParts(rows, POSITION.cost)).toBe(BigInt(side) * (PARTS - parts));
    }
  });

  it('refuses a sum beyond the safe range', () => {
    expect(() => book([[Number.MAX_SAFE_INTEGER, 1]])).not.toThrow();
    expect(() => book([[Number.MAX_SAFE_INTEGER, 2]])).toThrow(NotExactError);
    expect(() =>
      book([
        [Number.MAX_SAFE_INTEGER, 1],
        [1, 1],
      ]),
    ).toThrow(NotExactError);
  });

  const fills = fc.array(
    fc.tuple(
      fc
        .oneof(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -9_000_000, max: 9_000_000 }))
        .filter((l) => l !== 0),
      fc.integer({ min: -100, max: 3_000_000 }),
    ),
    { maxLength: 60 },
  );

  it('conserves value to the last digit and follows the exact average to a part a fill', () => {
    fc.assert(
      fc.property(fills, fc.integer({ min: 0, max: 1_000_000 }), (list, mark) => {
        const rows = book(list);
        const cash = list.reduce((sum, [lots, price]) => sum - BigInt(lots) * BigInt(price), 0n);
        const held = BigInt(quantity(rows) as number);
        expect(realized(rows) + unrealizedParts(rows, 0, mark)).toBe(
          (cash + held * BigInt(mark)) * PARTS,
        );
        if (held === 0n) expect(amountParts(rows, POSITION.cost)).toBe(0n);
        const error = realized(rows) * 2n ** 64n - exactRealized(list) * PARTS;
        expect(abs(error) <= BigInt(list.length + 1) * 2n ** 64n).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

const abs = (value: bigint) => (value < 0n ? -value : value);

/** Realised P&L with rational average cost, scaled by 2^64 at the end. */
function exactRealized(list: readonly (readonly [number, number])[]): bigint {
  let held = 0n;
  let cost: [bigint, bigint] = [0n, 1n];
  let total: [bigint, bigint] = [0n, 1n];
  const add = (a: [bigint, bigint], b: [bigint, bigint]): [bigint, bigint] => {
    const n = a[0] * b[1] + b[0] * a[1];
    const d = a[1] * b[1];
    const g = gcd(abs(n), d) || 1n;
    return [n / g, d / g];
  };
  for (const [lotsNumber, priceNumber] of list) {
    let lots = BigInt(lotsNumber);
    const price = BigInt(priceNumber);
    if (held !== 0n && held > 0n !== lots > 0n) {
      // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigints
      const closed = abs(lots) < abs(held) ? abs(lots) : abs(held);
      const signed = held > 0n ? closed : -closed;
      const share: [bigint, bigint] = [cost[0] * signed, cost[1] * held];
      const normal: [bigint, bigint] = share[1] < 0n ? [-share[0], -share[1]] : share;
      total = add(total, add([signed * price, 1n], [-normal[0], normal[1]]));
      cost = add(cost, [-normal[0], normal[1]]);
      held -= signed;
      lots += signed;
    }
    held += lots;
    cost = add(cost, [lots * price, 1n]);
  }
  return (total[0] * 2n ** 64n) / total[1];
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
