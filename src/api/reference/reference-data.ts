/**
 * Instruments, accounts, limits, trading states and marks as the log has them up to the sequence
 * that was read: names <-> indexes, and the steps with which text becomes ticks and lots.
 *
 * Folded from events by the follower of the API's thread, so a restart restores it. Bounded by the
 * writer, which refuses more accounts and instruments than it has room for (`CAPACITY_REFERENCE`).
 */
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventOf, eventLayouts } from '../../domain/events.js';
import { NO_LIMIT } from '../../domain/risk-catalogue.js';
import { assert } from '../../lib/assert.js';
import { type Account, accountOf } from './account.js';
import { Approvals } from './approvals.js';
import { BaseCurrencies, type BaseCurrencyInForce } from './base-currencies.js';
import { type Instrument, instrumentOf } from './instrument.js';

export type Scope = EventOf<'LimitChanged'>['data']['scope'];
export type TradingState = EventOf<'TradingHalted'>['data']['state'];

export interface LimitInForce {
  readonly limit: number;
  readonly scope: Scope;
  /** Firm 0, index of the group or account. */
  readonly scopeId: number;
  /** Only this instrument; 0 all. */
  readonly instrument: number;
  readonly value: number;
  readonly sequence: number;
}

export interface TradingStateInForce {
  readonly scope: Scope;
  readonly scopeId: number;
  readonly state: TradingState;
  readonly text: string;
  readonly sequence: number;
}

export interface TradingDay {
  /** yyyymmdd. */
  readonly day: number;
  readonly open: boolean;
  readonly sequence: number;
}

export interface Mark {
  readonly instrument: number;
  /** Ticks. */
  readonly price: number;
  readonly source: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly sequence: number;
}

const MARK_AT = eventLayouts.PriceMarked.offsets;

