/** Changes of limits with their author, and every use of the kill switch. */
import type { ShardState } from '../../commands/state/shard-state.js';
import type { DaybookEvent } from '../../domain/events.js';
import { SCOPE } from '../../domain/order-terms.js';
import { type LimitDeclaration, limits } from '../../domain/risk-catalogue.js';
import { limitAmount } from '../limit-amount.js';
import { scopeName } from '../state-report.js';
import { column, type Report, type Row } from './report.js';
import { Requesters } from './requesters.js';

const head = [
  column('sequence', 'integer', 'sequence', 'of the event'),
  column('time', 'timestamp', 'ns since 1970', 'of the event'),
  column(
    'actor',
    'integer',
    'index',
    'who did it, as ActorRegistered has it; 0 Daybook or a local caller',
  ),
  column('actor_kind', 'string', 'name', 'User, ApiKey, Certificate, Session, System'),
  column(
    'subject',
    'string',
    'hex',
    'random id of the person or program; the name is told by daybook privacy',
  ),
  column('session', 'integer', 'index', 'gateway session; 0 none'),
  column('scope', 'string', 'name', 'Firm, Group, Account or Instrument'),
  column('name', 'string', 'name', 'of the group, account or instrument'),
];

const requestedBy = column(
  'requested_by',
  'integer',
  'index',
  'who asked for it, where it took a second identity, who is then the actor; empty: nobody, or before this report begins',
);

const unitOfLimit = column(
  'unit',
  'string',
  'unit',
  'of the values: money (in whole units of currency), quantity (in those of the instrument), or as the limit has it',
);

function headOf(state: ShardState, event: DaybookEvent): Row {
  const actor = state.actors.get(event.actor);
  return {
    ...{ sequence: event.sequence, time: event.time, actor: event.actor },
    ...{ actor_kind: actor?.kind ?? null, subject: actor?.subject ?? null, session: event.session },
  };
}

const NAMES = 'names of people: a file that leaves Daybook could not be erased with their key';

const limitNames = new Map<number, readonly [string, LimitDeclaration]>(
  Object.entries(limits).map((entry) => [entry[1].number, entry]),
);

export const limitChanges: Report = {
  name: 'limit-changes',
  title: 'Changes of limits and of the currencies they are in, with their author',
  source: '',
  missing: [NAMES],
  columns: [
    ...head,
    column('instrument', 'string', 'symbol', 'only this one; empty: all'),
    column(
      'limit',
      'string',
      'name',
      'see docs/error-codes.md, limits; empty: the base currency of the scope changed',
    ),
    unitOfLimit,
    column('previous', 'decimal', 'see unit', 'the limit before; empty: none'),
    column('value', 'decimal', 'see unit', 'the limit from now on; empty: none'),
    column('previous_currency', 'string', 'ISO 4217', 'base currency before, where that changed'),
    column(
      'currency',
      'string',
      'ISO 4217',
      'base currency of the scope from now on: of a limit in money that of its values; limits keep their numbers when it changes',
    ),
    requestedBy,
  ],
  events: ['LimitChanged', 'BaseCurrencyChanged', 'ApprovalRequested', 'ApprovalDecided'],
  open({ state, emit }) {
    const requesters = new Requesters();
    return {
      take(event) {
        requesters.take(event);
        if (event.type === 'BaseCurrencyChanged') {
          const { scope, scopeId, currency, previous } = event.data;
          emit({
            ...headOf(state, event),
            ...{ scope, name: scopeName(state, SCOPE[scope], scopeId) },
            ...{ currency, previous_currency: previous === '' ? null : previous },
            requested_by: requesters.of(event),
          });
          return;
        }
        if (event.type !== 'LimitChanged') return;
        const { limit, scope, scopeId, instrument, previous, value } = event.data;
        const [name, declared] = limitNames.get(limit) ?? [String(limit), undefined];
        const amount = (of: number) =>
          limitAmount(
            state,
            { scope: SCOPE[scope], scopeId, instrument },
            declared?.unit ?? '',
            of,
          );
        const { currency, ...now } = amount(value);
        emit({
          ...headOf(state, event),
          ...{ scope, name: scopeName(state, SCOPE[scope], scopeId) },
          instrument: instrument === 0 ? null : scopeName(state, SCOPE.Instrument, instrument),
          ...{ limit: name, ...now, previous: amount(previous).value },
          ...{ currency: currency === '' ? null : currency },
          requested_by: requesters.of(event),
        });
      },
    };
  },
};

