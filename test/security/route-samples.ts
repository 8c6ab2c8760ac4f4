/** For each route a request that is right, and what it is answered when it is allowed. */

import { LOCAL_CALLER } from '../../src/api/application/application.js';
import { submitOrder } from '../../src/api/application/submit-order.js';
import type { RunningApi } from '../../src/api/start-api.js';

export interface Sample {
  readonly path: string;
  readonly body?: unknown;
  /** When it is allowed; `taken` is anything but a refusal of who asks, or a defect. */
  readonly status: number | 'taken';
}

type MakeSample = (account: string, api: RunningApi) => Sample | Promise<Sample>;

let made = 0;
const fresh = (): string => {
  made += 1;
  return `t${made}`;
};

const terms = (account: string, clientOrderId: string) =>
  ({
    ...{ clientOrderId, account, instrument: 'ESH4', side: 'Buy' as const },
    ...{ type: 'Limit' as const, quantity: '2', price: '4700' },
  }) as const;

const newOrder = ({ application }: RunningApi, account: string) =>
  submitOrder(application, LOCAL_CALLER, terms(account, fresh()));

/** Names a new order of the account by its id, or by its client order id. */
const ofOrder =
  (by: 'id' | 'client', suffix: string, status: number, body?: () => unknown): MakeSample =>
  async (account, api) => {
    const { orderId, clientOrderId, sequence } = await newOrder(api, account);
    const name =
      by === 'id' ? `/v1/orders/${orderId}` : `/v1/accounts/${account}/orders/${clientOrderId}`;
    // What is read has to be there.
    const query = status === 200 && suffix === 'GET' ? `?minSequence=${sequence}` : '';
    const path = `${name}${suffix.startsWith('/') ? suffix : ''}${query}`;
    return { path, status, ...(body === undefined ? {} : { body: body() }) };
  };

const replacement = () => ({ clientOrderId: fresh(), quantity: '3', price: '4700' });
const instrument = { tickSize: '0.25', lotSize: '1', multiplier: '50', currency: 'USD', venue: 0 };
const plain =
  (path: string, status: Sample['status'] = 200, body?: unknown): MakeSample =>
  () => ({ path, status, body });
const ofAccount =
  (path: string, status: Sample['status'] = 200): MakeSample =>
  (account) => ({ path: `${path}?account=${account}`, status });
const scoped = (account: string) => ({ scope: 'Account', name: account });

