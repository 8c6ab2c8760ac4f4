/** Certificate and key of a gRPC listener, from files and renewed with them. */
import type { SecureServerOptions } from 'node:http2';
import { ServerCredentials } from '@grpc/grpc-js';
import type { FileWatch } from './file-watch.js';
import { readTlsFiles, TLS_HANDSHAKE_MS_MAX, type TlsFiles, watchTlsFiles } from './tls-files.js';

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
    const handshakeTimeout = TLS_HANDSHAKE_MS_MAX;
    const server: SecureServerOptions = {
      requestCert,
      rejectUnauthorized: false,
      handshakeTimeout,
    };
    super(server, readTlsFiles(files));
    const renewed = {
      setSecureContext: () => this.updateSecureContextOptions(readTlsFiles(files)),
    };
    this.#watch = watchTlsFiles(files, renewed, failed);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }

  close(): void {
    this.#watch.close();
  }
}
