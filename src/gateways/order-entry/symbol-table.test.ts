import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SymbolTable } from './symbol-table.js';

it('has under each pair of words what was put there last, as a map of their text has', () => {
  const word = fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }));
  const entry = fc.tuple(word, word, fc.option(fc.nat(), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 400, size: 'max' }), (entries) => {
      const table = new SymbolTable<number>();
      const map = new Map<string, number | undefined>();
      for (const [high, low, value] of entries) {
        table.set(high, low, value);
        map.set(`${high} ${low}`, value);
        expect(table.get(high, low)).toBe(value);
      }
      for (const [high, low] of entries) {
        expect(table.get(high, low)).toBe(map.get(`${high} ${low}`));
        expect(table.get(high ^ 0x5555_5555, low)).toBe(map.get(`${high ^ 0x5555_5555} ${low}`));
      }
    }),
  );
});
