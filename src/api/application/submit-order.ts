/** Enter an order: 201 in REST, once its OrderAccepted is durable. */
import type { CommandData } from '../../domain/commands.js';
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { EXEC_INST } from '../../domain/order-terms.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { assert } from '../../lib/assert.js';
import { formatIsoNs } from '../../lib/time.js';
import { authorize } from '../identity/authorize.js';
import type { AcceptedOrder } from '../outcomes.js';
import type { Instrument } from '../reference/instrument.js';
import { type Application, type Caller, perform, performUntil } from './application.js';
import { refused } from './errors.js';
import { checkClientOrderId } from './order-reference.js';
import { hasPrice, hasStopPrice, orderState, priceText, quantityText } from './order-texts.js';
import { orderIfAvailable } from './queries.js';
import { riskExtras } from './risk-texts.js';
import { microsOf, type Steps, stepsOf } from './terms.js';
import type { OrderView, OrdType, Side, TimeInForce } from './views.js';

type Accepted = EventOf<'OrderAccepted'>;
type NewOrder = CommandData<'NewOrder'>;

export interface SubmitOrder {
  readonly clientOrderId: string;
  readonly account: string;
  /** Symbol. */
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrdType;
  readonly timeInForce?: TimeInForce | undefined;
  readonly quantity: string;
  readonly price?: string | undefined;
  readonly stopPrice?: string | undefined;
  readonly displayQuantity?: string | undefined;
  readonly minQuantity?: string | undefined;
  /** Milliseconds since 1970, for GoodTillDate. */
  readonly expireTimeMs?: number | undefined;
  readonly capacity?: Accepted['data']['capacity'] | undefined;
  readonly selfTradePrevention?: Accepted['data']['selfTradePrevention'] | undefined;
  readonly postOnly?: boolean | undefined;
  readonly reduceOnly?: boolean | undefined;
  /** Distance of a trailing stop from the mark, or of a peg from its price; negative below. */
  readonly offset?: string | undefined;
  readonly peg?: Accepted['data']['peg'] | undefined;
  /** Money to buy or sell for; `quantity` is then "0" and follows from the mark. */
  readonly cashQuantity?: string | undefined;
  /** One of a list of orders, by its number in the account: 0 the parent, 1 and 2 its children. */
  readonly list?: OrderList | undefined;
  readonly strategy?: number | undefined;
  readonly locate?: number | undefined;
}

export interface OrderList {
  readonly id: number;
  readonly contingency: Accepted['data']['contingency'];
  readonly index: number;
}

/**
 * What the caller may not do leaves no trace on the log; the record of refused access has it.
 * Unknown accounts and instruments, prices off the tick and broken lots go to the writer too: it
 * denies them, and the denial is on record.
 *
 * @throws ApplicationError PERMISSION_DENIED, REQUEST_INVALID; the codes of risk, with check, limit and value;
 *   ORDER_DUPLICATE_CLIENT_ID with the first order; those of `perform`
 */
export async function submitOrder(
  app: Application,
  caller: Caller,
  request: SubmitOrder,
): Promise<OrderView> {
  authorize(caller.identity, 'orders.submit', request.account);
  const events = await perform(app, caller, 'NewOrder', newOrderOf(app, request));
  const accepted = events.find((event): event is Accepted => event.type === 'OrderAccepted');
  if (accepted !== undefined) return acceptedView(app, accepted);
  throw await denial(app, events, request);
}

/** The same, for who needs of an accepted order no more than its id and sequence. */
export async function enterOrder(
  app: Application,
  caller: Caller,
  request: SubmitOrder,
): Promise<AcceptedOrder> {
  authorize(caller.identity, 'orders.submit', request.account);
  const order = newOrderOf(app, request);
  const outcome = await performUntil(app, caller, 'NewOrder', order, undefined, true);
  if (outcome.accepted !== undefined) return outcome.accepted;
  throw await denial(app, outcome.events, request);
}

function newOrderOf(app: Application, request: SubmitOrder): NewOrder {
  checkClientOrderId('clientOrderId', request.clientOrderId);
  const account = app.reference.accountByName(request.account);
  const instrument = app.reference.instrumentBySymbol(request.instrument);
  const terms = instrument === undefined ? UNKNOWN_TERMS : termsOf(request, instrument);
  return {
    account: account?.index ?? 0,
    instrument: instrument?.index ?? 0,
    clOrdId: request.clientOrderId,
    side: request.side,
    ordType: request.type,
    timeInForce: request.timeInForce ?? 'Day',
    capacity: request.capacity ?? 'Agency',
    selfTradePrevention: request.selfTradePrevention ?? 'AccountDefault',
    strategy: request.strategy ?? 0,
    locate: request.locate ?? 0,
    expireTime: request.expireTimeMs ?? 0,
    cashQuantity: microsOf('cashQuantity', request.cashQuantity ?? '0'),
    listId: request.list?.id ?? 0,
    contingency: request.list?.contingency ?? 'None',
    listIndex: request.list?.index ?? 0,
    peg: request.peg ?? 'None',
    ...terms,
    execInst:
      terms.execInst |
      (request.postOnly === true ? EXEC_INST.PostOnly : 0) |
      (request.reduceOnly === true ? EXEC_INST.ReduceOnly : 0),
  };
}

