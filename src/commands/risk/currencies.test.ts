import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { POSITION } from '../../domain/position.js';
import { REASON } from '../../domain/reject-reasons.js';
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import { ROW } from '../state/position-table.js';
import { convertDown, convertUp } from '../state/rate-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import { dollars, idOf, only, reasonOf, Spec, types } from './spec.js';

/**
 * Accounts 1 (USD) and 2 (EUR) in group 1; instruments 1 in USD and 2 in EUR, 3 the pair EUR/USD in
 * ticks of 0.0001. One lot of either is 100 of its currency.
 */
function twoCurrencies(rate = 12_500): Spec {
  const spec = new Spec();
  const terms = { tickMantissa: 1, tickScale: 2, lotMantissa: 1, multiplierMantissa: 1, open: 1 };
  spec.when('ListInstrument', { ...terms, symbol: 'ABC', currency: 'USD' });
  spec.when('ListInstrument', { ...terms, symbol: 'XYZ', currency: 'EUR' });
  spec.when('ListInstrument', { ...terms, symbol: 'EUR/USD', currency: 'USD', tickScale: 4 });
  spec.when('OpenAccount', { name: 'A1', groupName: 'G', currency: 'USD', open: 1 });
  spec.when('OpenAccount', { name: 'A2', groupName: 'G', currency: 'EUR', open: 1 });
  spec.mark(10_000, 1);
  spec.mark(10_000, 2);
  if (rate > 0) spec.mark(rate, 3);
  return spec;
}

let spec: Spec;
beforeEach(() => {
  spec = twoCurrencies();
});
// Whatever a spec did, replaying its events gives the same state.
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

const inEuros = { instrument: 2 } as const;
const setBase = (scope: 'Firm' | 'Group', currency: string) =>
  spec.when('SetBaseCurrency', { scope, scopeId: scope === 'Firm' ? 0 : 1, currency });
const sumOf = (column: number, scope = 0) =>
  spec.state.scopes.rows[scope * SCOPED_WIDTH + column] as number;

describe('converted at the limit, one micro below and one above', () => {
  // 8 lots at 100.00 EUR are 1,000 USD at 1.25.
  it.each([
    [-1, 1],
    [0, 0],
    [1, 0],
  ])('gross, net and margin, limit %d micros from it', (off, refused) => {
    const order = { ...inEuros, quantity: 8 };
    const checks = [
      ['MaxGrossExposure', REASON.RISK_GROSS_EXPOSURE],
      ['MaxNetExposure', REASON.RISK_NET_EXPOSURE],
      ['BuyingPower', REASON.RISK_BUYING_POWER],
    ] as const;
    for (const scope of ['Account', 'Group', 'Firm'] as const) {
      for (const [limit, reason] of checks) {
        spec.limit(limit, dollars(1000) + off, scope);
        const events = spec.order(order);
        expect(reasonOf(events), `${limit} of ${scope}`).toBe(refused * reason);
        if (refused === 0) spec.when('VenueReport', canceled(idOf(events)));
        else {
          const { limit: held, value } = only(events, 'RiskDecided').data;
          expect([held, value]).toEqual([dollars(1000) + off, dollars(1000)]);
        }
        spec.limit(limit, -1, scope);
      }
    }
  });

  it.each([
    [-1, REASON.RISK_DAILY_LOSS],
    [0, REASON.RISK_DAILY_LOSS],
    [1, 0],
  ])('daily loss, limit %d micros from it: at the limit nothing is left', (off, reason) => {
    spec.when('OpenTradingDay', { tradingDay: 1 });
    spec.limit('MaxDailyLoss', dollars(100) + off, 'Firm');
    spec.fill(idOf(spec.order({ ...inEuros, quantity: 8 })), 8);
    // 8 lots lose 10.00 EUR each: 80 EUR are 100 USD.
    spec.mark(9_000, 2);
    expect(reasonOf(spec.order())).toBe(reason);
    expect(reasonOf(spec.order({ ...inEuros, side: 'Sell', quantity: 8 }))).toBe(0);
  });

  it.each([
    [-1, true],
    [0, false],
    [1, false],
  ])('loss breaker, limit %d micros from it', (off, trips) => {
    spec.limit('BreakerLoss', dollars(100) + off, 'Firm');
    spec.fill(idOf(spec.order({ ...inEuros, quantity: 8 })), 8);
    spec.mark(9_000, 2);
    expect(types(spec.order({ quantity: 1 })).includes('CircuitBreakerTripped')).toBe(trips);
  });

  it.each([
    [999, REASON.RISK_RATE_STALE],
    [1000, 0],
    [1001, 0],
  ])('age of the rate: 1000 ms against %d', (limit, reason) => {
    spec.limit('MaxGrossExposure', dollars(1e6)).limit('RateAge', limit, 'Firm');
    const events = spec.after(1000).order(inEuros);
    expect(reasonOf(events)).toBe(reason);
    if (reason !== 0) {
      expect(only(events, 'RiskDecided').data).toMatchObject({
        check: RISK_CHECK.Rate,
        limit,
        value: 1000,
      });
    }
    // What needs no rate asks for none.
    expect(reasonOf(spec.order())).toBe(0);
  });
});

