import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/projections/database/connection-settings.js';
import {
  type EmbeddedServer,
  startEmbeddedServer,
} from '../../src/projections/database/embedded-server.js';
import { isAlive, readPostmasterFile } from '../../src/projections/database/postmaster-file.js';
import { ended } from '../../src/projections/database/server-process.js';

const COMPILED = new URL('../../dist/src/projections/database/embedded-server.js', import.meta.url)
  .href;

let parent: string;
let directory: string;
const servers: EmbeddedServer[] = [];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'daybook-server-'));
  directory = join(parent, 'postgres');
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  rmSync(parent, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer(directory);
  servers.push(server);
  return server;
}

async function scalar(server: EmbeddedServer, sql: string): Promise<unknown> {
  const client = await connect(server.settings, 'test');
  try {
    const { rows } = await client.query({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

/** A process that owns the server of `directory`; resolves when the server is up. */
async function startInChild(): Promise<ChildProcess> {
  const code = `const { startEmbeddedServer } = await import(${JSON.stringify(COMPILED)});
    await startEmbeddedServer(process.argv[1]); console.log('up'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (status) => reject(new Error(`child ended with ${status}`)));
  });
  return child;
}

function killNine(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit');
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

const clusterOf = (): string => join(directory, 'cluster');

describe('the embedded server', () => {
  test('comes up from nothing below a directory only Daybook may enter, and keeps its data', async () => {
    chmodSync(parent, 0o700);
    const first = await start();
    expect(first.owned).toBe(true);
    expect(await scalar(first, 'CREATE TABLE kept AS SELECT 7 AS n')).toBe(undefined);
    expect(statSync(join(directory, 'password')).mode & 0o777).toBe(0o600);
    await first.stop();
    expect(readPostmasterFile(clusterOf())).toBe(undefined);
    const second = await start();
    expect(await scalar(second, 'SELECT n FROM kept')).toBe(7);
  });

  test('refuses a wrong password and listens on loopback only', async () => {
    const server = await start();
    await expect(connect({ ...server.settings, password: 'x' }, 'test')).rejects.toThrow(
      /password/,
    );
    expect(await scalar(server, 'SHOW listen_addresses')).toBe('127.0.0.1');
    expect(await scalar(server, 'SHOW fsync')).toBe('on');
  });

  test('is shared with a second process while its owner lives', async () => {
    const owner = await start();
    const guest = await start();
    expect(guest.owned).toBe(false);
    expect(guest.settings).toEqual(owner.settings);
    await guest.stop();
    expect(await scalar(owner, 'SELECT 1')).toBe(1);
  });

  test('ends with its owner, however the owner ends', async () => {
    const owner = await startInChild();
    const pid = readPostmasterFile(clusterOf())?.pid ?? 0;
    await killNine(owner);
    expect(await ended(pid, 20_000)).toBe(true);
    expect((await start()).owned).toBe(true);
  });

  test('takes the place of a server whose owner and guard were both killed', async () => {
    const owner = await startInChild();
    const pid = readPostmasterFile(clusterOf())?.pid ?? 0;
    for (const guard of guardsOf(pid)) process.kill(guard, 'SIGKILL');
    await killNine(owner);
    expect(isAlive(pid)).toBe(true);
    const next = await start();
    expect(next.owned).toBe(true);
    expect(isAlive(pid)).toBe(false);
  });

  test('recovers after the server itself is killed, and says that it was lost', async () => {
    const server = await start();
    const pid = readPostmasterFile(clusterOf())?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    expect((await server.lost).message).toContain('ended');
    expect(await scalar(await start(), 'SELECT 1')).toBe(1);
  });

  test('does not mistake a reused process number for a running server', async () => {
    await (await start()).stop();
    const lines = [process.pid, '/x', 0, 5432, '', '127.0.0.1', '0 0', 'ready', ''];
    writeFileSync(join(clusterOf(), 'postmaster.pid'), lines.join('\n'));
    expect((await start()).owned).toBe(true);
  });
});

/** Children of this system that guard `pid`, by their command line. */
function guardsOf(pid: number): number[] {
  const found: number[] = [];
  for (const entry of readdirNumbers('/proc')) {
    let command: string;
    try {
      command = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
    } catch {
      continue;
    }
    if (command.includes(`daybook-guard\0${pid}\0`)) found.push(entry);
  }
  expect(found).toHaveLength(1);
  return found;
}

function readdirNumbers(path: string): number[] {
  return readdirSync(path).map(Number).filter(Number.isSafeInteger);
}