export const samples: Readonly<Record<string, MakeSample>> = {
  'POST /v1/orders': (account) => ({
    path: '/v1/orders',
    body: terms(account, fresh()),
    status: 201,
  }),
  'GET /v1/orders': ofAccount('/v1/orders'),
  'POST /v1/orders/mass-cancel': (account) => ({
    path: '/v1/orders/mass-cancel',
    body: { account },
    status: 202,
  }),
  'GET /v1/orders/:orderId': ofOrder('id', 'GET', 200),
  'DELETE /v1/orders/:orderId': ofOrder('id', '', 200),
  'POST /v1/orders/:orderId/cancel': ofOrder('id', '/cancel', 200, () => ({})),
  'PUT /v1/orders/:orderId': ofOrder('id', '', 200, replacement),
  'GET /v1/accounts/:account/orders/:clientOrderId': ofOrder('client', 'GET', 200),
  'DELETE /v1/accounts/:account/orders/:clientOrderId': ofOrder('client', '', 200),
  'POST /v1/accounts/:account/orders/:clientOrderId/cancel': ofOrder(
    'client',
    '/cancel',
    200,
    () => ({}),
  ),
  'PUT /v1/accounts/:account/orders/:clientOrderId': ofOrder('client', '', 200, replacement),
  'GET /v1/fills': ofAccount('/v1/fills'),
  'GET /v1/positions': ofAccount('/v1/positions'),
  'GET /v1/pnl': ofAccount('/v1/pnl'),
  'GET /v1/positions/history': (account) => ({
    path: `/v1/positions/history?account=${account}&instrument=ESH4`,
    status: 200,
  }),
  'GET /v1/pnl/history': ofAccount('/v1/pnl/history'),
  'GET /v1/pnl/days': ofAccount('/v1/pnl/days'),
  'GET /v1/pnl/totals': plain('/v1/pnl/totals'),
  'GET /v1/exposure': plain('/v1/exposure'),
  'GET /v1/instruments': plain('/v1/instruments'),
  'GET /v1/instruments/:symbol': plain('/v1/instruments/ESH4'),
  'POST /v1/instruments': () => ({
    path: '/v1/instruments',
    body: { symbol: fresh(), ...instrument },
    status: 201,
  }),
  'PUT /v1/instruments/:symbol': plain('/v1/instruments/ESH4', 200, instrument),
  'GET /v1/accounts': plain('/v1/accounts'),
  'GET /v1/accounts/:account': (account) => ({ path: `/v1/accounts/${account}`, status: 200 }),
  'POST /v1/accounts': () => ({
    path: '/v1/accounts',
    body: { name: fresh(), currency: 'USD' },
    status: 201,
  }),
  'PUT /v1/accounts/:account': plain('/v1/accounts/own', 200, { currency: 'USD', group: 'desk' }),
  'GET /v1/marks': plain('/v1/marks'),
  'GET /v1/marks/:symbol': plain('/v1/marks/ESH4'),
  'PUT /v1/marks/:symbol': plain('/v1/marks/ESH4', 200, { price: '4799.25' }),
  'GET /v1/market-data/bars': plain(
    '/v1/market-data/bars?symbol=ESH4&interval=1m&from=2026-11-20T00:00:00Z',
    'taken',
  ),
  'GET /v1/market-data/trades': plain('/v1/market-data/trades?symbol=ESH4', 'taken'),
  'GET /v1/market-data/quotes': plain('/v1/market-data/quotes?symbol=ESH4', 'taken'),
  'GET /v1/market-data/findings': plain('/v1/market-data/findings?symbol=ESH4', 'taken'),
  'GET /v1/market-data/corporate-actions': plain(
    '/v1/market-data/corporate-actions?symbol=ESH4',
    'taken',
  ),
  'POST /v1/market-data/corporate-actions': plain('/v1/market-data/corporate-actions', 'taken', {}),
  'POST /v1/market-data/ticks': plain('/v1/market-data/ticks', 'taken', {}),
  'GET /v1/risk/value-at-risk': ofAccount('/v1/risk/value-at-risk', 'taken'),
  'GET /v1/risk/value-at-risk/history': ofAccount('/v1/risk/value-at-risk/history', 'taken'),
  'GET /v1/risk/value-at-risk/stress': ofAccount('/v1/risk/value-at-risk/stress', 'taken'),
  'GET /v1/risk/value-at-risk/backtest': ofAccount('/v1/risk/value-at-risk/backtest', 'taken'),
  'GET /v1/limits': plain('/v1/limits'),
  'PUT /v1/limits': (account) => ({
    path: '/v1/limits',
    body: { limit: 'MaxOrderQuantity', ...scoped(account), value: '100' },
    status: 202,
  }),
  'GET /v1/base-currencies': plain('/v1/base-currencies'),
  'PUT /v1/base-currencies': plain('/v1/base-currencies', 202, { scope: 'Firm', currency: 'USD' }),
  'GET /v1/trading-states': plain('/v1/trading-states'),
  'PUT /v1/trading-states': (account) => ({
    path: '/v1/trading-states',
    body: { ...scoped(`${account}-halted`), state: 'Halted' },
    status: 200,
  }),
  'GET /v1/audit/orders': plain('/v1/audit/orders'),
  'GET /v1/audit/orders/:order': async (account, api) => {
    const { orderId } = await newOrder(api, account);
    return { path: `/v1/audit/orders/${orderId}`, status: 200 };
  },
  'GET /v1/audit/positions': plain('/v1/audit/positions'),
  'GET /v1/audit/pnl': plain('/v1/audit/pnl'),
  'GET /v1/audit/limits': plain('/v1/audit/limits'),
  'GET /v1/audit/trading-states': plain('/v1/audit/trading-states'),
  // No upgrade of the connection, so no stream: that is said to whoever is let in.
  'GET /v1/stream': plain('/v1/stream', 400),
  'GET /v1/approvals': plain('/v1/approvals'),
  'GET /v1/approvals/:approval': plain('/v1/approvals/999999999', 404),
  'POST /v1/approvals/:approval/decision': plain('/v1/approvals/999999999/decision', 404, {
    decision: 'Refused',
  }),
  'GET /v1/trading-day': plain('/v1/trading-day'),
  'POST /v1/trading-day/open': plain('/v1/trading-day/open', 200, { day: '2026-11-23' }),
  'POST /v1/trading-day/close': plain('/v1/trading-day/close', 200, { day: '2026-11-23' }),
  'GET /v1/identity': plain('/v1/identity'),
  'GET /v1/identities': plain('/v1/identities'),
  'GET /health/live': plain('/health/live'),
  'GET /health/ready': plain('/health/ready'),
  'GET /metrics': plain('/metrics'),
  'GET /problems/:code': plain('/problems/INTERNAL'),
};
