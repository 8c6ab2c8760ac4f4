/** Market data: bars, trades, quotes, what validation found, corporate actions. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Application } from '../../application/application.js';
import * as M from '../../application/market-data.js';
import { csvText, sendCsv, wantsCsv } from '../csv.js';
import * as F from '../schemas/fields.js';
import { problemResponses, type RestServer } from './route-types.js';

/** Number of the store's last batch that is in an answer. */
export const BATCH_HEADER = 'x-daybook-batch';

/** Lengths of bars; `market-data/bar-interval.ts` has the same, which a test holds. */
export const INTERVALS = [
  ...(['1s', '5s', '10s', '15s', '30s', '1m', '5m', '15m', '30m', '1h', '4h', '1d'] as const),
] as const;

const time = z
  .string()
  .max(64)
  .meta({ description: 'ISO 8601 with a zone', examples: ['2026-11-22T14:30:00Z'] });
const rowsTo = (most: number, unless: number) =>
  z
    .string()
    .regex(/^[0-9]{1,6}$/, 'not a whole number')
    .transform(Number)
    .refine((rows) => rows >= 1 && rows <= most, `1 to ${most}`)
    .optional()
    .meta({ description: `Rows, 1 to ${most}; ${unless} unless given`, examples: ['100'] });
const format = z
  .enum(['json', 'csv'])
  .optional()
  .meta({ description: 'Instead of the header Accept', examples: ['csv'] });
const batch = z.number().int().meta({ description: 'Last batch of the store that is in it' });
const listOf = <T extends z.ZodType>(name: string, item: T) =>
  z.object({ asOf: batch, [name]: z.array(item) });

const barView = z.object({
  start: F.time,
  open: F.price,
  high: F.price,
  low: F.price,
  close: F.price,
  volume: F.quantity,
  vwap: F.price.nullable(),
  trades: z.number().int(),
});
const origin = {
  source: z.string(),
  sequence: z.number().int().meta({ description: 'Number that the source gave it' }),
  cursor: z.string().meta({ description: '`after` of the next page' }),
};
const tradeView = z.object({ time: F.time, price: F.price, quantity: F.quantity, ...origin });
const quoteView = z.object({
  time: F.time,
  bidPrice: F.price.nullable(),
  bidQuantity: F.quantity,
  askPrice: F.price.nullable(),
  askQuantity: F.quantity,
  ...origin,
});
const findingView = z.object({
  time: F.time,
  code: z.string().meta({ examples: ['OUTLIER'] }),
  accepted: z.boolean().meta({ description: 'Whether the tick was taken all the same' }),
  value: z.string(),
  limit: z.string(),
  source: z.string(),
  sequence: z.number().int(),
  tick: z.string().meta({ description: 'As it came, in ticks and lots, as JSON' }),
});
const date = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'not a date')
  .meta({ examples: ['2026-11-23'] });
const actionFields = {
  exDate: date,
  kind: z.enum(['split', 'cash_dividend']),
};
const count = z.number().int().positive().max(1_000_000);
const actionView = z.object({
  ...actionFields,
  to: count.nullable(),
  from: count.nullable(),
  amount: F.money.nullable(),
  closeBefore: F.price.nullable(),
});

const tickHead = {
  symbol: F.symbol,
  time,
  sequence: z.number().int().min(0).meta({ description: 'Number that the source gave it' }),
};
const ticksBody = z
  .strictObject({
    source: z
      .string()
      .regex(/^[\x21-\x7e]{1,64}$/, 'printable ASCII without spaces')
      .meta({ description: 'Who numbered the ticks' }),
    trades: z
      .array(z.strictObject({ ...tickHead, price: F.price, quantity: F.quantity }))
      .max(M.TICKS_MAX)
      .optional(),
    quotes: z
      .array(
        z.strictObject({
          ...tickHead,
          bidPrice: F.price.optional(),
          bidQuantity: F.quantity.optional(),
          askPrice: F.price.optional(),
          askQuantity: F.quantity.optional(),
        }),
      )
      .max(M.TICKS_MAX)
      .optional(),
  })
  .meta({
    examples: [
      {
        source: 'feed-1',
        trades: [
          {
            ...{ symbol: 'ESH4', time: '2026-11-22T14:30:00.000000001Z', sequence: 1 },
            ...{ price: '4799.25', quantity: '2' },
          },
        ],
      },
    ],
  });
const taken = z.object({
  batch: z.number().int().meta({ description: 'Number of the batch; -1 when nothing was new' }),
  trades: z.number().int(),
  quotes: z.number().int(),
  refused: z.number().int().meta({ description: 'By validation; see findings' }),
  duplicates: z.number().int(),
});
const actionBody = z
  .strictObject({
    symbol: F.symbol,
    ...actionFields,
    to: count.optional().meta({ description: 'New shares of a split' }),
    from: count.optional().meta({ description: 'for so many old ones' }),
    amount: F.money.optional().meta({ description: 'Dividend per share' }),
    closeBefore: F.price
      .optional()
      .meta({ description: 'Close before the ex-date; else that of the last bar before it' }),
  })
  .meta({ examples: [{ symbol: 'AAPL', exDate: '2026-11-23', kind: 'split', to: 2, from: 1 }] });

