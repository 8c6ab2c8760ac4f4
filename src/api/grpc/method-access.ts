/**
 * Which permission each method takes: the table that the server, the security suite and
 * `docs/permissions.md` read, as `rest/route-access.ts` is for routes. A server with a method that
 * is not here does not start.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { assert } from '../../lib/assert.js';
import type { Access } from '../identity/authorize.js';
import { type TopicName, topics } from '../streams/topics.js';
import type { OrderRequest } from './generated/daybook/v1/order_service.gen.js';

/** Where a request names the account that it is about. */
export type AccountPlace =
  /** It is about none. */
  | 'none'
  | 'body'
  /** The order's: a foreign order named by its id is answered like one that does not exist. */
  | 'order'
  /** The accounts of the subscription; without any, its own. */
  | 'subscription';

export interface MethodAccess extends Access {
  readonly account: AccountPlace;
}

const access = (action: Access['action'], account: AccountPlace = 'none'): MethodAccess => ({
  action,
  account,
});

const stream = (topic: TopicName): MethodAccess =>
  access(topics[topic].action, topic === 'market-data' ? 'none' : 'subscription');

const ORDERS = '/daybook.v1.OrderService';
const STREAMS = '/daybook.v1.StreamService';
const HEALTH = '/grpc.health.v1.Health';

export const methodAccess: Readonly<Record<string, MethodAccess>> = {
  [`${ORDERS}/SubmitOrder`]: access('orders.submit', 'body'),
  [`${ORDERS}/CancelOrder`]: access('orders.cancel', 'order'),
  [`${ORDERS}/ReplaceOrder`]: access('orders.replace', 'order'),
  [`${ORDERS}/MassCancel`]: access('orders.cancel', 'body'),
  [`${ORDERS}/GetOrder`]: access('orders.read', 'order'),
  // Each request takes its own permission, see `requestAccess`.
  [`${ORDERS}/EnterOrders`]: access('known'),
  [`${STREAMS}/StreamExecutions`]: stream('executions'),
  [`${STREAMS}/StreamPositions`]: stream('positions'),
  [`${STREAMS}/StreamProfitAndLoss`]: stream('pnl'),
  [`${STREAMS}/StreamRisk`]: stream('risk'),
  [`${STREAMS}/StreamMarketData`]: stream('market-data'),
  [`${HEALTH}/Check`]: access('public'),
  [`${HEALTH}/Watch`]: access('public'),
  [`${HEALTH}/List`]: access('public'),
  // What there is to call is no secret; the definitions are in the repository.
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': access('public'),
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': access('public'),
};

type RequestKind = NonNullable<OrderRequest['request']>['$case'];

/** The requests of a stream of order entry; a new kind without a rule does not compile. */
export const requestAccess: { readonly [K in RequestKind]: MethodAccess } = {
  submit: access('orders.submit', 'body'),
  cancel: access('orders.cancel', 'order'),
  replace: access('orders.replace', 'order'),
};

/** @throws AssertionError when a method has no rule */
export function assertRules(definition: ServiceDefinition): void {
  for (const { path } of Object.values(definition)) {
    assert(methodAccess[path] !== undefined, `${path} has no rule in method-access.ts`);
  }
}