const canceled = (orderId: number) => ({ report: 'Canceled', orderId }) as const;

describe('two accounts of two currencies under one group and one firm', () => {
  it('sums both, each limit in its own base', () => {
    setBase('Firm', 'USD');
    setBase('Group', 'EUR');
    spec.limit('MaxGrossExposure', dollars(2000), 'Firm');
    spec.limit('MaxGrossExposure', dollars(1600), 'Group');
    // 1,000 USD of account 1 are 800 EUR of the group; 800 EUR of account 2 are 1,000 USD of the firm.
    expect(reasonOf(spec.order({ quantity: 10 }))).toBe(0);
    expect(reasonOf(spec.order({ ...inEuros, account: 2, quantity: 8 }))).toBe(0);
    expect([sumOf(SCOPED.gross), sumOf(SCOPED.gross, 1)]).toEqual([dollars(2000), dollars(1600)]);
    const { first } = spec.state.scopes;
    expect(sumOf(SCOPED.gross, first + 1)).toBe(dollars(1000));
    expect(sumOf(SCOPED.gross, first + 2)).toBe(dollars(800));
    expect(reasonOf(spec.order({ price: 1 }))).toBe(REASON.RISK_GROSS_EXPOSURE);
    spec.limit('MaxGrossExposure', -1, 'Firm');
    const events = spec.order({ ...inEuros, account: 2, price: 1 });
    expect(only(events, 'RiskDecided').data).toMatchObject({
      reason: REASON.RISK_GROSS_EXPOSURE,
      limit: dollars(1600),
      value: dollars(1600) + 10_000,
    });
    spec.restart();
    expect(sumOf(SCOPED.gross, 1)).toBe(dollars(1600));
  });

  it('is in the currency of the first account, and the group in that of the firm, unless set', () => {
    const { scopes, rates } = spec.state;
    const codes = () => [0, 1].map((row) => rates.names[scopes.currency[row] as number]);
    expect(codes()).toEqual(['USD', 'USD']);
    expect(only(setBase('Firm', 'EUR'), 'BaseCurrencyChanged').data).toMatchObject({
      scope: 'Firm',
      currency: 'EUR',
      previous: 'USD',
    });
    expect(codes()).toEqual(['EUR', 'EUR']);
    setBase('Group', 'USD');
    expect(codes()).toEqual(['EUR', 'USD']);
  });

  it('values what is held anew, by a new base and by a new rate', () => {
    spec.limit('MaxGrossExposure', dollars(1e6), 'Firm');
    spec.order({ ...inEuros, account: 2, quantity: 8 });
    expect(sumOf(SCOPED.gross)).toBe(dollars(1000));
    setBase('Firm', 'EUR');
    expect(sumOf(SCOPED.gross)).toBe(dollars(800));
    setBase('Firm', 'USD');
    spec.mark(13_000, 3);
    expect(sumOf(SCOPED.gross)).toBe(dollars(1040));
  });
});

