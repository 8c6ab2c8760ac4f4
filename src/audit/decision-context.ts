/** What a risk decision was compared with: the mark and the limit that were in force, with their sequences. */
import { decodeEvent } from '../domain/event-codec.js';
import { HEADER } from '../domain/event-record.js';
import { EVENT, type EventOf, eventLayouts } from '../domain/events.js';
import { SCOPE } from '../domain/order-terms.js';
import {
  LIMIT,
  type LimitDeclaration,
  type LimitName,
  limits,
  NO_LIMIT,
  RISK_CHECK,
} from '../domain/risk-catalogue.js';
import { formatSteps } from '../lib/decimal.js';
import { formatIsoNs } from '../lib/time.js';
import { type ActorInForce, actorAt, type Names } from './actors.js';
import { accountName } from './event-values.js';
import { type HaltInForce, haltOf } from './halt-context.js';
import { amountIn } from './limit-amount.js';
import { limitKey, markKey } from './order-index/keys.js';
import type { OrderIndex } from './order-index/order-index.js';
import { type JournalOf, recordsIn } from './place-reader.js';
import { lotOf, tickOf } from './reference-history.js';

export interface MarkInForce {
  readonly sequence: number;
  readonly time: string;
  readonly price: string;
  readonly source: number;
}

/** The `LimitChanged` that set the limit in force. */
export interface LimitInForce {
  readonly sequence: number;
  readonly time: string;
  readonly scope: keyof typeof SCOPE;
  readonly name: string;
  /** Only this instrument; empty: all. */
  readonly instrument: string;
  readonly actor: ActorInForce;
}

export interface DecisionContext {
  /** The check that decided; "all" when all of them passed. */
  readonly check: string;
  readonly passed: boolean;
  /** The limit compared with; absent: none is set. */
  readonly limitName?: LimitName;
  readonly limit?: string;
  readonly value: string;
  readonly unit: string;
  /** Absent: the limit stands in no `LimitChanged` that is kept. */
  readonly setBy?: LimitInForce;
  /** Of a refusal by a trading state: which one, and who had set it. */
  readonly halt?: HaltInForce;
  /** Absent: the instrument had no mark. */
  readonly mark?: MarkInForce;
}

const LIMIT_OF_CHECK: Readonly<Partial<Record<keyof typeof RISK_CHECK, LimitName>>> = {
  MaxQuantity: 'MaxOrderQuantity',
  MaxNotional: 'MaxOrderNotional',
  PriceCollar: 'PriceCollar',
  Position: 'MaxPosition',
  OpenOrders: 'MaxOpenOrders',
  GrossExposure: 'MaxGrossExposure',
  NetExposure: 'MaxNetExposure',
  OrderRate: 'OrderRate',
  CancelRate: 'CancelRate',
  DailyLoss: 'MaxDailyLoss',
  BuyingPower: 'BuyingPower',
  RepeatedOrder: 'RepeatedOrders',
  OrderToTrade: 'OrderToTradeRatio',
  MarkAge: 'MarkAge',
  Rate: 'RateAge',
  Restricted: 'Restricted',
  ShortSale: 'ShortSale',
};

const checkNames = new Map<number, keyof typeof RISK_CHECK>(
  Object.entries(RISK_CHECK).map(([name, number]) => [number, name as keyof typeof RISK_CHECK]),
);
/** The name of a check; "all" for 0: every one passed. */
export const checkName = (check: number): string =>
  check === 0 ? 'all' : (checkNames.get(check) ?? String(check));

/** The limit that a decision compared with: of an order that passed it says the notional's. */
export function limitOfCheck(check: number): LimitName | undefined {
  if (check === 0) return 'MaxOrderNotional';
  const name = checkNames.get(check);
  return name === undefined ? undefined : LIMIT_OF_CHECK[name];
}

type Decision = EventOf<'RiskDecided'>;
type LimitChange = EventOf<'LimitChanged'>;

const marked = eventLayouts.PriceMarked.offsets;

export class DecisionContexts {
  readonly #log: JournalOf;
  readonly #index: OrderIndex;
  readonly #names: Names;
  /** Changes of a limit that were looked up, ascending; by its key. */
  readonly #changes = new Map<number, readonly LimitChange[]>();

  constructor(log: JournalOf, index: OrderIndex, names: Names) {
    this.#log = log;
    this.#index = index;
    this.#names = names;
  }

