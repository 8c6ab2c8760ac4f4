import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayCode, KIND, numberOf, putRequestId } from './request-id.js';
import { ROW, SessionOrders } from './session-orders.js';
import { StreamIndex } from './stream-index.js';

describe('the orders of a session', () => {
  it('finds every UserRefNum, dense or sparse, and no other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 300 }), (refs) => {
        const sorted = [...refs].sort((a, b) => a - b);
        const orders = new SessionOrders(1000);
        sorted.forEach((ref, row) => {
          expect(orders.ensure(ref)).toBe(row);
        });
        for (let ref = 0; ref <= 5001; ref += 1) expect(orders.find(ref)).toBe(sorted.indexOf(ref));
      }),
    );
  });

  it('goes on over the end of a page, up to the largest number', () => {
    const orders = new SessionOrders(20_000);
    for (let ref = 1; ref <= 8193; ref += 1) orders.ensure(ref);
    orders.ensure(2 ** 32 - 1);
    expect([8192, 8193, 2 ** 32 - 1].map((ref) => orders.find(ref))).toEqual([8191, 8192, 8193]);
    expect(orders.find(8194)).toBe(-1);
  });

  it('gives a replace the terms of the first order of its chain', () => {
    const orders = new SessionOrders(10);
    const first = orders.ensure(1);
    orders.set(first, ROW.instrument, 42);
    orders.inherit(orders.ensure(2), first);
    orders.inherit(orders.ensure(3), orders.find(2));
    expect(orders.get(orders.find(3), ROW.root) - 1).toBe(first);
    expect(orders.get(orders.find(3), ROW.instrument)).toBe(42);
  });
});

describe('the id of a request', () => {
  it('gives its number back to its own session, day and kind only', () => {
    const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const u16 = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(u32, u16, u32, (session, day, number) => {
        const bytes = new Uint8Array(48);
        putRequestId(bytes, 8, KIND.order, session, day, number);
        expect(numberOf(bytes, 8, KIND.order, session, day)).toBe(number);
        expect(numberOf(bytes, 8, KIND.cancel, session, day)).toBe(-1);
        expect(numberOf(bytes, 8, KIND.order, session ^ 1, day)).toBe(-1);
        expect(numberOf(bytes, 8, KIND.order, session, day ^ 1)).toBe(-1);
        expect([...bytes.subarray(8, 47)].every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(true);
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
