import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Clock,
  formatIsoNs,
  highWord,
  lowWord,
  msFromWords,
  nsFromWords,
  parseIsoNs,
  TIME_NS_MAX,
  type TimeErrorCode,
  type TimeSource,
} from './time.js';

function refusal(code: TimeErrorCode): object {
  return expect.objectContaining({ name: 'TimeError', code });
}

/** Hands that a test turns. */
class Hands implements TimeSource {
  originMs: number;
  elapsedMs = 0;
  /** How far the wall clock was set. */
  setByMs = 0;

  constructor(originMs: number) {
    this.originMs = originMs;
  }

  readMonotonic(into: Float64Array): void {
    into[0] = this.elapsedMs;
  }

  wallMs(): number {
    return Math.floor(this.originMs + this.elapsedMs + this.setByMs);
  }
}

const ORIGIN_MS = 1_795_359_006_000;
const ORIGIN_NS = BigInt(ORIGIN_MS) * 1_000_000n;

describe('Clock', () => {
  it('tells nanoseconds as words and as bigint, and holds them between ticks', () => {
    const hands = new Hands(ORIGIN_MS + 0.25);
    const clock = new Clock(hands);
    expect(clock.ns()).toBe(ORIGIN_NS + 250_000n);
    hands.elapsedMs = 1.5;
    expect(clock.ns()).toBe(ORIGIN_NS + 250_000n);
    clock.tick();
    expect(clock.ns()).toBe(ORIGIN_NS + 1_750_000n);
    expect(nsFromWords(clock.low, clock.high)).toBe(clock.ns());
  });

  it('is exact on both sides of a second and of a word', () => {
    const nearWord = (((ORIGIN_NS >> 32n) + 1n) << 32n) / 1_000_000n;
    for (const ms of [ORIGIN_MS, Number(nearWord), 0, Number(TIME_NS_MAX / 1_000_000n) - 2]) {
      const hands = new Hands(ms);
      const clock = new Clock(hands);
      for (const elapsed of [0, 0.5, 0.75, 0.999, 1, 1.25, 1.5, 2]) {
        hands.elapsedMs = elapsed;
        clock.tick();
        const exact = BigInt(ms) * 1_000_000n + BigInt(Math.floor(elapsed * 1e6));
        expect(clock.ns()).toBe(exact);
      }
    }
  });

  it('never goes back, stands still until a clock that was set back has caught up, and says so', () => {
    const hands = new Hands(ORIGIN_MS);
    const clock = new Clock(hands);
    hands.elapsedMs = 1000;
    clock.tick();
    const before = clock.ns();
    hands.setByMs = -300;
    hands.elapsedMs = 1099;
    clock.tick();
    expect(clock.ns()).toBe(before + 99_000_000n); // not looked at yet
    const last = clock.ns();
    for (hands.elapsedMs = 1100; hands.elapsedMs < 1399; hands.elapsedMs += 10) {
      clock.tick();
      expect(clock.ns()).toBe(last);
    }
    hands.elapsedMs = 1400;
    clock.tick();
    expect(clock.ns()).toBe(before + 100_000_000n);
    expect(clock.steps).toBe(1);
  });

  it('follows a clock that was set forwards, and ignores what is within the tolerance', () => {
    const hands = new Hands(ORIGIN_MS);
    const clock = new Clock(hands);
    hands.setByMs = 2;
    hands.elapsedMs = 200;
    clock.tick();
    expect(clock.ns()).toBe(ORIGIN_NS + 200_000_000n);
    expect(clock.steps).toBe(0);
    hands.setByMs = 3;
    hands.elapsedMs = 300;
    clock.tick();
    expect(clock.ns()).toBe(ORIGIN_NS + 303_000_000n);
    expect(clock.steps).toBe(1);
  });

  it('goes on from the time of the log after a restart', () => {
    const hands = new Hands(ORIGIN_MS);
    const clock = new Clock(hands);
    clock.notBefore(ORIGIN_NS + 5n);
    expect(clock.ns()).toBe(ORIGIN_NS + 5n);
    clock.notBefore(ORIGIN_NS + 4n);
    clock.tick();
    expect(clock.ns()).toBe(ORIGIN_NS + 5n);
    clock.notBefore(TIME_NS_MAX);
    expect(clock.ns()).toBe(TIME_NS_MAX);
    expect(() => clock.notBefore(TIME_NS_MAX + 1n)).toThrow(/out of range/);
  });

  it('never goes back, however the hands are turned', () => {
    const turns = fc.array(
      fc.tuple(fc.double({ min: 0, max: 500, noNaN: true }), fc.integer({ min: -400, max: 400 })),
      { maxLength: 50 },
    );
    const check = (steps: readonly (readonly [number, number])[]): void => {
      const hands = new Hands(ORIGIN_MS);
      const clock = new Clock(hands);
      let last = clock.ns();
      for (const [elapsed, set] of steps) {
        hands.elapsedMs += elapsed;
        hands.setByMs += set;
        clock.tick();
        expect(clock.ns() >= last).toBe(true);
        expect(clock.low >>> 0).toBe(clock.low);
        last = clock.ns();
      }
    };
    fc.assert(fc.property(turns, check));
  });

  it('agrees with the clock of this machine', () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const clock = new Clock();
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    // Slack for the tolerance, and for a machine whose clock was set since this process began.
    expect(clock.ns() > before - 3_000_000n && clock.ns() < after + 3_000_000n).toBe(true);
  });
});

