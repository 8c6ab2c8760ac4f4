/**
 * Deciding the commands of the control plane: reference data, limits, marks, trading states, days,
 * writers. They are rare, so they are decided on objects.
 */
import { SUBJECT_BYTES } from '../../domain/actor.js';
import { decodeCommand } from '../../domain/command-codec.js';
import { COMMAND, type CommandName } from '../../domain/commands.js';
import { isCurrency } from '../../domain/currency.js';
import { writePayload } from '../../domain/event-codec.js';
import { COMMAND_PAYLOAD_BYTES_MAX } from '../../domain/event-fields.js';
import { HEADER, RECORD_HEADER_BYTES } from '../../domain/event-record.js';
import { type EventName, type EventOf, eventLayouts, events } from '../../domain/events.js';
import type { Fields, Layout } from '../../domain/field.js';
import { SCOPE, TRADING_STATE } from '../../domain/order-terms.js';
import { REASON } from '../../domain/reject-reasons.js';
import { LIMIT, LIMIT_KINDS, limits, NO_LIMIT } from '../../domain/risk-catalogue.js';
import { assert } from '../../lib/assert.js';
import { type Emitter, recordOf } from '../emitter.js';
import { mayRebase, mayRebaseFirm } from '../evolve/base-currencies.js';
import { tickValue } from '../state/instrument-table.js';
import { checkPriceBreaker, trippedBreaker } from './circuit-breakers.js';

/** Emits an event given as values. */
export function emit<N extends EventName>(e: Emitter, name: N, data: EventOf<N>['data']): void {
  const { number, version, bytes } = recordOf(name);
  const at = e.begin(number, version, bytes);
  const view = new DataView(e.out.bytes.buffer, e.out.bytes.byteOffset + at, bytes);
  const values = data as unknown as Record<string, number | bigint | string>;
  const layout = eventLayouts[name] as unknown as Layout;
  const length = writePayload(view, layout, events[name].fields as Fields, values);
  view.setUint16(HEADER.length, length, true);
  e.end(at);
}

/** Refuses a command that is no order request: on record, and nothing changes. */
export function refuseCommand(
  e: Emitter,
  commandNumber: number,
  reason: number,
  reference: number,
): void {
  const from = e.at + RECORD_HEADER_BYTES;
  const to = e.at + (e.command.u16[(e.at + HEADER.length) >> 1] as number);
  const payload = Buffer.from(e.command.bytes.subarray(from, to)).toString('hex');
  emit(e, 'CommandRefused', {
    payload: payload.padEnd(2 * COMMAND_PAYLOAD_BYTES_MAX, '0'),
    reference: Number.isSafeInteger(reference) ? reference : 0,
    commandNumber,
    reason,
    spare32: 0,
    text: '',
  });
}

/** The end of a mass cancel: even one that matched nothing leaves its trace. */
export function confirmCommand(e: Emitter): void {
  emit(e, 'MassCancelDone', decodeCommand('MassCancel', e.command.bytes, e.at));
}

const decode = <N extends CommandName>(e: Emitter, name: N) =>
  decodeCommand(name, e.command.bytes, e.at);

/** Decides the command at hand; false when it is none of the control plane's. */
export function decideControl(e: Emitter, number: number): boolean {
  switch (number) {
    case COMMAND.MarkPrice:
      markPrice(e);
      return true;
    case COMMAND.ListInstrument:
      listInstrument(e);
      return true;
    case COMMAND.OpenAccount:
      openAccount(e);
      return true;
    case COMMAND.ChangeLimit:
      changeLimit(e);
      return true;
    case COMMAND.SetTradingState:
      setTradingState(e);
      return true;
    case COMMAND.RegisterActor:
      registerActor(e);
      return true;
    case COMMAND.RequestApproval:
      emit(e, 'ApprovalRequested', decode(e, 'RequestApproval'));
      return true;
    case COMMAND.DecideApproval:
      emit(e, 'ApprovalDecided', decode(e, 'DecideApproval'));
      return true;
    case COMMAND.StartWriter:
      startWriter(e);
      return true;
    case COMMAND.RecordSnapshot:
      emit(e, 'SnapshotTaken', decode(e, 'RecordSnapshot'));
      return true;
    case COMMAND.BeginReconciliation:
      emit(e, 'VenueReconciliationStarted', decode(e, 'BeginReconciliation'));
      return true;
    case COMMAND.RecordReconciliation:
      emit(e, 'VenueReconciled', decode(e, 'RecordReconciliation'));
      return true;
    default:
      return false;
  }
}

