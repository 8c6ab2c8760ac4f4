/**
 * Which permission each route takes: the one table that the server, the security suite and
 * `docs/security.md` read. A server with a route that is not here does not start.
 */
import type { Access } from '../identity/authorize.js';
import type { Action } from '../identity/permissions.js';

/** Where a request names the account that it is about. */
export type AccountPlace =
  /** It is about no account, or about any. */
  | 'none'
  | 'body'
  | 'query'
  | 'path'
  /** The order's; a foreign order is answered like one that does not exist. */
  | 'order'
  /** Field `name` of the body when `scope` is Account; wider scopes take every account. */
  | 'scope';

export interface RouteAccess extends Access {
  readonly account: AccountPlace;
}

const access = (
  action: RouteAccess['action'],
  account: AccountPlace = 'none',
  or: readonly Action[] = [],
): RouteAccess => ({ action, account, or });

const byId = '/v1/orders/:orderId';
const byClientId = '/v1/accounts/:account/orders/:clientOrderId';

export const routeAccess: Readonly<Record<string, RouteAccess>> = {
  'POST /v1/orders': access('orders.submit', 'body'),
  'GET /v1/orders': access('orders.read', 'query'),
  'POST /v1/orders/mass-cancel': access('orders.cancel', 'body'),
  [`GET ${byId}`]: access('orders.read', 'order'),
  [`DELETE ${byId}`]: access('orders.cancel', 'order'),
  [`POST ${byId}/cancel`]: access('orders.cancel', 'order'),
  [`PUT ${byId}`]: access('orders.replace', 'order'),
  [`GET ${byClientId}`]: access('orders.read', 'path'),
  [`DELETE ${byClientId}`]: access('orders.cancel', 'path'),
  [`POST ${byClientId}/cancel`]: access('orders.cancel', 'path'),
  [`PUT ${byClientId}`]: access('orders.replace', 'path'),
  'GET /v1/fills': access('fills.read', 'query'),
  'GET /v1/positions': access('positions.read', 'query'),
  'GET /v1/pnl': access('positions.read', 'query'),
  'GET /v1/positions/history': access('positions.read', 'query'),
  // Of an account, or of all of them.
  'GET /v1/pnl/history': access('positions.read', 'query'),
  'GET /v1/pnl/days': access('positions.read', 'query'),
  'GET /v1/pnl/totals': access('positions.read'),
  'GET /v1/exposure': access('risk.read'),
  'GET /v1/instruments': access('instruments.read'),
  'GET /v1/instruments/:symbol': access('instruments.read'),
  'POST /v1/instruments': access('instruments.change'),
  'PUT /v1/instruments/:symbol': access('instruments.change'),
  'GET /v1/accounts': access('accounts.read'),
  'GET /v1/accounts/:account': access('accounts.read', 'path'),
  'POST /v1/accounts': access('accounts.change'),
  'PUT /v1/accounts/:account': access('accounts.change'),
  'GET /v1/marks': access('marketData.read'),
  'GET /v1/marks/:symbol': access('marketData.read'),
  'PUT /v1/marks/:symbol': access('marks.set'),
  'GET /v1/market-data/bars': access('marketData.read'),
  'GET /v1/market-data/trades': access('marketData.read'),
  'GET /v1/market-data/quotes': access('marketData.read'),
  'GET /v1/market-data/findings': access('marketData.read'),
  'GET /v1/market-data/corporate-actions': access('marketData.read'),
  'POST /v1/market-data/corporate-actions': access('instruments.change'),
  'POST /v1/market-data/ticks': access('marks.set'),
  'GET /v1/risk/value-at-risk': access('risk.read', 'query'),
  'GET /v1/risk/value-at-risk/history': access('risk.read', 'query'),
  'GET /v1/risk/value-at-risk/stress': access('risk.read', 'query'),
  'GET /v1/risk/value-at-risk/backtest': access('risk.read', 'query'),
  'GET /v1/limits': access('limits.read'),
  'PUT /v1/limits': access('limits.change', 'scope'),
  'GET /v1/base-currencies': access('limits.read'),
  'PUT /v1/base-currencies': access('limits.change'),
  'GET /v1/trading-states': access('trading.read'),
  'PUT /v1/trading-states': access('trading.halt', 'scope', ['trading.resume']),
  'GET /v1/audit/orders': access('audit.read'),
  'GET /v1/audit/orders/:order': access('audit.read'),
  'GET /v1/audit/positions': access('audit.read'),
  'GET /v1/audit/pnl': access('audit.read'),
  'GET /v1/audit/limits': access('audit.read'),
  'GET /v1/audit/trading-states': access('audit.read'),
  // Each subscription takes the permission of its topic.
  'GET /v1/stream': access('known'),
  'GET /v1/approvals': access('approvals.read'),
  'GET /v1/approvals/:approval': access('approvals.read'),
  'POST /v1/approvals/:approval/decision': access('approvals.decide'),
  'GET /v1/trading-day': access('tradingDay.read'),
  'POST /v1/trading-day/open': access('tradingDay.change'),
  'POST /v1/trading-day/close': access('tradingDay.change'),
  'GET /v1/identity': access('known'),
  'GET /v1/identities': access('identity.read'),
  'GET /health/live': access('public'),
  'GET /health/ready': access('public'),
  'GET /metrics': access('operations.read'),
  'GET /problems/:code': access('public'),
};

/** What the routes under a path take that packages bring along: the page of the API and its files. */
const prefixes: readonly (readonly [prefix: string, access: RouteAccess])[] = [
  ['/docs', access('public')],
];

/** The rule of a route; HEAD is as GET. @param url the pattern, as it was declared */
export function accessOf(method: string, url: string): RouteAccess | undefined {
  const known = routeAccess[`${method === 'HEAD' ? 'GET' : method} ${url}`];
  if (known !== undefined) return known;
  return prefixes.find(([prefix]) => url === prefix || url.startsWith(`${prefix}/`))?.[1];
}
