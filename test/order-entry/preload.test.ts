/** The addon's traffic goes through the C library, where a library of kernel bypass takes it over. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nativeAddon } from '../../src/lib/native-addon.js';

const root = join(import.meta.dirname, '../..');
const compiler = process.env.CC ?? 'cc';
const runs = nativeAddon() !== undefined && spawnSync(compiler, ['--version']).status === 0;
const CALLS = 'socket bind accept4 epoll_wait recv send recvmmsg sendmmsg'.split(' ');

it.skipIf(!runs)(
  'a preloaded library sees every kind of socket call of the addon',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'preload-'));
    try {
      const shim = join(directory, 'shim.so');
      const counts = join(directory, 'counts');
      const source = join(import.meta.dirname, 'preload-shim.c');
      execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-o', shim, source, '-ldl']);
      execFileSync(process.execPath, ['native/test/run.mjs', '7', '1000'], {
        cwd: root,
        env: { ...process.env, LD_PRELOAD: shim, PRELOAD_COUNTS: counts },
        stdio: 'pipe',
      });
      const lines = readFileSync(counts, 'utf8').trim().split('\n');
      const seen = lines.filter((line) => !line.endsWith(' 0')).map((line) => line.split(' ')[0]);
      expect(seen).toEqual(CALLS);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  120_000,
);
