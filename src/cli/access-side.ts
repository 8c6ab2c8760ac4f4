/** Who may come to a starting daybook: identities, tokens, certificates; open only where nobody else is. */
import { join, resolve } from 'node:path';
import { changeAccess, newSubject, readAccessBook } from '../api/identity/access-changes.js';
import { newKey } from '../api/identity/api-key.js';
import type { TokenOptions } from '../api/identity/json-web-token.js';
import { ROLES } from '../api/identity/permissions.js';
import type { AccessOptions } from '../api/start-api.js';
import { readTlsFiles, type TlsFiles } from '../lib/tls-files.js';
import { UsageError } from './usage.js';

export const accessDirectory = (dataDirectory: string): string =>
  join(resolve(dataDirectory), 'identity');

/** Options of `daybook start` about who may come. */
export const ACCESS_OPTIONS = {
  insecure: { type: 'boolean', default: false },
  plaintext: { type: 'boolean', default: false },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'tls-client-ca': { type: 'string' },
  'jwt-issuer': { type: 'string' },
  'jwt-audience': { type: 'string' },
  'jwt-keys': { type: 'string' },
} as const;

export const ACCESS_HELP = `Who may come (docs/security.md):
  --tls-cert FILE   TLS: certificate, in PEM, and
  --tls-key FILE    its key; both are read again when they change. 'daybook identity
                    certificates DIR' makes some for development
  --tls-client-ca FILE   authorities of client certificates, which then may stand for a key
  --jwt-keys FILE|URL    take tokens signed with a key of this JWK set,
  --jwt-issuer TEXT      from this issuer
  --jwt-audience TEXT    for this audience; their subject is the name of a user
  --plaintext       no TLS although --host is not this machine: something in front of it does it
  --insecure        for development, on this machine only: ask nobody who it is

Without --insecure whoever comes needs a key, a token or a certificate of a user ('daybook identity').
The first start makes the user "admin" and shows its key, once.
`;

interface Values {
  readonly insecure: boolean;
  readonly plaintext: boolean;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'tls-client-ca'?: string | undefined;
  readonly 'jwt-issuer'?: string | undefined;
  readonly 'jwt-audience'?: string | undefined;
  readonly 'jwt-keys'?: string | undefined;
}

export interface AccessSide {
  /** Absent: insecure. */
  readonly access: AccessOptions | undefined;
  readonly tls: TlsFiles | undefined;
}

const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/;

/** @throws UsageError; AccessError when the access log is damaged */
export function accessSide(
  values: Values,
  hosts: readonly string[],
  dataDirectory: string,
): AccessSide {
  const tls = tlsFiles(values);
  const tokens = tokenOptions(values);
  const outside = hosts.find((host) => !LOOPBACK.test(host));
  if (values.insecure) {
    if (outside !== undefined) {
      throw new UsageError(`--insecure is for this machine alone, and ${outside} is not`);
    }
    if (tokens !== undefined) throw new UsageError('--insecure asks for no tokens');
    return { access: undefined, tls };
  }
  if (outside !== undefined && tls === undefined && !values.plaintext) {
    throw new UsageError(
      `${outside} is not this machine alone: give --tls-cert and --tls-key, or --plaintext where ` +
        'something in front of it does TLS',
    );
  }
  return { access: { directory: accessDirectory(dataDirectory), tokens }, tls };
}

/**
 * The same for a box that only projects: it shows metrics and nothing else, and makes no first user. As
 * long as it knows nobody, they are for this machine alone.
 *
 * @throws UsageError; AccessError when the access log is damaged
 */
export function projectorAccess(values: Values, host: string, dataDirectory: string): AccessSide {
  const side = accessSide(values, [host], dataDirectory);
  if (side.access === undefined) return side;
  if (readAccessBook(side.access.directory).users.size > 0) return side;
  if (LOOPBACK.test(host)) return { ...side, access: undefined };
  throw new UsageError(
    `${host} is not this machine alone, and nobody is known who may see the metrics: ` +
      "'daybook identity' adds somebody",
  );
}

/** @throws UsageError */
function tlsFiles(values: Values): TlsFiles | undefined {
  const { 'tls-cert': certificate, 'tls-key': key, 'tls-client-ca': clientAuthorities } = values;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together');
  }
  if (certificate === undefined || key === undefined) {
    if (clientAuthorities === undefined) return undefined;
    throw new UsageError('--tls-client-ca needs --tls-cert and --tls-key');
  }
  const files = { certificate, key, clientAuthorities };
  try {
    readTlsFiles(files);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return files;
}

/** @throws UsageError */
function tokenOptions(values: Values): TokenOptions | undefined {
  const { 'jwt-issuer': issuer, 'jwt-audience': audience, 'jwt-keys': keys } = values;
  if (issuer === undefined && audience === undefined && keys === undefined) return undefined;
  if (issuer === undefined || audience === undefined || keys === undefined) {
    throw new UsageError('--jwt-keys, --jwt-issuer and --jwt-audience belong together');
  }
  if (/^http:/.test(keys) && !LOOPBACK.test(new URL(keys).hostname)) {
    throw new UsageError("--jwt-keys: keys over plain http could be anybody's");
  }
  return { issuer, audience, keys };
}

/**
 * Makes the first user of a data directory: somebody has to be let in to let others in.
 * @returns its key, to be shown now and never again; undefined when there are users
 */
export function firstKey({ access }: AccessSide): string | undefined {
  if (access === undefined || readAccessBook(access.directory).users.size > 0) return undefined;
  const { id, text, hash } = newKey();
  changeAccess(access.directory, 'daybook start', () => [
    {
      ...{ type: 'UserAdded', name: 'admin', kind: 'person', subject: newSubject() },
      ...{ roles: [...ROLES], accounts: 'all' },
    },
    { type: 'KeyAdded', user: 'admin', id, hash },
  ]);
  return text;
}
