import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Application } from '../../application/application.js';
import { cancelOrder } from '../../application/cancel-order.js';
import { massCancel } from '../../application/mass-cancel.js';
import type { OrderReference } from '../../application/order-reference.js';
import type { RequestAnswer } from '../../application/order-requests.js';
import { order, orders } from '../../application/queries.js';
import { PAGE_ROWS_DEFAULT } from '../../application/read-models.js';
import { replaceOrder } from '../../application/replace-order.js';
import { submitOrder } from '../../application/submit-order.js';
import * as C from '../schemas/cuts.js';
import * as F from '../schemas/fields.js';
import * as V from '../schemas/views.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

const tags = ['orders'];

const newOrder = z
  .strictObject({
    clientOrderId: F.clientOrderId,
    account: F.accountName,
    instrument: F.symbol,
    side: F.side,
    type: F.ordType,
    timeInForce: F.timeInForce.optional(),
    quantity: F.quantity,
    price: F.price.optional(),
    stopPrice: F.price.optional(),
    displayQuantity: F.quantity.optional(),
    minQuantity: F.quantity.optional(),
    offset: F.price
      .optional()
      .meta({ description: 'Distance of a trailing stop or a peg', examples: ['2.50'] }),
    peg: F.peg.optional(),
    cashQuantity: F.money
      .optional()
      .meta({ description: 'Money to trade for, with quantity "0"', examples: ['100000'] }),
    list: z
      .strictObject({
        id: z.number().int().positive(),
        contingency: F.contingency,
        index: z.number().int().min(0).max(2),
      })
      .optional()
      .meta({ description: 'One of a list of orders: its number, and the place in it' }),
    expireTimeMs: z.number().int().nonnegative().optional(),
    capacity: F.capacity.optional(),
    selfTradePrevention: F.selfTradePrevention.optional(),
    postOnly: z.boolean().optional(),
    reduceOnly: z.boolean().optional(),
    strategy: z.number().int().min(0).max(0xffff_ffff).optional(),
    locate: z.number().int().min(0).max(0xffff_ffff).optional(),
  })
  .meta({
    examples: [
      {
        clientOrderId: 'desk7-000123',
        account: 'alpha',
        instrument: 'ESH4',
        side: 'Buy',
        type: 'Limit',
        timeInForce: 'Day',
        quantity: '2',
        price: '4799.25',
      },
    ],
  });

const replacement = z
  .strictObject({
    clientOrderId: F.clientOrderId,
    quantity: F.quantity.meta({ description: 'Total wanted, what is executed included' }),
    price: F.price.optional(),
    stopPrice: F.price.optional(),
    displayQuantity: F.quantity.optional(),
  })
  .meta({ examples: [{ clientOrderId: 'desk7-000124', quantity: '3', price: '4799.50' }] });

const cancel = z
  .strictObject({
    clientOrderId: F.clientOrderId.optional(),
    quantity: F.quantity.optional().meta({ description: 'Reduce to this; absent: cancel all' }),
  })
  .meta({ examples: [{ clientOrderId: 'desk7-000125' }] });

const massCancelBody = z
  .strictObject({
    account: F.accountName.optional(),
    instrument: F.symbol.optional(),
    side: F.side.optional(),
  })
  .meta({ examples: [{ account: 'alpha' }] });

const byId = z.strictObject({ orderId: F.orderIdText });
const byClientId = z.strictObject({ account: F.accountName, clientOrderId: F.clientOrderId });
const fresh = z.strictObject({ minSequence: F.minSequence });
const cancelQuery = z.strictObject({ clientOrderId: F.clientOrderId.optional() });
const requestResponses = { 200: V.requestAnswer, 202: V.requestAnswer, ...problemResponses };

const listQuery = z.strictObject({
  account: F.accountName.optional(),
  instrument: F.symbol.optional(),
  status: F.statuses,
  open: F.flag,
  side: F.side.optional(),
  strategy: C.strategy,
  from: C.instant('Accepted from this time'),
  to: C.instant('Accepted before this time'),
  before: F.before,
  limit: F.limit,
  minSequence: F.minSequence,
});

