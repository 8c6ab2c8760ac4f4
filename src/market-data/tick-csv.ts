import { DecimalError, parseDecimal, parseStep, parseSteps, type Step } from '../lib/decimal.js';
import { parseIsoNs, TIME_NS_MAX, TimeError } from '../lib/time.js';
import { MarketDataError } from './error.js';
import { type Rational, rational } from './rational.js';
import type { Quote, Trade } from './tick.js';

/** Longest line taken: a tick has about 100 characters. */
export const LINE_CHARS_MAX = 1_024;

/** Sizes in which an instrument is counted; `number` is the store's. */
export type CsvInstrument = {
  readonly number: number;
  readonly tick: Step;
  readonly lot: Step;
};

/** A bar of a day taken over whole. */
export type DayBar = {
  readonly instrument: number;
  /** Nanoseconds since 1970 of the start of the day. */
  readonly start: bigint;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
};

/** A corporate action as a file or a request gives it; a dividend's close before may be left out. */
export type ActionLine = {
  readonly instrument: number;
  readonly exTime: bigint;
} & (
  | { readonly kind: 'split'; readonly to: number; readonly from: number }
  | {
      readonly kind: 'cash_dividend';
      /** Ticks per share. */
      readonly amount: Rational;
      readonly closeBefore: number | undefined;
    }
);

export type CsvLine =
  | { readonly kind: 'trade'; readonly trade: Trade }
  | { readonly kind: 'quote'; readonly quote: Quote }
  | { readonly kind: 'bar'; readonly bar: DayBar }
  | { readonly kind: 'action'; readonly action: ActionLine };

/** What a file holds, by the columns that it must have; `[...]` may be left out. */
export const CSV_COLUMNS = {
  trade: 'symbol,time,price,quantity[,sequence][,received]',
  quote: 'symbol,time,bidPrice,bidQuantity,askPrice,askQuantity[,sequence][,received]',
  bar: 'symbol,date,open,high,low,close,volume',
  action: 'symbol,exDate,kind[,to][,from][,amount][,closeBefore]',
} as const;

type Kind = keyof typeof CSV_COLUMNS;

const requiredOf = (kind: Kind): readonly string[] =>
  CSV_COLUMNS[kind].replace(/\[[^\]]*\]/g, '').split(',');
const allowedOf = (kind: Kind): readonly string[] =>
  CSV_COLUMNS[kind].replace(/[[\]]/g, '').split(',');

/**
 * Reads the lines of one CSV file; which of `CSV_COLUMNS` it holds its first line says. Prices and
 * quantities are decimal text, times ISO 8601 with a zone or whole nanoseconds since 1970. Without a
 * column `sequence` the number of the line stands in, so the same file has the same numbers again.
 */
export class TickCsv {
  readonly kind: Kind;
  readonly #places: ReadonlyMap<string, number>;
  readonly #width: number;

  /** @throws MarketDataError TICK_LINE_INVALID */
  constructor(header: string) {
    const names = header
      .replace(/^\uFEFF/, '')
      .trimEnd()
      .split(',');
    const kind = (Object.keys(CSV_COLUMNS) as Kind[]).find((candidate) => {
      const known = names.every((name) => allowedOf(candidate).includes(name));
      const all = requiredOf(candidate).every((name) => names.includes(name));
      return known && all && names[0] === 'symbol';
    });
    if (kind === undefined) {
      const known = Object.values(CSV_COLUMNS).join('; ');
      throw new MarketDataError('TICK_LINE_INVALID', `line 1: the columns are none of ${known}`);
    }
    this.kind = kind;
    this.#places = new Map(names.map((name, place) => [name, place]));
    this.#width = names.length;
  }

