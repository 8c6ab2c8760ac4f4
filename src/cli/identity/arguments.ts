/** What the commands of `daybook identity` have in common. */
import { hostname, userInfo } from 'node:os';
import type { AccessBook } from '../../api/identity/access-book.js';
import { type AccessChange, accessChange } from '../../api/identity/access-change.js';
import { changeAccess } from '../../api/identity/access-changes.js';
import { accessDirectory } from '../access-side.js';
import { DATA_DIRECTORY_DEFAULT } from '../data-directory.js';
import { UsageError } from '../usage.js';

export const COMMON = {
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  json: { type: 'boolean', default: false },
} as const;

export function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',').filter((word) => word !== '');
}

export function accountsOf(text: string | undefined): string[] | 'all' | undefined {
  return text === 'all' ? 'all' : listOf(text);
}

/** @throws UsageError when there are more or fewer */
export function positionals(all: readonly string[], ...names: readonly string[]): string[] {
  if (all.length === names.length) return [...all];
  throw new UsageError(names.length === 0 ? 'takes no argument' : `takes ${names.join(' and ')}`);
}

/** A change in the form of the access log. @throws UsageError naming what is wrong with it */
export function changeOf(value: unknown): AccessChange {
  const parsed = accessChange.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** @throws AccessError, UsageError */
export function apply(dataDirectory: string, make: (book: AccessBook) => readonly unknown[]): void {
  const by = `${userInfo().username}@${hostname()}`;
  changeAccess(accessDirectory(dataDirectory), by, (book) => make(book).map(changeOf));
}

export function say(json: boolean, value: object, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}
