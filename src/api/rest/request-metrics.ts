/** How many requests, with what answer, and how long they took. */
import { Histogram, type Registry } from 'prom-client';
import type { RestServer } from './routes/route-types.js';

/** From a good in-memory answer to the bounded wait of an outcome, in seconds. */
const BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function measureRequests(server: RestServer, metrics: Registry): void {
  const seconds = new Histogram({
    name: 'daybook_http_request_seconds',
    help: 'Time from the head of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [metrics],
  });
  server.addHook('onResponse', (request, reply, done) => {
    // The pattern, never the path: what clients can choose must not become a label.
    const route = request.routeOptions.url ?? 'unknown';
    const status = String(reply.statusCode);
    seconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1000);
    done();
  });
}
