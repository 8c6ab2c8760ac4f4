import { describe, expect, it } from 'vitest';
import { easternDate, easternTime } from './eastern-time.js';

const ns = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;

describe('eastern time', () => {
  it('has nanoseconds, and five hours less than UTC in winter', () => {
    expect(easternTime(ns('2026-11-22T14:50:06Z') + 123_456_789n)).toBe(
      '20261122T095006.123456789',
    );
  });

  it('changes by the minute in spring and autumn', () => {
    expect(easternTime(ns('2026-03-08T06:59:59Z'))).toBe('20260308T015959.000000000');
    expect(easternTime(ns('2026-03-08T07:00:00Z'))).toBe('20260308T030000.000000000');
    expect(easternTime(ns('2026-11-01T05:59:59Z'))).toBe('20261101T015959.000000000');
    expect(easternTime(ns('2026-11-01T06:00:00Z'))).toBe('20261101T010000.000000000');
  });

  it('has the day of New York', () => {
    expect(easternDate(ns('2025-03-18T00:00:00Z'))).toBe('20250317');
    expect(easternDate(ns('2025-03-18T04:00:00Z'))).toBe('20250318');
  });
});
