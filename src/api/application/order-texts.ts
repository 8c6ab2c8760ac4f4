/** Quantities and prices of an order as text, in the steps of its instrument. */
import { formatSteps, type Step } from '../../lib/decimal.js';
import type { Instrument } from '../reference/instrument.js';
import type { OrderState, OrdStatus, OrdType } from './views.js';

/** Steps of an instrument that is not known: what is counted is shown as it is. */
const WHOLE: Step = { units: 1, scale: 0 };

export const quantityText = (lots: number, instrument: Instrument | undefined): string =>
  formatSteps(lots, instrument?.lot ?? WHOLE);
export const priceText = (ticks: number, instrument: Instrument | undefined): string =>
  formatSteps(ticks, instrument?.tick ?? WHOLE);

/** Order types with a limit price. */
const PRICED: ReadonlySet<OrdType> = new Set<OrdType>(['Limit', 'StopLimit', 'TrailingStopLimit']);
/** Order types with a stop price. */
const STOPPED: ReadonlySet<OrdType> = new Set<OrdType>([
  'Stop',
  'StopLimit',
  'TrailingStop',
  'TrailingStopLimit',
]);

export const hasPrice = (type: OrdType): boolean => PRICED.has(type);
export const hasStopPrice = (type: OrdType): boolean => STOPPED.has(type);

/** The fields that all events about an order's state share. */
export interface StateFields {
  readonly orderId: number;
  readonly orderQuantity: number;
  readonly cumQuantity: number;
  readonly leavesQuantity: number;
  readonly ordStatus: OrdStatus;
}

export function orderState(
  fields: StateFields,
  clientOrderId: string | null,
  instrument: Instrument | undefined,
): OrderState {
  return {
    orderId: fields.orderId,
    clientOrderId,
    status: fields.ordStatus,
    quantity: quantityText(fields.orderQuantity, instrument),
    cumQuantity: quantityText(fields.cumQuantity, instrument),
    leavesQuantity: quantityText(fields.leavesQuantity, instrument),
  };
}
