import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeDirectories } from './make-directories.js';

const root = mkdtempSync(join(tmpdir(), 'daybook-directories-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('makes what is missing and says where that begins', () => {
  const path = join(root, 'a', 'b', 'c');
  expect(makeDirectories(path, 0o700)).toBe(join(root, 'a'));
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(makeDirectories(path)).toBeUndefined();
  expect(makeDirectories(join(path, 'd'))).toBe(join(path, 'd'));
});

it('fails where a file is in the way', () => {
  writeFileSync(join(root, 'file'), '');
  expect(() => makeDirectories(join(root, 'file'))).toThrow('EEXIST');
  expect(() => makeDirectories(join(root, 'file', 'below'))).toThrow('ENOTDIR');
});

// The recursive one of node:fs never ends there.
it.skipIf(!existsSync('/proc/self'))('fails where a directory takes no children', () => {
  expect(() => makeDirectories('/proc/daybook')).toThrow('ENOENT');
  expect(() => makeDirectories('/proc/daybook/below')).toThrow("mkdir '/proc/daybook'");
});
