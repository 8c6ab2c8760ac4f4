/**
 * Every limit, set for an account, its group and the firm: one below what an order comes to, at it, one
 * above. And whatever refuses, the cancel of what is open passes.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandData } from '../../domain/commands.js';
import type { DaybookEvent } from '../../domain/events.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { LIMIT, type LimitName, limits } from '../../domain/risk-catalogue.js';
import { desk, dollars, idOf, only, reasonOf, type Spec, types } from './spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
// Whatever a spec did, replaying its events gives the same state.
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

const SCOPES = ['Account', 'Group', 'Firm'] as const;
type Terms = CommandData<'NewOrder'>;

interface Case {
  readonly limit: LimitName;
  /** What is compared with the limit, in its unit. */
  readonly value: number;
  readonly code: string;
  /** What came before, when the limit is in force; limits are set first. */
  readonly before?: () => void;
  /** The order that comes to `value`; buy 1 at 100.00 unless told. */
  readonly order?: Terms;
  /** Limits that allow up to what is one below them. */
  readonly refusesAtLimit?: true;
}

const bought = (quantity: number) => spec.fill(idOf(spec.order({ quantity })), quantity);

/** Refused with RiskDecided. */
const CASES: readonly Case[] = [
  { limit: 'MaxOrderQuantity', value: 10, code: 'RISK_MAX_QUANTITY', order: { quantity: 10 } },
  {
    limit: 'MaxOrderNotional',
    value: dollars(1000),
    code: 'RISK_MAX_NOTIONAL',
    order: { quantity: 10 },
  },
  { limit: 'PriceCollar', value: 100, code: 'RISK_PRICE_COLLAR', order: { price: 10_100 } },
  { limit: 'PriceCollar', value: 100, code: 'RISK_PRICE_COLLAR', order: { price: 9_900 } },
  { limit: 'MaxPosition', value: 10, code: 'RISK_POSITION_LIMIT', order: { quantity: 10 } },
  {
    limit: 'MaxPosition',
    value: 10,
    code: 'RISK_POSITION_LIMIT',
    before: () => {
      bought(4);
      spec.order({ quantity: 3 });
    },
    order: { quantity: 3 },
  },
  {
    limit: 'MaxPosition',
    value: 10,
    code: 'RISK_POSITION_LIMIT',
    before: () => bought(4),
    order: { side: 'Sell', quantity: 14 },
  },
  { limit: 'MaxOpenOrders', value: 3, code: 'RISK_OPEN_ORDERS', before: () => twoOpen() },
  {
    limit: 'MaxGrossExposure',
    value: dollars(1000),
    code: 'RISK_GROSS_EXPOSURE',
    before: () => {
      bought(3);
      spec.order({ instrument: 2, side: 'Sell', quantity: 4 });
    },
    order: { quantity: 3 },
  },
  {
    limit: 'MaxNetExposure',
    value: dollars(1000),
    code: 'RISK_NET_EXPOSURE',
    before: () => bought(6),
    order: { instrument: 2, quantity: 4 },
  },
  {
    limit: 'BuyingPower',
    value: dollars(1000),
    code: 'RISK_BUYING_POWER',
    before: () => bought(6),
    order: { instrument: 2, side: 'Sell', quantity: 4 },
  },
  {
    limit: 'OrderRate',
    value: 3,
    code: 'RISK_ORDER_RATE',
    before: () => twoOpen(),
  },
  {
    limit: 'MaxDailyLoss',
    value: dollars(50),
    code: 'RISK_DAILY_LOSS',
    before: () => {
      bought(10);
      spec.mark(9_500);
    },
    order: { price: 9_500 },
    refusesAtLimit: true,
  },
  {
    limit: 'RepeatedOrders',
    value: 3,
    code: 'RISK_REPEATED_ORDER',
    before: () => twoOpen(),
  },
  {
    limit: 'OrderToTradeRatio',
    value: 1010,
    code: 'RISK_ORDER_TO_TRADE',
    before: () => {
      bought(1);
      for (let n = 0; n < 1008; n += 1) spec.cancel(4711);
    },
  },
  { limit: 'MarkAge', value: 1000, code: 'RISK_MARK_STALE', before: () => spec.after(1000) },
];

