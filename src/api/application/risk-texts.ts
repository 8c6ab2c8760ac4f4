/** A risk decision as callers are shown it: check, limit and value compared, in readable units. */
import type { DaybookEvent, EventOf } from '../../domain/events.js';
import { REASON } from '../../domain/reject-reasons.js';
import { NO_LIMIT, RISK_CHECK } from '../../domain/risk-catalogue.js';
import type { Instrument } from '../reference/instrument.js';
import type { ReferenceData } from '../reference/reference-data.js';
import type { ErrorExtras } from './errors.js';
import { priceText, quantityText } from './order-texts.js';
import { microsText } from './terms.js';

export type CheckName = keyof typeof RISK_CHECK;

/** What limit and value of a check count. */
export type CheckUnit =
  | 'quantity'
  | 'price'
  | 'money'
  | 'basis points'
  | 'count'
  | 'ms'
  | 'state'
  | 'index';

export const checkUnits: { readonly [N in CheckName]: CheckUnit } = {
  Instrument: 'index',
  Account: 'index',
  TradingState: 'state',
  Terms: 'count',
  MaxQuantity: 'quantity',
  MaxNotional: 'money',
  PriceCollar: 'basis points',
  Position: 'quantity',
  OpenOrders: 'count',
  GrossExposure: 'money',
  NetExposure: 'money',
  OrderRate: 'count',
  DailyLoss: 'money',
  BuyingPower: 'money',
  RepeatedOrder: 'count',
  Restricted: 'count',
  ShortSale: 'count',
  SelfTrade: 'count',
  OrderToTrade: 'count',
  MarkAge: 'ms',
  ReduceOnly: 'quantity',
  Rate: 'ms',
  CancelRate: 'count',
};

const checkNames = new Map<number, CheckName>(
  Object.entries(RISK_CHECK).map(([name, number]) => [number, name as CheckName]),
);

/** `check`, `limit`, `value` and `unit` of the decision among `events`; nothing when there is none. */
export function riskExtras(
  reference: Pick<ReferenceData, 'instrument'>,
  events: readonly DaybookEvent[],
): ErrorExtras {
  const decided = events.find(
    (event): event is EventOf<'RiskDecided'> => event.type === 'RiskDecided',
  );
  const check = checkNames.get(decided?.data.check ?? 0);
  if (decided === undefined || check === undefined) return {};
  const { limit, value, instrument: index, reason } = decided.data;
  const instrument = reference.instrument(index);
  const unit = unitOf(check, reason);
  return {
    check,
    limit: limit === NO_LIMIT ? null : textIn(unit, limit, instrument),
    value: textIn(unit, value, instrument),
    unit,
  };
}

/** The terms of an order are of several kinds; the reason says which one is wrong. */
function unitOf(check: CheckName, reason: number): CheckUnit {
  if (check !== 'Terms') return checkUnits[check];
  if (reason === REASON.ORDER_PRICE_INVALID) return 'price';
  return reason === REASON.ORDER_QUANTITY_INVALID ? 'quantity' : 'count';
}

function textIn(unit: CheckUnit, value: number, instrument: Instrument | undefined): string {
  if (unit === 'quantity') return quantityText(value, instrument);
  if (unit === 'price') return priceText(value, instrument);
  if (unit === 'money') return microsText(value);
  return String(value);
}
