import { expect, it } from 'vitest';
import { isDataError, isTransient } from './errors.js';

const failed = (code: string | undefined, message = 'no') =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

it.each([
  ...['08006', '40001', '40P01', '53300', '55P03', '57P01', '58030'],
  // A password that was rotated in the server first, a user without CONNECT for now.
  ...['28P01', '28000'],
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN', 'ENOTFOUND'],
])('%s passes: the database is asked again', (code) => {
  expect(isTransient(failed(code))).toBe(true);
  expect(isDataError(failed(code))).toBe(false);
});

it.each(['42P01', '42501', '0A000', 'XX000', '22003', '23505', 'ENOENT', 'EACCES'])(
  '%s does not pass',
  (code) => {
    expect(isTransient(failed(code))).toBe(false);
    expect(isDataError(failed(code))).toBe(/^2[23]/.test(code));
  },
);

it('knows a lost connection by its words where it has no code', () => {
  expect(isTransient(failed(undefined, 'Connection terminated unexpectedly'))).toBe(true);
  expect(isTransient(failed(undefined, 'timeout exceeded when trying to connect'))).toBe(true);
  expect(isTransient(failed(undefined, 'x is not a function'))).toBe(false);
  expect(isTransient('ECONNRESET')).toBe(false);
});