function markPrice(e: Emitter): void {
  const data = decode(e, 'MarkPrice');
  const { instruments } = e.state;
  const known = data.instrument > 0 && data.instrument < instruments.count;
  if (!known) {
    refuseCommand(e, COMMAND.MarkPrice, REASON.INSTRUMENT_UNKNOWN, data.instrument);
    return;
  }
  if (data.price <= 0 && instruments.negativePrices[data.instrument] === 0) {
    refuseCommand(e, COMMAND.MarkPrice, REASON.ORDER_PRICE_INVALID, data.instrument);
    return;
  }
  emit(e, 'PriceMarked', data);
  checkPriceBreaker(e, data.instrument);
}

const SYMBOL = /^[\x21-\x7e]{1,24}$/;

function listInstrument(e: Emitter): void {
  const data = decode(e, 'ListInstrument');
  const { instruments } = e.state;
  const index = data.instrument;
  const refuse = (reason: number) => refuseCommand(e, COMMAND.ListInstrument, reason, index);
  if (index >= instruments.count) return refuse(REASON.INSTRUMENT_UNKNOWN);
  const named = instruments.bySymbol.get(data.symbol);
  const valid =
    SYMBOL.test(data.symbol) &&
    isCurrency(data.currency) &&
    tickValue(data) !== undefined &&
    (named === undefined || named === index) &&
    data.feePerLot >= 0;
  if (!valid) return refuse(REASON.INSTRUMENT_INVALID);
  if (!e.state.rates.fits(data.currency)) return refuse(REASON.CAPACITY_REFERENCE);
  if (index === 0) {
    if (instruments.full) return refuse(REASON.CAPACITY_REFERENCE);
    emit(e, 'InstrumentListed', { ...data, instrument: instruments.count });
    return;
  }
  const before = instruments.terms[index];
  assert(before !== undefined, 'a listed instrument has terms');
  const same = (
    [
      'symbol',
      'currency',
      'tickMantissa',
      'tickScale',
      'lotMantissa',
      'lotScale',
      'multiplierMantissa',
      'multiplierScale',
    ] as const
  ).every((term) => before[term] === data[term]);
  if (!same && instruments.used[index] === 1) return refuse(REASON.INSTRUMENT_IN_USE);
  if (before.symbol !== data.symbol) return refuse(REASON.INSTRUMENT_INVALID);
  emit(e, 'InstrumentChanged', data);
}

function openAccount(e: Emitter): void {
  const data = decode(e, 'OpenAccount');
  const { accounts } = e.state;
  const index = data.account;
  const refuse = (reason: number) => refuseCommand(e, COMMAND.OpenAccount, reason, index);
  if (index >= accounts.count) return refuse(REASON.ACCOUNT_UNKNOWN);
  const named = accounts.byName.get(data.name);
  const valid =
    /^[\x21-\x7e]{1,32}$/.test(data.name) &&
    isCurrency(data.currency) &&
    (named === undefined || named === index) &&
    data.commissionPerLot >= 0;
  if (!valid) return refuse(REASON.ACCOUNT_INVALID);
  const fits = e.state.rates.fits(data.currency);
  if (!fits || (index === 0 && accounts.full)) return refuse(REASON.CAPACITY_REFERENCE);
  if (!mayChangeCurrency(e, index, data.currency)) return refuse(REASON.RISK_RATE_MISSING);
  // Groups are numbered as they appear; there are never more of them than accounts.
  const known = accounts.groups.get(data.groupName);
  const group = data.groupName === '' ? 0 : (known ?? accounts.groups.size + 1);
  if (index === 0) emit(e, 'AccountOpened', { ...data, group, account: accounts.count });
  else emit(e, 'AccountChanged', { ...data, group });
}

