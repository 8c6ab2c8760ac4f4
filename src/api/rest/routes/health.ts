/** Health for whoever watches the process, and its metrics. */
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { problem } from '../../application/errors.js';
import { sendProblem } from '../problem.js';
import { problemResponses, type RestServer } from './route-types.js';

const PARTS = [
  ...(['writer', 'journal', 'projector', 'database', 'eventstoredb', 'access'] as const),
  'idempotency',
] as const;

/** One part that Daybook cannot do without. */
export interface Check {
  readonly name: (typeof PARTS)[number];
  readonly ok: boolean;
  /** A figure or a state; no internals. */
  readonly detail: string;
}

/** Looks at every part; never throws, and answers within a second. */
export type Readiness = () => Promise<readonly Check[]>;

const check = z.object({
  name: z.enum(PARTS),
  ok: z.boolean(),
  detail: z.string(),
});

export function healthRoutes(server: RestServer, readiness: Readiness, metrics: Registry): void {
  const tags = ['operations'];
  server.get(
    '/health/live',
    {
      schema: {
        tags,
        summary: 'The process answers',
        response: { 200: z.object({ status: z.literal('live') }), ...problemResponses },
      },
    },
    async () => ({ status: 'live' as const }),
  );
  server.get(
    '/health/ready',
    {
      schema: {
        tags,
        summary: 'Orders are taken, and answers are fresh',
        response: {
          200: z.object({ status: z.literal('ready'), checks: z.array(check).readonly() }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const checks = await readiness();
      if (checks.every(({ ok }) => ok)) return { status: 'ready' as const, checks };
      const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
      const error = problem('SERVICE_UNAVAILABLE', `Not ready: ${failed.join(', ')}.`, { checks });
      return sendProblem(request, reply, error) as never;
    },
  );
  server.get(
    '/metrics',
    { schema: { tags, summary: 'Metrics in the text format of Prometheus', hide: true } },
    async (_request, reply) => {
      reply.header('content-type', metrics.contentType).serializer(String);
      return metrics.metrics();
    },
  );
}
