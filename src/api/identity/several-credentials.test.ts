import { expect, it } from 'vitest';
import { SEVERAL, several } from './several-credentials.js';

it('one credential is what it is, two are none, however they are written', () => {
  expect(several(undefined, ['host', 'a'])).toBeUndefined();
  expect(several('Bearer a', ['host', 'a', 'Authorization', 'Bearer a'])).toBe('Bearer a');
  const two = ['authorization', 'Bearer a', 'host', 'a', 'AUTHORIZATION', 'Bearer a'];
  expect(several('Bearer a', two)).toBe(SEVERAL);
});

it('what stands in a value is no header', () => {
  expect(several('Bearer a', ['x', 'authorization', 'authorization', 'Bearer a'])).toBe('Bearer a');
});
