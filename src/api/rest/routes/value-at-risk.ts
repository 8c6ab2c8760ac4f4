/** Value at risk: the newest results, their history, stress scenarios, the daily backtest. */
import { z } from 'zod';
import { VAR_METHODS } from '../../../domain/value-at-risk/settings.js';
import type { Application } from '../../application/application.js';
import { PAGE_ROWS_DEFAULT } from '../../application/read-models.js';
import {
  askRisk,
  BACKTEST_DAYS_DEFAULT,
  BACKTEST_DAYS_MAX,
  riskScope,
  type ValueAtRisk,
} from '../../application/value-at-risk.js';
import * as F from '../schemas/fields.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

const whose = {
  account: F.accountName.optional(),
  group: F.groupName.optional().meta({ description: 'Neither: the firm', examples: ['desk'] }),
};
const method = z.enum(VAR_METHODS).meta({ examples: ['historical'] });
const amount = z.number().meta({ description: 'In base currency; an estimate' });
const missing = z.array(
  z.object({
    position: z.string(),
    reason: z.enum(['NO_MARK', 'NO_HISTORY', 'NO_RATE', 'NO_RATE_HISTORY']),
    value: amount.optional(),
  }),
);
const head = {
  id: z.number().int().meta({ description: 'For daybook value-at-risk --reproduce' }),
  sequence: F.sequence,
  time: F.time,
  baseCurrency: F.currency,
  complete: z.boolean().meta({ description: 'False: `missing` is left out of the figures' }),
  missing,
};
const resultView = z.object({
  ...head,
  method,
  positions: z.number().int(),
  reason: z.string().nullable().meta({ description: 'Code of why there are no figures' }),
  figures: z.array(
    z.object({
      confidence: z
        .number()
        .int()
        .meta({ description: 'Basis points', examples: [9900] }),
      horizonDays: z.number().int(),
      valueAtRisk: amount,
      expectedShortfall: amount,
    }),
  ),
  parameters: z.looseObject({}).meta({ description: 'Method, weighting, levels; paths and seed' }),
  window: z.looseObject({ digest: z.string(), firstDay: z.string(), lastDay: z.string() }),
  portfolioDigest: z.string(),
});
const perConfidence = z.array(amount).meta({ description: 'Per confidence, over one day' });
const latestView = resultView.extend({
  components: z.array(
    z.object({
      position: z.string(),
      exposure: amount,
      marginal: perConfidence,
      component: perConfidence,
      incremental: perConfidence,
      componentShortfall: perConfidence,
    }),
  ),
});
const stressView = z.object({
  ...head,
  scenarios: z.array(
    z.object({ name: z.string(), definition: z.looseObject({}), profit: amount.nullable() }),
  ),
});
const backtestView = z.looseObject({
  method,
  confidence: z.number().int(),
  days: z.array(
    z.object({
      day: z.string(),
      profit: amount,
      valueAtRisk: amount,
      exception: z.boolean(),
      sequence: F.sequence,
    }),
  ),
  skipped: z.array(z.object({ day: z.string(), reason: z.string() })),
  result: z.looseObject({}).nullable().meta({ description: 'Kupiec, Christoffersen, zone' }),
});
const tags = ['risk'];

/** @param risk undefined: nobody computes it, every question is answered with VIEW_UNAVAILABLE */
export function valueAtRiskRoutes(
  server: RestServer,
  app: Application,
  risk: ValueAtRisk | undefined,
): void {
  server.get(
    '/v1/risk/value-at-risk',
    {
      schema: {
        ...{ tags, summary: 'The newest value at risk by each method, with components' },
        querystring: z.strictObject(whose),
        response: {
          200: z.object({ asOf: F.sequence, results: z.array(latestView) }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const scope = riskScope(app, request.caller, request.query);
      const { asOf, value } = await askRisk(risk, (r) => r.latest(scope));
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, results: value } as never;
    },
  );
  server.get(
    '/v1/risk/value-at-risk/history',
    {
      schema: {
        ...{ tags, summary: 'Value at risk as it was computed, newest first' },
        querystring: z.strictObject({
          ...whose,
          method: method.optional(),
          before: F.before.meta({ description: 'Next page: results with a smaller id' }),
          limit: F.limit,
        }),
        response: {
          200: z.object({
            ...{ asOf: F.sequence, results: z.array(resultView) },
            next: z.number().int().nullable(),
          }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { method: named, before, limit = PAGE_ROWS_DEFAULT } = request.query;
      const scope = riskScope(app, request.caller, request.query);
      const { asOf, value } = await askRisk(risk, (r) =>
        r.history({ ...scope, method: named, before, limit }),
      );
      reply.header(SEQUENCE_HEADER, asOf);
      const next = value.length === limit ? (value.at(-1)?.id ?? null) : null;
      return { asOf, results: value, next } as never;
    },
  );
  testRoutes(server, app, risk);
}

function testRoutes(server: RestServer, app: Application, risk: ValueAtRisk | undefined): void {
  server.get(
    '/v1/risk/value-at-risk/stress',
    {
      schema: {
        ...{ tags, summary: 'Profit and loss if a scenario happened at once' },
        querystring: z.strictObject(whose),
        response: {
          200: z.object({ asOf: F.sequence, stress: stressView.nullable() }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const scope = riskScope(app, request.caller, request.query);
      const { asOf, value } = await askRisk(risk, (r) => r.stress(scope));
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, stress: value ?? null } as never;
    },
  );
  server.get(
    '/v1/risk/value-at-risk/backtest',
    {
      schema: {
        ...{ tags, summary: 'Forecasts against what came: Kupiec, Christoffersen, zone' },
        querystring: z.strictObject({
          ...whose,
          method: method.optional(),
          confidence: z
            .string()
            .regex(/^[0-9]{4}$/, 'basis points, as 9900')
            .transform(Number)
            .refine((points) => points > 5_000, 'basis points above 5000')
            .optional()
            .meta({ description: 'Basis points; 9900 unless given', examples: ['9900'] }),
          days: z
            .string()
            .regex(/^[0-9]{1,4}$/, 'not a whole number')
            .transform(Number)
            .refine((days) => days >= 1 && days <= BACKTEST_DAYS_MAX, `1 to ${BACKTEST_DAYS_MAX}`)
            .optional()
            .meta({ description: `${BACKTEST_DAYS_DEFAULT} unless given`, examples: ['250'] }),
        }),
        response: {
          200: z.object({ asOf: F.sequence, backtest: backtestView }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { method: named = 'historical', confidence = 9_900 } = request.query;
      const scope = riskScope(app, request.caller, request.query);
      const days = request.query.days ?? BACKTEST_DAYS_DEFAULT;
      const { asOf, value } = await askRisk(risk, (r) =>
        r.backtest(scope, named, confidence, days),
      );
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, backtest: value } as never;
    },
  );
}
