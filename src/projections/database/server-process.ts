import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, realpathSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, readPostmasterFile } from './postmaster-file.js';
import type { ServerAccount } from './server-account.js';
import type { ServerPrograms } from './server-programs.js';
import { serverSettings } from './server-settings.js';

/** The places of one embedded server below its directory. */
export interface ServerFiles {
  readonly cluster: string;
  readonly password: string;
  readonly log: string;
}

const PORT_TRIES_MAX = 5;
const POLL_MS = 10;
/** Crash recovery reads at most `max_wal_size` of log; a slow disk still ends within this. */
const READY_MS_MAX = 300_000;
const STOP_MS_MAX = 60_000;
const LOG_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Under another account the parents of the cluster may be out of reach (below `/root`). A child
 * starts *in* its directory before it changes its user, and Linux keeps that reachable by this name.
 */
export function clusterArgument(cluster: string, account: ServerAccount | undefined): string {
  return account !== undefined && process.platform === 'linux'
    ? '/proc/self/cwd'
    : realpathSync(cluster);
}

/** Starts the server and waits until it takes connections. */
export async function launchServer(
  files: ServerFiles,
  programs: ServerPrograms,
  account: ServerAccount | undefined,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = spawnServer(files, programs, account, port);
    if (await becameReady(child, files.cluster)) return { child, port };
    const tail = readFileSync(files.log, 'utf8').slice(-2000);
    const taken = tail.includes('Address already in use');
    if (!taken || attempt === PORT_TRIES_MAX) {
      throw new Error(`PostgreSQL did not start; the end of ${files.log}:\n${tail}`);
    }
  }
}

function spawnServer(
  files: ServerFiles,
  programs: ServerPrograms,
  account: ServerAccount | undefined,
  port: number,
): ChildProcess {
  const settings = Object.entries(serverSettings(port)).flatMap(([k, v]) => ['-c', `${k}=${v}`]);
  const log = openLog(files.log);
  try {
    const child = spawn(
      programs.postgres,
      ['-D', clusterArgument(files.cluster, account), ...settings],
      {
        ...account,
        cwd: files.cluster,
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
        stdio: ['ignore', log, log],
        // In a session of its own: Ctrl-C in a terminal is for Daybook, which stops it in order.
        detached: true,
      },
    );
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** One older log is kept. */
function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

async function becameReady(child: ChildProcess, cluster: string): Promise<boolean> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = performance.now() + READY_MS_MAX;
  while (child.exitCode === null && child.signalCode === null) {
    if (failure !== undefined) throw failure;
    const file = readPostmasterFile(cluster);
    if (file?.pid === child.pid && file?.status === 'ready') return true;
    if (performance.now() > deadline) {
      child.kill('SIGQUIT');
      throw new Error(`PostgreSQL was not ready within ${READY_MS_MAX / 1000} s`);
    }
    await delay(POLL_MS);
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free loopback port');
  return address.port;
}

/**
 * Stops a server in order: running statements are cancelled, everything is flushed. A server that
 * hangs is told to drop everything, which costs a crash recovery at the next start and no data.
 */
export async function stopServer(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    if (await ended(pid, STOP_MS_MAX)) return;
  }
  throw new Error(`PostgreSQL (pid ${pid}) cannot be stopped`);
}

/** Waits until no process has this number any more. */
export async function ended(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/**
 * A shell that waits for the end of its standard input, which comes when this process ends in
 * whatever way, `kill -9` included, and then stops the server. So no server outlives its owner.
 */
export function guardServer(pid: number, cluster: string): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const script =
    'read -r ignored; read -r pid < "$2/postmaster.pid" && [ "$pid" = "$1" ] && kill -INT "$1"';
  const guard = spawn('/bin/sh', ['-c', script, 'daybook-guard', String(pid), cluster], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  // An ended guard breaks the pipe; nothing is ever written to it.
  guard.stdin?.on('error', () => undefined);
  (guard.stdin as unknown as { unref(): void }).unref();
  return guard;
}
