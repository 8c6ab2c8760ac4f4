import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderBooks } from './order-books.js';
import { ReferenceTable } from './reference-table.js';

describe('OrderBooks', () => {
  it('shows the best of both sides as orders come, trade and go', () => {
    const books = new OrderBooks(64);
    books.add(1, 7, true, 100, 995);
    books.add(2, 7, true, 50, 1000);
    books.add(3, 7, false, 70, 1010);
    books.add(4, 7, false, 30, 1010);
    expect(books.bid(7)).toEqual({ price: 1000, quantity: 50 });
    expect(books.ask(7)).toEqual({ price: 1010, quantity: 100 });
    expect(books.mark(7)).toBe(1005);
    expect(books.execute(3, 70)).toBe(7);
    expect(books.ask(7)).toEqual({ price: 1010, quantity: 30 });
    expect(books.mark(7)).toBe(1010);
    expect(books.execute(4, 10, 1008)).toBe(7);
    expect(books.mark(7)).toBe(1008);
    expect(books.delete(2)).toBe(7);
    expect(books.bid(7)).toEqual({ price: 995, quantity: 100 });
    expect(books.replace(1, 9, 40, 996)).toBe(7);
    expect(books.bid(7)).toEqual({ price: 996, quantity: 40 });
    expect(books.cancel(9, 40)).toBe(7);
    expect(books.bid(7)).toEqual({ price: 0, quantity: 0 });
    expect(books.orders).toBe(1);
  });

  it('says what it does not know and what found no place', () => {
    const books = new OrderBooks(4);
    expect(books.execute(1, 1)).toBe(-1);
    expect(books.ordersUnknown).toBe(1);
    for (let ref = 1; ref <= 3; ref += 1) books.add(ref, 1, true, 1, ref);
    expect(books.ordersRefused).toBe(0);
    books.add(4, 1, true, 1, 4);
    books.add(3, 1, true, 1, 9);
    expect(books.ordersRefused).toBe(2);
    expect(books.bid(1).price).toBe(3);
    expect(books.mark(2)).toBe(0);
  });

  it('agrees with a book kept the plain way', () => {
    const step = fc.record({
      what: fc.integer({ min: 0, max: 4 }),
      ref: fc.integer({ min: 1, max: 25 }),
      other: fc.integer({ min: 1, max: 25 }),
      instrument: fc.integer({ min: 0, max: 1 }),
      buys: fc.boolean(),
      quantity: fc.integer({ min: 1, max: 9 }),
      price: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const books = new OrderBooks(64);
        type Order = { instrument: number; buys: boolean; quantity: number; price: number };
        const plain = new Map<number, Order>();
        const reduce = (ref: number, by: number) => {
          const order = plain.get(ref);
          if (order === undefined) return;
          order.quantity -= by;
          if (order.quantity <= 0) plain.delete(ref);
        };
        for (const { what, ref, other, instrument, buys, quantity, price } of steps) {
          if (what === 0 && !plain.has(ref)) {
            books.add(ref, instrument, buys, quantity, price);
            plain.set(ref, { instrument, buys, quantity, price });
          } else if (what === 1) {
            books.execute(ref, quantity);
            reduce(ref, quantity);
          } else if (what === 2) {
            books.cancel(ref, quantity);
            reduce(ref, quantity);
          } else if (what === 3) {
            books.delete(ref);
            plain.delete(ref);
          } else if (what === 4 && plain.has(ref) && !plain.has(other)) {
            books.replace(ref, other, quantity, price);
            plain.set(other, { ...plain.get(ref)!, quantity, price });
            plain.delete(ref);
          }
          for (const of of [0, 1]) {
            const side = (wants: boolean) =>
              [...plain.values()].filter((o) => o.instrument === of && o.buys === wants);
            const best = (orders: Order[], better: (...all: number[]) => number) => {
              if (orders.length === 0) return { price: 0, quantity: 0 };
              const at = better(...orders.map((o) => o.price));
              const there = orders.filter((o) => o.price === at);
              return { price: at, quantity: there.reduce((sum, o) => sum + o.quantity, 0) };
            };
            expect(books.bid(of)).toEqual(best(side(true), Math.max));
            expect(books.ask(of)).toEqual(best(side(false), Math.min));
          }
        }
        expect(books.orders).toBe(plain.size);
      }),
      { numRuns: 200 },
    );
  });
});

it('a table of references finds all of them after any removals', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 40 })), { maxLength: 200 }),
      (steps) => {
        const table = new ReferenceTable(32);
        const values = new Float64Array(table.places);
        const known = new Set<number>();
        for (const [add, small] of steps) {
          const reference = small * 2 ** 33 + small;
          if (add) {
            const row = table.add(reference);
            if (row >= 0) {
              values[row] = reference;
              known.add(reference);
            } else expect(known.size).toBe(24);
          } else if (known.delete(reference)) {
            table.remove(table.find(reference), (from, to) => {
              values[to] = values[from]!;
            });
          }
          for (const each of known) expect(values[table.find(each)]).toBe(each);
        }
        expect(table.count).toBe(known.size);
      },
    ),
  );
});