  /**
   * @param number of the line, the header being 1
   * @param find an instrument by symbol
   * @throws MarketDataError TICK_LINE_INVALID, INSTRUMENT_UNKNOWN
   */
  line(text: string, number: number, find: (symbol: string) => CsvInstrument | undefined): CsvLine {
    const refuse = (why: string): never => {
      throw new MarketDataError('TICK_LINE_INVALID', `line ${number}: ${why}`);
    };
    if (text.length > LINE_CHARS_MAX) refuse(`more than ${LINE_CHARS_MAX} characters`);
    const cells = text.trimEnd().split(',');
    if (cells.length !== this.#width) refuse(`${cells.length} values for ${this.#width} columns`);
    const cell = (name: string): string => cells[this.#places.get(name) ?? -1] ?? '';
    const symbol = cell('symbol');
    const instrument = find(symbol);
    if (instrument === undefined) {
      const message = `line ${number}: no instrument ${JSON.stringify(symbol.slice(0, 32))}`;
      throw new MarketDataError('INSTRUMENT_UNKNOWN', message);
    }
    try {
      return this.#read(cell, number, instrument);
    } catch (error) {
      if (error instanceof DecimalError || error instanceof TimeError) refuse(error.message);
      if (error instanceof RangeError) refuse(error.message);
      throw error;
    }
  }

  #read(cell: (name: string) => string, number: number, instrument: CsvInstrument): CsvLine {
    const price = (name: string): number => parseSteps(cell(name), instrument.tick);
    const lots = (name: string): number => parseSteps(cell(name), instrument.lot);
    switch (this.kind) {
      case 'trade': {
        const key = keyOf(cell, number, instrument);
        const trade = { ...key, price: price('price'), quantity: lots('quantity') };
        return { kind: 'trade', trade };
      }
      case 'quote': {
        const bid = { bidPrice: price('bidPrice'), bidQuantity: lots('bidQuantity') };
        const ask = { askPrice: price('askPrice'), askQuantity: lots('askQuantity') };
        return { kind: 'quote', quote: { ...keyOf(cell, number, instrument), ...bid, ...ask } };
      }
      case 'bar': {
        const start = dayOf(cell('date'));
        const prices = { open: price('open'), high: price('high'), low: price('low') };
        const bar = { instrument: instrument.number, start, ...prices, close: price('close') };
        checkBar({ ...bar, volume: lots('volume') });
        return { kind: 'bar', bar: { ...bar, volume: lots('volume') } };
      }
      case 'action':
        return { kind: 'action', action: actionOf(cell, instrument) };
    }
  }
}

function keyOf(cell: (name: string) => string, line: number, instrument: CsvInstrument) {
  const time = timeOf(cell('time'));
  const sequence = cell('sequence') === '' ? line : countOf(cell('sequence'));
  const received = cell('received') === '' ? time : timeOf(cell('received'));
  return { instrument: instrument.number, time, received, sequence };
}

function timeOf(text: string): bigint {
  if (!/^[0-9]{1,19}$/.test(text)) return parseIsoNs(text);
  const ns = BigInt(text);
  if (ns > TIME_NS_MAX) throw new RangeError(`not between 1970 and 2262: ${text}`);
  return ns;
}

/** Start of a day, as "2026-11-22". */
export function dayOf(text: string): bigint {
  return parseIsoNs(`${text}T00:00:00Z`);
}

function countOf(text: string): number {
  const count = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count))
    throw new RangeError(`not a whole number: ${text.slice(0, 32)}`);
  return count;
}

/** @throws RangeError when the prices cannot be of one bar */
export function checkBar({ open, high, low, close, volume }: DayBar): void {
  const fits = low > 0 && low <= open && low <= close && high >= open && high >= close;
  if (!fits || volume < 0) throw new RangeError('low, open, close and high in this order, above 0');
}

function actionOf(cell: (name: string) => string, instrument: CsvInstrument): ActionLine {
  const at = { instrument: instrument.number, exTime: dayOf(cell('exDate')) };
  const kind = cell('kind');
  if (kind === 'split') {
    return { ...at, kind, to: countOf(cell('to')), from: countOf(cell('from')) };
  }
  if (kind !== 'cash_dividend') throw new RangeError('kind is split or cash_dividend');
  const before = cell('closeBefore');
  return {
    ...at,
    kind,
    amount: ticksOf(cell('amount'), instrument.tick),
    closeBefore: before === '' ? undefined : parseSteps(before, instrument.tick),
  };
}

/** A decimal amount as ticks, exact: it may be a fraction of one. */
export function ticksOf(amount: string, tick: Step): Rational {
  const { digits, scale } = parseDecimal(amount);
  return rational(digits * 10n ** BigInt(tick.scale), BigInt(tick.units) * 10n ** BigInt(scale));
}

/** @throws DecimalError when the sizes cannot be counted in */
export function csvInstrument(number: number, tick: string, lot: string): CsvInstrument {
  return { number, tick: parseStep(tick), lot: parseStep(lot) };
}
