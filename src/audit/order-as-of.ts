/** What an order was after some of its events: its terms and quantities, folded from them alone. */
import type { DaybookEvent } from '../domain/events.js';
import { EXEC_INST } from '../domain/order-terms.js';
import {
  divideDecimals,
  formatDecimal,
  formatSteps,
  multiplyDecimals,
  stepsToDecimal,
} from '../lib/decimal.js';
import { accountName, microsText } from './event-values.js';
import { lotOf, type ReferenceHistory, tickOf } from './reference-history.js';

/** Decimals of an average price: it is a rational number, rounded half to even. */
const AVERAGE_PRICE_DIGITS = 12;

export interface OrderAsOf {
  /** 0: the request was refused and never became an order. */
  readonly orderId: number;
  /** The client order id that it went by. */
  readonly clOrdId: string;
  readonly account: string;
  readonly instrument: string;
  readonly side: string;
  readonly ordType: string;
  readonly timeInForce: string;
  readonly status: string;
  /**
   * Empty where the log does not hold what was asked: of a refused order without a known instrument,
   * or off its lot or tick (recorded is what was left when it was rounded down).
   */
  readonly quantity: string;
  /** The same; empty for an order type without one, too. */
  readonly price: string;
  readonly stopPrice: string;
  readonly cumQuantity: string;
  readonly leavesQuantity: string;
  /** Empty: nothing was traded. */
  readonly averagePrice: string;
  readonly fees: string;
}

type Values = Readonly<Record<string, number | string | bigint>>;

/** @returns undefined when none of the events tells of the order itself */
export function orderAsOf(
  events: Iterable<DaybookEvent>,
  reference: ReferenceHistory,
): OrderAsOf | undefined {
  let terms: Record<string, number | string | bigint> | undefined;
  let fees = 0;
  let sequence = 0;
  for (const event of events) {
    const data = event.data as Values;
    if (event.type === 'OrderAccepted' || event.type === 'OrderDenied') {
      const denied = event.type === 'OrderDenied';
      // A repeated request is refused without touching the first order.
      if (denied && terms !== undefined) continue;
      terms = { ...data, orderId: denied ? 0 : event.data.orderId };
      Object.assign(terms, { cumQuantity: 0, cumValue: 0 });
      terms.leavesQuantity = denied ? 0 : event.data.quantity;
      terms.ordStatus = denied ? 'Rejected' : 'PendingNew';
    } else if (terms !== undefined) {
      change(terms, event);
      if ('fee' in data) fees += data.fee as number;
    }
    sequence = event.sequence;
  }
  return terms === undefined ? undefined : rendered(terms, fees, sequence, reference);
}

const PRICED: ReadonlySet<string> = new Set(['OrderReplaced', 'OrderRestated', 'OrderTriggered']);

function change(terms: Record<string, number | string | bigint>, event: DaybookEvent): void {
  const data = event.data as Values;
  const take = (from: string, to: string = from) => {
    const value = data[from];
    if (value !== undefined) terms[to] = value;
  };
  // A request that was refused says what it wanted, and the state that the order kept.
  take('ordStatus');
  take('orderQuantity', 'quantity');
  take('cumQuantity');
  take('leavesQuantity');
  take('cumValue');
  if (PRICED.has(event.type)) {
    take('price');
    take('stopPrice');
    take('ordType');
  }
  if (event.type === 'OrderReplaced' && event.data.clOrdId !== '') take('clOrdId');
}

const WITH_PRICE: ReadonlySet<unknown> = new Set(['Limit', 'StopLimit', 'TrailingStopLimit']);
const WITH_STOP: ReadonlySet<unknown> = new Set([
  ...['Stop', 'StopLimit', 'TrailingStop', 'TrailingStopLimit'],
]);

function asked(
  terms: Values,
  known: boolean,
  lots: (name: string) => string,
  price: (name: string) => string,
): { readonly quantity: string; readonly price: string; readonly stopPrice: string } {
  const bits = (terms.execInst as number | undefined) ?? 0;
  const onTick = known && (bits & EXEC_INST.OffTick) === 0;
  const onLot = known && (bits & EXEC_INST.OffLot) === 0;
  return {
    quantity: onLot && terms.quantity !== 0 ? lots('quantity') : '',
    price: onTick && WITH_PRICE.has(terms.ordType) ? price('price') : '',
    stopPrice: onTick && WITH_STOP.has(terms.ordType) ? price('stopPrice') : '',
  };
}

function rendered(
  terms: Values,
  fees: number,
  sequence: number,
  reference: ReferenceHistory,
): OrderAsOf {
  const instrument = terms.instrument as number;
  const of = reference.instrument(instrument, sequence);
  const number = (name: string) => terms[name] as number;
  const price = (name: string) =>
    of === undefined ? `${number(name)}` : formatSteps(number(name), tickOf(of));
  const lots = (name: string) =>
    of === undefined ? `${number(name)}` : formatSteps(number(name), lotOf(of));
  const text = (name: string) => terms[name] as string;
  const traded = number('cumQuantity');
  const average =
    traded === 0 || of === undefined
      ? ''
      : formatDecimal(
          divideDecimals(
            multiplyDecimals(
              { digits: BigInt(number('cumValue')), scale: 0 },
              stepsToDecimal(1, tickOf(of)),
            ),
            { digits: BigInt(traded), scale: 0 },
            AVERAGE_PRICE_DIGITS,
          ),
        );
  return {
    orderId: number('orderId'),
    clOrdId: text('clOrdId'),
    account: accountName(reference, number('account'), sequence),
    instrument: of?.symbol ?? `#${instrument}`,
    side: text('side'),
    ordType: text('ordType'),
    timeInForce: text('timeInForce'),
    status: text('ordStatus'),
    ...asked(terms, of !== undefined, lots, price),
    cumQuantity: lots('cumQuantity'),
    leavesQuantity: lots('leavesQuantity'),
    averagePrice: average,
    fees: microsText(fees),
  };
}
