import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { events } from '../../../domain/events.js';
import { MAX_FILTER_REGEX_COPIES, MAX_FILTER_REGEX_LENGTH } from './limits.js';
import { namePattern } from './name-pattern.js';

const REFUSED = { code: status.INVALID_ARGUMENT };

describe('a regular expression over names', () => {
  it('says what JavaScript says, for whatever both know', () => {
    const character = fc.constantFrom('a', 'b', '-', '\\$', '.', '[ab]', '[^a]', '\\w', '\\d');
    const suffix = fc.constantFrom('', '*', '+', '?', '*?', '{2}', '{1,3}', '{1,}');
    const { expression } = fc.letrec<{ expression: string; part: string }>((tie) => ({
      part: fc.oneof(
        { depthSize: 'small' },
        fc.tuple(character, suffix).map((both) => both.join('')),
        fc
          .tuple(tie('expression'), fc.constantFrom('', '*', '+', '?'))
          .map(([inner, times]) => `(?:${inner})${times}`),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}|${b})`),
      ),
      expression: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
    }));
    const names = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b', '-', '$', '1'), maxLength: 8 }),
    );
    fc.assert(
      fc.property(expression, fc.boolean(), fc.boolean(), names, (middle, start, end, many) => {
        fc.pre(middle.length < MAX_FILTER_REGEX_LENGTH / 2);
        const regex = `${start ? '^' : ''}(?:${middle})${end ? '$' : ''}`;
        const passes = namePattern(regex);
        const theirs = new RegExp(regex);
        for (const name of many) expect(passes(name), `${regex} ${name}`).toBe(theirs.test(name));
      }),
    );
  });

  it('is that which the client makes of "no system events", and others that are usual', () => {
    const passes = namePattern('^[^\\$].*');
    expect([passes('daybook-0'), passes('$metadata')]).toEqual([true, false]);
    const types = Object.keys(events);
    expect(types.filter(namePattern('^Order(Filled|Canceled)$'))).toEqual([
      'OrderFilled',
      'OrderCanceled',
    ]);
    expect(namePattern('^\\/a\\-b\\u0024$')('/a-b$')).toBe(true);
  });

  it('takes no time beyond measure, where one that goes back would never end', () => {
    const name = `${'a'.repeat(250)}!`;
    for (const regex of ['^(a+)+$', '^([a-zA-Z]+)*$', '^(a|aa)+$', '^(.*a)*(.*a)*(.*a)*$']) {
      expect(namePattern(regex)(name), regex).toBe(false);
    }
  });

  it('is refused for what takes more than one look, and for what is none', () => {
    const wrong = ['(a)\\1', '(?=a)', '(?!a)', '(?<=a)b', '(', '[b-a]', '*'];
    for (const regex of wrong) {
      expect(() => namePattern(regex), regex).toThrow(expect.objectContaining(REFUSED));
    }
  });

  it('has a length, and copies by count, up to a limit', () => {
    const long = (length: number) => () => namePattern('x'.repeat(length));
    expect(long(MAX_FILTER_REGEX_LENGTH - 1)).not.toThrow();
    expect(long(MAX_FILTER_REGEX_LENGTH)).not.toThrow();
    expect(long(MAX_FILTER_REGEX_LENGTH + 1)).toThrow(expect.objectContaining(REFUSED));
    for (const counted of [
      (copies: number) => `^x{${copies}}$`,
      (copies: number) => `^x{0,${copies}}$`,
      (copies: number) => `^[xy]{${copies - 9},}y{9}?$`,
    ]) {
      expect(() => namePattern(counted(MAX_FILTER_REGEX_COPIES - 1))).not.toThrow();
      expect(() => namePattern(counted(MAX_FILTER_REGEX_COPIES))).not.toThrow();
      expect(() => namePattern(counted(MAX_FILTER_REGEX_COPIES + 1))).toThrow(
        expect.objectContaining(REFUSED),
      );
    }
    for (const regex of ['(x{9}){9}', '(?:x|y){2}', 'x{2}{2}']) {
      expect(() => namePattern(regex), regex).toThrow(expect.objectContaining(REFUSED));
    }
  });
});