export const killSwitch: Report = {
  name: 'kill-switch',
  title: 'Halts, resumptions, circuit breakers and mass cancels',
  source: '',
  missing: [NAMES],
  columns: [
    ...head,
    column('event', 'string', 'name', 'see docs/events.md'),
    column('state', 'string', 'name', 'trading state from now on: Active, Reducing, Halted'),
    column('previous', 'string', 'name', 'trading state before; of halts and resumptions by hand'),
    column('text', 'string', 'text', 'why, in the words of who did it'),
    column('breaker', 'string', 'name', 'circuit breaker that tripped or was reset'),
    unitOfLimit,
    column('limit', 'decimal', 'see unit', 'limit of the breaker'),
    column('value', 'decimal', 'see unit', 'the value that tripped it'),
    column('currency', 'string', 'ISO 4217', 'of a breaker in money: base currency of the scope'),
    column('account', 'string', 'name', 'of mass cancels; empty: every account'),
    column('instrument', 'string', 'symbol', 'of mass cancels; empty: every instrument'),
    column('side', 'integer', 'Side [54]', 'of mass cancels; empty: both'),
    requestedBy,
  ],
  events: [
    ...(['TradingHalted', 'TradingResumed', 'CircuitBreakerTripped'] as const),
    ...(['CircuitBreakerReset', 'MassCancelDone'] as const),
    ...(['ApprovalRequested', 'ApprovalDecided'] as const),
  ],
  open({ state, emit }) {
    const requesters = new Requesters();
    return {
      take(event) {
        requesters.take(event);
        if (event.type === 'ApprovalRequested' || event.type === 'ApprovalDecided') return;
        const asked =
          event.type === 'TradingHalted' ||
          event.type === 'TradingResumed' ||
          event.type === 'CircuitBreakerReset'
            ? requesters.of(event)
            : null;
        const more = { ...switchOf(state, event), requested_by: asked };
        emit({ ...headOf(state, event), event: event.type, ...more });
      },
    };
  },
};

function switchOf(state: ShardState, event: DaybookEvent): Row {
  switch (event.type) {
    case 'TradingHalted':
    case 'TradingResumed': {
      const { scope, scopeId, state: now, previous, text } = event.data;
      return { scope, name: scopeName(state, SCOPE[scope], scopeId), state: now, previous, text };
    }
    case 'CircuitBreakerTripped':
    case 'CircuitBreakerReset': {
      const { scope, scopeId, state: now, breaker, limit, value } = event.data;
      const [breakerName, declared] = limitNames.get(breaker) ?? [String(breaker), undefined];
      const of = { scope: SCOPE[scope], scopeId, instrument: 0 };
      const amount = (each: number) => limitAmount(state, of, declared?.unit ?? '', each);
      const { currency, ...tripped } = amount(value);
      return {
        ...{ scope, name: scopeName(state, SCOPE[scope], scopeId), state: now },
        ...{ breaker: breakerName, ...tripped, limit: amount(limit).value },
        currency: currency === '' ? null : currency,
      };
    }
    case 'MassCancelDone': {
      const { account, instrument, side } = event.data;
      return {
        account: account === 0 ? null : scopeName(state, SCOPE.Account, account),
        instrument: instrument === 0 ? null : scopeName(state, SCOPE.Instrument, instrument),
        side: side === 0 ? null : side,
      };
    }
    default:
      return {};
  }
}
