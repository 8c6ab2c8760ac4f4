/** What the fold adds to the events: ids, average prices, quantities of the day, references. */
import { describe, expect, it } from 'vitest';
import type { CommandData, CommandName } from '../../src/domain/commands.js';
import {
  averagePrice,
  type ExecutionReport,
  type Report,
} from '../../src/domain/execution-report.js';
import { ExecutionReports } from '../../src/domain/execution-reports.js';
import { EXEC_INST } from '../../src/domain/order-terms.js';
import { DAY, INSTRUMENT, Shard, VENUE } from './shard.js';

class Desk {
  readonly shard = new Shard();
  readonly reports = new ExecutionReports();
  #day = DAY;

  tell<N extends CommandName>(name: N, data: CommandData<N>): Report[] {
    return this.shard.decide(name, data).flatMap((event) => this.reports.apply(event) ?? []);
  }

  order(clOrdId: string, quantity: number, more: CommandData<'NewOrder'> = {}): Report[] {
    return this.tell('NewOrder', {
      account: 1,
      instrument: INSTRUMENT,
      clOrdId,
      quantity,
      side: 'Buy',
      price: 100,
      ordType: 'Limit',
      timeInForce: 'GoodTillCancel',
      ...more,
    });
  }

  venue(data: CommandData<'VenueReport'>): ExecutionReport {
    const told = this.tell('VenueReport', { orderId: 1, venue: VENUE, account: 1, ...data });
    expect(told).toHaveLength(1);
    return told[0] as ExecutionReport;
  }

  fill(execId: string, lastQuantity: number, lastPrice: number): ExecutionReport {
    return this.venue({ report: 'Filled', execId, lastQuantity, lastPrice });
  }

