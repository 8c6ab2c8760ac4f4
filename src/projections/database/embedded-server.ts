import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { assert } from '../../lib/assert.js';
import { makeDirectories } from '../../lib/make-directories.js';
import { type ConnectionSettings, connect } from './connection-settings.js';
import { readPostmasterFile, servesCluster } from './postmaster-file.js';
import { chooseServerAccount, type ServerAccount } from './server-account.js';
import {
  clusterArgument,
  ended,
  guardServer,
  launchServer,
  type ServerFiles,
  stopServer,
} from './server-process.js';
import { locateServerPrograms, type ServerPrograms } from './server-programs.js';

/** A PostgreSQL that Daybook brought up itself, or found up in the same directory. */
export interface EmbeddedServer {
  readonly settings: ConnectionSettings;
  /** False when another live Daybook process owns the server: `stop` then leaves it running. */
  readonly owned: boolean;
  /** Resolves with the reason when the server ends without `stop`; Daybook must then end too. */
  readonly lost: Promise<Error>;
  stop(): Promise<void>;
}

const USER = 'daybook';
const DATABASE = 'daybook';
/** Held on one connection for the owner's life: who can take it has found an orphan. */
const OWNER_LOCK = 0x0da1;
const STARTS_MAX = 5;
const ENDING_MS_MAX = 60_000;

/**
 * Brings up the PostgreSQL of a directory, creating it at first use.
 *
 * ```
 *   directory/            owner               mode
 *     cluster/            the server's user   0700   the data of PostgreSQL
 *     password            the server's user   0600   random, made with the cluster
 *     postgres.log        Daybook's user      0600   at most two of 4 MiB
 * ```
 *
 * A server still running in the directory is used as a guest while its owner lives, and stopped and
 * started anew when its owner is gone.
 *
 * @throws Error when the server does not come up, with the end of its log
 */
export async function startEmbeddedServer(directory: string): Promise<EmbeddedServer> {
  const root = resolve(directory);
  makeDirectories(root, 0o700);
  const files: ServerFiles = {
    cluster: join(root, 'cluster'),
    password: join(root, 'password'),
    log: join(root, 'postgres.log'),
  };
  const account = chooseServerAccount(files.cluster);
  const programs = locateServerPrograms(account);
  if (!existsSync(files.cluster)) createCluster(files, programs, account);
  checkVersion(files, programs);
  for (let start = 1; start <= STARTS_MAX; start++) {
    const running = await attach(files);
    if (running !== undefined) return running;
    rmSync(join(files.cluster, 'postmaster.pid'), { force: true });
    const { child, port } = await launchServer(files, programs, account);
    assert(child.pid !== undefined, 'a ready server has a pid');
    const server = await own(files, child.pid, port);
    if (server !== undefined) return server;
  }
  throw new Error(`${root}: other processes keep starting and stopping this server`);
}

