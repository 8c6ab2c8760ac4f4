/** The topic of risk: every decision, and the limits and trading states that it goes by. */
import { decodeEvent } from '../../domain/event-codec.js';
import type { RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventName, type EventOf } from '../../domain/events.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { limits, NO_LIMIT } from '../../domain/risk-catalogue.js';
import { formatIsoNs } from '../../lib/time.js';
import { riskExtras } from '../application/risk-texts.js';
import { microsText } from '../application/terms.js';
import type { Scope, TradingState } from '../reference/reference-data.js';
import { type Entry, entry } from './entry.js';
import type { StreamState } from './stream-state.js';

export const RISK_EVENTS: readonly number[] = [
  EVENT.RiskDecided,
  EVENT.LimitChanged,
  EVENT.TradingHalted,
  EVENT.TradingResumed,
  EVENT.CircuitBreakerTripped,
  EVENT.CircuitBreakerReset,
];

export interface RiskView {
  readonly sequence: number;
  readonly time: string;
  readonly event: EventName;
  readonly orderId: number | undefined;
  /** Of a decision: Account. */
  readonly scope: Scope;
  /** Of the group, account or instrument; absent for the firm. */
  readonly name: string | undefined;
  readonly instrument: string | undefined;
  readonly passed: boolean | undefined;
  /** The check of a decision, the limit that changed, the breaker. */
  readonly check: string | undefined;
  readonly limit: string | undefined;
  readonly value: string | undefined;
  readonly unit: string | undefined;
  readonly state: TradingState | undefined;
  /** Code of docs/error-codes.md, or the words of who did it. */
  readonly reason: string | undefined;
}

const limitsByNumber: ReadonlyMap<number, { name: string; unit: string }> = new Map(
  Object.entries(limits).map(([name, { number, unit }]) => [number, { name, unit }]),
);

const NOTHING = {
  ...{ orderId: undefined, instrument: undefined, passed: undefined, check: undefined },
  ...{ limit: undefined, value: undefined, unit: undefined, state: undefined, reason: undefined },
};

type States = EventOf<'TradingHalted' | 'TradingResumed'>;
type Breakers = EventOf<'CircuitBreakerTripped' | 'CircuitBreakerReset'>;

export function riskEntries(state: StreamState, batch: RecordBuffer, at: number): Entry[] {
  const event = decodeEvent(batch.bytes, at);
  switch (event.type) {
    case 'RiskDecided':
      return [decisionEntry(state, event)];
    case 'LimitChanged':
      return [limitEntry(state, event)];
    case 'TradingHalted':
    case 'TradingResumed': {
      const { state: trading, text } = event.data;
      return [scopeEntry(state, event, { state: trading, reason: text || undefined })];
    }
    case 'CircuitBreakerTripped':
    case 'CircuitBreakerReset': {
      const { breaker, limit, value, state: trading } = event.data;
      const { name = String(breaker), unit = '' } = limitsByNumber.get(breaker) ?? {};
      const amounts = { limit: inUnit(unit, limit), value: inUnit(unit, value), unit: shown(unit) };
      return [scopeEntry(state, event, { ...amounts, check: name, state: trading })];
    }
    default:
      return [];
  }
}

function decisionEntry(state: StreamState, event: EventOf<'RiskDecided'>): Entry {
  const { sequence, data } = event;
  const account = state.terms.account(data.account, sequence)?.name ?? '';
  const instrument = state.terms.instrument(data.instrument, sequence);
  const { check, limit, value, unit } = riskExtras({ instrument: () => instrument }, [
    event,
  ]) as Record<string, string | null | undefined>;
  const view: RiskView = {
    ...stampOf(event),
    ...NOTHING,
    orderId: data.orderId || undefined,
    scope: 'Account',
    name: account,
    instrument: instrument?.symbol,
    passed: data.passed !== 0,
    check: check ?? undefined,
    limit: limit ?? undefined,
    value: value ?? undefined,
    unit: unit ?? undefined,
    reason: rejectCode(data.reason),
  };
  return entry(view, { account, instrument: instrument?.symbol ?? '' });
}

function limitEntry(state: StreamState, event: EventOf<'LimitChanged'>): Entry {
  const { data, sequence } = event;
  const { name = String(data.limit), unit = '' } = limitsByNumber.get(data.limit) ?? {};
  return scopeEntry(state, event, {
    check: name,
    instrument: state.terms.instrument(data.instrument, sequence)?.symbol,
    limit: data.value === NO_LIMIT ? undefined : inUnit(unit, data.value),
    unit: shown(unit),
  });
}

const inUnit = (unit: string, value: number): string =>
  unit === 'micros' ? microsText(value) : String(value);
const shown = (unit: string): string => (unit === 'micros' ? 'money' : unit);

/** What is wider than one account is for everybody who may see the topic. */
function scopeEntry(
  { terms, groupName }: StreamState,
  event: States | Breakers | EventOf<'LimitChanged'>,
  more: Partial<RiskView>,
): Entry {
  const { sequence, data } = event;
  const { scope, scopeId } = data;
  const account = scope === 'Account' ? (terms.account(scopeId, sequence)?.name ?? '') : undefined;
  const symbol =
    scope === 'Instrument' ? terms.instrument(scopeId, sequence)?.symbol : more.instrument;
  const name = account ?? (scope === 'Group' ? groupName(scopeId) : symbol);
  const view: RiskView = {
    ...stampOf(event),
    ...NOTHING,
    scope,
    name: scope === 'Firm' ? undefined : name,
    instrument: symbol,
    ...more,
  };
  return entry(view, { account: account ?? null, instrument: symbol ?? '' });
}

function stampOf({ type, sequence, time }: { type: EventName; sequence: number; time: bigint }) {
  return { sequence, time: formatIsoNs(time), event: type };
}
