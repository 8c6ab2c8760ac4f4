import { RE2JS, RE2JSException } from 're2js';
import { MAX_FILTER_REGEX_COPIES, MAX_FILTER_REGEX_LENGTH } from './limits.js';
import { invalidArgument } from './rpc-error.js';

/** `{3}`, `{3,}` or `{3,9}`, and the last character of what it repeats. */
const COUNTED = /(?<=(.))\{(\d+)(?:,(\d*))?\}/gs;

/**
 * A client's regular expression as a question about a name, in the syntax that RE2 and JavaScript share.
 *
 * The time for a name grows with its length and no faster, whatever the expression: RE2 follows all
 * ways at once and never goes back, so there are no back references and nothing looks ahead or behind.
 * What is left to bound is the expression itself. Counted repetitions are copies, and copies of copies
 * multiply (`(.{30}){30}`: an expression of 11 characters and 900 states), so groups are not counted.
 *
 * @throws RpcError INVALID_ARGUMENT for what is no such expression, or is too large a one
 */
export function namePattern(regex: string): (name: string) => boolean {
  if (regex.length > MAX_FILTER_REGEX_LENGTH) {
    throw invalidArgument(`A filter expression has at most ${MAX_FILTER_REGEX_LENGTH} characters.`);
  }
  let copies = 0;
  for (const [, repeated, least, most] of regex.matchAll(COUNTED)) {
    if (repeated === ')' || repeated === '}') {
      throw invalidArgument('A filter expression repeats characters by count, not groups.');
    }
    copies += Math.max(Number(least), Number(most ?? 0));
  }
  if (copies > MAX_FILTER_REGEX_COPIES) {
    throw invalidArgument(
      `A filter expression has at most ${MAX_FILTER_REGEX_COPIES} repetitions.`,
    );
  }
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(regex));
    return (name) => compiled.test(name);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw invalidArgument(`The filter is no regular expression that RE2 knows: ${error.message}`);
  }
}