/** Made aside and renamed when complete, so a cluster that exists is whole. */
function createCluster(
  files: ServerFiles,
  programs: ServerPrograms,
  account: ServerAccount | undefined,
): void {
  const partial = `${files.cluster}.new`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  writeFileSync(files.password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (account !== undefined) {
    chownSync(partial, account.uid, account.gid);
    chownSync(files.password, account.uid, account.gid);
  }
  const password = openSync(files.password, 'r');
  try {
    const result = spawnSync(
      programs.initdb,
      [
        ...['-D', clusterArgument(partial, account), '-U', USER, '--encoding=UTF8', '--locale=C'],
        ...['--auth=scram-sha-256', '--pwfile=/dev/stdin', '--no-instructions'],
        // A machine that dies within this second leaves `cluster.new`, or a cluster to rebuild.
        '--no-sync',
      ],
      {
        ...account,
        cwd: partial,
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
        stdio: [password, 'pipe', 'pipe'],
        encoding: 'utf8',
      },
    );
    if (result.error !== undefined) throw result.error;
    if (result.status !== 0) throw new Error(`initdb failed: ${result.stderr}`);
  } finally {
    closeSync(password);
  }
  renameSync(partial, files.cluster);
}

function checkVersion(files: ServerFiles, programs: ServerPrograms): void {
  const made = readFileSync(join(files.cluster, 'PG_VERSION'), 'utf8').trim();
  const shown = spawnSync(programs.postgres, ['--version'], { cwd: '/', encoding: 'utf8' }).stdout;
  const shipped = /\d+/.exec(shown)?.[0];
  if (made === shipped) return;
  throw new Error(
    `${files.cluster} was made by PostgreSQL ${made}, this Daybook ships ${shipped}: ` +
      'delete the directory, the read models are built again from the log',
  );
}

/**
 * @returns undefined when no server runs here any more: there was none, it was ending, or it had
 *   lost its owner and was stopped
 */
async function attach(files: ServerFiles): Promise<EmbeddedServer | undefined> {
  const deadline = performance.now() + ENDING_MS_MAX;
  for (;;) {
    const file = readPostmasterFile(files.cluster);
    if (file === undefined || !servesCluster(file.pid, files.cluster)) return undefined;
    if (file.status === 'ready') {
      const ownership = await tryOwn(files, file.port);
      if (ownership === 'owned by another') return guest(files, file.port);
      if (ownership !== 'not reachable') {
        await ownership.end();
        await stopServer(file.pid);
        return undefined;
      }
    }
    if (file.status === 'stopping') {
      await ended(file.pid, ENDING_MS_MAX);
    } else if (performance.now() > deadline) {
      throw new Error(`PostgreSQL (pid ${file.pid}) in ${files.cluster} does not answer`);
    } else {
      await delay(20);
    }
  }
}

async function tryOwn(
  files: ServerFiles,
  port: number,
): Promise<pg.Client | 'owned by another' | 'not reachable'> {
  let client: pg.Client;
  try {
    client = await connect(settingsOf(files, port, 'postgres'), 'daybook owner');
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    // 57P01..57P03: shutting down or starting up.
    if (['ECONNREFUSED', 'ECONNRESET', '57P01', '57P02', '57P03'].includes(code)) {
      return 'not reachable';
    }
    throw error;
  }
  const sql = 'SELECT pg_try_advisory_lock($1) AS taken';
  const { rows } = await client.query<{ taken: boolean }>(sql, [OWNER_LOCK]);
  if (rows[0]?.taken === true) return client;
  await client.end();
  return 'owned by another';
}

function guest(files: ServerFiles, port: number): EmbeddedServer {
  return {
    settings: settingsOf(files, port, DATABASE),
    owned: false,
    lost: new Promise(() => undefined),
    stop: async () => undefined,
  };
}

async function own(
  files: ServerFiles,
  pid: number,
  port: number,
): Promise<EmbeddedServer | undefined> {
  const guard = guardServer(pid, files.cluster);
  const owner = await tryOwn(files, port);
  if (typeof owner === 'string') {
    guard?.kill('SIGKILL');
    return undefined;
  }
  await createDatabase(owner);
  let stopping = false;
  const lost = new Promise<Error>((resolveLost) => {
    owner.on('error', (error) => {
      if (!stopping) resolveLost(new Error('the embedded PostgreSQL ended', { cause: error }));
    });
  });
  return {
    settings: settingsOf(files, port, DATABASE),
    owned: true,
    lost,
    stop: async () => {
      if (stopping) return;
      stopping = true;
      await owner.end();
      guard?.kill('SIGKILL');
      await stopServer(pid);
    },
  };
}

async function createDatabase(client: pg.Client): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (found.rowCount === 0) {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(DATABASE)}`);
  }
}

function settingsOf(files: ServerFiles, port: number, database: string): ConnectionSettings {
  const password = readFileSync(files.password, 'utf8').trim();
  return { host: '127.0.0.1', port, user: USER, password, database };
}
