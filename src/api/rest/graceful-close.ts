/**
 * Ends a server so that who has sent a request gets its answer: first every answer says that the
 * connection ends with it, then, once no new request has come for a moment, listening stops.
 */
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { RestServer } from './routes/route-types.js';

/** No new request for this long means quiet, in milliseconds. */
const QUIET_MS = 20;
/** Clients that open new connections all the time are not waited for longer than this. */
const QUIET_MS_MAX = 1000;
/** Idle connections are looked for this often, in milliseconds. */
const SWEEP_MS = 20;
/** A client that does not take its answer, or send its request, is cut off after this. */
const CLOSE_MS_MAX = 10_000;

/** Call before the routes are made. @returns closes the server */
export function closesGracefully(server: RestServer): () => Promise<void> {
  let closing = false;
  let lastRequestMs = 0;
  server.addHook('onRequest', (_request, _reply, done) => {
    lastRequestMs = performance.now();
    done();
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
  return async () => {
    closing = true;
    const startMs = performance.now();
    while (performance.now() - Math.max(lastRequestMs, startMs) < QUIET_MS) {
      if (performance.now() - startMs > QUIET_MS_MAX) break;
      await delay(QUIET_MS);
      // On a busy machine the time may be over before sockets had their turn: one to accept, one to
      // read what they sent, one for good measure.
      for (let turns = 0; turns < 3; turns += 1) await turn();
    }
    const sweep = setInterval(() => server.server.closeIdleConnections(), SWEEP_MS);
    const cut = setTimeout(() => server.server.closeAllConnections(), CLOSE_MS_MAX);
    await server.close();
    clearInterval(sweep);
    clearTimeout(cut);
  };
}