describe('without a rate', () => {
  beforeEach(() => {
    spec = twoCurrencies(0);
  });

  it('refuses what adds risk, once money is compared; cancels and what closes pass', () => {
    const first = spec.order({ ...inEuros, quantity: 2 });
    expect(reasonOf(first)).toBe(0);
    spec.fill(idOf(first), 2);
    const open = spec.order({ ...inEuros, price: 9_000 });
    spec.limit('MaxGrossExposure', dollars(1e6), 'Firm');
    const denied = spec.order(inEuros);
    expect(only(denied, 'RiskDecided').data).toMatchObject({
      check: RISK_CHECK.Rate,
      reason: REASON.RISK_RATE_MISSING,
    });
    // The firm holds what nobody can convert: its sum is not known, so nobody adds to it.
    expect(reasonOf(spec.order())).toBe(REASON.RISK_RATE_MISSING);
    expect(types(spec.cancel(idOf(open)))).toContain('CancelRequested');
    expect(reasonOf(spec.order({ ...inEuros, side: 'Sell', quantity: 2, price: 10_001 }))).toBe(0);
    spec.mark(12_500, 3);
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order(inEuros))).toBe(0);
  });

  it('finds it by the inverse and over a currency in between', () => {
    const pair = { tickMantissa: 1, tickScale: 4, lotMantissa: 1, multiplierMantissa: 1, open: 1 };
    spec.when('ListInstrument', { ...pair, symbol: 'USD/CHF', currency: 'CHF' });
    spec.when('ListInstrument', { ...pair, symbol: 'CHF/EUR', currency: 'EUR' });
    spec.mark(8_000, 4);
    spec.mark(10_000, 5);
    spec.limit('MaxGrossExposure', dollars(1e6), 'Firm');
    expect(reasonOf(spec.order({ ...inEuros, quantity: 8 }))).toBe(0);
    expect(sumOf(SCOPED.gross)).toBe(dollars(1000));
  });

  it('keeps a base whose loss of the day could not be carried over', () => {
    spec.when('OpenTradingDay', { tradingDay: 1 });
    spec.fill(idOf(spec.order()), 1, 9_000);
    spec.when('CloseTradingDay', { tradingDay: 1 });
    spec.when('OpenTradingDay', { tradingDay: 2 });
    const refused = only(setBase('Firm', 'EUR'), 'CommandRefused');
    expect(refused.data.reason).toBe(REASON.RISK_RATE_MISSING);
    spec.mark(12_500, 3);
    expect(types(setBase('Firm', 'EUR'))).toEqual(['BaseCurrencyChanged']);
    expect(sumOf(SCOPED.pnlAtOpen)).toBe(dollars(8));
  });
});

it('takes a base that nobody has named yet, when its rate leads over another currency', () => {
  const terms = { tickMantissa: 1, tickScale: 4, lotMantissa: 1, multiplierMantissa: 1, open: 1 };
  spec.when('ListInstrument', { ...terms, symbol: 'GBP/USD', currency: 'USD' });
  spec.limit('MaxDailyLoss', dollars(100), 'Firm');
  setBase('Firm', 'EUR');
  spec.when('OpenTradingDay', { tradingDay: 1 });
  spec.fill(idOf(spec.order()), 1, 9_000);
  spec.when('CloseTradingDay', { tradingDay: 1 });
  spec.when('OpenTradingDay', { tradingDay: 2 });
  expect(sumOf(SCOPED.pnlAtOpen)).toBe(dollars(8));
  expect(only(setBase('Firm', 'GBP'), 'CommandRefused').data.reason).toBe(REASON.RISK_RATE_MISSING);
  spec.mark(20_000, 4);
  expect(types(setBase('Firm', 'GBP'))).toEqual(['BaseCurrencyChanged']);
  // 8 EUR are 10 USD, and these 5 GBP.
  expect(sumOf(SCOPED.pnlAtOpen)).toBe(dollars(5));
});

it('carries the loss of a rate that fell into the daily loss', () => {
  spec.limit('MaxDailyLoss', dollars(80), 'Firm');
  spec.fill(idOf(spec.order({ ...inEuros, quantity: 8 })), 8);
  spec.mark(11_000, 2);
  spec.when('OpenTradingDay', { tradingDay: 1 });
  expect(sumOf(SCOPED.pnlAtOpen)).toBe(dollars(100));
  spec.mark(2_501, 3);
  expect(reasonOf(spec.order())).toBe(0);
  spec.mark(2_500, 3);
  expect(only(spec.order(), 'RiskDecided').data).toMatchObject({
    reason: REASON.RISK_DAILY_LOSS,
    limit: dollars(80),
    value: dollars(80),
  });
});

