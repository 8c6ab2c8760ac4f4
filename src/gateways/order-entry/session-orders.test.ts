import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyEcho, putClOrdID, putFlags } from './echo.js';
import { dayCode, ID, KIND, RequestIds } from './request-id.js';
import { RowPages } from './row-pages.js';
import { ROW, SessionOrders } from './session-orders.js';
import { StreamIndex } from './stream-index.js';

describe('the orders of a session', () => {
  it('finds every UserRefNum, dense or sparse, and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 300 }), (refs) => {
        const sorted = [...refs].sort((a, b) => a - b);
        const orders = new SessionOrders(1000, new RowPages(0));
        sorted.forEach((ref, row) => {
          expect(orders.ensure(ref)).toBe(row);
        });
        for (let ref = 0; ref <= 5001; ref += 1) expect(orders.find(ref)).toBe(sorted.indexOf(ref));
      }),
    );
  });

  it('goes on over the end of a page, up to the largest number', () => {
    const orders = new SessionOrders(20_000, new RowPages(0));
    for (let ref = 1; ref <= 8193; ref += 1) orders.ensure(ref);
    orders.ensure(2 ** 32 - 1);
    expect([8192, 8193, 2 ** 32 - 1].map((ref) => orders.find(ref))).toEqual([8191, 8192, 8193]);
    expect(orders.find(8194)).toBe(-1);
  });

  it('has its rows of a day from the reserve, then from anywhere, and no value of a day before', () => {
    const memory = new RowPages(8193);
    const orders = new SessionOrders(30_000, memory);
    for (const day of [1, 2]) {
      for (let ref = 1; ref <= 24_577; ref += 1) {
        const row = orders.ensure(ref);
        expect(orders.orderId(row)).toBe(0);
        orders.setOrderId(row, day * ref);
        const reserved = orders.page(row).i32.buffer === memory.reserve.buffer;
        if (day === 1) expect(reserved).toBe(row < 16_384);
      }
      expect(orders.orderId(0) + orders.orderId(24_576)).toBe(day * 24_578);
      orders.clear();
    }
  });

  it('gives a replace the terms of the first order of its chain', () => {
    const orders = new SessionOrders(10, new RowPages(0));
    const first = orders.ensure(1);
    orders.set(first, ROW.instrument, 42);
    orders.inherit(orders.ensure(2), first);
    orders.inherit(orders.ensure(3), orders.find(2));
    expect(orders.get(orders.find(3), ROW.root) - 1).toBe(first);
    expect(orders.get(orders.find(3), ROW.instrument)).toBe(42);
  });
});

describe('the id of a request', () => {
  const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const u16 = fc.integer({ min: 0, max: 0xffff });

  it('gives its number back to its own session, day and kind only', () => {
    fc.assert(
      fc.property(u32, u16, u32, (session, day, number) => {
        const words = new Int32Array(12);
        const bytes = new Uint8Array(words.buffer);
        const ids = new RequestIds(session, day);
        ids.put(words, 2, KIND.order, number);
        expect(ids.numberOf(words, 2, KIND.order)).toBe(number);
        expect(ids.numberOf(words, 2, KIND.cancel)).toBe(-1);
        expect(new RequestIds((session ^ 1) >>> 0, day).numberOf(words, 2, KIND.order)).toBe(-1);
        expect(new RequestIds(session, day ^ 1).numberOf(words, 2, KIND.order)).toBe(-1);
        const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
        const text = `O${hex(session, 8)}${hex(day, 4)}${' '.repeat(18)}${hex(number, 8)}`;
        expect(Buffer.from(bytes.subarray(8, 47)).toString('latin1')).toBe(text);
        expect([bytes[7], bytes[47]]).toEqual([0, 0]);
      }),
    );
  });

  it('has no number when any byte of it is another', () => {
    fc.assert(
      fc.property(
        u32,
        fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 31, max: 39 })),
        fc.integer({ min: 0, max: 255 }),
        (...all) => {
          const [number, at, byte] = all;
          const words = new Int32Array(10);
          const bytes = new Uint8Array(words.buffer);
          const ids = new RequestIds(0xfedc_ba98, 0x1234);
          ids.put(words, 0, KIND.order, number);
          bytes[at] = byte;
          const text = Buffer.from(bytes).toString('latin1');
          // biome-ignore lint/suspicious/noControlCharactersInRegex: the id ends with a zero
          const read = /^Ofedcba981234 {18}([0-9a-f]{8})\u0000$/.exec(text);
          const expected = read === null ? -1 : Number.parseInt(read[1]!, 16);
          expect(ids.numberOf(words, 0, KIND.order)).toBe(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('echoes flags and ClOrdID, with a question mark for what is not printable', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0x1f, 0x20, 0x7e, 0x7f),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 18, maxLength: 18 }), byte, fc.nat(17), (...all) => {
        const [given, odd, at] = all;
        given[at] = odd;
        const words = new Int32Array(10);
        new RequestIds(1, 2).putNumber(words, 0, KIND.order, 0xabcd_ef01);
        putFlags(words, 0, given[0]!, given[1]!, given[2]!, given[3]!);
        const text = putClOrdID(words, 0, new DataView(given.buffer), 4);
        const printable = (each: number) => each >= 0x20 && each < 0x7f;
        const expected = [...given].map((each) => (printable(each) ? each : 0x3f));
        const id = Buffer.from(words.buffer).toString('latin1');
        expect([id.slice(0, ID.display), id.slice(ID.number)]).toEqual([
          'O000000010002',
          'abcdef01\0',
        ]);
        const bytes = new Uint8Array(words.buffer);
        expect([...bytes.subarray(ID.display, ID.number)]).toEqual(expected);
        // A replace has it from the row of its order.
        const row = new Int32Array(5).fill(-1);
        copyEcho(row, 0, words, ID.echo >> 2);
        const other = new Int32Array(10);
        new RequestIds(1, 2).putNumber(other, 0, KIND.order, 0xabcd_ef01);
        copyEcho(other, ID.echo >> 2, row, 0);
        expect(other).toEqual(words);
        expect(text).toBe(given.subarray(4).every(printable));
      }),
    );
  });

  it('codes days in their order', () => {
    const days = [0, 20000101, 20261122, 20261123, 20261201, 20270101, 21001231];
    const codes = days.map(dayCode);
    expect(codes).toEqual([...codes].sort((a, b) => a - b));
    expect(new Set(codes).size).toBe(days.length);
  });
});

describe('the index of a stream', () => {
  it('knows a place at or before each message, also after it has thinned out', () => {
    const index = new StreamIndex();
    const last = 65_536 * 1024 + 5000;
    for (let ordinal = 1; ordinal <= last; ordinal += 1) index.add(ordinal, ordinal * 3);
    for (const ordinal of [1, 1024, 1025, 2049, last - 3000, last]) {
      const known = index.find(ordinal);
      expect(known.sequence).toBe(known.ordinal * 3);
      expect(known.ordinal).toBeLessThanOrEqual(ordinal);
      expect(ordinal - known.ordinal).toBeLessThan(2048);
    }
  });
});
