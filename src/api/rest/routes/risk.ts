/** Limits, the currencies that they are in, and trading states. */
import { z } from 'zod';
import type { Application } from '../../application/application.js';
import { baseCurrencies, setBaseCurrency } from '../../application/base-currencies.js';
import { changeLimit, limits } from '../../application/limits.js';
import { setTradingState, tradingStates } from '../../application/trading-states.js';
import * as F from '../schemas/fields.js';
import * as V from '../schemas/views.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

const limitBody = z
  .strictObject({
    limit: F.limitName,
    scope: F.scope,
    name: F.scopeName.optional(),
    instrument: F.symbol.optional(),
    value: F.decimal.nullable().meta({ description: 'In the unit of the limit; null removes it' }),
  })
  .meta({
    examples: [{ limit: 'MaxOrderQuantity', scope: 'Account', name: 'alpha', value: '100' }],
  });

const baseBody = z
  .strictObject({
    scope: z.enum(['Firm', 'Group']),
    name: F.scopeName.optional(),
    currency: F.currency,
  })
  .meta({ examples: [{ scope: 'Firm', currency: 'EUR' }] });

const stateBody = z
  .strictObject({
    scope: F.scope,
    name: F.scopeName.optional(),
    state: F.tradingState,
    text: F.text32.optional().meta({ description: 'Why' }),
  })
  .meta({
    examples: [{ scope: 'Account', name: 'alpha', state: 'Halted', text: 'runaway strategy' }],
  });

const fourEyes =
  'Where identities are asked for, a limit, a base currency and letting go of a halt wait for a second one: 202.';

const tags = ['risk'];

export function riskRoutes(server: RestServer, app: Application): void {
  baseCurrencyRoutes(server, app);
  server.get(
    '/v1/limits',
    {
      schema: {
        tags,
        summary: 'The limits that are set',
        response: { 200: V.listOf('limits', V.limitView), ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return { asOf: app.follower.sequence, limits: limits(app, request.caller) };
    },
  );
  server.put(
    '/v1/limits',
    {
      schema: {
        tags,
        summary: 'Set, change or remove a limit',
        body: limitBody,
        description: fourEyes,
        response: { 200: V.limitView, 202: V.approvalView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = await changeLimit(app, request.caller, request.body);
      if ('approval' in view) reply.code(202).header('location', `/v1/approvals/${view.approval}`);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
  server.get(
    '/v1/trading-states',
    {
      schema: {
        tags,
        summary: 'Every scope that is halted or reducing',
        response: { 200: V.listOf('tradingStates', V.tradingStateView), ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return { asOf: app.follower.sequence, tradingStates: tradingStates(app, request.caller) };
    },
  );
  server.put(
    '/v1/trading-states',
    {
      schema: {
        tags,
        summary: 'Halt, reduce or resume a scope',
        body: stateBody,
        description: fourEyes,
        response: { 200: V.tradingStateView, 202: V.approvalView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = await setTradingState(app, request.caller, request.body);
      if ('approval' in view) reply.code(202).header('location', `/v1/approvals/${view.approval}`);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
}

function baseCurrencyRoutes(server: RestServer, app: Application): void {
  server.get(
    '/v1/base-currencies',
    {
      schema: {
        tags,
        summary: 'The currencies that the sums and limits of the firm and its groups are in',
        response: { 200: V.listOf('baseCurrencies', V.baseCurrencyView), ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return { asOf: app.follower.sequence, baseCurrencies: baseCurrencies(app, request.caller) };
    },
  );
  server.put(
    '/v1/base-currencies',
    {
      schema: {
        tags,
        summary: 'Set the base currency of the firm or a group; its limits keep their numbers',
        body: baseBody,
        description: fourEyes,
        response: { 200: V.baseCurrencyView, 202: V.approvalView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = await setBaseCurrency(app, request.caller, request.body);
      if ('approval' in view) reply.code(202).header('location', `/v1/approvals/${view.approval}`);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
}
