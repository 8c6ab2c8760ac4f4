import { expect, it } from 'vitest';
import { parseOptions } from './usage.js';

const options = {
  port: { type: 'string', short: 'p' },
  json: { type: 'boolean' },
  peer: { type: 'string', multiple: true },
} as const;
const parse = (...args: string[]) => parseOptions({ args, options }).values;

it('an option that has one value is given once, however it is written', () => {
  expect(parse('--port', '1', '--json', '--json')).toEqual({ port: '1', json: true });
  for (const args of [
    ['--port', '1', '--port', '1'],
    ['--port=1', '-p', '2'],
  ]) {
    expect(() => parse(...args)).toThrow(expect.objectContaining({ code: 'OPTION_REPEATED' }));
  }
});

it('an option with several values is given as often', () => {
  expect(parse('--peer', 'a', '--peer', 'b')).toEqual({ peer: ['a', 'b'] });
});

it('what is no option stays one that is not known', () => {
  expect(() => parse('--what')).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
});
