/**
 * The catalogue of events: each is declared here once. The TypeScript type, the binary record of
 * the journal, the JSON form of EventStoreDB, the schema and `docs/events.md` follow from it.
 *
 * Once released, numbers and layouts are for ever: a field is then added by a new version of the event,
 * never by editing a declaration that a journal may already hold. Records of older versions are read through
 * `upcasters.ts`; one of newer software is refused (EVENT_VERSION_UNKNOWN).
 */

import { constants } from '../lib/constants.js';
import * as E from './event-fields.js';
import { type Fields, type FieldType, type Layout, layoutOf, type ValueOf } from './field.js';

/** What an event is about; its field of that name becomes `$correlationId`. */
export type About = 'order' | 'account' | 'instrument' | 'system';

export interface EventDeclaration<F extends Fields = Fields> {
  readonly number: number;
  readonly version: number;
  readonly about: About;
  readonly meaning: string;
  readonly fields: F;
  /** From this field on, a record may end: what is left out is zero. */
  readonly optionalFrom?: string;
}

const declare = <const F extends Fields>(declaration: EventDeclaration<F>) => declaration;

export const events = {
  WriterStarted: declare({
    number: 1,
    version: 1,
    about: 'system',
    meaning:
      'A writer took the shard over. Its epoch is one more than the last: it fences the old.',
    fields: E.writerStarted,
  }),
  InstrumentListed: declare({
    number: 2,
    version: 1,
    about: 'instrument',
    meaning: 'An instrument can be traded from now on.',
    fields: E.instrument,
  }),
  InstrumentChanged: declare({
    number: 3,
    version: 1,
    about: 'instrument',
    meaning:
      'The terms of an instrument changed; tick, lot and multiplier cannot while it has orders.',
    fields: E.instrument,
  }),
  AccountOpened: declare({
    number: 4,
    version: 1,
    about: 'account',
    meaning: 'An account may trade from now on.',
    fields: E.account,
  }),
  AccountChanged: declare({
    number: 5,
    version: 1,
    about: 'account',
    meaning: 'The terms of an account changed.',
    fields: E.account,
  }),
  PriceMarked: declare({
    number: 6,
    version: 1,
    about: 'instrument',
    meaning: 'The price against which risk compares and positions are valued.',
    fields: E.priceMarked,
  }),
  LimitChanged: declare({
    number: 7,
    version: 1,
    about: 'account',
    meaning: 'A risk limit was set, changed or removed.',
    fields: E.limitChanged,
  }),
  TradingHalted: declare({
    number: 8,
    version: 1,
    about: 'account',
    meaning: 'New orders are refused in the scope (or only reduce); cancels pass.',
    fields: E.tradingState,
  }),
  TradingResumed: declare({
    number: 9,
    version: 1,
    about: 'account',
    meaning: 'The scope trades again.',
    fields: E.tradingState,
  }),
  RiskDecided: declare({
    number: 10,
    version: 1,
    about: 'order',
    meaning: 'Risk let a request pass or stopped it: the check, its limit and the value compared.',
    fields: E.riskDecided,
  }),
  OrderAccepted: declare({
    number: 11,
    version: 1,
    about: 'order',
    meaning: 'The order is ours: recorded, passed by risk, not yet known to a venue.',
    fields: E.newOrder,
    optionalFrom: 'stopPrice',
  }),
  OrderDenied: declare({
    number: 12,
    version: 1,
    about: 'order',
    meaning:
      'The request for an order was refused here. Holds the request, and for a repeated client order id the state of the first order.',
    fields: E.orderDenied,
  }),
  OrderRouted: declare({
    number: 13,
    version: 1,
    about: 'order',
    meaning: 'The order goes to its venue as soon as this record is durable.',
    fields: E.orderRouted,
  }),
  OrderAcknowledged: declare({
    number: 14,
    version: 1,
    about: 'order',
    meaning: 'The venue holds the order.',
    fields: E.orderAcknowledged,
  }),
  OrderRejected: declare({
    number: 15,
    version: 1,
    about: 'order',
    meaning: 'The venue refused the order.',
    fields: E.orderRejected,
  }),
  OrderFilled: declare({
    number: 16,
    version: 1,
    about: 'order',
    meaning: 'A trade of the order, partial or whole.',
    fields: E.orderFilled,
    optionalFrom: 'strategy',
  }),
  OrderTriggered: declare({
    number: 17,
    version: 1,
    about: 'order',
    meaning: 'The stop condition was met or the parent filled: the order becomes active.',
    fields: E.orderTriggered,
  }),
  CancelRequested: declare({
    number: 18,
    version: 1,
    about: 'order',
    meaning: 'The client (or Daybook itself) asks to cancel; goes to the venue once durable.',
    fields: E.cancelRequested,
    optionalFrom: 'execInst',
  }),
  OrderCanceled: declare({
    number: 19,
    version: 1,
    about: 'order',
    meaning: 'What was left of the order is gone.',
    fields: E.orderCanceled,
  }),
  CancelRejected: declare({
    number: 20,
    version: 1,
    about: 'order',
    meaning: 'A cancel request was refused, by us or by the venue; the order stands as it says.',
    fields: E.requestRejected,
  }),
  ReplaceRequested: declare({
    number: 21,
    version: 1,
    about: 'order',
    meaning: 'The client asks for other terms; goes to the venue once durable.',
    fields: E.replaceRequested,
  }),
  OrderReplaced: declare({
    number: 22,
    version: 1,
    about: 'order',
    meaning: 'The order has its new terms and the client order id of the request.',
    fields: E.orderReplaced,
  }),
  ReplaceRejected: declare({
    number: 23,
    version: 1,
    about: 'order',
    meaning: 'A replace request was refused, by us or by the venue; the order stands as it was.',
    fields: E.requestRejected,
  }),
  OrderExpired: declare({
    number: 24,
    version: 1,
    about: 'order',
    meaning: 'The time in force ended.',
    fields: E.orderEnded,
  }),
  OrderDoneForDay: declare({
    number: 25,
    version: 1,
    about: 'order',
    meaning: 'No more executions today; a good-till order comes back tomorrow.',
    fields: E.orderEnded,
  }),
  OrderRestated: declare({
    number: 26,
    version: 1,
    about: 'order',
    meaning: 'The venue changed the terms without a request.',
    fields: E.orderRestated,
  }),
  OrderSuspended: declare({
    number: 27,
    version: 1,
    about: 'order',
    meaning: 'The venue holds the order without working it, for example in a halt.',
    fields: E.orderEnded,
  }),
  OrderStopped: declare({
    number: 28,
    version: 1,
    about: 'order',
    meaning: 'The venue guarantees a price while it looks for a better one.',
    fields: E.orderStopped,
  }),
  FillCorrected: declare({
    number: 29,
    version: 1,
    about: 'order',
    meaning: 'The venue corrected quantity or price of an earlier execution.',
    fields: E.fillCorrected,
    optionalFrom: 'strategy',
  }),
  FillBusted: declare({
    number: 30,
    version: 1,
    about: 'order',
    meaning: 'The venue took an execution back.',
    fields: E.fillCorrected,
    optionalFrom: 'strategy',
  }),
  FillUnmatched: declare({
    number: 31,
    version: 1,
    about: 'account',
    meaning: 'A fill that fits no order: booked to suspense and raised as an alarm.',
    fields: E.fillUnmatched,
  }),
  CircuitBreakerTripped: declare({
    number: 32,
    version: 1,
    about: 'account',
    meaning: 'A circuit breaker changed the trading state of a scope.',
    fields: E.circuitBreaker,
  }),
  CircuitBreakerReset: declare({
    number: 33,
    version: 1,
    about: 'account',
    meaning: 'A circuit breaker was reset, by command or after its cool-down.',
    fields: E.circuitBreaker,
  }),
  TradingDayOpened: declare({
    number: 34,
    version: 1,
    about: 'system',
    meaning:
      'A trading day begins: day orders of earlier days are gone, Day* quantities start at 0.',
    fields: E.tradingDay,
  }),
  TradingDayClosed: declare({
    number: 35,
    version: 1,
    about: 'system',
    meaning: 'A trading day ends.',
    fields: E.tradingDay,
  }),
  SnapshotTaken: declare({
    number: 36,
    version: 1,
    about: 'system',
    meaning: 'A reader of the log stored the state as of a sequence.',
    fields: E.snapshotTaken,
  }),
  VenueReconciled: declare({
    number: 37,
    version: 1,
    about: 'system',
    meaning: 'After a restart the venue was asked for open orders and executions.',
    fields: E.venueReconciled,
  }),
  CommandRefused: declare({
    number: 38,
    version: 1,
    about: 'system',
    meaning:
      'A command that is not an order request was refused: reference data, limit, venue report.',
    fields: E.commandRefused,
  }),
  CancelPending: declare({
    number: 39,
    version: 1,
    about: 'order',
    meaning: 'The venue confirmed that it works on a cancel request; the order can still trade.',
    fields: E.requestPending,
  }),
  ReplacePending: declare({
    number: 40,
    version: 1,
    about: 'order',
    meaning: 'The venue confirmed that it works on a replace request; the old terms still hold.',
    fields: E.requestPending,
  }),
  MassCancelDone: declare({
    number: 42,
    version: 1,
    about: 'account',
    meaning: 'All open orders that a mass cancel matched have been asked to cancel.',
    fields: E.massCancel,
  }),
  OrderCalculated: declare({
    number: 41,
    version: 1,
    about: 'order',
    meaning: 'The order is done for the day and its trades are being priced and allocated.',
    fields: E.orderEnded,
  }),
  ActorRegistered: declare({
    number: 43,
    version: 1,
    about: 'system',
    meaning:
      'An identity may act from now on, or its personal fields changed: every event names it by its index.',
    fields: E.actorRegistered,
  }),
  ApprovalRequested: declare({
    number: 44,
    version: 1,
    about: 'system',
    meaning:
      'An identity asks for a change that takes a second one. Its sequence is the id of the approval.',
    fields: E.approvalRequested,
  }),
  ApprovalDecided: declare({
    number: 45,
    version: 1,
    about: 'system',
    meaning:
      'Another identity approved or refused a change, or its own withdrew it. What was approved follows.',
    fields: E.approvalDecided,
  }),
  VenueReconciliationStarted: declare({
    number: 46,
    version: 1,
    about: 'system',
    meaning:
      'A venue is asked for its open orders and executions. Until VenueReconciled it gets no new orders.',
    fields: E.venueReconciliationStarted,
  }),
  VenueDifferenceFound: declare({
    number: 47,
    version: 1,
    about: 'order',
    meaning:
      'An order stands otherwise at its venue than here: both sides, and what is done. What changes here is the event after it.',
    fields: E.venueDifferenceFound,
  }),
  BaseCurrencyChanged: declare({
    number: 48,
    version: 1,
    about: 'account',
    meaning:
      'The sums and limits of the firm or a group are in another currency from now on. Limits keep their numbers.',
    fields: E.baseCurrency,
  }),
  RequestRepeated: declare({
    number: 49,
    version: 1,
    about: 'order',
    meaning:
      'A request that its venue has not answered goes there again, with its own id (PossResend=Y). Changes nothing here.',
    fields: E.requestRepeated,
  }),
} as const;

