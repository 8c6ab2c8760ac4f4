import { describe, expect, it } from 'vitest';
import {
  FAILED_ADDRESSES_MAX,
  FAILED_LOGINS_MS_MAX,
  FAILED_LOGINS_OF_ADDRESS_MAX,
  FAILED_LOGINS_OF_IDENTITY_MAX,
  FailedLogins,
  KNOWN_ADDRESS_MS_MAX,
  KNOWN_ADDRESSES_MAX,
} from './failed-logins.js';

/** So many failures, all at once. */
function fail(logins: FailedLogins, times: number, address: string, identity?: string): void {
  for (let n = 0; n < times; n += 1) logins.failed(address, identity, 0);
}

describe('failed logins', () => {
  it('of an address: below, at and above the limit, until the window ends', () => {
    const logins = new FailedLogins();
    expect(logins.quiet).toBe(true);
    fail(logins, FAILED_LOGINS_OF_ADDRESS_MAX - 1, '10.0.0.1');
    expect([logins.quiet, logins.waitMs('10.0.0.1', undefined, 0)]).toEqual([false, 0]);
    fail(logins, 1, '10.0.0.1');
    expect(logins.waitMs('10.0.0.1', undefined, 0)).toBe(FAILED_LOGINS_MS_MAX);
    fail(logins, 1, '10.0.0.1');
    // Whoever it claims to be: it was not seen there before.
    expect(logins.waitMs('10.0.0.1', 'desk', FAILED_LOGINS_MS_MAX - 1)).toBe(1);
    expect(logins.waitMs('10.0.0.1', 'desk', FAILED_LOGINS_MS_MAX)).toBe(0);
    expect(logins.waitMs('10.0.0.2', 'desk', 0)).toBe(0);
    logins.failed('10.0.0.1', undefined, FAILED_LOGINS_MS_MAX);
    expect(logins.waitMs('10.0.0.1', undefined, FAILED_LOGINS_MS_MAX)).toBe(0);
  });

  it('of an identity, from wherever they come: below, at and above', () => {
    const logins = new FailedLogins();
    const at = (n: number) => `10.0.${n}.1`;
    for (let n = 0; n < FAILED_LOGINS_OF_IDENTITY_MAX - 1; n += 1) logins.failed(at(n), 'desk', 0);
    expect(logins.waitMs(at(200), 'desk', 0)).toBe(0);
    logins.failed(at(200), 'desk', 0);
    expect(logins.waitMs(at(201), 'desk', 0)).toBe(FAILED_LOGINS_MS_MAX);
    logins.failed(at(201), 'desk', 0);
    expect(logins.waitMs(at(202), 'desk', FAILED_LOGINS_MS_MAX)).toBe(0);
    expect(logins.waitMs(at(202), 'other', 0)).toBe(0);
  });

  it('of others do not lock out who was let in from its address before', () => {
    const logins = new FailedLogins();
    logins.succeeded('10.0.0.1', 'desk', 0);
    fail(logins, FAILED_LOGINS_OF_ADDRESS_MAX, '10.0.0.1');
    fail(logins, FAILED_LOGINS_OF_IDENTITY_MAX, '10.9.9.9', 'desk');
    expect(logins.waitMs('10.0.0.1', 'desk', 0)).toBe(0);
    expect(logins.waitMs('10.0.0.1', 'other', 0)).toBeGreaterThan(0);
    expect(logins.waitMs('10.0.0.2', 'desk', 0)).toBeGreaterThan(0);
    // Its own, there, do.
    fail(logins, FAILED_LOGINS_OF_IDENTITY_MAX - 1, '10.0.0.1', 'desk');
    expect(logins.waitMs('10.0.0.1', 'desk', 0)).toBe(0);
    fail(logins, 1, '10.0.0.1', 'desk');
    expect(logins.waitMs('10.0.0.1', 'desk', 0)).toBeGreaterThan(0);
  });

  it('are counted apart at the addresses used last, and not for ever', () => {
    const logins = new FailedLogins();
    const at = (n: number) => `10.1.${n}.1`;
    for (let n = 0; n <= KNOWN_ADDRESSES_MAX; n += 1) logins.succeeded(at(n), 'desk', n);
    fail(logins, FAILED_LOGINS_OF_IDENTITY_MAX, '10.9.9.9', 'desk');
    expect(logins.waitMs(at(0), 'desk', 0)).toBeGreaterThan(0);
    for (let n = 1; n <= KNOWN_ADDRESSES_MAX; n += 1)
      expect(logins.waitMs(at(n), 'desk', 0)).toBe(0);
    const later = KNOWN_ADDRESS_MS_MAX + 1;
    for (let n = 0; n < FAILED_LOGINS_OF_IDENTITY_MAX; n += 1) {
      logins.failed('10.9.9.9', 'desk', later);
    }
    expect(logins.waitMs(at(1), 'desk', later)).toBeGreaterThan(0);
    expect(logins.waitMs(at(2), 'desk', later)).toBe(0);
  });

  it('counted before the outcome is known are taken back', () => {
    const logins = new FailedLogins();
    for (let n = 0; n < 2 * FAILED_LOGINS_OF_ADDRESS_MAX; n += 1) {
      logins.failed('10.0.0.1', 'desk', 0);
      logins.forgive('10.0.0.1', 'desk', 0);
    }
    expect(logins.quiet).toBe(true);
  });

  it('are of a site, not of each of its 2^64 addresses', () => {
    const logins = new FailedLogins();
    for (let n = 0; n < FAILED_LOGINS_OF_ADDRESS_MAX; n += 1) {
      logins.failed(`2001:db8:0:7::${n.toString(16)}`, undefined, 0);
    }
    for (const same of ['2001:DB8:0:7:ffff::1', '2001:db8::7:1:2:3:4', '2001:0db8:0:7::%eth0']) {
      expect(logins.waitMs(same, undefined, 0), same).toBeGreaterThan(0);
    }
    for (const other of ['2001:db8:0:8::1', '2001:db8::1', '::1', '::ffff:10.0.0.1']) {
      expect(logins.waitMs(other, undefined, 0), other).toBe(0);
    }
    fail(logins, FAILED_LOGINS_OF_ADDRESS_MAX, '::ffff:10.0.0.1');
    expect(logins.waitMs('10.0.0.1', undefined, 0)).toBeGreaterThan(0);
  });

  it('are counted for so many addresses, the oldest forgotten first', () => {
    const logins = new FailedLogins();
    fail(logins, FAILED_LOGINS_OF_ADDRESS_MAX, 'first');
    for (let n = 1; n < FAILED_ADDRESSES_MAX; n += 1) logins.failed(`n${n}`, undefined, 0);
    expect(logins.waitMs('first', undefined, 0)).toBeGreaterThan(0);
    logins.failed('one more', undefined, 0);
    expect(logins.waitMs('first', undefined, 0)).toBe(0);
  });
});