const tags = ['market data'];
const ticksQuery = z.strictObject({
  symbol: F.symbol,
  from: time,
  to: time,
  after: z
    .string()
    .regex(/^[0-9]{1,18}\.[0-9]{1,5}\.[0-9]{1,16}$/, 'not a cursor')
    .optional()
    .meta({ description: 'Next page: the last `cursor`' }),
  limit: rowsTo(M.TICKS_MAX, M.TICKS_DEFAULT),
  format,
});

const BAR_FIELDS = [
  ...(['start', 'open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const),
] as const;

/** @param store undefined: there is none, every question is answered with VIEW_UNAVAILABLE */
export function marketDataRoutes(
  server: RestServer,
  app: Application,
  store: M.MarketData | undefined,
): void {
  readRoutes(server, app, store);
  tickRoutes(server, app, store);
  server.get(
    '/v1/market-data/corporate-actions',
    {
      schema: {
        ...{ tags, summary: 'Splits and dividends of an instrument, by ex-date' },
        querystring: z.strictObject({ symbol: F.symbol }),
        response: { 200: listOf('actions', actionView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await M.corporateActions(app, store, request.query.symbol);
      reply.header(BATCH_HEADER, asOf);
      return { asOf, actions: value } as never;
    },
  );
  server.post(
    '/v1/market-data/corporate-actions',
    {
      schema: {
        ...{ tags, summary: 'Record a split or a cash dividend; the same again replaces it' },
        body: actionBody,
        response: { 201: z.object({ batch }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const recorded = await M.recordCorporateAction(app, request.caller, store, request.body);
      reply.code(201);
      return { batch: recorded.batch };
    },
  );
  server.post(
    '/v1/market-data/ticks',
    {
      schema: {
        ...{ tags, summary: 'Take trades and quotes in; the same again changes nothing' },
        body: ticksBody,
        response: { 200: taken, ...problemResponses },
      },
    },
    async (request) => {
      const {
        batch: number,
        trades,
        quotes,
        refused,
        duplicates,
      } = await M.takeTicks(...([app, request.caller, store, request.body] as const));
      return { batch: number, trades, quotes, refused, duplicates };
    },
  );
}

function readRoutes(server: RestServer, app: Application, store: M.MarketData | undefined): void {
  server.get(
    '/v1/market-data/bars',
    {
      schema: {
        ...{ tags, summary: 'Bars of trades: open, high, low, close, volume, VWAP' },
        description: 'JSON, or CSV with Accept: text/csv or format=csv.',
        querystring: z.strictObject({
          symbol: F.symbol,
          interval: z.enum(INTERVALS).meta({ description: 'Length', examples: ['1m'] }),
          from: time,
          to: time.optional().meta({ description: 'First instant that is not wanted' }),
          fill: F.flag.meta({ description: 'Flat bars where nothing traded', examples: ['true'] }),
          adjusted: F.flag.meta({
            description: 'Prices and volumes of today, by corporate actions',
            examples: ['true'],
          }),
          limit: rowsTo(M.BARS_MAX, M.BARS_DEFAULT),
          format,
        }),
        response: { 200: listOf('bars', barView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await M.bars(app, store, request.query);
      reply.header(BATCH_HEADER, asOf);
      if (wantsCsv(request)) return sendCsv(reply, csvText(BAR_FIELDS, value)) as never;
      return { asOf, bars: value } as never;
    },
  );
  server.get(
    '/v1/market-data/findings',
    {
      schema: {
        ...{ tags, summary: 'What validation found in the ticks of an instrument, newest first' },
        querystring: z.strictObject({
          symbol: F.symbol,
          limit: rowsTo(M.TICKS_MAX, M.TICKS_DEFAULT),
        }),
        response: { 200: listOf('findings', findingView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { symbol, limit } = request.query;
      const { asOf, value } = await M.findings(app, store, symbol, limit);
      reply.header(BATCH_HEADER, asOf);
      return { asOf, findings: value } as never;
    },
  );
}

function tickRoutes(server: RestServer, app: Application, store: M.MarketData | undefined): void {
  const tell = <T extends object>(
    ...[reply, name, asOf, value, csv]: [
      FastifyReply,
      string,
      number,
      readonly T[],
      readonly (keyof T & string)[] | undefined,
    ]
  ): never => {
    reply.header(BATCH_HEADER, asOf);
    if (csv !== undefined) return sendCsv(reply, csvText(csv, value)) as never;
    return { asOf, [name]: value } as never;
  };
  server.get(
    '/v1/market-data/trades',
    {
      schema: {
        ...{ tags, summary: 'Trades by time' },
        querystring: ticksQuery,
        response: { 200: listOf('trades', tradeView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await M.trades(app, store, request.query);
      const fields = ['time', 'price', 'quantity', 'source', 'sequence'] as const;
      return tell(reply, 'trades', asOf, value, wantsCsv(request) ? fields : undefined);
    },
  );
  server.get(
    '/v1/market-data/quotes',
    {
      schema: {
        ...{ tags, summary: 'Best bids and offers by time' },
        querystring: ticksQuery,
        response: { 200: listOf('quotes', quoteView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await M.quotes(app, store, request.query);
      const sides = ['bidPrice', 'bidQuantity', 'askPrice', 'askQuantity'] as const;
      const fields = ['time', ...sides, 'source', 'sequence'] as const;
      return tell(reply, 'quotes', asOf, value, wantsCsv(request) ? fields : undefined);
    },
  );
}
