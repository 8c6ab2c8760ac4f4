/** Questions to the read models: each answer says the sequence it is as of. */
import { accountsFor, authorize, mayDo } from '../identity/authorize.js';
import type { Action } from '../identity/permissions.js';
import type { Application, Caller } from './application.js';
import { problem } from './errors.js';
import { instrumentIndex } from './instruments.js';
import {
  accountIndex,
  checkReference,
  type OrderReference,
  unknownOrder,
} from './order-reference.js';
import { type AsOf, PAGE_ROWS_DEFAULT, ReadModelsUnavailable, type View } from './read-models.js';
import type { FillView, OrderView, OrdStatus, PnlView, PositionView, Side } from './views.js';

/** How long a query waits for a view as new as it asks for, in milliseconds. */
export const VIEW_WAIT_MS_MAX = 5000;

export interface Query {
  /** The answer must hold the event with this sequence. */
  readonly minSequence?: number | undefined;
}

export interface OrdersQuery extends Query {
  readonly account?: string | undefined;
  readonly instrument?: string | undefined;
  readonly status?: readonly OrdStatus[] | undefined;
  readonly open?: boolean | undefined;
  readonly side?: Side | undefined;
  readonly strategy?: number | undefined;
  /** Accepted from this time, and before that one: ISO 8601. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Continues after a page: only orders with a smaller id. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

export interface FillsQuery extends Query {
  readonly account?: string | undefined;
  readonly instrument?: string | undefined;
  readonly orderId?: number | undefined;
  /** Continues after a page: only fills with a larger sequence. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

export interface PositionsQuery extends Query {
  readonly account?: string | undefined;
  readonly instrument?: string | undefined;
}

/** @throws ApplicationError ORDER_UNKNOWN, ACCOUNT_UNKNOWN, VIEW_BEHIND, VIEW_UNAVAILABLE */
export async function order(
  app: Application,
  caller: Caller,
  named: OrderReference,
  query: Query = {},
): Promise<AsOf<OrderView>> {
  const { identity } = caller;
  if ('account' in named) authorize(identity, 'orders.read', named.account);
  else accountsFor(identity, 'orders.read');
  checkReference(named);
  const account = 'account' in named ? accountIndex(app, named.account) : 0;
  const { asOf, value } = await atLeast(app, query.minSequence, () =>
    'orderId' in named
      ? app.readModels.order(named.orderId)
      : app.readModels.orderByClientId(account, named.clientOrderId),
  );
  // An order of somebody else is as unknown as one that does not exist: ids are easily guessed.
  if (value === undefined || !mayDo(identity, 'orders.read', value.account)) throw unknownOrder();
  return { asOf, value };
}

/** @throws ApplicationError ACCOUNT_UNKNOWN, INSTRUMENT_UNKNOWN, VIEW_BEHIND, VIEW_UNAVAILABLE */
export async function orders(
  app: Application,
  caller: Caller,
  query: OrdersQuery,
): Promise<AsOf<readonly OrderView[]>> {
  const { status, open, side, strategy, from, to, before } = query;
  const limit = query.limit ?? PAGE_ROWS_DEFAULT;
  const filter = {
    ...parties(app, caller, 'orders.read', query),
    statuses: status,
    ...{ side, strategy, from, to, open, before, limit },
  };
  return atLeast(app, query.minSequence, () => app.readModels.orders(filter));
}

/** @throws ApplicationError as `orders` */
export async function fills(
  app: Application,
  caller: Caller,
  query: FillsQuery,
): Promise<AsOf<readonly FillView[]>> {
  const { orderId, after } = query;
  const limit = query.limit ?? PAGE_ROWS_DEFAULT;
  const filter = { ...parties(app, caller, 'fills.read', query), orderId, after, limit };
  return atLeast(app, query.minSequence, () => app.readModels.fills(filter));
}

/** @throws ApplicationError as `orders` */
export async function positions(
  app: Application,
  caller: Caller,
  query: PositionsQuery,
): Promise<AsOf<readonly PositionView[]>> {
  const filter = parties(app, caller, 'positions.read', query);
  return atLeast(app, query.minSequence, () => app.readModels.positions(filter));
}

/** @throws ApplicationError as `orders` */
export async function pnl(
  app: Application,
  caller: Caller,
  query: PositionsQuery,
): Promise<AsOf<readonly PnlView[]>> {
  const filter = parties(app, caller, 'positions.read', query);
  return atLeast(app, query.minSequence, () => app.readModels.pnl(filter));
}

/** The order as the read model has it now; null when it is not there, or cannot be asked. */
export async function orderIfAvailable(
  ask: () => Promise<AsOf<OrderView | undefined>>,
): Promise<OrderView | null> {
  try {
    return (await ask()).value ?? null;
  } catch (error) {
    if (error instanceof ReadModelsUnavailable) return null;
    throw error;
  }
}

/** A view that holds everything that was durable, and read here, when the question came. */
export function freshly<T>(app: Application, ask: () => Promise<AsOf<T>>): Promise<AsOf<T>> {
  return atLeast(app, app.follower.sequence, ask);
}

/** What a question may be about, in indexes; without an account in it, all that the caller may see. */
export function parties(
  app: Application,
  caller: Caller,
  action: Action,
  query: Pick<PositionsQuery, 'account' | 'instrument'>,
) {
  const accounts = accountsFor(caller.identity, action);
  if (query.account !== undefined) authorize(caller.identity, action, query.account);
  return {
    account: query.account === undefined ? undefined : accountIndex(app, query.account),
    accounts:
      accounts === 'all'
        ? undefined
        : [...accounts].flatMap((name) => app.reference.accountByName(name)?.index ?? []),
    instrument: query.instrument === undefined ? undefined : instrumentIndex(app, query.instrument),
  };
}

/** Asks once the view holds the event that the question wants to be in it. */
export async function atLeast<T>(
  app: Application,
  minSequence: number | undefined,
  ask: () => Promise<AsOf<T>>,
  view: View = 'now',
): Promise<AsOf<T>> {
  try {
    if (minSequence !== undefined && minSequence >= 0) {
      const reached = await app.readModels.reached(minSequence, VIEW_WAIT_MS_MAX, view);
      if (!reached) throw problem('VIEW_BEHIND', undefined, { minSequence });
    }
    return await ask();
  } catch (error) {
    if (error instanceof ReadModelsUnavailable) throw problem('VIEW_UNAVAILABLE');
    throw error;
  }
}
