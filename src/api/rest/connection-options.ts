/** Listeners of HTTP: their times, and TLS with files that are read again. */
import type { Server as HttpsServer } from 'node:https';
import type { Logger } from 'pino';
import { type TlsFiles, tlsServerOptions, watchTlsFiles } from '../../lib/tls-files.js';
import type { RestServer } from './routes/route-types.js';

/** The head of a request arrives within this, in milliseconds. */
export const HEADERS_MS_MAX = 5000;
/** How often connections that are too slow are looked for, in milliseconds. */
const SLOW_LOOK_MS = 1000;

/** The types of Fastify know a server with TLS as another one; routes see no difference. */
export function connectionOptions(tls: TlsFiles | undefined): object {
  const times = { headersTimeout: HEADERS_MS_MAX, connectionsCheckingInterval: SLOW_LOOK_MS };
  return tls === undefined ? { http: times } : { https: { ...times, ...tlsServerOptions(tls) } };
}

export function watchTls(server: RestServer, tls: TlsFiles | undefined, logger: Logger) {
  if (tls === undefined) return undefined;
  return watchTlsFiles(tls, server.server as unknown as HttpsServer, (err) => {
    logger.error({ err }, 'the certificate stays as it was');
  });
}
