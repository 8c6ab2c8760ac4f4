/**
 * Cancel, replace and mass cancel. Each request is on record as its own event before the venue
 * sees it; what the venue makes of it follows as further events.
 */
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import { formatIsoNs } from '../../lib/time.js';
import { accountsFor, authorize, mayDo } from '../identity/authorize.js';
import type { Action } from '../identity/permissions.js';
import type { Instrument } from '../reference/instrument.js';
import type { Application, Caller } from './application.js';
import { ApplicationError, refused } from './errors.js';
import {
  accountIndex,
  checkReference,
  type OrderReference,
  unknownOrder,
} from './order-reference.js';
import { orderState } from './order-texts.js';
import { freshly } from './queries.js';
import { riskExtras } from './risk-texts.js';
import type { OrderState } from './views.js';

/** What a request came to. */
export interface RequestAnswer {
  /** `requested`: on record, the venue's answer follows; `done`: it took effect at once. */
  readonly outcome: 'requested' | 'done';
  readonly orderId: number;
  /** Client order id of the request. */
  readonly clientOrderId: string;
  /** Null while the outcome is open. */
  readonly order: OrderState | null;
  readonly sequence: number;
  readonly time: string;
}

/** The indexes of an order that its requests need. */
export interface FoundOrder {
  readonly orderId: number;
  readonly account: number;
  readonly origClOrdId: string;
  readonly instrument: Instrument;
}

/**
 * Finds the order of a request, by either name among the recent ones, else in a read model that is as new as the
 * log was when the request came. One that the caller may not do this to is as unknown as one that
 * does not exist, unless the caller named the account itself.
 *
 * @throws ApplicationError PERMISSION_DENIED, ORDER_UNKNOWN, ACCOUNT_UNKNOWN, VIEW_BEHIND, VIEW_UNAVAILABLE
 */
export async function findOrder(
  app: Application,
  caller: Caller,
  action: Action,
  named: OrderReference,
): Promise<FoundOrder> {
  const { identity } = caller;
  if ('account' in named) authorize(identity, action, named.account);
  else accountsFor(identity, action);
  checkReference(named);
  const account = 'account' in named ? accountIndex(app, named.account) : 0;
  const origClOrdId = 'orderId' in named ? '' : named.clientOrderId;
  const orderId = 'orderId' in named ? named.orderId : await idOf(app, account, origClOrdId);
  const recent = app.recentOrders.find(orderId);
  const known = recent && app.reference.instrument(recent.instrument);
  if (recent !== undefined && known !== undefined) {
    const name = app.reference.account(recent.account)?.name ?? '';
    if (!mayDo(identity, action, name)) throw unknownOrder();
    return { ...recent, origClOrdId, instrument: known };
  }
  const { value } = await freshly(app, () =>
    'orderId' in named
      ? app.readModels.order(named.orderId)
      : app.readModels.orderByClientId(account, named.clientOrderId),
  );
  const instrument = value && app.reference.instrumentBySymbol(value.instrument);
  const owner = value && app.reference.accountByName(value.account);
  if (value === undefined || instrument === undefined || owner === undefined) throw unknownOrder();
  if (!mayDo(identity, action, value.account)) throw unknownOrder();
  return { orderId: value.orderId, account: owner.index, origClOrdId, instrument };
}

/** 0 when it is not among the recent ones, which an order under way may be in a moment. */
async function idOf(app: Application, account: number, clientOrderId: string): Promise<number> {
  const orderId = app.recentClientIds.find(account, clientOrderId);
  if (orderId !== 0 || app.outcomes.pending === 0) return orderId;
  await app.outcomes.settled();
  return app.recentClientIds.find(account, clientOrderId);
}

type Requested = EventOf<'CancelRequested' | 'ReplaceRequested'>;
type Done = EventOf<'OrderCanceled' | 'OrderReplaced'>;
type Rejected = EventOf<'CancelRejected' | 'ReplaceRejected'>;

const isRequested = (event: DaybookEvent): event is Requested =>
  event.type === 'CancelRequested' || event.type === 'ReplaceRequested';
const isDone = (event: DaybookEvent): event is Done =>
  event.type === 'OrderCanceled' || event.type === 'OrderReplaced';
const isRejected = (event: DaybookEvent): event is Rejected =>
  event.type === 'CancelRejected' || event.type === 'ReplaceRejected';

/**
 * The answer to a cancel or replace of one order.
 * @throws ApplicationError with the reason when it was refused, and the order as it stands
 */
export function requestAnswer(
  app: Application,
  events: readonly DaybookEvent[],
  clientOrderId: string,
): RequestAnswer {
  const rejected = events.find(isRejected);
  if (rejected !== undefined) throw rejection(app, events, rejected);
  const requested = events.find(isRequested);
  // Self-trade prevention may cancel other orders in the same command.
  const done = events.filter(isDone).find(({ data }) => data.orderId === requested?.data.orderId);
  const event = done ?? requested;
  assert(event !== undefined, 'a request is recorded, done or rejected');
  const instrument = app.reference.instrument(event.data.instrument);
  return {
    outcome: done === undefined ? 'requested' : 'done',
    orderId: event.data.orderId,
    clientOrderId,
    order:
      done === undefined ? null : orderState(done.data, clOrdIdAfter(done, requested), instrument),
    sequence: event.sequence,
    time: formatIsoNs(event.time),
  };
}

/** A replaced order goes by the id of the request; a canceled one keeps the id it had. */
function clOrdIdAfter(done: Done, requested: Requested | undefined): string | null {
  if (done.type === 'OrderReplaced') return done.data.clOrdId || null;
  return requested?.data.origClOrdId || null;
}

function rejection(
  app: Application,
  events: readonly DaybookEvent[],
  { data, sequence }: Rejected,
): ApplicationError {
  const code = rejectCode(data.reason);
  assert(code !== undefined, 'a rejection has a reason of the catalogue');
  const instrument = app.reference.instrument(data.instrument);
  const extras = {
    sequence,
    cxlRejReason: data.cxlRejReason,
    clientOrderId: data.clOrdId,
    ...riskExtras(app.reference, events),
  };
  if (code === 'ORDER_UNKNOWN') return refused(code, extras);
  const order = orderState(data, data.origClOrdId || null, instrument);
  const refusal = refused(code, { ...extras, order });
  // Risk refuses a replace as it refuses an order; all else is about the state of the order.
  if (refusal.kind !== 'refused' || 'check' in extras) return refusal;
  return new ApplicationError(code, 'conflict', refusal.message, refusal.extras);
}
