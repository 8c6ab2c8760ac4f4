// Generates everything anew into a directory of its own and compares it with what is committed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const fresh = mkdtempSync(join(tmpdir(), 'daybook-proto-'));
const wrong = [];
try {
  execFileSync('npx', ['buf', 'generate', '--template', 'proto/buf.gen.yaml', '-o', fresh]);
  execFileSync('node', ['proto/embed-descriptors.mjs', fresh]);
  for (const entry of readdirSync(fresh, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const committed = path.slice(fresh.length + 1);
    if (readFileSync(path, 'utf8') !== readIfThere(committed)) wrong.push(committed);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
for (const path of wrong) {
  process.stderr.write(`${path}: not what proto/ says; npm run proto:generate\n`);
}
process.exitCode = wrong.length > 0 ? 1 : 0;

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
