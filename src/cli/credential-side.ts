/** Secrets of a starting daybook: names in the connection strings, values in the credential store. */
import type { Logger } from 'pino';
import type { StoreAddress } from '../log/eventstoredb/store-address.js';
import { CredentialStore, credentialsPath } from '../operations/credentials/credential-store.js';
import { readKey } from '../operations/credentials/key-source.js';
import {
  followCredentials,
  type LiveCredentials,
} from '../operations/credentials/live-credentials.js';
import {
  type ConnectionSettings,
  parseDatabaseUrl,
} from '../projections/database/connection-settings.js';

export interface CredentialSide {
  /** @throws CredentialError */
  use: LiveCredentials['use'];
  stop(): void;
}

/** The store is opened, and its key asked for, with the first name that is used. */
export function credentialSide(dataDirectory: string, logger: Logger): CredentialSide {
  let live: LiveCredentials | undefined;
  return {
    use(name) {
      live ??= followCredentials(
        new CredentialStore(credentialsPath(dataDirectory), readKey(process.env)),
        logger,
      );
      return live.use(name);
    },
    stop: () => live?.stop(),
  };
}

/** `?credential=NAME` in a URL gives the password. @throws TypeError, CredentialError */
export function databaseSettings(
  url: string,
  credentials: CredentialSide | undefined,
): ConnectionSettings {
  const settings = parseDatabaseUrl(url);
  const name = new URL(url).searchParams.get('credential');
  if (name === null) return settings;
  if (credentials === undefined)
    throw new TypeError('DATABASE_URL: no credentials can be used here');
  return { ...settings, credential: credentials.use(name).memory };
}

/** The same for EventStoreDB, "user:password". @throws CredentialError */
export function storeAddress(connectionString: string, credentials: CredentialSide): StoreAddress {
  const [, name] = /[?&]credential=([^&]*)/.exec(connectionString) ?? [];
  if (name === undefined) return connectionString;
  const text = connectionString.replace(/([?&])credential=[^&]*&?/, '$1').replace(/[?&]$/, '');
  return { text, credentials: credentials.use(name).memory };
}