it('refuses a base of a scope that is none, a code that is none, and a currency too many', () => {
  const refused = (data: {
    scope: 'Account' | 'Group' | 'Firm';
    scopeId: number;
    currency: string;
  }) => only(spec.when('SetBaseCurrency', data), 'CommandRefused').data.reason;
  expect(refused({ scope: 'Account', scopeId: 1, currency: 'EUR' })).toBe(REASON.LIMIT_INVALID);
  expect(refused({ scope: 'Group', scopeId: 2, currency: 'EUR' })).toBe(REASON.LIMIT_INVALID);
  expect(refused({ scope: 'Firm', scopeId: 0, currency: 'eur' })).toBe(REASON.LIMIT_INVALID);
  for (let n = 0; n < 29; n += 1) {
    const currency = `C${n + 10}`;
    const set = spec.when('SetBaseCurrency', { scope: 'Group', scopeId: 1, currency });
    expect(types(set)).toEqual(['BaseCurrencyChanged']);
  }
  const data = { scope: 'Group', scopeId: 1, currency: 'LAST' } as const;
  expect(refused(data)).toBe(REASON.CAPACITY_REFERENCE);
});

describe('rounding', () => {
  it.each([
    [1, 1, 3, 1, 0],
    [-1, 1, 3, 0, -1],
    [3, 1, 3, 1, 1],
    [4, 1, 3, 2, 1],
    [Number.MAX_SAFE_INTEGER, 1, 2, 2 ** 52, 2 ** 52 - 1],
    // A fraction so fine that its product is beyond a number.
    [10 ** 9, 10 ** 15 + 1, 10 ** 15, 10 ** 9 + 1, 10 ** 9],
    [-(10 ** 9), 10 ** 15 + 1, 10 ** 15, -(10 ** 9), -(10 ** 9) - 1],
  ])('%d x %d / %d is %d up and %d down', (amount, numerator, denominator, up, down) => {
    expect(convertUp(amount, numerator, denominator)).toBe(up);
    expect(convertDown(amount, numerator, denominator) + 0).toBe(down);
  });

  it('goes against the trader: exposure up, profit down', () => {
    spec.when('MarkPrice', { instrument: 3, price: 30_000 });
    setBase('Firm', 'EUR');
    spec.limit('MaxGrossExposure', dollars(1e6), 'Firm');
    spec.fill(idOf(spec.order()), 1);
    expect(spec.state.positions.rows[ROW + POSITION.quantity]).toBe(1);
    // 100 USD at 3 USD a EUR.
    expect(sumOf(SCOPED.gross)).toBe(33_333_334);
    spec.mark(10_001, 1);
    expect(sumOf(SCOPED.pnl)).toBe(3_333);
    spec.mark(9_999, 1);
    expect(sumOf(SCOPED.pnl)).toBe(-3_334);
  });
});

