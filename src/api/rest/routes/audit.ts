/** The past: state as of any moment, and the story of one order; from the log, not from read models. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Audit, type AuditQuestion, askAudit } from '../../application/audit.js';
import * as F from '../schemas/fields.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

const at = z
  .string()
  .min(1)
  .max(40)
  .optional()
  .meta({
    description: 'A sequence, or a time in ISO 8601 with a zone; left out: now',
    examples: ['2026-11-22T14:50:06.123456789Z'],
  });
const parties = { account: F.accountName.optional(), instrument: F.symbol.optional() };
const page = { after: F.after, limit: F.limit };
/** What the thread answers, see `audit/`; `asOf` is the last sequence in it. */
const answer = z.looseObject({ asOf: z.int() });

export function auditRoutes(server: RestServer, audit: Audit | undefined): void {
  const tell = async (reply: FastifyReply, question: AuditQuestion): Promise<never> => {
    const { asOf, json } = await askAudit(audit, question);
    // The thread made the text; making it again here would hold up everybody else.
    return reply
      .header(SEQUENCE_HEADER, asOf)
      .type('application/json; charset=utf-8')
      .serializer((text: unknown) => text as string)
      .send(json) as never;
  };
  const describe = (summary: string) => ({
    tags: ['audit'],
    summary,
    response: { 200: answer, ...problemResponses },
  });
  server.get(
    '/v1/audit/orders/:order',
    {
      schema: {
        ...describe('The story of one order: every event, who, which limit, which mark'),
        params: z.object({
          order: z.string().min(1).max(40).meta({
            description: 'Its id, a client order id of its chain, or an execution id',
          }),
        }),
        querystring: z.strictObject({ at, account: F.accountName.optional(), ...page }),
      },
    },
    (request, reply) =>
      tell(reply, { about: 'story', order: request.params.order, ...request.query }),
  );
  server.get(
    '/v1/audit/orders',
    {
      schema: {
        ...describe('Open orders as they were, by id'),
        querystring: z.strictObject({ at, ...parties, ...page }),
      },
    },
    (request, reply) => tell(reply, { about: 'orders', ...request.query }),
  );
  for (const [about, summary] of [
    ['positions', 'Positions as they were'],
    ['pnl', 'Profit and loss as it was, at the marks of then'],
  ] as const) {
    server.get(
      `/v1/audit/${about}`,
      { schema: { ...describe(summary), querystring: z.strictObject({ at, ...parties }) } },
      (request, reply) => tell(reply, { about, ...request.query }),
    );
  }
  for (const [about, summary] of [
    ['limits', 'Limits that were in force'],
    ['trading-states', 'What was halted or only reducing'],
  ] as const) {
    server.get(
      `/v1/audit/${about}`,
      { schema: { ...describe(summary), querystring: z.strictObject({ at }) } },
      (request, reply) => tell(reply, { about, ...request.query }),
    );
  }
}