export class ReferenceData {
  readonly #instruments = new Map<number, Instrument>();
  readonly #instrumentsBySymbol = new Map<string, Instrument>();
  readonly #accounts = new Map<number, Account>();
  readonly #accountsByName = new Map<string, Account>();
  readonly #groupsByName = new Map<string, number>();
  readonly #groupNames = new Map<number, string>();
  /** Indexes of actors by subject. */
  readonly #actors = new Map<string, number>();
  #day: TradingDay | undefined;
  /** Changes that wait for a second identity. */
  readonly approvals = new Approvals();
  readonly #bases = new BaseCurrencies();
  readonly #limits = new Map<string, LimitInForce>();
  readonly #states = new Map<string, TradingStateInForce>();
  /** By instrument; marks may come at market rate, so there is no object for each. */
  readonly #marks: {
    price: number;
    source: number;
    low: number;
    high: number;
    sequence: number;
  }[] = [];

  /** Takes the record at `at` if it is about reference data. */
  take(view: RecordBuffer, at: number): void {
    const number = view.bytes[at + HEADER.number] as number;
    // Every event of the order path, by far the most, has a number from 10 to 31.
    if (number >= EVENT.RiskDecided && number <= EVENT.FillUnmatched) return;
    if (number === EVENT.PriceMarked) this.#takeMark(view, at);
    else if (this.#isReference(number)) this.#takeEvent(view, at);
  }

  instrument(index: number): Instrument | undefined {
    return this.#instruments.get(index);
  }
  instrumentBySymbol(symbol: string): Instrument | undefined {
    return this.#instrumentsBySymbol.get(symbol);
  }
  instruments(): Instrument[] {
    return [...this.#instruments.values()];
  }
  account(index: number): Account | undefined {
    return this.#accounts.get(index);
  }
  accountByName(name: string): Account | undefined {
    return this.#accountsByName.get(name);
  }
  accounts(): Account[] {
    return [...this.#accounts.values()];
  }
  groupByName(name: string): number | undefined {
    return this.#groupsByName.get(name);
  }
  groupName(index: number): string | undefined {
    return this.#groupNames.get(index);
  }
  /** The index for a group that no account names yet. */
  nextGroup(): number {
    return Math.max(0, ...this.#groupNames.keys()) + 1;
  }
  /** Index of an identity on the log. @param subject in hexadecimal */
  actorBySubject(subject: string): number | undefined {
    return this.#actors.get(subject);
  }
  limits(): LimitInForce[] {
    return [...this.#limits.values()];
  }
  /** Of the firm, and of every group in the order of their numbers. */
  baseCurrencies(): BaseCurrencyInForce[] {
    const groups = [...this.#groupNames.keys()].sort((a, b) => a - b);
    return this.#bases.inForce(groups, this.#accounts.get(1)?.currency);
  }
  /** The one that is open, or was last; undefined before the first. */
  tradingDay(): TradingDay | undefined {
    return this.#day;
  }
  tradingState(scope: Scope, scopeId: number): TradingState {
    return this.#states.get(`${scope} ${scopeId}`)?.state ?? 'Active';
  }
  tradingStates(): TradingStateInForce[] {
    return [...this.#states.values()];
  }

  mark(instrument: number): Mark | undefined {
    const mark = this.#marks[instrument];
    if (mark === undefined) return undefined;
    const time = (BigInt(mark.high) << 32n) | BigInt(mark.low);
    return { instrument, price: mark.price, source: mark.source, time, sequence: mark.sequence };
  }
  marks(): Mark[] {
    return this.instruments().flatMap(({ index }) => this.mark(index) ?? []);
  }

  #isReference(number: number): boolean {
    return (
      (number >= EVENT.InstrumentListed && number <= EVENT.TradingResumed) ||
      number === EVENT.CircuitBreakerTripped ||
      (number >= EVENT.CircuitBreakerReset && number <= EVENT.TradingDayClosed) ||
      (number >= EVENT.ActorRegistered && number <= EVENT.ApprovalDecided) ||
      number === EVENT.BaseCurrencyChanged
    );
  }

  #takeMark(view: RecordBuffer, at: number): void {
    const instrument = view.u32[(at + MARK_AT.instrument) / 4] as number;
    let mark = this.#marks[instrument];
    if (mark === undefined) {
      mark = { price: 0, source: 0, low: 0, high: 0, sequence: 0 };
      this.#marks[instrument] = mark;
    }
    mark.price = view.f64[(at + MARK_AT.price) / 8] as number;
    mark.source = view.u32[(at + MARK_AT.source) / 4] as number;
    mark.low = view.u32[(at + HEADER.time) / 4] as number;
    mark.high = view.i32[(at + HEADER.time) / 4 + 1] as number;
    mark.sequence = view.f64[(at + HEADER.sequence) / 8] as number;
  }

  #takeEvent(view: RecordBuffer, at: number): void {
    const event = decodeEvent(view.bytes, at);
    switch (event.type) {
      case 'InstrumentListed':
      case 'InstrumentChanged':
        this.#takeInstrument(instrumentOf(event));
        return;
      case 'AccountOpened':
      case 'AccountChanged':
        this.#takeAccount(accountOf(event));
        return;
      case 'LimitChanged':
        this.#takeLimit(event);
        return;
      case 'BaseCurrencyChanged':
        this.#bases.take(event);
        return;
      case 'TradingHalted':
      case 'TradingResumed':
        this.#takeState(event, event.data.text);
        return;
      case 'CircuitBreakerTripped':
      case 'CircuitBreakerReset':
        this.#takeState(event, event.type);
        return;
      case 'ActorRegistered':
        this.#actors.set(event.data.subject, event.data.actor);
        return;
      case 'TradingDayOpened':
      case 'TradingDayClosed':
        this.#day = {
          day: event.data.tradingDay,
          open: event.type === 'TradingDayOpened',
          sequence: event.sequence,
        };
        return;
      case 'ApprovalRequested':
        this.approvals.request(event);
        return;
      case 'ApprovalDecided':
        this.approvals.decide(event);
        return;
      default:
        assert(false, `${event.type} is not about reference data`);
    }
  }

  #takeInstrument(instrument: Instrument): void {
    const before = this.#instruments.get(instrument.index);
    if (before !== undefined) this.#instrumentsBySymbol.delete(before.symbol);
    this.#instruments.set(instrument.index, instrument);
    this.#instrumentsBySymbol.set(instrument.symbol, instrument);
  }

  #takeAccount(account: Account): void {
    const before = this.#accounts.get(account.index);
    if (before !== undefined) this.#accountsByName.delete(before.name);
    this.#accounts.set(account.index, account);
    this.#accountsByName.set(account.name, account);
    if (account.group === 0) return;
    this.#groupNames.set(account.group, account.groupName);
    if (account.groupName !== '') this.#groupsByName.set(account.groupName, account.group);
  }

  #takeLimit(event: EventOf<'LimitChanged'>): void {
    const { limit, scope, scopeId, instrument, value } = event.data;
    const key = `${scope} ${scopeId} ${instrument} ${limit}`;
    if (value === NO_LIMIT) this.#limits.delete(key);
    else {
      const sequence = event.sequence;
      this.#limits.set(key, { limit, scope, scopeId, instrument, value, sequence });
    }
  }

  #takeState(
    event: { sequence: number; data: { scope: Scope; scopeId: number; state: TradingState } },
    text: string,
  ): void {
    const { scope, scopeId, state } = event.data;
    const key = `${scope} ${scopeId}`;
    if (state === 'Active') this.#states.delete(key);
    else this.#states.set(key, { scope, scopeId, state, text, sequence: event.sequence });
  }
}
