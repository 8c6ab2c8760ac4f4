import pg from 'pg';
import { SharedText } from '../../lib/shared-text.js';

/** How to reach the database of the read models. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** In its place: shared memory with a password that can be rotated. Crosses threads. */
  readonly credential?: SharedArrayBuffer;
  readonly database: string;
  /** Verify and encrypt; only for a server on another host. */
  readonly ssl?: boolean;
}

/**
 * @param url `postgres://user:password@host:port/database[?sslmode=require]`
 * @throws TypeError with the part that is wrong; never shows the password
 */
export function parseDatabaseUrl(url: string): ConnectionSettings {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError('DATABASE_URL is not a URL: postgres://user:password@host:port/database');
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw new TypeError(`DATABASE_URL must begin with postgres://, not ${parsed.protocol}//`);
  }
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (database === '') throw new TypeError('DATABASE_URL names no database');
  const mode = parsed.searchParams.get('sslmode') ?? 'disable';
  return {
    host: parsed.searchParams.get('host') ?? decodeURIComponent(parsed.hostname || '127.0.0.1'),
    port: parsed.port === '' ? 5432 : Number(parsed.port),
    user: decodeURIComponent(parsed.username || 'postgres'),
    password: decodeURIComponent(parsed.password),
    database,
    ...(mode === 'disable' ? {} : { ssl: true }),
  };
}

/** As of now: ask for it whenever a connection is opened. */
export function passwordOf({ password, credential }: ConnectionSettings): string {
  return credential === undefined ? password : new SharedText(credential).read();
}

/** The settings as a URL, for tools that take only that. Holds the password: never log it. */
export function databaseUrl(settings: ConnectionSettings): string {
  const user = encodeURIComponent(settings.user);
  const password = encodeURIComponent(passwordOf(settings));
  const database = encodeURIComponent(settings.database);
  const query = settings.ssl === true ? '?sslmode=require' : '';
  return `postgres://${user}:${password}@${settings.host}:${settings.port}/${database}${query}`;
}

/**
 * Opens one connection. Integers beyond 2^53 and numerics stay strings: nothing of money passes
 * through a binary fraction.
 *
 * A connection that is lost while idle is told by the client's `error` event, for those who listen,
 * and by the failure of the next statement.
 */
export async function connect(
  settings: ConnectionSettings,
  applicationName: string,
): Promise<pg.Client> {
  const client = new pg.Client({
    host: settings.host,
    port: settings.port,
    user: settings.user,
    password: passwordOf(settings),
    database: settings.database,
    ...(settings.ssl === true ? { ssl: true } : {}),
    application_name: applicationName,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