function twoOpen(): void {
  spec.order();
  spec.order();
}

/** What no number of lots or micros is compared with, but is on or off. */
const SWITCHES: readonly [LimitName, number, Terms, string][] = [
  ['Restricted', 0, {}, ''],
  ['Restricted', 1, {}, 'RISK_RESTRICTED'],
  ['ShortSale', 0, { side: 'Sell' }, 'RISK_SHORT_SALE'],
  ['ShortSale', 1, { side: 'Sell' }, 'RISK_SHORT_SALE'],
  ['ShortSale', 2, { side: 'Sell' }, ''],
];

const codeOf = (events: DaybookEvent[]) => {
  const reason = reasonOf(events);
  return reason === 0 ? '' : rejectCode(reason);
};

/** Every order that is open is canceled, whoever asks for it one by one. */
function cancelAll(open: readonly number[]): void {
  for (const orderId of open) {
    expect(types(spec.cancel(orderId)), `cancel of ${orderId}`).toContain('OrderCanceled');
  }
}

describe.each(SCOPES)('set for the %s', (scope) => {
  describe.each(CASES)('$limit against $value: $code', (each) => {
    it.each([-1, 0, 1])('limit %d from it', (off) => {
      const limit = each.value + off;
      spec.after(5000).mark(10_000, 1);
      spec.mark(10_000, 2);
      spec.limit(each.limit, limit, scope);
      each.before?.();
      const events = spec.order(each.order);
      const refused = off < 0 || (off === 0 && each.refusesAtLimit === true);
      expect(codeOf(events)).toBe(refused ? each.code : '');
      if (refused) {
        expect(only(events, 'RiskDecided').data).toMatchObject({ limit, value: each.value });
      }
      // A tighter one of another scope holds as well.
      const other = scope === 'Firm' ? 'Account' : 'Firm';
      spec.limit(each.limit, 0, other);
      const held = spec.state.orders;
      const rows = Array.from({ length: held.used }, (_, row) => row);
      cancelAll(
        rows
          .filter((row) => (held.leavesQuantity[row] as number) > 0)
          .map((row) => held.orderId[row]!),
      );
    });
  });

  it.each(SWITCHES)('%s %d for %o: %s', (limit, value, order, code) => {
    spec.limit(limit, value, scope, limit === 'Restricted' ? 1 : 0);
    const open = idOf(spec.order({ instrument: 2 }));
    expect(codeOf(spec.order(order))).toBe(code);
    cancelAll([open]);
  });
});

describe('sums over the accounts of a scope, and of no other', () => {
  const HALF = { instrument: 2, quantity: 5 } as const;

  it.each([
    ['MaxGrossExposure', 'RISK_GROSS_EXPOSURE', dollars(1000)],
    ['MaxNetExposure', 'RISK_NET_EXPOSURE', dollars(1000)],
    ['BuyingPower', 'RISK_BUYING_POWER', dollars(1000)],
    ['MaxOpenOrders', 'RISK_OPEN_ORDERS', 2],
    ['OrderRate', 'RISK_ORDER_RATE', 2],
  ] as const)('%s', (limit, code, value) => {
    for (const off of [-1, 0, 1]) {
      for (const [scope, second, outside] of [
        ['Group', 2, 3],
        ['Firm', 3, 0],
      ] as const) {
        spec = desk();
        spec.limit(limit, value + off, scope);
        expect(codeOf(spec.order({ ...HALF, account: second }))).toBe('');
        // An account that is not in the group takes nothing from it.
        if (outside !== 0) expect(codeOf(spec.order({ ...HALF, account: outside }))).toBe('');
        const events = spec.order({ quantity: 5 });
        expect(codeOf(events), `${scope} ${off}`).toBe(off < 0 ? code : '');
      }
    }
  });

  it('MaxDailyLoss', () => {
    for (const off of [-1, 0, 1]) {
      for (const [scope, second] of [
        ['Group', 2],
        ['Firm', 3],
      ] as const) {
        spec = desk();
        spec.limit('MaxDailyLoss', dollars(50) + off, scope);
        bought(5);
        const events = spec.order({ account: second, quantity: 5 });
        spec.fill(idOf(events), 5);
        spec.mark(9_500);
        expect(codeOf(spec.order({ price: 9_500 })), `${scope} ${off}`).toBe(
          off > 0 ? '' : 'RISK_DAILY_LOSS',
        );
        // What only closes passes the limit on losses.
        const sell = { account: second, side: 'Sell', quantity: 5, price: 9_500 } as const;
        expect(codeOf(spec.order(sell))).toBe('');
      }
    }
  });
});