export function orderRoutes(server: RestServer, app: Application): void {
  server.post(
    '/v1/orders',
    {
      schema: {
        tags,
        summary: 'Submit an order',
        description: '201 once the order is durable; a refusal by risk is 422, and on record.',
        body: newOrder,
        response: { 201: V.orderView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = await submitOrder(app, request.caller, request.body);
      reply.code(201).header('location', `/v1/orders/${view.orderId}`);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
  server.get(
    '/v1/orders',
    {
      schema: {
        tags,
        summary: 'List orders, newest first',
        querystring: listQuery,
        response: { 200: V.pageOf('orders', V.orderView), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { asOf, value } = await orders(app, request.caller, request.query);
      reply.header(SEQUENCE_HEADER, asOf);
      const full = value.length === (request.query.limit ?? PAGE_ROWS_DEFAULT);
      return { asOf, orders: value, next: full ? (value.at(-1)?.orderId ?? null) : null };
    },
  );
  server.post(
    '/v1/orders/mass-cancel',
    {
      schema: {
        tags,
        summary: 'Cancel all open orders that match',
        body: massCancelBody,
        response: { 202: V.massCancelAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const answer = await massCancel(app, request.caller, request.body);
      reply.code(202).header(SEQUENCE_HEADER, answer.sequence);
      return answer;
    },
  );
  server.get(
    '/v1/orders/:orderId',
    {
      schema: {
        tags,
        summary: 'An order by its id',
        params: byId,
        querystring: fresh,
        response: { 200: V.orderView, ...problemResponses },
      },
    },
    async (request, reply) => showOrder(app, request, request.params, request.query, reply),
  );
  server.get(
    '/v1/accounts/:account/orders/:clientOrderId',
    {
      schema: {
        tags,
        summary: 'An order by the client order id that it goes by',
        params: byClientId,
        querystring: fresh,
        response: { 200: V.orderView, ...problemResponses },
      },
    },
    async (request, reply) => showOrder(app, request, request.params, request.query, reply),
  );
  requestRoutes(server, app);
}

async function showOrder(
  app: Application,
  { caller }: FastifyRequest,
  named: OrderReference,
  query: z.output<typeof fresh>,
  reply: FastifyReply,
) {
  const { asOf, value } = await order(app, caller, named, query);
  reply.header(SEQUENCE_HEADER, asOf);
  return value;
}

/** Cancel and replace, by either name of the order. */
function requestRoutes(server: RestServer, app: Application): void {
  const description = '202 once the request is durable; 200 when it took effect at once.';
  for (const [url, params] of [
    ['/v1/orders/:orderId', byId],
    ['/v1/accounts/:account/orders/:clientOrderId', byClientId],
  ] as const) {
    server.delete(
      url,
      {
        schema: {
          tags,
          summary: 'Cancel an order',
          description,
          params,
          querystring: cancelQuery,
          response: requestResponses,
        },
      },
      async (request, reply) => {
        const named = request.params as OrderReference;
        const { clientOrderId } = request.query;
        return sendAnswer(
          reply,
          await cancelOrder(app, request.caller, { order: named, clientOrderId }),
        );
      },
    );
    server.post(
      `${url}/cancel`,
      {
        schema: {
          tags,
          summary: 'Cancel an order, or reduce it',
          description,
          params,
          body: cancel,
          response: requestResponses,
        },
      },
      async (request, reply) => {
        const named = request.params as OrderReference;
        return sendAnswer(
          reply,
          await cancelOrder(app, request.caller, { order: named, ...request.body }),
        );
      },
    );
    server.put(
      url,
      {
        schema: {
          tags,
          summary: 'Replace quantity and price of an order',
          description,
          params,
          body: replacement,
          response: requestResponses,
        },
      },
      async (request, reply) => {
        const named = request.params as OrderReference;
        return sendAnswer(
          reply,
          await replaceOrder(app, request.caller, { order: named, ...request.body }),
        );
      },
    );
  }
}

function sendAnswer(reply: FastifyReply, answer: RequestAnswer): RequestAnswer {
  reply.code(answer.outcome === 'done' ? 200 : 202).header(SEQUENCE_HEADER, answer.sequence);
  return answer;
}
