// Counts what test-journal.mjs wrote: prints "passed failed skipped"; the skipped tests, and the files that
// did not come to their end, go to a file each.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const [journalPath, exitCode, skippedPath, unfinishedPath] = process.argv.slice(2);
const text = existsSync(journalPath) ? readFileSync(journalPath, 'utf8') : '';
// What follows the last line's end was cut off with the run.
const lines = text
  .split('\n')
  .slice(0, -1)
  .map((line) => JSON.parse(line));

let passed = 0;
let failed = 0;
const skipped = [];
const unfinished = new Set(lines.flatMap(({ planned }) => planned ?? []));
for (const { file, errors = 0, ...result } of lines) {
  failed += errors;
  if (file === undefined) continue;
  unfinished.delete(file);
  passed += result.passed;
  failed += result.failed.length + (result.broken ? 1 : 0);
  const why = result.skipped.length > 0 ? reason(file) : '';
  skipped.push(...result.skipped.map((test) => `${here(file)}: ${test}${why}`));
}
failed += unfinished.size;
// The configuration, or vitest itself.
if (exitCode !== '0' && failed === 0) failed = 1;

function here(file) {
  return relative(process.cwd(), file);
}

/** The conditions under which a file skips tests, as they stand in it. */
function reason(file) {
  const conditions = readFileSync(file, 'utf8').matchAll(/\.skipIf\(((?:[^()]|\([^()]*\))+)\)/g);
  const all = [...new Set([...conditions].map(([, condition]) => condition))];
  return all.length === 0 ? '' : ` (skipped if ${all.join(' or ')})`;
}

const write = (path, list) => writeFileSync(path, list.map((line) => `${line}\n`).join(''));
write(skippedPath, skipped);
write(unfinishedPath, [...unfinished].map(here));
process.stdout.write(`${passed} ${failed} ${skipped.length}\n`);
