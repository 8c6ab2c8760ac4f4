/**
 * Which currency the sums of a scope are in, and the rates into it.
 *
 * ```
 *   account   the currency of the account
 *   group     what was set by command, else that of the firm
 *   firm      what was set by command, else that of the first account that was opened
 * ```
 */
import { isCurrencyPair, rateOfMark } from '../../domain/currency.js';
import type { InstrumentTable } from '../state/instrument-table.js';
import { convertUp, placeOf, type RateTable } from '../state/rate-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { convertAgain } from './conversion.js';
import { addPnlTo } from './exposure.js';

/** The number of a currency that an instrument or a scope names; pairs that were marked before count. */
export function nameCurrency(state: ShardState, name: string): number {
  const { rates, instruments } = state;
  const known = rates.find(name);
  if (known !== 0) return known;
  const added = rates.add(name);
  noteMarks(rates, instruments);
  resolveRates(state);
  return added;
}

function noteMarks(rates: RateTable, instruments: InstrumentTable): void {
  for (let instrument = 1; instrument < instruments.count; instrument += 1) {
    if (instruments.pair[instrument] === 1) noteMark(rates, instruments, instrument);
  }
}

/** An instrument was listed: its currency, and whether its marks are rates. */
export function instrumentCurrency(
  state: ShardState,
  instrument: number,
  symbol: string,
  currency: string,
): void {
  state.instruments.currency[instrument] = nameCurrency(state, currency);
  state.instruments.pair[instrument] = isCurrencyPair(symbol) ? 1 : 0;
}

/** The mark of a currency pair: what is held is converted by the new rate. */
export function rateMarked(state: ShardState, instrument: number): void {
  if (noteMark(state.rates, state.instruments, instrument)) resolveRates(state);
}

/** @returns false when the mark is no rate between currencies that anybody has */
function noteMark(rates: RateTable, instruments: InstrumentTable, instrument: number): boolean {
  const terms = instruments.terms[instrument];
  if (terms === undefined || instruments.hasMark[instrument] === 0) return false;
  const mark = instruments.mark[instrument] as number;
  const rate = rateOfMark(terms.symbol, terms.tickMantissa, terms.tickScale, mark, 0);
  if (rate === undefined) return false;
  const from = rates.find(rate.from);
  const to = rates.find(rate.to);
  if (from === 0 || to === 0) return false;
  const ms = instruments.markTime[instrument] as number;
  rates.mark(from, to, rate.numerator, rate.denominator, ms);
  return true;
}

const old = { numerator: new Float64Array(0), denominator: new Float64Array(0) };

function resolveRates(state: ShardState): void {
  const { rates, scopes } = state;
  if (old.numerator.length !== rates.numerator.length) {
    old.numerator = new Float64Array(rates.numerator.length);
    old.denominator = new Float64Array(rates.numerator.length);
  }
  old.numerator.set(rates.numerator);
  old.denominator.set(rates.denominator);
  if (rates.resolve() && scopes.valued !== 0) convertAgain(state, old, addPnlTo);
}

/**
 * An account came, moved or changed its currency.
 * @returns whether sums have to be built anew
 */
export function accountCurrency(state: ShardState, account: number, currency: string): boolean {
  const number = nameCurrency(state, currency);
  const changed = rebase(state, state.scopes.first + account, number);
  return resolveBases(state) || changed;
}

/** A base was set by command, row 0 or that of a group. @returns as `accountCurrency` */
export function setBase(state: ShardState, row: number, currency: string): boolean {
  state.scopes.base[row] = nameCurrency(state, currency);
  return resolveBases(state);
}

function resolveBases(state: ShardState): boolean {
  const { scopes, accounts } = state;
  const firm = (scopes.base[0] as number) || (scopes.currency[scopes.first + 1] as number);
  let changed = rebase(state, 0, firm);
  for (let group = 1; group <= accounts.groups.size; group += 1) {
    if (rebase(state, group, (scopes.base[group] as number) || firm)) changed = true;
  }
  return changed;
}

/** The day's loss goes on in the new currency: where the day began is converted, rounded up. */
function rebase(state: ShardState, row: number, to: number): boolean {
  const { scopes, rates } = state;
  const from = scopes.currency[row] as number;
  if (from === to) return false;
  scopes.currency[row] = to;
  if (from === 0) return row === 0;
  const place = placeOf(from, to);
  const at = row * SCOPED_WIDTH + SCOPED.pnlAtOpen;
  const atOpen = scopes.rows[at] as number;
  if (atOpen !== 0 && rates.numerator[place] !== 0) {
    scopes.rows[at] = convertUp(
      atOpen,
      rates.numerator[place] as number,
      rates.denominator[place] as number,
    );
  }
  return true;
}

/** Whether the day's profit or loss of a scope, if it has any, can be had in another currency. */
export function mayRebase(state: ShardState, row: number, currency: string): boolean {
  const { scopes, rates, instruments } = state;
  const from = scopes.currency[row] as number;
  const to = rates.find(currency);
  const atOpen = scopes.rows[row * SCOPED_WIDTH + SCOPED.pnlAtOpen] as number;
  if (from === 0 || from === to || atOpen === 0) return true;
  if (to !== 0) return rates.numerator[placeOf(from, to)] !== 0;
  // Nobody has named the currency yet: what the marks of its pairs will lead to, over another one too.
  const then = rates.copy();
  const added = then.add(currency);
  noteMarks(then, instruments);
  then.resolve();
  return then.numerator[placeOf(from, added)] !== 0;
}

/** Whether firm and groups that follow, the firm by default, may change with a currency. */
export function mayRebaseFirm(state: ShardState, currency: string): boolean {
  for (let row = 0; row <= state.accounts.groups.size; row += 1) {
    if (row !== 0 && state.scopes.base[row] !== 0) continue;
    if (!mayRebase(state, row, currency)) return false;
  }
  return true;
}
