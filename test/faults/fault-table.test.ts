/** docs/faults.md says what the suite does, and no more. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { damageNames, faultTable, storyTable } from './fault-table.js';

const page = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');

/** The first table behind a text. */
const tableBehind = (text: string): string =>
  page
    .slice(page.indexOf(text))
    .match(/\n\n(\|.*\n)+/)?.[0]
    .trim() ?? '';

it('which faults each operation meets', () => {
  expect(tableBehind('### What each operation meets')).toBe(faultTable());
});

it('which operations each story has', async () => {
  expect(tableBehind('### Where operations are met')).toBe(await storyTable());
}, 120_000);

it('what happens to files between two operations', () => {
  for (const name of damageNames()) expect(page).toContain(`\`${name}\``);
});