  of(event: Decision): DecisionContext {
    const { data, sequence } = event;
    const limitName = limitOfCheck(data.check);
    const unit = limitName === undefined ? '' : limits[limitName].unit;
    const terms = this.#names.reference.instrument(data.instrument, sequence);
    const amount = (value: number) => amountIn(unit, value, terms && lotOf(terms));
    const setBy = limitName === undefined ? undefined : this.#setBy(event, limitName);
    const mark = this.#mark(data.instrument, sequence);
    const halted = data.passed === 0 && data.check === RISK_CHECK.TradingState;
    const halt = halted ? haltOf(this.#log, this.#index, this.#names, event) : undefined;
    return {
      check: checkName(data.check),
      passed: data.passed === 1,
      ...(limitName === undefined ? {} : { limitName }),
      ...(data.limit === NO_LIMIT ? {} : { limit: amount(data.limit).value }),
      ...amount(data.value),
      ...(setBy === undefined ? {} : { setBy }),
      ...(halt === undefined ? {} : { halt }),
      ...(mark === undefined ? {} : { mark }),
    };
  }

  /** The last mark of the instrument before `sequence`. */
  #mark(instrument: number, sequence: number): MarkInForce | undefined {
    for (const place of this.#index.findBackwards(markKey(instrument), sequence)) {
      let found: EventOf<'PriceMarked'> | undefined;
      for (const { batch, at } of recordsIn(this.#log, place)) {
        if ((batch.f64[(at + HEADER.sequence) >> 3] as number) >= sequence) break;
        if (batch.bytes[at + HEADER.number] !== EVENT.PriceMarked) continue;
        if (batch.u32[(at + marked.instrument) >> 2] !== instrument) continue;
        found = decodeEvent(batch.bytes, at) as EventOf<'PriceMarked'>;
      }
      if (found === undefined) continue;
      const terms = this.#names.reference.instrument(instrument, found.sequence);
      const { price, source } = found.data;
      return {
        sequence: found.sequence,
        time: formatIsoNs(found.time),
        price: terms === undefined ? String(price) : formatSteps(price, tickOf(terms)),
        source,
      };
    }
    return undefined;
  }

  /** Of the scopes that set this limit, the one whose value was compared: the tightest wins. */
  #setBy(event: Decision, name: LimitName): LimitInForce | undefined {
    const { account, instrument, limit } = event.data;
    if (limit === NO_LIMIT) return undefined;
    const { reference } = this.#names;
    const group = reference.account(account, event.sequence)?.group ?? 0;
    const scopes: [keyof typeof SCOPE, number][] = [['Account', account]];
    if (group !== 0) scopes.push(['Group', group]);
    scopes.push(['Firm', 0]);
    const declared: LimitDeclaration = limits[name];
    for (const [scope, scopeId] of scopes) {
      for (const of of declared.perInstrument ? [instrument, 0] : [0]) {
        const change = this.#change(LIMIT[name], SCOPE[scope], scopeId, of, event.sequence);
        if (change === undefined || change.data.value !== limit) continue;
        return {
          sequence: change.sequence,
          time: formatIsoNs(change.time),
          scope,
          name: this.#scopeName(scope, scopeId, account, event.sequence),
          instrument:
            of === 0 ? '' : (reference.instrument(of, event.sequence)?.symbol ?? `#${of}`),
          actor: actorAt(this.#names, change.actor, change.sequence),
        };
      }
    }
    return undefined;
  }

  #scopeName(scope: string, id: number, account: number, sequence: number): string {
    const { reference } = this.#names;
    if (scope === 'Account') return accountName(reference, id, sequence);
    return scope === 'Group' ? (reference.account(account, sequence)?.groupName ?? '') : '';
  }

  /** The last change of a limit of a scope before `sequence`. */
  #change(
    limit: number,
    scope: number,
    scopeId: number,
    instrument: number,
    sequence: number,
  ): LimitChange | undefined {
    const key = limitKey(limit, scope, scopeId, instrument);
    let changes = this.#changes.get(key);
    if (changes === undefined) {
      const wanted = (data: LimitChange['data']) =>
        data.limit === limit &&
        SCOPE[data.scope] === scope &&
        data.scopeId === scopeId &&
        data.instrument === instrument;
      changes = this.#changesOf(key).filter((change) => wanted(change.data));
      this.#changes.set(key, changes);
    }
    return changes.findLast((change) => change.sequence < sequence);
  }

  #changesOf(key: number): LimitChange[] {
    const changes: LimitChange[] = [];
    for (const place of this.#index.find(key, this.#index.next)) {
      for (const { batch, at } of recordsIn(this.#log, place)) {
        if (batch.bytes[at + HEADER.number] !== EVENT.LimitChanged) continue;
        changes.push(decodeEvent(batch.bytes, at) as LimitChange);
      }
    }
    return changes;
  }
}
