/**
 * First in, first out in bounded memory: as matching every execution anew gives it, while corrections come
 * in their days; exact in total whenever they come. `DAYBOOK_SEED` repeats a run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIFO_FILLS_MAX, FifoPosition } from '../../domain/fifo-position.js';
import { FIFO_LOTS_MAX, FifoBookPosition } from './fifo-book.js';

const SEED = Number(process.env.DAYBOOK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const at = (place: number, lots: number, price: number) => ({
  ...{ id: `x${place}`, place, lots, price },
});
const bust = (id: string, lotsBefore: number, priceBefore: number) => ({
  ...{ id: `b${id}`, before: id, lots: 0, price: 0, lotsBefore, priceBefore },
});

describe('a position first in, first out', () => {
  it('a bust matches what came after anew, and goes on after a restart', () => {
    const position = new FifoBookPosition(1, 1);
    for (const each of [at(2, 5, 100), at(4, 5, 110), at(6, -5, 120)]) position.book(each);
    expect(position.fifo?.realized).toBe(100n);
    expect(position.correct(bust('x2', 5, 100), 8)).toEqual({
      executions: [{ id: 'bx2', place: 2, lots: 0, price: 0 }],
      settled: false,
    });
    expect([position.quantity, position.fifo?.realized, position.late]).toEqual([0, 50n, 0]);
  });

  it('what corrects a final execution is booked as of now, counted, and exact in total', () => {
    const position = new FifoBookPosition(1, 1);
    for (const each of [at(2, 5, 100), at(4, 5, 110), at(6, -5, 120)]) position.book(each);
    expect(position.settleThrough(3)).toBe(true);
    expect(position.settleThrough(3)).toBe(false);
    // In its place still: x6 is no final one.
    position.correct({ ...bust('x6', -5, 120), id: 'y6', lots: -4, price: 121 }, 8);
    expect([position.late, position.fifo?.realized]).toEqual([0, 84n]);
    const late = { ...bust('x2', 5, 100), id: 'y2', lots: 5, price: 101 };
    expect(position.correct(late, 10).executions.map(({ place, lots }) => [place, lots])).toEqual([
      ...[
        [10, -5],
        [11, 5],
      ],
    ]);
    expect(position.late).toBe(1);
    expect(total(position, 130)).toBe(4n * 121n - 5n * 101n - 5n * 110n + 6n * 130n);
  });

  it(`gives no figures above ${FIFO_LOTS_MAX} open lots, and exact ones once it is flat or turns`, () => {
    const position = new FifoBookPosition(1, 1);
    for (let i = 1; i <= FIFO_LOTS_MAX; i += 1) position.book(at(2 * i, 1, 100));
    expect(position.fifo?.openLots).toBe(FIFO_LOTS_MAX);
    expect(position.fifo?.fills.length).toBeLessThanOrEqual(FIFO_FILLS_MAX);
    const next = 2 * FIFO_LOTS_MAX + 2;
    position.book(at(next, 1, 90));
    expect(position.fifo).toBeUndefined();
    position.book(at(next + 2, -FIFO_LOTS_MAX - 4, 101));
    expect(position.fifo?.lots()).toEqual([{ lots: -3, price: 101 }]);
    expect(position.fifo?.realized).toBe(BigInt(FIFO_LOTS_MAX) + 11n);
    // What was before it turned is final.
    position.correct(bust(`x${next}`, 1, 90), next + 4);
    expect(position.late).toBe(1);
  }, 60_000);

  it(`makes the older half final at ${FIFO_FILLS_MAX} executions, not before`, () => {
    const position = new FifoBookPosition(1, 1);
    for (let i = 1; i <= FIFO_FILLS_MAX; i += 1)
      position.book(at(2 * i, i % 2 === 0 ? -1 : 1, 100));
    expect([position.through, position.fifo?.fills.length]).toEqual([0, FIFO_FILLS_MAX]);
    expect(position.book(at(2 * FIFO_FILLS_MAX + 2, 1, 100)).settled).toBe(true);
    expect(position.fifo?.fills.length).toBe(FIFO_FILLS_MAX / 2 + 1);
    expect(position.through).toBe(FIFO_FILLS_MAX);
  }, 60_000);

  const step = fc.record({
    kind: fc.constantFrom('fill', 'fill', 'fill', 'correct', 'bust', 'settle', 'restart'),
    choice: fc.nat(),
    lots: fc.integer({ min: -9, max: 9 }).filter((lots) => lots !== 0),
    price: fc.integer({ min: -50, max: 150 }),
  });
  it(`is what matching all executions anew gives (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => replay(steps)),
      { numRuns: 1000, seed: SEED },
    );
  });
});

const total = ({ fifo }: FifoBookPosition, mark: number) =>
  (fifo as FifoPosition).realized + (fifo as FifoPosition).unrealized(mark);

interface Step {
  readonly kind: string;
  readonly choice: number;
  readonly lots: number;
  readonly price: number;
}

/** Beside: all executions that stand, in their places, and what is stored of the position. */
function replay(steps: readonly Step[]): void {
  let position = new FifoBookPosition(1, 1);
  const stored = new Map<number, { id: string; place: number; lots: number; price: number }>();
  let settled = { through: 0, state: (position.fifo as FifoPosition).settled };
  const standing = new Map<number, { id: string; lots: number; price: number }>();
  for (const [n, { kind, choice, lots, price }] of steps.entries()) {
    const place = 2 * n + 2;
    const open = [...standing].filter(([each]) => each > position.through);
    const old = open[choice % Math.max(1, open.length)];
    if (kind === 'restart') {
      const { quantity, cash } = position;
      position = new FifoBookPosition(1, 1);
      position.settle(settled.state, settled.through);
      for (const each of [...stored.values()].sort((a, b) => a.place - b.place)) {
        position.restore(each);
      }
      Object.assign(position, { quantity, cash });
    } else if (kind === 'settle') {
      position.settleThrough(place - (choice % 12));
      settled = { through: position.through, state: (position.fifo as FifoPosition).settled };
    } else if (kind === 'fill' || old === undefined) {
      for (const each of position.book(at(place, lots, price)).executions) {
        stored.set(each.place, each);
      }
      standing.set(place, { id: `x${place}`, lots, price });
    } else {
      const [where, { id, lots: lotsBefore, price: priceBefore }] = old;
      const now = kind === 'bust' ? { lots: 0, price: 0 } : { lots, price };
      const correction = { id: `c${place}`, before: id, ...now, lotsBefore, priceBefore };
      for (const each of position.correct(correction, place).executions) {
        stored.set(each.place, each);
      }
      if (kind === 'bust') standing.delete(where);
      else standing.set(where, { id: `c${place}`, lots, price });
    }
    const recount = new FifoPosition();
    for (const [, each] of [...standing].sort(([a], [b]) => a - b)) {
      recount.book({ ...each, fee: 0 });
    }
    expect(position.fifo?.realized).toBe(recount.realized);
    expect(position.fifo?.lots()).toEqual(recount.lots());
    expect([position.quantity, position.late]).toEqual([recount.quantity, 0]);
  }
}