describe.each(SCOPES)('circuit breakers, set for the %s', (scope) => {
  const tripped = (events: DaybookEvent[]) => types(events).includes('CircuitBreakerTripped');

  it.each([-1, 0, 1])('messages: limit %d from three', (off) => {
    const open = idOf(spec.order());
    spec.after(5000).mark(10_000, 1);
    spec.limit('BreakerMessages', 3 + off, scope);
    spec.order();
    spec.order();
    expect(tripped(spec.order())).toBe(off < 0);
    expect(codeOf(spec.order())).toBe(off < 0 ? 'TRADING_CIRCUIT_BREAKER' : '');
    cancelAll([open]);
  });

  it.each([-1, 0, 1])('refusals: limit %d from three', (off) => {
    const open = idOf(spec.order());
    spec.limit('BreakerRejects', 3 + off, scope);
    const refusal = () => spec.order({ quantity: 0 });
    refusal();
    refusal();
    expect(tripped(refusal())).toBe(off < 0);
    expect(codeOf(spec.order())).toBe(off < 0 ? 'TRADING_CIRCUIT_BREAKER' : '');
    cancelAll([open]);
  });

  it.each([-1, 0, 1])('loss: limit %d micros from it', (off) => {
    const open = idOf(spec.order({ instrument: 2 }));
    spec.limit('BreakerLoss', dollars(50) + off, scope);
    bought(10);
    spec.mark(9_500);
    expect(tripped(spec.order({ price: 9_500 }))).toBe(off < 0);
    expect(codeOf(spec.order({ price: 9_500 }))).toBe(off < 0 ? 'TRADING_CIRCUIT_BREAKER' : '');
    expect(codeOf(spec.order({ side: 'Sell', quantity: 10, price: 9_500 }))).toBe('');
    cancelAll([open]);
  });

  it.each([-1, 0, 1])('value at risk: limit %d from it', (off) => {
    const open = idOf(spec.order());
    spec.limit('MaxValueAtRisk', 1000 + off, scope);
    const scopeId = scope === 'Firm' ? 0 : 1;
    expect(tripped(spec.when('ReportValueAtRisk', { scope, scopeId, value: 1000 }))).toBe(off < 0);
    expect(codeOf(spec.order())).toBe(off < 0 ? 'TRADING_CIRCUIT_BREAKER' : '');
    cancelAll([open]);
  });

  it.each([-1, 0, 1])('cancels: limit %d from three a second, recorded, and all pass', (off) => {
    const open = [1, 2, 3, 4].map(() => idOf(spec.order()));
    spec.limit('CancelRate', 3 + off, scope);
    const recorded = open.map((orderId) => {
      const events = spec.cancel(orderId);
      expect(types(events)).toContain('OrderCanceled');
      return types(events).includes('RiskDecided') ? 1 : 0;
    });
    expect(recorded).toEqual([0, 0, off < 0 ? 1 : 0, off < 1 ? 1 : 0]);
  });
});

it('every limit is tried here', () => {
  const here = new Set<string>([
    ...CASES.map(({ limit }) => limit),
    ...SWITCHES.map(([name]) => name),
  ]);
  const breakers = [
    'BreakerMessages',
    'BreakerRejects',
    'BreakerLoss',
    'MaxValueAtRisk',
    'CancelRate',
  ];
  // Of the firm alone, or no limit of an order by itself; tried in the files named.
  const elsewhere = {
    BreakerPriceMove: 'circuit-breakers.test.ts',
    BreakerWindow: 'circuit-breakers.test.ts',
    BreakerCoolDown: 'circuit-breakers.test.ts',
    RateAge: 'currencies.test.ts',
  };
  const tried = [...here, ...breakers, ...Object.keys(elsewhere)].sort();
  expect(tried).toEqual(Object.keys(limits).sort());
  expect(Object.keys(LIMIT)).toHaveLength(tried.length);
});
