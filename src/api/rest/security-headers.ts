/** What every answer says to browsers and caches: show nothing of it elsewhere, keep nothing of it. */
import type { RestServer } from './routes/route-types.js';

/** Seconds in which a browser will not try plain text again. */
const HSTS_SECONDS = 31_536_000;

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** The page at /docs is made of scripts and styles of its own, and brings no policy along. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; " +
  "object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Call before the routes are made. */
export function protectAnswers(server: RestServer, tls: boolean): void {
  const transport = tls ? { 'strict-transport-security': `max-age=${HSTS_SECONDS}` } : {};
  const data = { ...ALWAYS, ...transport, 'content-security-policy': DATA_POLICY };
  const page = { ...ALWAYS, ...transport, 'content-security-policy': PAGE_POLICY };
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(request.url.startsWith('/docs') ? page : data);
    done();
  });
}
