import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

// More than a pipe holds, so that it still writes when the reader goes.
it('a command whose output nobody reads to its end stops without a complaint', () => {
  const command = `${process.execPath} dist/src/cli/main.js reference events`;
  const shell = spawnSync('sh', ['-c', `(${command}; echo "code $?" >&2) | head -c 10`], {
    encoding: 'utf8',
  });
  expect(shell.stdout).toHaveLength(10);
  expect(shell.stderr).toBe('code 0\n');
}, 60_000);
