/** The risk checks that an event can name, and the limits that can be set. Numbers are for ever. */
import { constants } from '../lib/constants.js';

/** Checks, in the order in which they are made; bit `1 << (number - 1)` of RiskDecided.checks. */
export const RISK_CHECK = {
  Instrument: 1,
  Account: 2,
  TradingState: 3,
  Terms: 4,
  MaxQuantity: 5,
  MaxNotional: 6,
  PriceCollar: 7,
  Position: 8,
  OpenOrders: 9,
  GrossExposure: 10,
  NetExposure: 11,
  OrderRate: 12,
  DailyLoss: 13,
  BuyingPower: 14,
  RepeatedOrder: 15,
  Restricted: 16,
  ShortSale: 17,
  SelfTrade: 18,
  OrderToTrade: 19,
  MarkAge: 20,
  ReduceOnly: 21,
  CancelRate: 22,
  Rate: 23,
} as const;

export interface LimitDeclaration {
  readonly number: number;
  readonly unit: string;
  readonly meaning: string;
  /** Whether it can be set for one instrument alone. */
  readonly perInstrument: boolean;
}

/** Limits; -1 (none) unless set. They hold for each account in the scope, the tightest wins. */
export const limits = {
  MaxOrderQuantity: {
    number: 1,
    unit: 'lots',
    meaning: 'Largest quantity of one order.',
    perInstrument: true,
  },
  MaxOrderNotional: {
    number: 2,
    unit: 'micros',
    meaning: 'Largest quantity x price x multiplier of one order, in base currency.',
    perInstrument: true,
  },
  PriceCollar: {
    number: 3,
    unit: 'basis points',
    meaning: 'Largest distance of a limit price from the mark, either way.',
    perInstrument: true,
  },
  MaxPosition: {
    number: 4,
    unit: 'lots',
    meaning: 'Largest position, long or short, if all open orders filled.',
    perInstrument: true,
  },
  MaxOpenOrders: {
    number: 5,
    unit: 'count',
    meaning: 'Most open orders at a time, summed over the scope.',
    perInstrument: false,
  },
  MaxGrossExposure: {
    number: 6,
    unit: 'micros',
    meaning: 'Largest sum of position and open order notionals, summed over the scope.',
    perInstrument: false,
  },
  MaxNetExposure: {
    number: 7,
    unit: 'micros',
    meaning: 'Largest net of long and short notionals in the worst case, summed over the scope.',
    perInstrument: false,
  },
  OrderRate: {
    number: 8,
    unit: 'orders a second',
    meaning: 'Token bucket of one second: new orders and replaces.',
    perInstrument: false,
  },
  CancelRate: {
    number: 9,
    unit: 'cancels a second',
    meaning: 'Token bucket of one second: cancels above it are recorded and pass.',
    perInstrument: false,
  },
  MaxDailyLoss: {
    number: 10,
    unit: 'micros',
    meaning: 'Largest loss of the day, realised and unrealised at the mark, over the scope.',
    perInstrument: false,
  },
  BuyingPower: {
    number: 11,
    unit: 'micros',
    meaning: 'Funds: margin of positions and open orders may not exceed it.',
    perInstrument: false,
  },
  RepeatedOrders: {
    number: 12,
    unit: 'count',
    meaning: 'Most orders with the same instrument, side, quantity and price in a row in a second.',
    perInstrument: false,
  },
  OrderToTradeRatio: {
    number: 13,
    unit: 'orders a fill',
    meaning: 'Most order messages for each fill of the day, after the first 1000.',
    perInstrument: false,
  },
  MarkAge: {
    number: 14,
    unit: 'ms',
    meaning: 'Oldest mark against which an order is checked.',
    perInstrument: true,
  },
  Restricted: {
    number: 15,
    unit: '0 or 1',
    meaning: 'The instrument is on the restricted list: 1 refuses orders that do not reduce.',
    perInstrument: true,
  },
  ShortSale: {
    number: 16,
    unit: '0, 1 or 2',
    meaning: 'Short sales: 0 refused, 1 with a locate, 2 free (easy to borrow).',
    perInstrument: true,
  },
  BreakerPriceMove: {
    number: 17,
    unit: 'basis points',
    meaning: 'Circuit breaker: move of the mark within its window halts the instrument.',
    perInstrument: true,
  },
  BreakerLoss: {
    number: 18,
    unit: 'micros',
    meaning: 'Circuit breaker: loss within its window sets the scope to reducing.',
    perInstrument: false,
  },
  BreakerRejects: {
    number: 19,
    unit: 'count',
    meaning: 'Circuit breaker: refusals within its window halt the account.',
    perInstrument: false,
  },
  BreakerMessages: {
    number: 20,
    unit: 'count',
    meaning: 'Circuit breaker: order messages within its window halt the account.',
    perInstrument: false,
  },
  BreakerWindow: {
    number: 21,
    unit: 'ms',
    meaning: 'Window of the circuit breakers of the scope; 1000 unless set.',
    perInstrument: false,
  },
  BreakerCoolDown: {
    number: 22,
    unit: 'ms',
    meaning: 'A tripped breaker resets by itself after this; none: by command only.',
    perInstrument: false,
  },
  MaxValueAtRisk: {
    number: 23,
    unit: 'micros',
    meaning:
      'Largest value at risk of the scope, one day, in base currency: above it the scope is set to reducing.',
    perInstrument: false,
  },
  RateAge: {
    number: 24,
    unit: 'ms',
    meaning:
      'Oldest rate with which what an order adds is converted into the base currency of a scope.',
    perInstrument: false,
  },
} as const satisfies Record<string, LimitDeclaration>;

export type LimitName = keyof typeof limits;

export const LIMIT = constants(
  Object.fromEntries(Object.entries(limits).map(([name, l]) => [name, l.number])),
) as unknown as { readonly [N in LimitName]: (typeof limits)[N]['number'] };

/** One more than the highest limit number. */
export const LIMIT_KINDS = 25;

/** A limit that is not set. */
export const NO_LIMIT = -1;
