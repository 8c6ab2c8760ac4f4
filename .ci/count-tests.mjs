// Counts vitest's JSON report: prints "passed failed skipped", writes the skipped tests to a file.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const [reportPath, exitCode, skippedPath] = process.argv.slice(2);
const report = existsSync(reportPath)
  ? JSON.parse(readFileSync(reportPath, 'utf8'))
  : { testResults: [] };

let passed = 0;
let failed = 0;
const skipped = [];
for (const { name, status, assertionResults } of report.testResults) {
  // A file that did not load has no tests.
  if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed'))
    failed += 1;
  for (const test of assertionResults) {
    if (test.status === 'passed') passed += 1;
    else if (test.status === 'failed') failed += 1;
    else skipped.push(`${relative(process.cwd(), name)}: ${test.fullName}${reason(name)}`);
  }
}

/** The conditions under which a file skips tests, as they stand in it. */
function reason(file) {
  const conditions = readFileSync(file, 'utf8').matchAll(/\.skipIf\(((?:[^()]|\([^()]*\))+)\)/g);
  const all = [...new Set([...conditions].map(([, condition]) => condition))];
  return all.length === 0 ? '' : ` (skipped if ${all.join(' or ')})`;
}
// The build, or an error outside every test.
if (exitCode !== '0' && failed === 0) failed = 1;
writeFileSync(skippedPath, skipped.map((line) => `${line}\n`).join(''));
process.stdout.write(`${passed} ${failed} ${skipped.length}\n`);
