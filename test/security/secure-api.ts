/** The API with identities: one user per role, with accounts of its own, and keys for them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { openAccount } from '../../src/api/application/accounts.js';
import { LOCAL_CALLER } from '../../src/api/application/application.js';
import { listInstrument } from '../../src/api/application/instruments.js';
import { markPrice } from '../../src/api/application/marks.js';
import type { ReadModels } from '../../src/api/application/read-models.js';
import type { AccessChange } from '../../src/api/identity/access-change.js';
import { changeAccess, newSubject } from '../../src/api/identity/access-changes.js';
import { newKey } from '../../src/api/identity/api-key.js';
import type { TokenOptions } from '../../src/api/identity/json-web-token.js';
import { ROLES, type Role } from '../../src/api/identity/permissions.js';
import { type RunningApi, startApi } from '../../src/api/start-api.js';
import { unavailableReadModels } from '../../src/api/unavailable-read-models.js';
import type { Capacity } from '../../src/commands/state/capacity.js';
import type { TlsFiles } from '../../src/lib/tls-files.js';
import { journalDirectory, type RunningShard, startShard } from '../../src/operations/shard.js';
import { CAPACITY } from '../api/running-api.js';

export interface SecureApi {
  readonly api: RunningApi;
  readonly shard: RunningShard;
  readonly dataDirectory: string;
  readonly accessDirectory: string;
  /** What the process wrote to its log. */
  readonly lines: readonly string[];
  /** Of the user with that role alone, and account `own`. */
  readonly keys: Readonly<Record<Role, string>>;
  /** Waits until it is in force. */
  change(...changes: AccessChange[]): Promise<void>;
  stop(): Promise<void>;
  remove(): void;
}

export interface SecureApiOptions {
  readonly dataDirectory?: string;
  readonly tokens?: TokenOptions;
  readonly tls?: TlsFiles;
  readonly readModels?: ReadModels;
  readonly capacity?: Capacity;
  readonly now?: () => number;
}

export const accessDirectoryOf = (dataDirectory: string): string => join(dataDirectory, 'identity');

export function userWithKey(
  name: string,
  roles: readonly Role[],
  accounts: 'all' | readonly string[],
): { readonly key: string; readonly id: string; readonly changes: AccessChange[] } {
  const { id, text, hash } = newKey();
  const changes: AccessChange[] = [
    {
      ...{ type: 'UserAdded', name, kind: 'program', subject: newSubject() },
      ...{ roles: [...roles], accounts: accounts === 'all' ? 'all' : [...accounts] },
    },
    { type: 'KeyAdded', user: name, id, hash },
  ];
  return { key: text, id, changes };
}

/** A user for each role, named after it, with the accounts `own` and `own-halted`. @returns their keys */
export function addUserPerRole(dataDirectory: string): Record<Role, string> {
  const keys = {} as Record<Role, string>;
  for (const role of ROLES) {
    const { key, changes } = userWithKey(role, [role], ['own', 'own-halted']);
    keys[role] = key;
    changeAccess(accessDirectoryOf(dataDirectory), 'test', () => changes);
  }
  return keys;
}

export async function startSecureApi(options: SecureApiOptions = {}): Promise<SecureApi> {
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'daybook-security-'));
  const accessDirectory = accessDirectoryOf(dataDirectory);
  const fresh = options.dataDirectory === undefined;
  const keys = fresh ? addUserPerRole(dataDirectory) : ({} as Record<Role, string>);
  const directory = journalDirectory(dataDirectory);
  const capacity = options.capacity ?? CAPACITY;
  const shard = await startShard({ directory, producers: ['rest'], capacity });
  const lines: string[] = [];
  const api = await startApi({
    requestsPath: join(dataDirectory, 'requests', 'shard-0.log'),
    ...{ commands: shard.port('rest'), journalDirectory: directory, durableEnd: shard.durableEnd },
    readModels: options.readModels ?? unavailableReadModels,
    readiness: async () => [],
    logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    ...{ metrics: new Registry(), version: '0.0.0-test', host: '127.0.0.1', port: 0, grpcPort: 0 },
    access: {
      ...{ directory: accessDirectory, tokens: options.tokens, lookMs: 10 },
      ...(options.now === undefined ? {} : { now: options.now }),
    },
    tls: options.tls,
  });
  if (fresh) await seed(api);
  return {
    ...{ api, shard, dataDirectory, accessDirectory, lines, keys },
    async change(...changes) {
      const { admission } = api;
      if (admission === undefined) throw new Error('the door stands open');
      const records = changeAccess(accessDirectory, 'test', () => changes);
      const last = records.at(-1)?.n ?? 0;
      await new Promise<void>((resolve) => {
        const end = admission.onChange(({ book }) => {
          if (book.n < last) return;
          end();
          resolve();
        });
      });
    },
    async stop() {
      await api.stop();
      await shard.stop();
    },
    remove: () => rmSync(dataDirectory, { recursive: true, force: true }),
  };
}

/** An instrument with a mark that goes to no venue, and accounts. */
export async function seed({ application: app }: RunningApi): Promise<void> {
  const terms = { tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD', venue: 0 };
  await listInstrument(app, LOCAL_CALLER, 'ESH4', terms);
  await markPrice(app, LOCAL_CALLER, 'ESH4', '4799.25');
  for (const name of ['own', 'own-halted', 'foreign', 'foreign-halted']) {
    await openAccount(app, LOCAL_CALLER, name, { currency: 'USD', group: 'desk' });
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at any part of any answer
  readonly body: any;
}

export async function ask(
  api: { readonly api: { readonly address: string } },
  bearer: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(api.api.address + path, {
    method,
    headers: { ...authorization, ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}