describe('the notional of one order, in the currency of whoever limits it', () => {
  // 8 lots at 100.00 EUR are 1,000 USD at 1.25.
  const order = { ...inEuros, quantity: 8 };
  const told = (events: ReturnType<Spec['order']>) => {
    const { check, reason, limit, value } = only(events, 'RiskDecided').data;
    return [check, reason, limit, value];
  };

  it.each([
    [-1, REASON.RISK_MAX_NOTIONAL],
    [0, 0],
    [1, 0],
  ])('limit %d micros from it, of account, group and firm', (off, reason) => {
    for (const scope of ['Account', 'Group', 'Firm'] as const) {
      spec.limit('MaxOrderNotional', dollars(1000) + off, scope);
      const events = spec.order(order);
      expect(reasonOf(events), scope).toBe(reason);
      if (reason !== 0) {
        expect(told(events)).toEqual([
          ...[RISK_CHECK.MaxNotional, reason, dollars(1000) + off, dollars(1000)],
        ]);
      }
      // In the currency of the limit itself as ever.
      expect(reasonOf(spec.order({ quantity: 10 })), scope).toBe(reason);
      spec.limit('MaxOrderNotional', -1, scope);
    }
  });

  it('each scope in its own base, the one that is exceeded decides', () => {
    setBase('Group', 'EUR');
    spec.limit('MaxOrderNotional', dollars(1000), 'Firm');
    spec.limit('MaxOrderNotional', dollars(800) - 1, 'Group');
    expect(told(spec.order(order))).toEqual([
      ...[RISK_CHECK.MaxNotional, REASON.RISK_MAX_NOTIONAL, dollars(800) - 1, dollars(800)],
    ]);
    spec.limit('MaxOrderNotional', dollars(800), 'Group');
    expect(reasonOf(spec.order(order))).toBe(0);
    // 10 lots at 100.00 USD are 800 EUR.
    expect(reasonOf(spec.order({ quantity: 10 }))).toBe(0);
    expect(reasonOf(spec.order({ quantity: 11 }))).toBe(REASON.RISK_MAX_NOTIONAL);
  });

  it('follows a new rate, a new base, a new currency of the account, and a restart', () => {
    spec.limit('MaxOrderNotional', dollars(1000), 'Firm');
    expect(reasonOf(spec.order(order))).toBe(0);
    spec.mark(12_501, 3);
    expect(reasonOf(spec.order(order))).toBe(REASON.RISK_MAX_NOTIONAL);
    spec.order();
    setBase('Firm', 'EUR');
    expect(reasonOf(spec.order(order))).toBe(0);
    expect(reasonOf(spec.order({ quantity: 12 }))).toBe(0);
    expect(reasonOf(spec.order({ quantity: 13 }))).toBe(REASON.RISK_MAX_NOTIONAL);
    spec.restart();
    expect(reasonOf(spec.order({ quantity: 13 }))).toBe(REASON.RISK_MAX_NOTIONAL);
    setBase('Firm', 'USD');
    spec.limit('MaxOrderNotional', -1, 'Firm').limit('MaxOrderNotional', dollars(1000));
    expect(reasonOf(spec.order(order))).toBe(REASON.RISK_MAX_NOTIONAL);
    const terms = { name: 'A1', groupName: 'G', currency: 'EUR', open: 1 };
    spec.when('OpenAccount', { account: 1, ...terms });
    expect(reasonOf(spec.order(order))).toBe(0);
    expect(reasonOf(spec.order({ ...inEuros, quantity: 11 }))).toBe(REASON.RISK_MAX_NOTIONAL);
    expect(reasonOf(spec.order({ quantity: 12 }))).toBe(0);
    expect(reasonOf(spec.order({ quantity: 13 }))).toBe(REASON.RISK_MAX_NOTIONAL);
  });

  it('follows the firm, which follows its first account', () => {
    spec.limit('MaxOrderNotional', dollars(1000), 'Firm');
    const second = { account: 2, quantity: 12 };
    expect(reasonOf(spec.order({ account: 2 }))).toBe(0);
    expect(reasonOf(spec.order(second))).toBe(REASON.RISK_MAX_NOTIONAL);
    const terms = { name: 'A1', groupName: 'G', currency: 'EUR', open: 1 };
    spec.when('OpenAccount', { account: 1, ...terms });
    expect(reasonOf(spec.order(second))).toBe(0);
  });

  it('of one instrument, and of an order without a price at the mark', () => {
    spec.limit('MaxOrderNotional', dollars(500), 'Account', 2);
    expect(reasonOf(spec.order({ quantity: 100 }))).toBe(0);
    const market = { ...inEuros, ordType: 'Market' } as const;
    expect(reasonOf(spec.order({ ...market, quantity: 4 }))).toBe(0);
    expect(reasonOf(spec.order({ ...market, quantity: 5 }))).toBe(REASON.RISK_MAX_NOTIONAL);
  });

  it.each([
    [999, REASON.RISK_RATE_STALE],
    [1000, 0],
    [1001, 0],
  ])('age of the rate: 1000 ms against %d', (limit, reason) => {
    spec.fill(idOf(spec.order(order)), 8);
    spec.limit('MaxOrderNotional', dollars(1000), 'Firm').limit('RateAge', limit, 'Firm');
    const events = spec.after(1000).order(order);
    expect(reasonOf(events)).toBe(reason);
    if (reason !== 0) {
      expect(told(events)).toEqual([RISK_CHECK.Rate, reason, 999, 1000]);
      // What only closes passes with an old rate, and is compared by it.
      const sell = { ...order, side: 'Sell' } as const;
      expect(reasonOf(spec.order({ ...sell, quantity: 1 }))).toBe(0);
      spec.limit('MaxOrderNotional', dollars(875) - 1, 'Firm');
      expect(reasonOf(spec.order({ ...sell, quantity: 7 }))).toBe(REASON.RISK_MAX_NOTIONAL);
    }
    // What needs no rate asks for none.
    expect(reasonOf(spec.order({ quantity: 8 }))).toBe(0);
  });

  it('without a rate: nothing that adds risk', () => {
    spec = twoCurrencies(0);
    spec.fill(idOf(spec.order(order)), 8);
    spec.limit('MaxOrderNotional', dollars(1e6), 'Firm');
    expect(told(spec.order(order))).toEqual([RISK_CHECK.Rate, REASON.RISK_RATE_MISSING, -1, 0]);
    expect(reasonOf(spec.order())).toBe(0);
    expect(reasonOf(spec.order({ ...order, side: 'Sell' }))).toBe(0);
  });
});
