import { describe, expect, test } from 'vitest';
import { TIME_NS_MAX } from '../lib/time.js';
import { csvInstrument, LINE_CHARS_MAX, TickCsv } from './tick-csv.js';

const instrument = csvInstrument(7, '0.25', '10');
const find = (symbol: string) => (symbol === 'ES' ? instrument : undefined);
const read = (header: string, line: string, number = 2) =>
  new TickCsv(header).line(line, number, find);
const at = 1_710_496_800_000_000_000n;

describe('lines', () => {
  test('of trades, with and without what may be left out, in any order of columns', () => {
    const trade = {
      instrument: 7,
      time: at,
      received: at,
      sequence: 2,
      price: 19_197,
      quantity: 3,
    };
    const iso = 'ES,2024-03-15T10:00:00Z,4799.25,30';
    expect(read('symbol,time,price,quantity', iso)).toEqual({ kind: 'trade', trade });
    const more = { ...trade, sequence: 9, received: at + 1n };
    const header = 'symbol,quantity,price,sequence,received,time';
    expect(read(header, `ES,30,4799.25,9,${at + 1n},${at}\r`)).toEqual({
      kind: 'trade',
      trade: more,
    });
    expect(read(`\uFEFF${header}\r`, `ES,30,4799.25,,,${at}`)).toEqual({ kind: 'trade', trade });
  });

  test('of quotes, bars and corporate actions', () => {
    const quote = 'symbol,time,bidPrice,bidQuantity,askPrice,askQuantity';
    expect(read(quote, `ES,${at},1,10,1.5,20`)).toMatchObject({
      quote: { bidPrice: 4, bidQuantity: 1, askPrice: 6, askQuantity: 2 },
    });
    const bar = 'symbol,date,open,high,low,close,volume';
    expect(read(bar, 'ES,2024-03-15,1,2,0.5,1.5,100')).toMatchObject({
      bar: { start: at - 36_000_000_000_000n, open: 4, high: 8, low: 2, close: 6, volume: 10 },
    });
    const action = 'symbol,exDate,kind,to,from,amount,closeBefore';
    expect(read(action, 'ES,2024-03-15,split,2,1,,')).toMatchObject({ action: { to: 2, from: 1 } });
    expect(read(action, 'ES,2024-03-15,cash_dividend,,,0.1,100')).toMatchObject({
      action: { amount: { numerator: 2n, denominator: 5n }, closeBefore: 400 },
    });
    expect(read(action, 'ES,2024-03-15,cash_dividend,,,0.1,')).toMatchObject({
      action: { closeBefore: undefined },
    });
  });
});

describe('what is refused', () => {
  const trade = 'symbol,time,price,quantity';
  test.each([
    ['symbol,time,price'],
    ['time,symbol,price,quantity'],
    ['symbol,time,price,quantity,color'],
    [''],
  ])('columns %j', (header) => {
    expect(() => new TickCsv(header)).toThrow(
      expect.objectContaining({ code: 'TICK_LINE_INVALID' }),
    );
  });

  test.each([
    [trade, 'ES,2024-03-15T10:00:00,1,10', 'ISO 8601'],
    [trade, `ES,${TIME_NS_MAX + 1n},1,10`, '2262'],
    [trade, `ES,${at},1.1,10`, 'multiple of 0.25'],
    [trade, `ES,${at},1,5`, 'multiple of 10'],
    [trade, `ES,${at},1`, '3 values for 4 columns'],
    [trade, `ES,${at},1,${'1'.repeat(LINE_CHARS_MAX)}`, 'characters'],
    ['symbol,date,open,high,low,close,volume', 'ES,2024-03-15,1,2,1.5,1.5,10', 'low, open'],
    ['symbol,date,open,high,low,close,volume', 'ES,2024-02-30,1,2,1,1,10', '2024-02-30'],
    ['symbol,exDate,kind', 'ES,2024-03-15,merger', 'split or cash_dividend'],
  ])('%s: %s', (header, line, why) => {
    const expected = expect.objectContaining({ code: 'TICK_LINE_INVALID' });
    expect(() => read(header, line)).toThrow(expected);
    expect(() => read(header, line, 17)).toThrow('line 17');
    expect(() => read(header, line)).toThrow(why);
  });

  test('an unknown symbol, with its line', () => {
    expect(() => read(trade, `NQ,${at},1,10`, 5)).toThrow('line 5: no instrument "NQ"');
  });

  test('a time at the end of time is not', () => {
    expect(read(trade, `ES,${TIME_NS_MAX},1,10`)).toMatchObject({ trade: { time: TIME_NS_MAX } });
  });
});
