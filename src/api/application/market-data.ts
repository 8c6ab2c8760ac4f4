/**
 * Market data: bars and ticks out, ticks and corporate actions in. It is not in the event log; `asOf` of
 * its answers is the number of the last batch that the store took.
 */
import { type DecimalError, formatSteps, parseDecimal } from '../../lib/decimal.js';
import { parseIsoNs, TimeError } from '../../lib/time.js';
import { authorize } from '../identity/authorize.js';
import type { Instrument } from '../reference/instrument.js';
import type { Application, Caller } from './application.js';
import { ApplicationError, invalidField, overloaded, problem } from './errors.js';
import { knownInstrument } from './instruments.js';
import { type AsOf, ReadModelsUnavailable } from './read-models.js';
import { exactSteps } from './terms.js';

/** Bars of a page, at most, and unless asked for. */
export const BARS_MAX = 10_000;
export const BARS_DEFAULT = 1_000;
/** Ticks of a page, or of a request that brings some, at most. */
export const TICKS_MAX = 1_000;
export const TICKS_DEFAULT = 100;

export interface BarView {
  readonly start: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly vwap: string | null;
  readonly trades: number;
}

export interface TradeView {
  readonly time: string;
  readonly price: string;
  readonly quantity: string;
  readonly source: string;
  readonly sequence: number;
  readonly cursor: string;
}

export interface QuoteView {
  readonly time: string;
  readonly bidPrice: string | null;
  readonly bidQuantity: string;
  readonly askPrice: string | null;
  readonly askQuantity: string;
  readonly source: string;
  readonly sequence: number;
  readonly cursor: string;
}

export interface FindingView {
  readonly time: string;
  readonly code: string;
  readonly accepted: boolean;
  readonly value: string;
  readonly limit: string;
  readonly source: string;
  readonly sequence: number;
  readonly tick: string;
}

export interface ActionView {
  readonly exDate: string;
  readonly kind: 'split' | 'cash_dividend';
  readonly to: number | null;
  readonly from: number | null;
  /** Per share. */
  readonly amount: string | null;
  readonly closeBefore: string | null;
}

interface Key {
  readonly instrument: number;
  readonly time: bigint;
  readonly received: bigint;
  readonly sequence: number;
}

export type TickIn =
  | (Key & { readonly price: number; readonly quantity: number })
  | (Key & {
      readonly bidPrice: number;
      readonly bidQuantity: number;
      readonly askPrice: number;
      readonly askQuantity: number;
    });

export type ActionIn = { readonly instrument: number; readonly exTime: bigint } & (
  | { readonly kind: 'split'; readonly to: number; readonly from: number }
  | {
      readonly kind: 'cash_dividend';
      /** Ticks, as a fraction in lowest terms. */
      readonly amount: { readonly numerator: bigint; readonly denominator: bigint };
      readonly closeBefore: number | undefined;
    }
);

export interface Taken {
  readonly batch: number;
  readonly trades: number;
  readonly quotes: number;
  readonly refused: number;
  readonly duplicates: number;
}

export interface BarsFilter {
  readonly symbol: string;
  readonly interval: string;
  readonly from: bigint;
  readonly to?: bigint | undefined;
  readonly limit: number;
  readonly fill: boolean;
  readonly adjusted: boolean;
}

