/** Certificate and key of a gRPC listener, from files and renewed with them. */
import { ServerCredentials } from '@grpc/grpc-js';
import type { FileWatch } from './file-watch.js';
import { readTlsFiles, type TlsFiles, watchTlsFiles } from './tls-files.js';

export class TlsFileCredentials extends ServerCredentials {
  readonly #watch: FileWatch;

  /**
   * A client may show a certificate; whether it needs one is for whoever asks who it is.
   *
   * @param failed is told why changed files are not taken; the old ones stay in force
   * @throws TlsFilesError
   */
  constructor(files: TlsFiles, failed: (error: unknown) => void) {
    const requestCert = files.clientAuthorities !== undefined;
    super({ requestCert, rejectUnauthorized: false }, readTlsFiles(files));
    const server = { setSecureContext: () => this.updateSecureContextOptions(readTlsFiles(files)) };
    this.#watch = watchTlsFiles(files, server, failed);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }

  close(): void {
    this.#watch.close();
  }
}
