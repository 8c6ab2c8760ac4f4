/**
 * Certificate and key of a listener, from files: read when it starts and whenever they change, so that
 * a renewed certificate needs no restart. Every listener of Daybook takes these options.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import { FileWatch } from './file-watch.js';

export interface TlsFiles {
  /** PEM: the certificate, and behind it those between it and its authority. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** PEM: authorities whose certificates clients may show instead of other credentials. */
  readonly clientAuthorities?: string | undefined;
}

/** A connection that is not secure within this is closed, in ms. */
export const TLS_HANDSHAKE_MS_MAX = 10_000;
/** How long it takes until a changed certificate is in force, at most, in ms. */
export const TLS_LOOK_MS_MAX = 1000;

export class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError';
  readonly code = 'TLS_FILES_INVALID';
}

type Context = Required<Pick<SecureContextOptions, 'cert' | 'key' | 'minVersion'>> & {
  readonly ca?: string;
};

/** @throws TlsFilesError when they cannot be read, or the key is not that of the certificate */
export function readTlsFiles(files: TlsFiles): Context {
  const cert = textOf(files.certificate);
  const key = textOf(files.key);
  try {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new TlsFilesError(`${files.key} is not the key of ${files.certificate}`);
    }
  } catch (error) {
    if (error instanceof TlsFilesError) throw error;
    const { message } = error as Error;
    throw new TlsFilesError(`${files.certificate} and ${files.key}: ${message}`);
  }
  const { clientAuthorities } = files;
  const ca = clientAuthorities === undefined ? {} : { ca: textOf(clientAuthorities) };
  return { cert, key, minVersion: 'TLSv1.2', ...ca };
}

/**
 * For `tls.createServer` and its kin. A client may show a certificate where there are authorities for
 * it; whether it is needed is for whoever asks who the client is.
 *
 * @throws TlsFilesError
 */
export function tlsServerOptions(files: TlsFiles): TlsOptions {
  const requestCert = files.clientAuthorities !== undefined;
  const handshakeTimeout = TLS_HANDSHAKE_MS_MAX;
  return { ...readTlsFiles(files), handshakeTimeout, requestCert, rejectUnauthorized: false };
}

/** @param failed is told why new files are not taken; the old ones stay in force */
export function watchTlsFiles(
  files: TlsFiles,
  server: { setSecureContext(options: SecureContextOptions): void },
  failed: (error: unknown) => void,
  lookMs: number = TLS_LOOK_MS_MAX,
): FileWatch {
  const { certificate, key, clientAuthorities } = files;
  const paths = [certificate, key, ...(clientAuthorities === undefined ? [] : [clientAuthorities])];
  return new FileWatch(paths, lookMs, () => server.setSecureContext(readTlsFiles(files)), failed);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TlsFilesError((error as Error).message);
  }
}
