import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FifoFill, FifoFillError, FifoPosition } from './fifo-position.js';
import {
  amountParts,
  applyFill,
  PARTS,
  POSITION,
  POSITION_WIDTH,
  unrealizedParts,
} from './position.js';

const fill = (id: string, lots: number, price: number, fee = 0): FifoFill => ({
  id,
  lots,
  price,
  fee,
});

const book = (...fills: readonly (readonly [lots: number, price: number])[]) => {
  const position = new FifoPosition();
  for (const [i, [lots, price]] of fills.entries()) position.book(fill(`x${i}`, lots, price, 1));
  return position;
};

describe('a position at first in, first out', () => {
  it('closes the oldest lots first', () => {
    const position = book([5, 100], [3, 110], [-6, 120]);
    expect(position.realized).toBe(110n);
    expect(position.lots()).toEqual([{ lots: 2, price: 110 }]);
    expect(position.unrealized(115)).toBe(10n);
    expect(position.fees).toBe(3n);
  });

  it('flips through zero and closes shorts alike', () => {
    const position = book([-4, 100], [6, 90], [-1, 95]);
    expect(position.realized).toBe(45n);
    expect(position.lots()).toEqual([{ lots: 1, price: 90 }]);
  });

  it('a bust matches what came after anew', () => {
    const position = book([5, 100], [5, 110], [-5, 120]);
    expect(position.realized).toBe(100n);
    position.bust('x0');
    expect(position.realized).toBe(50n);
    expect(position.quantity).toBe(0);
  });

  it('a correction keeps the place in time, and chains', () => {
    const position = book([5, 100], [5, 110], [-5, 120]);
    position.correct('x0', fill('y', 5, 90, 3));
    expect(position.realized).toBe(150n);
    position.correct('y', fill('z', 2, 90, 3));
    expect(position.realized).toBe(60n + 30n);
    expect(position.fees).toBe(5n);
    expect(() => position.bust('y')).toThrow(FifoFillError);
  });

  it('settled executions are final, and their open lots stay', () => {
    const position = book([5, 100], [-2, 110]);
    position.settle();
    expect(() => position.bust('x0')).toThrow('no execution x0');
    position.book(fill('later', -3, 120));
    position.bust('later');
    expect(position.realized).toBe(20n);
    expect(position.lots()).toEqual([{ lots: 3, price: 100 }]);
  });

  it.each([
    [fill('a', 0, 1), 'FIFO_FILL_INVALID'],
    [fill('a', 0.5, 1), 'FIFO_FILL_INVALID'],
    [fill('x0', 1, 1), 'FIFO_FILL_DUPLICATE'],
  ])('refuses %o', (bad, code) => {
    expect(() => book([1, 1]).book(bad)).toThrow(expect.objectContaining({ code }));
  });
});

/** A step: a new fill, or (by its choice among those that stand) a bust or a correction. */
const step = fc.record({
  kind: fc.constantFrom('fill', 'fill', 'fill', 'bust', 'correct', 'settle'),
  choice: fc.nat(),
  lots: fc.integer({ min: -1000, max: 1000 }).filter((lots) => lots !== 0),
  price: fc.integer({ min: -10_000, max: 1_000_000 }),
  fee: fc.integer({ min: 0, max: 1000 }),
});

describe('whatever happens', () => {
  it('agrees with average cost on the total, and with a recount on everything', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, mark) => {
        const position = new FifoPosition();
        const average = new Float64Array(POSITION_WIDTH);
        /** All that stand, and the ids of those that can still change. */
        let standing: FifoFill[] = [];
        let open: string[] = [];
        for (const [i, { kind, choice, lots, price, fee }] of steps.entries()) {
          const id = open[choice % Math.max(1, open.length)];
          if (kind === 'settle') {
            position.settle();
            open = [];
          } else if (kind === 'fill' || id === undefined) {
            const next = fill(`f${i}`, lots, price, fee);
            position.book(next);
            applyFill(average, 0, lots, price, fee);
            standing.push(next);
            open.push(next.id);
          } else {
            const old = standing.find((each) => each.id === id) as FifoFill;
            applyFill(average, 0, -old.lots, old.price, -old.fee);
            if (kind === 'bust') {
              position.bust(id);
              standing = standing.filter((each) => each !== old);
              open = open.filter((each) => each !== id);
            } else {
              const next = fill(`c${i}`, lots, price, fee);
              position.correct(id, next);
              applyFill(average, 0, lots, price, fee);
              standing = standing.map((each) => (each === old ? next : each));
              open = open.map((each) => (each === id ? next.id : each));
            }
          }
        }
        const total = position.realized + position.unrealized(mark);
        const totalAverage =
          amountParts(average, POSITION.realized) + unrealizedParts(average, 0, mark);
        expect(total * BigInt(PARTS)).toBe(totalAverage);
        expect(position.quantity).toBe(average[POSITION.quantity]);
        expect(position.fees).toBe(BigInt(average[POSITION.fees] as number));
        const recount = new FifoPosition();
        for (const each of standing) recount.book(each);
        expect(position.realized).toBe(recount.realized);
        expect(position.lots()).toEqual(recount.lots());
        const { lots, cost } = position.lots().reduce(
          (sum, lot) => ({
            lots: sum.lots + lot.lots,
            cost: sum.cost + BigInt(lot.lots) * BigInt(lot.price),
          }),
          { lots: 0, cost: 0n },
        );
        expect(position.quantity).toBe(lots);
        expect(position.cost).toBe(cost);
      }),
      { numRuns: 500 },
    );
  });
});
