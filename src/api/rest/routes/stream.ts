/**
 * `GET /v1/stream`: the live streams over a WebSocket, see docs/api.md. Browsers cannot set headers
 * there: they show their key or token as a subprotocol, `bearer.<key>`, beside `daybook.v1`.
 */
import websocket from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { problem } from '../../application/errors.js';
import type { Admission } from '../../identity/admission.js';
import { watchAdmission } from '../../streams/readmission.js';
import type { StreamHub } from '../../streams/stream-hub.js';
import { REQUEST_BYTES_MAX, WebSocketClient } from '../../streams/websocket-client.js';
import { admitAgain, askedOf } from '../admission.js';
import type { RestServer } from './route-types.js';

export const STREAM_PROTOCOL = 'daybook.v1';
const BEARER = 'bearer.';

/** Before anything asks who comes: a key in a subprotocol becomes a header. */
export function takeCredentialsFromProtocol(server: RestServer): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request;
    const shown = protocolsOf(request).find((protocol) => protocol.startsWith(BEARER));
    if (shown !== undefined && headers.upgrade !== undefined) {
      headers.authorization ??= `Bearer ${shown.slice(BEARER.length)}`;
    }
    done();
  });
  // A connection that asked to be upgraded is no longer one of the HTTP server's, which would else
  // wait for its end when it closes.
  server.addHook('onResponse', ({ headers, raw }, _reply, done) => {
    if (headers.upgrade !== undefined) raw.socket.destroySoon();
    done();
  });
}

export interface StreamRoutesOptions {
  readonly hub: StreamHub;
  readonly admission?: Admission | undefined;
  readonly logger: Logger;
}

/** @returns ends every client, for a server that stops */
export async function streamRoutes(
  server: RestServer,
  { hub, admission, logger }: StreamRoutesOptions,
): Promise<() => void> {
  const clients = new Set<WebSocketClient>();
  await server.register(websocket, {
    options: {
      maxPayload: REQUEST_BYTES_MAX,
      handleProtocols: (protocols) => (protocols.has(STREAM_PROTOCOL) ? STREAM_PROTOCOL : false),
    },
  });
  server.get(
    '/v1/stream',
    {
      websocket: true,
      schema: { hide: true },
      onRequest: (request, _reply, done) => done(refusalOf(request)),
    },
    (socket, request) => {
      const { caller } = request;
      const { identity } = caller;
      const client = new WebSocketClient({
        ...{ hub, socket, caller, logger },
        throttle: () => admission?.throttle(identity),
        refused: (error) => admission?.record(error, askedOf(request), identity),
      });
      clients.add(client);
      const unwatch = watchAdmission(
        admission,
        identity,
        () => admitAgain(admission as Admission, request),
        (error) => client.close(error),
      );
      socket.on('close', () => {
        clients.delete(client);
        unwatch();
      });
    },
  );
  return () => {
    const error = problem('SERVICE_UNAVAILABLE', 'Daybook is stopping.');
    for (const client of clients) client.close(error);
  };
}

/** A page of another site must not read what only this machine, or network, may see. */
function refusalOf(request: FastifyRequest) {
  const { origin, host, upgrade } = request.headers;
  if (upgrade === undefined) {
    return problem('REQUEST_INVALID', 'This is a WebSocket: send Upgrade and its headers.');
  }
  if (origin === undefined || hostOf(origin) === host) return undefined;
  return problem('PERMISSION_DENIED', 'Not from a page of another origin.');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function protocolsOf({ headers }: FastifyRequest): string[] {
  const list = headers['sec-websocket-protocol'];
  return (list ?? '').split(',').map((protocol) => protocol.trim());
}
