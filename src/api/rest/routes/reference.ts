/** Instruments, accounts and marks. */
import { z } from 'zod';
import { account, accounts, changeAccount, openAccount } from '../../application/accounts.js';
import type { Application } from '../../application/application.js';
import {
  changeInstrument,
  instrument,
  instruments,
  listInstrument,
} from '../../application/instruments.js';
import { mark, markPrice, marks } from '../../application/marks.js';
import * as F from '../schemas/fields.js';
import * as V from '../schemas/views.js';
import { SEQUENCE_HEADER } from '../sequence-header.js';
import { problemResponses, type RestServer } from './route-types.js';

const instrumentTerms = {
  tickSize: F.decimal.meta({ examples: ['0.25'] }),
  lotSize: F.decimal.meta({ examples: ['1'] }),
  multiplier: F.decimal.meta({ examples: ['50'] }),
  currency: F.currency,
  venue: z.number().int().min(0).max(0xffff).optional(),
  open: z.boolean().optional(),
  negativePrices: z.boolean().optional(),
  marginPercent: z.number().int().min(0).max(100).optional(),
  feePerLot: F.money.optional(),
};
const instrumentExample = { tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD' };
const bySymbol = z.strictObject({ symbol: F.symbol });

export function instrumentRoutes(server: RestServer, app: Application): void {
  const tags = ['instruments'];
  server.get(
    '/v1/instruments',
    {
      schema: {
        tags,
        summary: 'List instruments',
        response: { 200: V.listOf('instruments', V.instrumentView), ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return { asOf: app.follower.sequence, instruments: instruments(app, request.caller) };
    },
  );
  server.get(
    '/v1/instruments/:symbol',
    {
      schema: {
        tags,
        summary: 'An instrument',
        params: bySymbol,
        response: { 200: V.instrumentView, ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return instrument(app, request.caller, request.params.symbol);
    },
  );
  server.post(
    '/v1/instruments',
    {
      schema: {
        tags,
        summary: 'List an instrument',
        body: z
          .strictObject({ symbol: F.symbol, ...instrumentTerms })
          .meta({ examples: [{ symbol: 'ESH4', ...instrumentExample }] }),
        response: { 201: V.instrumentView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { symbol, ...terms } = request.body;
      const view = await listInstrument(app, request.caller, symbol, terms);
      reply.code(201).header('location', `/v1/instruments/${encodeURIComponent(symbol)}`);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
  server.put(
    '/v1/instruments/:symbol',
    {
      schema: {
        tags,
        summary: 'Change the terms of an instrument',
        params: bySymbol,
        body: z.strictObject(instrumentTerms).meta({ examples: [instrumentExample] }),
        response: { 200: V.instrumentView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { symbol } = request.params;
      const view = await changeInstrument(app, request.caller, symbol, request.body);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
}

const accountTerms = {
  currency: F.currency,
  group: F.groupName.optional(),
  selfTradePrevention: F.selfTradePrevention.optional(),
  open: z.boolean().optional(),
  commissionPerLot: F.money.optional(),
};
const accountExample = { currency: 'USD', group: 'desk' };
const byName = z.strictObject({ account: F.accountName });

export function accountRoutes(server: RestServer, app: Application): void {
  const tags = ['accounts'];
  server.get(
    '/v1/accounts',
    {
      schema: {
        tags,
        summary: 'List accounts',
        response: { 200: V.listOf('accounts', V.accountView), ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return { asOf: app.follower.sequence, accounts: accounts(app, request.caller) };
    },
  );
  server.get(
    '/v1/accounts/:account',
    {
      schema: {
        tags,
        summary: 'An account',
        params: byName,
        response: { 200: V.accountView, ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return account(app, request.caller, request.params.account);
    },
  );
  server.post(
    '/v1/accounts',
    {
      schema: {
        tags,
        summary: 'Open an account',
        body: z
          .strictObject({ name: F.accountName, ...accountTerms })
          .meta({ examples: [{ name: 'alpha', ...accountExample }] }),
        response: { 201: V.accountView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { name, ...terms } = request.body;
      const view = await openAccount(app, request.caller, name, terms);
      reply.code(201).header('location', `/v1/accounts/${encodeURIComponent(name)}`);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
  server.put(
    '/v1/accounts/:account',
    {
      schema: {
        tags,
        summary: 'Change the terms of an account',
        params: byName,
        body: z.strictObject(accountTerms).meta({ examples: [accountExample] }),
        response: { 200: V.accountView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = await changeAccount(app, request.caller, request.params.account, request.body);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
}

export function markRoutes(server: RestServer, app: Application): void {
  const tags = ['marks'];
  server.get(
    '/v1/marks',
    {
      schema: {
        tags,
        summary: 'List marks',
        response: { 200: V.listOf('marks', V.markView), ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return { asOf: app.follower.sequence, marks: marks(app, request.caller) };
    },
  );
  server.get(
    '/v1/marks/:symbol',
    {
      schema: {
        tags,
        summary: 'The mark of an instrument',
        params: bySymbol,
        response: { 200: V.markView, ...problemResponses },
      },
    },
    async (request, reply) => {
      reply.header(SEQUENCE_HEADER, app.follower.sequence);
      return mark(app, request.caller, request.params.symbol);
    },
  );
  server.put(
    '/v1/marks/:symbol',
    {
      schema: {
        tags,
        summary: 'Set the mark of an instrument',
        params: bySymbol,
        body: z.strictObject({ price: F.price }).meta({ examples: [{ price: '4799.25' }] }),
        response: { 200: V.markView, ...problemResponses },
      },
    },
    async (request, reply) => {
      const view = await markPrice(app, request.caller, request.params.symbol, request.body.price);
      reply.header(SEQUENCE_HEADER, view.sequence);
      return view;
    },
  );
}
