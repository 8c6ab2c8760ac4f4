import { describe, expect, it } from 'vitest';
import { FixedFields } from './fixed-fields.js';

class Shelf extends FixedFields {
  declare readonly books: string[];
  count = 0;

  constructor(books: string[]) {
    super({ books });
    this.count = books.length;
  }

  get first(): string | undefined {
    return this.books[0];
  }
}

describe('FixedFields', () => {
  it('gives each object fields, methods and a class as any other object has them', () => {
    const one = new Shelf(['a', 'b']);
    const other = new Shelf(['c']);
    one.count += 1;
    expect([one.first, one.count, other.first, other.count]).toEqual(['a', 3, 'c', 1]);
    expect(one.books).not.toBe(other.books);
    expect(one).toBeInstanceOf(Shelf);
  });

  it('keeps them on a prototype of the object alone, where the compiler takes them for constants', () => {
    const one = new Shelf(['a']);
    expect(Object.keys(one)).toEqual(['count']);
    expect(Object.getPrototypeOf(one)).not.toBe(Object.getPrototypeOf(new Shelf(['a'])));
  });
});