describe('words', () => {
  it('give any i64 back', () => {
    const check = (ns: bigint): void => {
      expect(nsFromWords(lowWord(ns), highWord(ns))).toBe(ns);
      const memory = new DataView(new ArrayBuffer(8));
      memory.setBigInt64(0, ns, true);
      expect([memory.getUint32(0, true), memory.getUint32(4, true)]).toEqual([
        lowWord(ns),
        highWord(ns),
      ]);
    };
    fc.assert(fc.property(fc.bigInt(0n, TIME_NS_MAX), check));
  });
});

describe('ISO text', () => {
  it.each([
    ['1970-01-01T00:00:00.000000000Z', 0n],
    ['2023-12-25T23:00:00.000000001Z', 1_703_545_200_000_000_001n],
    ['2262-04-11T23:47:16.854775807Z', TIME_NS_MAX],
    ['2024-02-29T12:34:56.999999999Z', 1_709_210_096_999_999_999n],
  ])('%s', (text, ns) => {
    expect(formatIsoNs(ns)).toBe(text);
    expect(parseIsoNs(text)).toBe(ns);
  });

  it('reads fewer digits and other zones', () => {
    expect(parseIsoNs('1970-01-01T00:00:01Z')).toBe(1_000_000_000n);
    expect(parseIsoNs('1970-01-01T00:00:01.5Z')).toBe(1_500_000_000n);
    expect(parseIsoNs('1970-01-01T02:00:00+01:30')).toBe(1_800_000_000_000n);
    expect(parseIsoNs('1969-12-31T23:30:00-01:00')).toBe(1_800_000_000_000n);
  });

  it.each([
    ...['', '1970-01-01', '1970-01-01T00:00:00', '1970-01-01 00:00:00Z', '1970-01-01T00:00:00z'],
    ...['2023-02-29T00:00:00Z', '2023-04-31T00:00:00Z', '2023-00-10T00:00:00Z'],
    ...['2023-13-01T00:00:00Z', '2023-01-00T00:00:00Z', '2023-01-01T24:00:00Z'],
    ...['2023-01-01T00:60:00Z', '2016-12-31T23:59:60Z', '2023-01-01T00:00:00.Z'],
    ...['2023-01-01T00:00:00.1234567890Z', '2023-01-01T00:00:00+24:00'],
    ...['2023-01-01T00:00:00+00:60', '2023-01-01T00:00:00Z\n', '+002023-01-01T00:00:00Z'],
  ])('refuses %j', (text) => {
    expect(() => parseIsoNs(text)).toThrow(refusal('TIME_SYNTAX'));
  });

  it.each([
    ...['1969-12-31T23:59:59.999999999Z', '1970-01-01T00:00:00+00:01', '0070-06-01T00:00:00Z'],
    ...['2262-04-11T23:47:16.854775808Z', '9999-12-31T23:59:59Z'],
  ])('finds %s out of range', (text) => {
    expect(() => parseIsoNs(text)).toThrow(refusal('TIME_OUT_OF_RANGE'));
  });

  it('gives every nanosecond back, and text sorts as time', () => {
    const ns = fc.bigInt(0n, TIME_NS_MAX);
    const check = (left: bigint, right: bigint): void => {
      expect(parseIsoNs(formatIsoNs(left))).toBe(left);
      expect(formatIsoNs(left) < formatIsoNs(right)).toBe(left < right);
    };
    fc.assert(fc.property(ns, ns, check));
  });
});

describe('whole milliseconds from the two words', () => {
  const check = (ns: bigint) => {
    expect(msFromWords(lowWord(ns), highWord(ns))).toBe(Number(ns / 1_000_000n));
  };

  it.each([0n, 999_999n, 1_000_000n, 2n ** 32n - 1n, 2n ** 32n, TIME_NS_MAX])('of %d', check);

  it('are rounded down, a nanosecond before and at each of them too', () => {
    const wholeMs = fc.bigInt(1n, TIME_NS_MAX / 1_000_000n).map((ms) => ms * 1_000_000n);
    const near = fc.tuple(wholeMs, fc.constantFrom(-1n, 0n, 1n)).map(([at, by]) => at + by);
    fc.assert(fc.property(fc.oneof(near, fc.bigInt(0n, TIME_NS_MAX)), check), { numRuns: 2000 });
  });
});
