/** Which halt stopped an order, and who had halted: the event whose trading state was in force. */

import { decodeEvent } from '../domain/event-codec.js';
import { HEADER } from '../domain/event-record.js';
import { type DaybookEvent, EVENT, type EventOf } from '../domain/events.js';
import { SCOPE, type TRADING_STATE } from '../domain/order-terms.js';
import { REASON } from '../domain/reject-reasons.js';
import { formatIsoNs } from '../lib/time.js';
import { type ActorInForce, actorAt, type Names } from './actors.js';
import { accountName } from './event-values.js';
import { TRADING_STATE_KEY } from './order-index/keys.js';
import type { OrderIndex, Place } from './order-index/order-index.js';
import { type JournalOf, recordsIn } from './place-reader.js';

export interface HaltInForce {
  readonly sequence: number;
  readonly time: string;
  /** TradingHalted, TradingResumed (to Reducing) or CircuitBreakerTripped. */
  readonly type: string;
  readonly scope: keyof typeof SCOPE;
  readonly name: string;
  readonly state: keyof typeof TRADING_STATE;
  /** In the words of who did it; empty: none, or a circuit breaker. */
  readonly text: string;
  readonly actor: ActorInForce;
}

const STATE_EVENTS = [
  ...(['TradingHalted', 'TradingResumed'] as const),
  ...(['CircuitBreakerTripped', 'CircuitBreakerReset'] as const),
] as const;
type StateEvent = EventOf<(typeof STATE_EVENTS)[number]>;
const NUMBERS: ReadonlySet<number> = new Set(STATE_EVENTS.map((name) => EVENT[name]));

/**
 * Of firm, group, account and instrument, the scope whose state refused; undefined when the log that
 * is kept does not tell.
 */
export function haltOf(
  log: JournalOf,
  index: OrderIndex,
  names: Names,
  { sequence, data }: EventOf<'RiskDecided'>,
): HaltInForce | undefined {
  const { account, instrument, reason } = data;
  const group = names.reference.account(account, sequence)?.group ?? 0;
  const open = new Set([scopeKey(SCOPE.Firm, 0), scopeKey(SCOPE.Account, account)]);
  open.add(scopeKey(SCOPE.Instrument, instrument));
  if (group !== 0) open.add(scopeKey(SCOPE.Group, group));
  for (const place of index.findBackwards(TRADING_STATE_KEY, sequence)) {
    for (const event of stateEvents(log, place, sequence)) {
      // The newest of each scope is in force.
      if (!open.delete(scopeKey(SCOPE[event.data.scope], event.data.scopeId))) continue;
      if (refuses(event, reason)) return told(event, names, account);
    }
    if (open.size === 0) return undefined;
  }
  return undefined;
}

const scopeKey = (scope: number, id: number): string => `${scope} ${id}`;

/** Newest first. */
function stateEvents(log: JournalOf, place: Place, before: number): StateEvent[] {
  const events: StateEvent[] = [];
  for (const { batch, at } of recordsIn(log, place)) {
    if ((batch.f64[(at + HEADER.sequence) >> 3] as number) >= before) break;
    if (!NUMBERS.has(batch.bytes[at + HEADER.number] as number)) continue;
    events.push(decodeEvent(batch.bytes, at) as DaybookEvent as StateEvent);
  }
  return events.reverse();
}

function refuses({ type, data }: StateEvent, reason: number): boolean {
  if (data.state === 'Active') return false;
  if (reason === REASON.TRADING_CIRCUIT_BREAKER) return type === 'CircuitBreakerTripped';
  return data.state === (reason === REASON.TRADING_HALTED ? 'Halted' : 'Reducing');
}

function told(event: StateEvent, names: Names, account: number): HaltInForce {
  const { sequence, time, type, actor, data } = event;
  const { scope, scopeId, state } = data;
  const { reference } = names;
  const nameOf = {
    Firm: () => '',
    Group: () => reference.account(account, sequence)?.groupName ?? `#${scopeId}`,
    Account: () => accountName(reference, scopeId, sequence),
    Instrument: () => reference.instrument(scopeId, sequence)?.symbol ?? `#${scopeId}`,
  };
  return {
    ...{ sequence, time: formatIsoNs(time), type, scope, name: nameOf[scope](), state },
    text: 'text' in data ? data.text : '',
    actor: actorAt(names, actor, sequence),
  };
}
