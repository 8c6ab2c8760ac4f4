import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for `localhost`, good for a day, and its key. */
export function selfSigned(): {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-tls-'));
  const [keyFile, certificateFile] = [join(folder, 'key'), join(folder, 'crt')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', keyFile, '-out', certificateFile],
    ],
    { stdio: 'ignore' },
  );
  return {
    certificate: readFileSync(certificateFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
    ...{ certificateFile, keyFile },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
