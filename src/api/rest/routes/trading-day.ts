/** The trading day: which one it is, and its turns. */
import { z } from 'zod';
import type { Application } from '../../application/application.js';
import { problem } from '../../application/errors.js';
import { closeTradingDay, openTradingDay, tradingDay } from '../../application/trading-days.js';
import * as F from '../schemas/fields.js';
import * as V from '../schemas/views.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

export function tradingDayRoutes(server: RestServer, app: Application): void {
  const tags = ['operations'];
  server.get(
    '/v1/trading-day',
    {
      schema: {
        tags,
        summary: 'The trading day that is open, or was last',
        response: { 200: V.tradingDayView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = tradingDay(app, request.caller);
      if (view === null) throw problem('TRADING_DAY_NONE');
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
  for (const [turn, summary, act] of [
    ['open', 'Open a trading day', openTradingDay],
    ['close', 'Close the trading day: day orders expire', closeTradingDay],
  ] as const) {
    server.post(
      `/v1/trading-day/${turn}`,
      {
        schema: {
          tags,
          summary,
          body: z.strictObject({ day: F.day }),
          response: { 200: V.tradingDayView, ...problemResponses },
        },
      },
      async (request, reply) => {
        const view = await act(app, request.caller, request.body.day);
        reply.header(SEQUENCE_HEADER, view.sequence);
        return view;
      },
    );
  }
}