type Terms = Required<
  Pick<
    NewOrder,
    'quantity' | 'price' | 'stopPrice' | 'offset' | 'displayQuantity' | 'minQuantity' | 'execInst'
  >
>;

/** Without an instrument there is no tick and no lot to count in. */
const UNKNOWN_TERMS: Terms = {
  quantity: 0,
  price: 0,
  stopPrice: 0,
  offset: 0,
  displayQuantity: 0,
  minQuantity: 0,
  execInst: 0,
};

function termsOf(request: SubmitOrder, { tick, lot }: Instrument): Terms {
  const quantity = stepsOf('quantity', request.quantity, lot);
  const price = stepsOf('price', request.price ?? '0', tick);
  const stopPrice = stepsOf('stopPrice', request.stopPrice ?? '0', tick);
  const offset = stepsOf('offset', request.offset ?? '0', tick);
  const displayQuantity = stepsOf('displayQuantity', request.displayQuantity ?? '0', lot);
  const minQuantity = stepsOf('minQuantity', request.minQuantity ?? '0', lot);
  return {
    quantity: quantity.steps,
    price: price.steps,
    stopPrice: stopPrice.steps,
    offset: offset.steps,
    displayQuantity: displayQuantity.steps,
    minQuantity: minQuantity.steps,
    execInst: offBits([price, stopPrice, offset], [quantity, displayQuantity, minQuantity]),
  };
}

/** Says that a value was not whole and has been floored, so that the writer denies the order. */
export function offBits(prices: readonly Steps[], quantities: readonly Steps[]): number {
  const tick = prices.every(({ exact }) => exact) ? 0 : EXEC_INST.OffTick;
  const lot = quantities.every(({ exact }) => exact) ? 0 : EXEC_INST.OffLot;
  return tick | lot;
}

function acceptedView(app: Application, { sequence, time, data }: Accepted): OrderView {
  const instrument = app.reference.instrument(data.instrument);
  const quantity = quantityText(data.quantity, instrument);
  return {
    orderId: data.orderId,
    clientOrderId: data.clOrdId,
    account: app.reference.account(data.account)?.name ?? '',
    instrument: instrument?.symbol ?? '',
    side: data.side,
    type: data.ordType,
    timeInForce: data.timeInForce,
    quantity,
    price: hasPrice(data.ordType) ? priceText(data.price, instrument) : null,
    stopPrice: hasStopPrice(data.ordType) ? priceText(data.stopPrice, instrument) : null,
    status: 'PendingNew',
    cumQuantity: '0',
    leavesQuantity: quantity,
    averagePrice: null,
    sequence,
    time: formatIsoNs(time),
  };
}

async function denial(
  app: Application,
  events: readonly DaybookEvent[],
  request: SubmitOrder,
): Promise<Error> {
  const denied = events.find(
    (event): event is EventOf<'OrderDenied'> => event.type === 'OrderDenied',
  );
  assert(denied !== undefined, 'an order is accepted or denied');
  const code = rejectCode(denied.data.reason);
  assert(code !== undefined, 'a denial has a reason of the catalogue');
  const { sequence, data } = denied;
  const base = { clientOrderId: request.clientOrderId, sequence };
  if (code !== 'ORDER_DUPLICATE_CLIENT_ID') {
    return refused(code, { ...base, ...riskExtras(app.reference, events) });
  }
  // 0 when the order has ended so long ago that the writer keeps its client order id alone.
  const orderId = data.firstOrderId;
  const place = app.recentOrders.find(orderId);
  const instrument = app.reference.instrument(place?.instrument ?? data.instrument);
  const firstOrder = orderState({ ...data, orderId }, null, instrument);
  const order = await orderIfAvailable(() =>
    orderId > 0
      ? app.readModels.order(orderId)
      : app.readModels.orderByClientId(data.account, data.clOrdId),
  );
  return refused(code, { ...base, firstOrder: orderId > 0 ? firstOrder : null, order });
}
