/** An authority, and certificates of a server and a client that it has signed: for development. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../usage.js';
import { type CertificateTerms, type Issued, issueCertificate } from './certificate-writer.js';

const DAYS = 365;
/** Clocks may be apart by this much, in ms. */
const LEEWAY_MS = 3_600_000;
/** A key is its owner's alone. */
const KEY_MODE = 0o600;

export interface DevelopmentCertificates {
  readonly authority: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

/**
 * Their paths. The client's certificate has the name `URI:daybook://client`.
 * @param host name or address of the server, beside those of this machine
 * @throws UsageError when the directory is there
 */
export function makeDevelopmentCertificates(
  directory: string,
  host: string,
): DevelopmentCertificates {
  const path = resolve(directory);
  try {
    mkdirSync(path);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const from = new Date(Date.now() - LEEWAY_MS);
  const issue = (terms: Omit<CertificateTerms, 'from' | 'days'>, issuer?: Issued) =>
    issueCertificate({ ...terms, from, days: DAYS }, issuer);
  const name = 'Daybook development authority';
  const authority = issue({ name, usage: 'authority', alternativeNames: [] });
  const hosts = [...new Set([host, 'localhost', '127.0.0.1', '::1'])];
  const server = issue({ name: host, usage: 'server', alternativeNames: hosts }, authority);
  const clientNames = ['daybook://client'];
  const client = issue(
    { name: 'client', usage: 'client', alternativeNames: clientNames },
    authority,
  );
  const write = (file: string, text: string, mode = 0o644): string => {
    writeFileSync(join(path, file), text, { mode, flag: 'wx' });
    return join(path, file);
  };
  return {
    authority: write('authority.crt', authority.certificate),
    serverCertificate: write('server.crt', server.certificate),
    serverKey: write('server.key', server.key, KEY_MODE),
    clientCertificate: write('client.crt', client.certificate),
    clientKey: write('client.key', client.key, KEY_MODE),
  };
}