export type EventName = keyof typeof events;

type FieldsOf<N extends EventName> = (typeof events)[N]['fields'];

/** The header that every event carries, as an object. */
export interface EventHeader {
  readonly sequence: number;
  /** When the writer decided, ns since 1970. */
  readonly time: bigint;
  /** When the gateway received the command, ns since 1970. */
  readonly received: bigint;
  /** Id of the command that caused the event. */
  readonly command: number;
  /** Index of the identity that acted. */
  readonly actor: number;
  /** Gateway session that the command, or the order, belongs to. */
  readonly session: number;
}

/** An event as an object: for everything that is not the hot path. */
export type EventOf<N extends EventName> = {
  readonly [K in N]: EventHeader & {
    readonly type: K;
    readonly data: { readonly [F in keyof FieldsOf<K>]: FieldValue<FieldsOf<K>[F]> };
  };
}[N];

type FieldValue<F> = F extends { readonly type: infer T extends FieldType } ? ValueOf<T> : never;

export type DaybookEvent = EventOf<EventName>;

/** Byte offsets of an event's fields from the start of its record; see `layoutOf`. */
export const eventLayouts = Object.fromEntries(
  Object.entries(events).map(([name, d]) => [
    name,
    layoutOf(d.fields as Fields, (d as EventDeclaration).optionalFrom),
  ]),
) as unknown as { readonly [N in EventName]: Layout<FieldsOf<N>> };

/** Event numbers by name, for switches. */
export const EVENT = constants(
  Object.fromEntries(Object.entries(events).map(([name, d]) => [name, d.number])),
) as unknown as { readonly [N in EventName]: (typeof events)[N]['number'] };

const nameByNumber: readonly (EventName | undefined)[] = Object.entries(events).reduce<
  (EventName | undefined)[]
>((names, [name, d]) => {
  names[d.number] = name as EventName;
  return names;
}, []);

/** The name of an event number, or undefined when the catalogue has none. */
export function eventName(number: number): EventName | undefined {
  return nameByNumber[number];
}
