/** Fills, positions and P&L: read models only. */
import { z } from 'zod';
import type { Application } from '../../application/application.js';
import { fills, pnl, positions } from '../../application/queries.js';
import { PAGE_ROWS_DEFAULT } from '../../application/read-models.js';
import * as F from '../schemas/fields.js';
import * as V from '../schemas/views.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { pnlRoutes } from './pnl.js';
import { problemResponses, type RestServer } from './route-types.js';

const parties = {
  account: F.accountName.optional(),
  instrument: F.symbol.optional(),
  minSequence: F.minSequence,
};

export function readModelRoutes(server: RestServer, app: Application): void {
  server.get(
    '/v1/fills',
    {
      schema: {
        tags: ['fills'],
        summary: 'List fills, oldest first',
        querystring: z.strictObject({
          ...parties,
          orderId: F.orderIdText.optional(),
          after: F.after,
          limit: F.limit,
        }),
        response: { 200: V.pageOf('fills', V.fillView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await fills(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      const full = value.length === (request.query.limit ?? PAGE_ROWS_DEFAULT);
      return { asOf, fills: value, next: full ? (value.at(-1)?.sequence ?? null) : null };
    },
  );
  server.get(
    '/v1/positions',
    {
      schema: {
        tags: ['positions'],
        summary: 'Positions at average cost',
        querystring: z.strictObject(parties),
        response: { 200: V.listOf('positions', V.positionView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await positions(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, positions: value };
    },
  );
  server.get(
    '/v1/pnl',
    {
      schema: {
        tags: ['positions'],
        summary: 'Realised and unrealised profit and loss, fees apart',
        querystring: z.strictObject(parties),
        response: { 200: V.listOf('pnl', V.pnlView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await pnl(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      return { asOf, pnl: value };
    },
  );
  pnlRoutes(server, app);
}