  nextDay(): void {
    this.tell('CloseTradingDay', { tradingDay: this.#day });
    this.#day += 1;
    this.tell('OpenTradingDay', { tradingDay: this.#day });
  }
}

const average = (report: ExecutionReport) => averagePrice(report.cumValue, report.cumQty, 1, 0, 2);

describe('reports', () => {
  it('follow average price and references through corrections (J.1.a)', () => {
    const desk = new Desk();
    desk.order('X', 10_000);
    const c = desk.fill('C', 1000, 100);
    expect(average(c)).toBe('100.00');
    const d = desk.fill('D', 9000, 110);
    expect(average(d)).toBe('109.00');
    const e = desk.venue({ report: 'TradeBusted', execId: 'E', execRefId: 'C' });
    expect([average(e), e.execRefId, e.lastQty]).toEqual(['110.00', c.execId, 0]);
    const f = desk.venue({
      report: 'TradeCorrected',
      execId: 'F',
      execRefId: 'D',
      lastQuantity: 9000,
      lastPrice: 100,
    });
    expect([average(f), f.execRefId]).toEqual(['100.00', d.execId]);
    expect(average(desk.fill('G', 1000, 120))).toBe('102.00');
    const h = desk.venue({
      report: 'TradeCorrected',
      execId: 'H',
      execRefId: 'F',
      lastQuantity: 9000,
      lastPrice: 120,
    });
    expect([average(h), h.execRefId]).toEqual(['120.00', f.execId]);
    const ids = [c, d, e, f, h].map(({ execId }) => execId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('count the day of a good-till order, corrections for the day of their execution (J.1.c)', () => {
    const desk = new Desk();
    const day = ({ dayOrderQty, dayCumQty }: ExecutionReport) => [dayOrderQty, dayCumQty];
    desk.order('X', 10_000);
    expect(day(desk.fill('A', 2000, 50))).toEqual([10_000, 2000]);
    desk.venue({ report: 'DoneForDay' });
    desk.nextDay();
    expect(day(desk.reports.status(1, 'X'))).toEqual([8000, 0]);
    const renewed = desk.venue({ report: 'Restated', restatement: 'GtRenewal' });
    expect(day(renewed)).toEqual([8000, 0]);
    expect(renewed.restatement).toBe('GtRenewal');
    expect(day(desk.fill('B', 1000, 50))).toEqual([8000, 1000]);
    const correct = (execId: string, execRefId: string, lastQuantity: number) =>
      desk.venue({ report: 'TradeCorrected', execId, execRefId, lastQuantity, lastPrice: 50 });
    expect(day(correct('C', 'A', 1500))).toEqual([8500, 1000]);
    expect(day(correct('D', 'B', 500))).toEqual([8500, 500]);
    const bust = desk.venue({ report: 'TradeBusted', execId: 'E', execRefId: 'D' });
    expect(day(bust)).toEqual([8500, 0]);
  });

  it('restate the average price with a split (H.1.b)', () => {
    const desk = new Desk();
    desk.order('X', 10_000);
    desk.fill('A', 2000, 50);
    desk.nextDay();
    const split = desk.venue({
      report: 'Restated',
      restatement: 'GtCorporateAction',
      quantity: 20_000,
      cumQuantity: 4000,
    });
    expect([split.orderQty, split.cumQty, split.leavesQty]).toEqual([20_000, 4000, 16_000]);
    expect(average(split)).toBe('25.00');
    expect(split.dayOrderQty).toBe(16_000);
  });

  it('answer a status request under the id that was asked for', () => {
    const desk = new Desk();
    desk.order('X', 10);
    const ids = (clOrdId: string) => {
      const { clOrdId: now, origClOrdId, execId } = desk.reports.status(1, clOrdId);
      expect(execId).toBe(0);
      return `${now},${origClOrdId}`;
    };
    const replace = { account: 1, clOrdId: 'Y', origClOrdId: 'X', quantity: 20, price: 100 };
    desk.tell('ReplaceOrder', replace);
    expect([ids('X'), ids('Y')]).toEqual(['X,', 'Y,X']);
    desk.venue({ report: 'Replaced', clOrdId: 'Y' });
    expect([ids('X'), ids('Y')]).toEqual(['Y,X', 'Y,']);
    expect(desk.reports.status(2, 'X').ordStatus).toBe('Rejected');
  });

  it('give Rejected its OrdRejReason, and a resend the present state', () => {
    const desk = new Desk();
    desk.order('X', 10);
    desk.fill('A', 4, 100);
    const [again] = desk.order('X', 10) as [ExecutionReport];
    expect(again).toMatchObject({ execType: 'Rejected', ordRejReason: 6, cumQty: 4, orderId: 1 });
    expect(again.execId).toBeGreaterThan(0);
    const [resent] = desk.order('X', 10, { execInst: 4 }) as [ExecutionReport];
    expect(resent).toMatchObject({ execType: 'OrderStatus', execId: 0, cumQty: 4, leavesQty: 6 });
    expect(resent.ordRejReason).toBeUndefined();
  });

  it('buy with cash what it buys at the mark, rounded down; the venue may say otherwise', () => {
    const desk = new Desk();
    const cash = { ordType: 'Market', price: 0, cashQuantity: 10_000_000_000 } as const;
    const [blind] = desk.order('W', 0, cash) as [ExecutionReport];
    expect(blind.text).toBe('RISK_MARK_MISSING');
    desk.tell('MarkPrice', { instrument: INSTRUMENT, price: 2001 });
    desk.order('X', 0, cash);
    // 10,000.00 / 20.01 = 499.75
    expect(desk.reports.status(1, 'X').orderQty).toBe(499);
    expect(desk.venue({ report: 'Acknowledged', quantity: 500 }).orderQty).toBe(500);
    const [both] = desk.order('Y', 5, cash) as [ExecutionReport];
    expect(both.text).toBe('ORDER_TERMS_INVALID');
    const [little] = desk.order('Z', 0, { ...cash, cashQuantity: 20_009_999 }) as [ExecutionReport];
    expect(little.text).toBe('ORDER_QUANTITY_INVALID');
    expect(desk.order('V', 0, { ...cash, cashQuantity: 20_010_000 })).toEqual([]);
    expect(desk.reports.status(1, 'V').orderQty).toBe(1);
  });
});

describe('a possible resend of a cancel or a replace', () => {
  const about = { account: 1, execInst: EXEC_INST.PossResend } as const;

  it('that is under way or granted is answered with the status of its order', () => {
    const desk = new Desk();
    desk.order('X', 10);
    desk.venue({ report: 'Acknowledged' });
    const replace = { ...about, clOrdId: 'Y', origClOrdId: 'X', quantity: 20, price: 100 };
    expect(desk.tell('ReplaceOrder', replace)).toEqual([]);
    expect(desk.tell('ReplaceOrder', replace)).toMatchObject([
      { execType: 'OrderStatus', execId: 0, clOrdId: 'Y', origClOrdId: 'X', orderQty: 10 },
    ]);
    desk.venue({ report: 'Replaced', clOrdId: 'Y' });
    expect(desk.tell('ReplaceOrder', replace)).toMatchObject([
      { execType: 'OrderStatus', clOrdId: 'Y', orderQty: 20, ordStatus: 'New' },
    ]);
    const cancel = { ...about, clOrdId: 'Z', origClOrdId: 'Y' };
    expect(desk.tell('CancelOrder', cancel)).toEqual([]);
    desk.venue({ report: 'Canceled', clOrdId: 'Z' });
    expect(desk.tell('CancelOrder', cancel)).toMatchObject([
      { execType: 'OrderStatus', clOrdId: 'Z', origClOrdId: 'Y', ordStatus: 'Canceled' },
    ]);
  });

  it('that was refused is refused again, for the reason of the first time', () => {
    const desk = new Desk();
    desk.order('X', 10);
    const nobody = { ...about, clOrdId: 'N', origClOrdId: 'none' };
    const [first] = desk.tell('CancelOrder', nobody);
    expect(first).toMatchObject({ cxlRejReason: 'UnknownOrder', text: 'ORDER_UNKNOWN' });
    expect(desk.tell('CancelOrder', nobody)).toMatchObject([
      { message: 'OrderCancelReject', cxlRejReason: 'UnknownOrder', text: 'ORDER_UNKNOWN' },
    ]);
    const replace = { ...about, clOrdId: 'Y', origClOrdId: 'X', quantity: 20, price: 100 };
    desk.tell('ReplaceOrder', replace);
    desk.tell('VenueReport', { orderId: 1, venue: VENUE, report: 'RequestRejected', clOrdId: 'Y' });
    desk.venue({ report: 'Acknowledged' });
    expect(desk.tell('ReplaceOrder', replace)).toMatchObject([
      {
        message: 'OrderCancelReject',
        text: 'VENUE_REJECTED',
        ordStatus: 'New',
        responseTo: 'Replace',
      },
    ]);
    // Without PossResend a used id is a mistake.
    expect(desk.tell('ReplaceOrder', { ...replace, execInst: 0 })).toMatchObject([
      { text: 'ORDER_DUPLICATE_CLIENT_ID', cxlRejReason: 'DuplicateClOrdId' },
    ]);
  });
});

describe('average price', () => {
  it.each([
    [0, 0, 1, 2, 4, '0'],
    [1, 3, 1, 0, 4, '0.3333'],
    [2, 3, 1, 0, 4, '0.6667'],
    [1, 8, 1, 0, 2, '0.12'],
    [3, 8, 1, 0, 2, '0.38'],
    [-1, 3, 1, 2, 6, '-0.003333'],
    [-1, 3000, 1, 2, 2, '0.00'],
    [19_197, 1, 25, 2, 2, '4799.25'],
    [Number.MAX_SAFE_INTEGER, 1, 1, 0, 0, '9007199254740991'],
  ])('%d / %d at tick %d e-%d with %d digits is %s', (value, lots, tick, scale, digits, text) => {
    expect(averagePrice(value, lots, tick, scale, digits)).toBe(text);
  });
});
