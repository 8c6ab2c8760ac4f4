/** Positions and P&L as they were; P&L and exposure of the firm, groups, accounts and strategies. */
import { z } from 'zod';
import type { Application } from '../../application/application.js';
import {
  exposure,
  pnlDays,
  pnlHistory,
  pnlTotals,
  positionHistory,
} from '../../application/pnl-queries.js';
import { PAGE_ROWS_DEFAULT } from '../../application/read-models.js';
import * as F from '../schemas/fields.js';
import * as P from '../schemas/pnl.js';
import * as V from '../schemas/views.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

/** The key of the last row of a full page: where the next one begins. */
function nextOf<T, K>(rows: readonly T[], limit: number | undefined, key: (row: T) => K): K | null {
  const last = rows.at(-1);
  return last !== undefined && rows.length === (limit ?? PAGE_ROWS_DEFAULT) ? key(last) : null;
}

export function pnlRoutes(server: RestServer, app: Application): void {
  historyRoutes(server, app);
  totalsRoutes(server, app);
}

function historyRoutes(server: RestServer, app: Application): void {
  server.get(
    '/v1/positions/history',
    {
      schema: {
        tags: ['positions'],
        summary: 'A position after each execution, or minute by minute, oldest first',
        querystring: P.positionHistoryQuery,
        response: { 200: V.pageOf('points', P.positionPoint), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await positionHistory(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      const next = nextOf(value, request.query.limit, ({ sequence }) => sequence);
      return { asOf, points: value, next };
    },
  );
  server.get(
    '/v1/pnl/history',
    {
      schema: {
        tags: ['positions'],
        summary: 'Profit and loss of the firm, a group, an account, an instrument or a strategy',
        description:
          'As it stood at the end of each interval that changed it, oldest first. Without account, group and instrument: of the firm.',
        querystring: P.pnlHistoryQuery,
        response: {
          200: V.listOf('points', P.pnlPoint).extend({
            next: z.string().nullable().meta({ description: 'The next page is after this time' }),
          }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await pnlHistory(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, points: value, next: nextOf(value, request.query.limit, ({ time }) => time) };
    },
  );
  server.get(
    '/v1/pnl/days',
    {
      schema: {
        tags: ['positions'],
        summary: 'Profit and loss at the opening and the close of trading days, oldest first',
        querystring: P.pnlDaysQuery,
        response: {
          200: V.listOf('days', P.pnlDay).extend({ next: F.day.nullable() }),
          ...problemResponses,
        },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await pnlDays(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      const next = nextOf(value, request.query.limit, ({ day }) => day);
      return { asOf, days: value, next };
    },
  );
}

function totalsRoutes(server: RestServer, app: Application): void {
  server.get(
    '/v1/pnl/totals',
    {
      schema: {
        tags: ['positions'],
        summary: 'Profit and loss now, summed up, in base currency and by currency',
        querystring: P.totalsQuery,
        response: { 200: V.listOf('totals', P.pnlTotal), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await pnlTotals(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, totals: value };
    },
  );
  server.get(
    '/v1/exposure',
    {
      schema: {
        tags: ['risk'],
        summary: 'Gross and net exposure of open positions at the mark',
        querystring: P.totalsQuery,
        response: { 200: V.listOf('exposures', P.scopeExposure), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await exposure(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, exposures: value };
    },
  );
}