/** What an account lost today has to be carried over; the firm may go by its first account. */
function mayChangeCurrency({ state }: Emitter, account: number, currency: string): boolean {
  if (account === 0) return true;
  if (!mayRebase(state, state.scopes.first + account, currency)) return false;
  return account !== 1 || state.scopes.base[0] !== 0 || mayRebaseFirm(state, currency);
}

function changeLimit(e: Emitter): void {
  const data = decode(e, 'ChangeLimit');
  const { state } = e;
  const scope = SCOPE[data.scope];
  const declared = Object.values(limits).find((each) => each.number === data.limit);
  const { scopeId, instrument, value } = data;
  const inScope =
    (scope === SCOPE.Firm && scopeId === 0) ||
    (scope === SCOPE.Group && scopeId > 0 && scopeId <= state.accounts.groups.size) ||
    (scope === SCOPE.Account && scopeId > 0 && scopeId < state.accounts.count);
  const valid =
    declared !== undefined &&
    data.limit < LIMIT_KINDS &&
    inScope &&
    value >= NO_LIMIT &&
    instrument < state.instruments.count &&
    (instrument === 0 || declared.perInstrument) &&
    (data.limit !== LIMIT.BreakerPriceMove || scope === SCOPE.Firm) &&
    !state.limits.full;
  if (!valid) {
    refuseCommand(e, COMMAND.ChangeLimit, REASON.LIMIT_INVALID, data.limit);
    return;
  }
  const previous = state.limits.get({ limit: data.limit, scope, scopeId, instrument });
  emit(e, 'LimitChanged', { ...data, previous });
}

function setTradingState(e: Emitter): void {
  const data = decode(e, 'SetTradingState');
  const { state } = e;
  const { scopeId } = data;
  const current = () => {
    switch (SCOPE[data.scope]) {
      case SCOPE.Firm:
        return scopeId === 0 ? state.firmState : undefined;
      case SCOPE.Group:
        return scopeId > 0 && scopeId <= state.accounts.groups.size
          ? state.accounts.groupState[scopeId]
          : undefined;
      case SCOPE.Account:
        return scopeId > 0 && scopeId < state.accounts.count
          ? state.accounts.state[scopeId]
          : undefined;
      case SCOPE.Instrument:
        return scopeId > 0 && scopeId < state.instruments.count
          ? state.instruments.state[scopeId]
          : undefined;
    }
  };
  const now = current();
  if (now === undefined) {
    refuseCommand(e, COMMAND.SetTradingState, REASON.LIMIT_INVALID, scopeId);
    return;
  }
  const previous = (Object.keys(TRADING_STATE) as (keyof typeof TRADING_STATE)[]).find(
    (name) => TRADING_STATE[name] === now,
  );
  assert(previous !== undefined, 'a trading state of the catalogue');
  const breaker = trippedBreaker(state, SCOPE[data.scope], scopeId);
  if (breaker !== 0 && data.state === 'Active') {
    const { scope } = data;
    emit(e, 'CircuitBreakerReset', {
      limit: 0,
      value: 0,
      scopeId,
      breaker,
      scope,
      state: 'Active',
    });
    return;
  }
  const name = data.state === 'Active' ? 'TradingResumed' : 'TradingHalted';
  emit(e, name, { ...data, previous });
}

const NO_SUBJECT = '0'.repeat(2 * SUBJECT_BYTES);

/** A subject keeps its index for ever; registering it again changes kind and personal fields. */
function registerActor(e: Emitter): void {
  const data = decode(e, 'RegisterActor');
  const { actors } = e.state;
  const refuse = (reason: number) => refuseCommand(e, COMMAND.RegisterActor, reason, data.actor);
  const known = actors.bySubject.get(data.subject);
  const named = data.actor === 0 || data.actor === known;
  if (data.subject === NO_SUBJECT || !named) return refuse(REASON.ACTOR_INVALID);
  if (known === undefined && actors.full) return refuse(REASON.CAPACITY_REFERENCE);
  emit(e, 'ActorRegistered', { ...data, actor: known ?? actors.count });
}

/** The epoch follows from the log: whatever the command says, it is one more than the last. */
function startWriter(e: Emitter): void {
  const data = decode(e, 'StartWriter');
  emit(e, 'WriterStarted', { ...data, epoch: e.state.epoch + 1 });
}
