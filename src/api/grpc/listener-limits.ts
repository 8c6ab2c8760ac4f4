/**
 * What a listener of gRPC bears from strangers: so many connections, requests that arrive in time, one
 * credential each. grpc-js has options for none; its HTTP/2 servers do, which it does not show.
 */
import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server, ServiceDefinition } from '@grpc/grpc-js';
import { assert } from '../../lib/assert.js';
import { several } from '../identity/several-credentials.js';

/** Connections at a time; more are refused by the socket. */
export const GRPC_CONNECTIONS_MAX = 10_000;
/** A request, of a method that takes one, must have arrived whole within this, in milliseconds. */
export const GRPC_REQUEST_MS_MAX = 10_000;
/** How often requests that are too slow are looked for, in milliseconds. */
const SLOW_LOOK_MS = 1000;
/**
 * Requests that have come since the last look before those that are whole are let go of. Kept until the
 * next look, all of a second's calls would outlive the young generation (`bench -- api`).
 */
const KEPT_MIN = 64;
const PATH = ':path';
const AUTHORIZATION = 'authorization';

interface Arriving {
  readonly stream: ServerHttp2Stream;
  readonly sinceMs: number;
}

/**
 * Call once it is bound. @param definitions whose streams of requests may stay open
 * @returns ends it
 */
export function limitListener(
  server: Server,
  definitions: readonly ServiceDefinition[],
  { connections = GRPC_CONNECTIONS_MAX, requestMs = GRPC_REQUEST_MS_MAX } = {},
): () => void {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2Server, unknown> };
  assert(
    http2Servers !== undefined && http2Servers.size > 0,
    'grpc-js keeps its servers elsewhere',
  );
  const methods = definitions.flatMap((definition) => Object.values(definition));
  const open = new Set(methods.filter((m) => m.requestStream).map(({ path }) => path));
  let arriving: Arriving[] = [];
  let keptMax = KEPT_MIN;
  const look = (): void => {
    const late = performance.now() - requestMs;
    arriving = arriving.filter(({ stream, sinceMs }) => {
      if (stream.readableEnded || stream.destroyed) return false;
      if (sinceMs <= late) stream.close(constants.NGHTTP2_CANCEL);
      return sinceMs > late;
    });
    keptMax = Math.max(KEPT_MIN, 2 * arriving.length);
  };
  for (const listener of http2Servers.keys()) {
    listener.maxConnections = connections;
    // Before grpc-js reads them.
    listener.prependListener('stream', (...args: unknown[]) => {
      const [, headers, , raw] = args as [unknown, IncomingHttpHeaders, number, readonly string[]];
      const shown = several(headers[AUTHORIZATION], raw);
      if (shown !== undefined) headers[AUTHORIZATION] = shown;
    });
    listener.on('stream', (stream, headers) => {
      if (open.has(String(headers[PATH]))) return;
      arriving.push({ stream, sinceMs: performance.now() });
      if (arriving.length > keptMax) look();
    });
  }
  const timer = setInterval(look, Math.min(SLOW_LOOK_MS, requestMs)).unref();
  return () => clearInterval(timer);
}