export interface TicksFilter {
  readonly symbol: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The store; `cli/` fits the one of the projections to it. Rejects with errors that have a `code`. */
export interface MarketData {
  bars(query: BarsFilter): Promise<AsOf<readonly BarView[]>>;
  trades(query: TicksFilter): Promise<AsOf<readonly TradeView[]>>;
  quotes(query: TicksFilter): Promise<AsOf<readonly QuoteView[]>>;
  findings(symbol: string, limit: number): Promise<AsOf<readonly FindingView[]>>;
  actions(symbol: string): Promise<AsOf<readonly ActionView[]>>;
  /** The store's number of an instrument, whose prices count in these sizes. */
  instrument(terms: { symbol: string; tick: string; lot: string }): Promise<number>;
  take(batch: { source: string; ticks: readonly TickIn[] }): Promise<Taken>;
  recordActions(actions: readonly ActionIn[]): Promise<{ batch: number }>;
}

export interface BarsQuestion {
  readonly symbol: string;
  readonly interval: string;
  readonly from: string;
  readonly to?: string | undefined;
  readonly limit?: number | undefined;
  readonly fill?: boolean | undefined;
  readonly adjusted?: boolean | undefined;
}

/** @throws ApplicationError INSTRUMENT_UNKNOWN, REQUEST_INVALID, VIEW_UNAVAILABLE */
export function bars(
  app: Application,
  store: MarketData | undefined,
  question: BarsQuestion,
): Promise<AsOf<readonly BarView[]>> {
  const { interval, limit = BARS_DEFAULT, fill = false, adjusted = false } = question;
  const { symbol } = knownInstrument(app, question.symbol);
  const from = timeOf('from', question.from);
  app.clock.tick();
  const now = app.clock.ns();
  const asked = question.to === undefined ? undefined : timeOf('to', question.to);
  // Flat bars are not made of a time that is still to come.
  const to = fill && (asked === undefined || asked > now) ? now : asked;
  return ask(store, (s) => s.bars({ symbol, interval, from, to, limit, fill, adjusted }));
}

export interface TicksQuestion {
  readonly symbol: string;
  readonly from: string;
  readonly to: string;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

const ticksFilter = (app: Application, question: TicksQuestion): TicksFilter => ({
  symbol: knownInstrument(app, question.symbol).symbol,
  from: timeOf('from', question.from),
  to: timeOf('to', question.to),
  after: question.after,
  limit: question.limit ?? TICKS_DEFAULT,
});

/** @throws as `bars` */
export function trades(
  app: Application,
  store: MarketData | undefined,
  question: TicksQuestion,
): Promise<AsOf<readonly TradeView[]>> {
  const filter = ticksFilter(app, question);
  return ask(store, (s) => s.trades(filter));
}

/** @throws as `bars` */
export function quotes(
  app: Application,
  store: MarketData | undefined,
  question: TicksQuestion,
): Promise<AsOf<readonly QuoteView[]>> {
  const filter = ticksFilter(app, question);
  return ask(store, (s) => s.quotes(filter));
}

/** @throws as `bars` */
export function findings(
  app: Application,
  store: MarketData | undefined,
  symbol: string,
  limit = TICKS_DEFAULT,
): Promise<AsOf<readonly FindingView[]>> {
  const known = knownInstrument(app, symbol);
  return ask(store, (s) => s.findings(known.symbol, limit));
}

/** @throws as `bars` */
export function corporateActions(
  app: Application,
  store: MarketData | undefined,
  symbol: string,
): Promise<AsOf<readonly ActionView[]>> {
  const known = knownInstrument(app, symbol);
  return ask(store, (s) => s.actions(known.symbol));
}

interface TickHead {
  readonly symbol: string;
  readonly time: string;
  readonly sequence: number;
}

export type TradeRequest = TickHead & { readonly price: string; readonly quantity: string };

export type QuoteRequest = TickHead & {
  readonly bidPrice?: string | undefined;
  readonly bidQuantity?: string | undefined;
  readonly askPrice?: string | undefined;
  readonly askQuantity?: string | undefined;
};

/**
 * Takes trades and quotes in. A request may be sent again: what is there already is counted, not taken.
 *
 * @throws ApplicationError INSTRUMENT_UNKNOWN, REQUEST_INVALID, INSTRUMENT_TERMS_CHANGED,
 *   MARKET_DATA_INVALID, VIEW_UNAVAILABLE, PERMISSION_DENIED
 */
export async function takeTicks(
  app: Application,
  caller: Caller,
  store: MarketData | undefined,
  request: {
    readonly source: string;
    readonly trades?: readonly TradeRequest[] | undefined;
    readonly quotes?: readonly QuoteRequest[] | undefined;
  },
): Promise<Taken> {
  authorize(caller.identity, 'marks.set');
  app.clock.tick();
  const received = app.clock.ns();
  const { source } = request;
  const incoming = [...(request.trades ?? []), ...(request.quotes ?? [])];
  const numbers = await instrumentNumbers(
    app,
    store,
    incoming.map(({ symbol }) => symbol),
  );
  const ticks = incoming.map((tick): TickIn => {
    const instrument = knownInstrument(app, tick.symbol);
    const time = timeOf('time', tick.time);
    const number = numbers.get(tick.symbol) as number;
    const key = { instrument: number, time, received, sequence: tick.sequence };
    if ('price' in tick) {
      const price = exactSteps('price', tick.price, instrument.tick);
      return { ...key, price, quantity: exactSteps('quantity', tick.quantity, instrument.lot) };
    }
    return { ...key, ...sidesOf(tick, instrument) };
  });
  return ask(store, (s) => s.take({ source, ticks }));
}

function sidesOf(quote: QuoteRequest, { tick, lot }: Instrument) {
  const { bidPrice = '0', bidQuantity = '0', askPrice = '0', askQuantity = '0' } = quote;
  return {
    bidPrice: exactSteps('bidPrice', bidPrice, tick),
    bidQuantity: exactSteps('bidQuantity', bidQuantity, lot),
    askPrice: exactSteps('askPrice', askPrice, tick),
    askQuantity: exactSteps('askQuantity', askQuantity, lot),
  };
}

export interface ActionRequest {
  readonly symbol: string;
  readonly exDate: string;
  readonly kind: 'split' | 'cash_dividend';
  readonly to?: number | undefined;
  readonly from?: number | undefined;
  readonly amount?: string | undefined;
  readonly closeBefore?: string | undefined;
}

/** @throws as `takeTicks` */
export async function recordCorporateAction(
  app: Application,
  caller: Caller,
  store: MarketData | undefined,
  request: ActionRequest,
): Promise<{ batch: number }> {
  authorize(caller.identity, 'instruments.change');
  const { symbol, kind, to, from, amount, closeBefore } = request;
  const { tick } = knownInstrument(app, symbol);
  const exTime = timeOf('exDate', `${request.exDate}T00:00:00Z`);
  const instrument = (await instrumentNumbers(app, store, [symbol])).get(symbol) as number;
  const at = { instrument, exTime };
  if (kind === 'split') {
    if (to === undefined || from === undefined) throw invalidField('to', 'a split is to for from');
    return ask(store, (s) => s.recordActions([{ ...at, kind, to, from }]));
  }
  if (amount === undefined) throw invalidField('amount', 'a dividend has one');
  const { digits, scale } = parseDecimal(amount);
  const ticks = lowest(
    digits * 10n ** BigInt(tick.scale),
    BigInt(tick.units) * 10n ** BigInt(scale),
  );
  const close =
    closeBefore === undefined ? undefined : exactSteps('closeBefore', closeBefore, tick);
  const dividend = { ...at, kind, amount: ticks, closeBefore: close };
  return ask(store, (s) => s.recordActions([dividend]));
}

function lowest(numerator: bigint, denominator: bigint) {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

async function instrumentNumbers(
  app: Application,
  store: MarketData | undefined,
  symbols: readonly string[],
): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (const symbol of new Set(symbols)) {
    const { tick, lot } = knownInstrument(app, symbol);
    const terms = { symbol, tick: formatSteps(1, tick), lot: formatSteps(1, lot) };
    numbers.set(symbol, await ask(store, (s) => s.instrument(terms)));
  }
  return numbers;
}

function timeOf(field: string, text: string): bigint {
  try {
    return parseIsoNs(text);
  } catch (error) {
    if (error instanceof TimeError) throw invalidField(field, error.message);
    throw error;
  }
}

async function ask<T>(
  store: MarketData | undefined,
  question: (store: MarketData) => Promise<T>,
): Promise<T> {
  if (store === undefined) throw problem('VIEW_UNAVAILABLE');
  try {
    return await question(store);
  } catch (error) {
    throw applicationErrorOf(error);
  }
}

/** Of `market-data/error.ts`: what of a request the store can find wrong. */
const REFUSALS = new Set([
  ...['TICK_BATCH_TOO_LARGE', 'TICK_SOURCE_INVALID', 'TICK_NOT_WHOLE', 'BAR_VOLUME_OVERFLOW'],
  ...['BAR_INTERVAL_INVALID', 'BAR_RANGE_TOO_LARGE', 'CORPORATE_ACTION_INVALID'],
]);

function applicationErrorOf(error: unknown): unknown {
  if (error instanceof ReadModelsUnavailable) return problem('VIEW_UNAVAILABLE');
  if (error instanceof ApplicationError) return error;
  const { code, message } = error as DecimalError;
  if ((code as string) === 'INSTRUMENT_TERMS_CHANGED') {
    return problem('INSTRUMENT_TERMS_CHANGED', message);
  }
  if ((code as string) === 'MARKET_DATA_BUSY') return overloaded();
  return REFUSALS.has(code) ? problem('MARKET_DATA_INVALID', message) : error;
}
