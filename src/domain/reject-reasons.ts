/**
 * Every code with which Daybook refuses: one catalogue, `CATEGORY_CONDITION`, numbers for ever.
 *
 * `docs/error-codes.md` is generated from it and a test keeps both in step. `fix` is OrdRejReason
 * [103] for orders; `ouch` is OUCH 5.0's reject reason.
 */
import { constants } from '../lib/constants.js';

export interface RejectReason {
  readonly number: number;
  readonly fix: number;
  readonly ouch: number;
  readonly meaning: string;
}

const OTHER = 99;

export const rejectReasons = {
  ORDER_DUPLICATE_CLIENT_ID: {
    number: 1,
    fix: 6,
    ouch: 0x0019,
    meaning: 'The client order id was used before in this account; the first order stands.',
  },
  ORDER_UNKNOWN: { number: 2, fix: 5, ouch: 0x0018, meaning: 'No such order in this account.' },
  ORDER_QUANTITY_INVALID: {
    number: 3,
    fix: 13,
    ouch: 0x000c,
    meaning: 'The quantity is not a positive whole number of lots.',
  },
  ORDER_PRICE_INVALID: {
    number: 4,
    fix: OTHER,
    ouch: 0x000b,
    meaning: 'The price is missing, not on a tick, or not positive where it must be.',
  },
  ORDER_TERMS_INVALID: {
    number: 5,
    fix: 11,
    ouch: 0x0004,
    meaning: 'This combination of order type, time in force and instructions does not exist.',
  },
  ORDER_TOO_LATE: {
    number: 6,
    fix: 4,
    ouch: 0x0018,
    meaning: 'Too late: nothing of the order is left to cancel or change.',
  },
  ORDER_ALREADY_PENDING: {
    number: 7,
    fix: OTHER,
    ouch: 0x0018,
    meaning: 'The order has as many requests under way as it can have.',
  },
  ORDER_CLIENT_ID_INVALID: {
    number: 8,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'The client order id is missing.',
  },
  ORDER_EXPIRED: { number: 9, fix: 4, ouch: 0x0004, meaning: 'The time in force ended.' },
  ORDER_IMMEDIATE_REMAINDER: {
    number: 10,
    fix: 0,
    ouch: 0x0004,
    meaning: 'What an immediate order could not execute was canceled.',
  },
  ORDER_POST_ONLY_WOULD_TRADE: {
    number: 11,
    fix: 0,
    ouch: 0x0004,
    meaning: 'A post-only order would have traded at once.',
  },
  ORDER_MIN_QUANTITY_UNMET: {
    number: 12,
    fix: 0,
    ouch: 0x0004,
    meaning: 'The minimum quantity could not be executed.',
  },
  ORDER_CONTINGENCY: {
    number: 13,
    fix: 0,
    ouch: 0x0004,
    meaning: 'Another order of the contingency group ended this one.',
  },
  ORDER_DAY_ENDED: { number: 14, fix: 2, ouch: 0x0004, meaning: 'The trading day ended.' },
  ORDER_DISCONNECTED: {
    number: 15,
    fix: 0,
    ouch: 0x0004,
    meaning: 'Canceled because its session disconnected.',
  },
  ORDER_MASS_CANCELED: { number: 16, fix: 0, ouch: 0x0004, meaning: 'Canceled by a mass cancel.' },
  ORDER_MASS_CANCELED_BY_SESSION: {
    number: 17,
    fix: 0,
    ouch: 0x0004,
    meaning: 'Canceled by a mass cancel that its own session asked for.',
  },
  INSTRUMENT_UNKNOWN: { number: 20, fix: 1, ouch: 0x000a, meaning: 'No such instrument.' },
  INSTRUMENT_CLOSED: {
    number: 21,
    fix: 2,
    ouch: 0x0008,
    meaning: 'The instrument is not open for trading.',
  },
  INSTRUMENT_IN_USE: {
    number: 22,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'Tick, lot and multiplier cannot change while orders or positions exist.',
  },
  INSTRUMENT_INVALID: {
    number: 23,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'The terms of the instrument are not valid, or one tick of one lot is below a micro.',
  },
  ACCOUNT_UNKNOWN: { number: 30, fix: 15, ouch: 0x0013, meaning: 'No such account.' },
  ACCOUNT_CLOSED: { number: 31, fix: OTHER, ouch: 0x0013, meaning: 'The account is closed.' },
  ACCOUNT_INVALID: {
    number: 32,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'The terms of the account are not valid, or its name is taken.',
  },
  RISK_MAX_QUANTITY: {
    number: 40,
    fix: 3,
    ouch: 0x001e,
    meaning: 'The quantity exceeds the largest allowed in one order.',
  },
  RISK_MAX_NOTIONAL: {
    number: 41,
    fix: 3,
    ouch: 0x001f,
    meaning: 'Quantity x price exceeds the largest notional allowed in one order.',
  },
  RISK_PRICE_COLLAR: {
    number: 42,
    fix: 16,
    ouch: 0x0006,
    meaning: 'The price is too far from the mark.',
  },
  RISK_POSITION_LIMIT: {
    number: 43,
    fix: 3,
    ouch: 0x001e,
    meaning: 'If all open orders filled, the position would exceed its limit.',
  },
  RISK_MARK_MISSING: {
    number: 44,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'A limit compares with the mark, and the instrument has none.',
  },
  RISK_NOT_EXACT: {
    number: 45,
    fix: OTHER,
    ouch: 0x001f,
    meaning: 'Quantity x price is beyond what can be computed exactly.',
  },
  RISK_MARK_STALE: { number: 46, fix: OTHER, ouch: 0x0004, meaning: 'The mark is too old.' },
  RISK_OPEN_ORDERS: { number: 47, fix: 3, ouch: 0x0004, meaning: 'Too many open orders.' },
  RISK_GROSS_EXPOSURE: { number: 48, fix: 3, ouch: 0x001f, meaning: 'Gross exposure limit.' },
  RISK_NET_EXPOSURE: { number: 49, fix: 3, ouch: 0x001f, meaning: 'Net exposure limit.' },
  RISK_ORDER_RATE: { number: 50, fix: OTHER, ouch: 0x0004, meaning: 'Too many orders a second.' },
  RISK_CANCEL_RATE: {
    number: 51,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'Too many cancels and replaces a second; recorded, the cancel passes.',
  },
  RISK_DAILY_LOSS: {
    number: 52,
    fix: 3,
    ouch: 0x0004,
    meaning: 'Realised and unrealised loss of the day has reached its limit.',
  },
  RISK_BUYING_POWER: { number: 53, fix: 3, ouch: 0x001f, meaning: 'Not enough buying power.' },
  RISK_REPEATED_ORDER: {
    number: 54,
    fix: 6,
    ouch: 0x0004,
    meaning: 'The same order was entered too often within the window.',
  },
  RISK_RESTRICTED: {
    number: 55,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'The instrument is on the restricted list.',
  },
  RISK_SHORT_SALE: {
    number: 56,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'A short sale needs a locate, or is not allowed.',
  },
  RISK_SELF_TRADE: {
    number: 57,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'The order would trade with an order of the same account.',
  },
  RISK_ORDER_TO_TRADE: { number: 58, fix: OTHER, ouch: 0x0004, meaning: 'Order-to-trade ratio.' },
  RISK_REDUCE_ONLY: {
    number: 59,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'Only orders that reduce the position are allowed.',
  },
  TRADING_HALTED: {
    number: 60,
    fix: 2,
    ouch: 0x0007,
    meaning: 'Firm, group, account or instrument is halted; cancels pass.',
  },
  TRADING_REDUCING: {
    number: 61,
    fix: 2,
    ouch: 0x0007,
    meaning: 'Firm, group, account or instrument may only reduce positions.',
  },
  TRADING_CIRCUIT_BREAKER: {
    number: 62,
    fix: 2,
    ouch: 0x0007,
    meaning: 'A circuit breaker tripped.',
  },
  CAPACITY_ORDERS: { number: 70, fix: OTHER, ouch: 0x0004, meaning: 'No room for another order.' },
  CAPACITY_CLIENT_IDS: {
    number: 71,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'No room for another client order id.',
  },
  CAPACITY_POSITIONS: {
    number: 72,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'No room for another position.',
  },
  CAPACITY_REFERENCE: {
    number: 73,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'No room for another account, instrument or actor.',
  },
  CAPACITY_OVERLOAD: {
    number: 74,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'Overloaded: new orders are refused, cancels pass. Try again later.',
  },
  VENUE_REJECTED: { number: 80, fix: 0, ouch: 0x0004, meaning: 'The venue refused.' },
  VENUE_FILL_DUPLICATE: {
    number: 81,
    fix: OTHER,
    ouch: 0,
    meaning: 'The execution id was reported before; it is booked once.',
  },
  VENUE_FILL_UNKNOWN: {
    number: 82,
    fix: OTHER,
    ouch: 0,
    meaning: 'The fill names an order that does not exist.',
  },
  VENUE_REPORT_UNKNOWN: {
    number: 83,
    fix: OTHER,
    ouch: 0,
    meaning: 'The report names an order or execution that does not exist.',
  },
  VENUE_REPORT_STALE: {
    number: 84,
    fix: OTHER,
    ouch: 0,
    meaning: 'The report would set the order back; it is counted and changes nothing.',
  },
  VENUE_CANCELED: { number: 85, fix: 0, ouch: 0, meaning: 'The venue canceled without a request.' },
  VENUE_RECONCILING: {
    number: 86,
    fix: OTHER,
    ouch: 0x0004,
    meaning:
      'The venue is being asked how orders stand after a restart: no new orders until it has answered; cancels pass.',
  },
  VENUE_ORDER_UNKNOWN: {
    number: 87,
    fix: OTHER,
    ouch: 0,
    meaning:
      'Asked after a restart, the venue does not know the order: it never arrived, or is forgotten.',
  },
  VENUE_ORDER_ENDED: {
    number: 88,
    fix: OTHER,
    ouch: 0,
    meaning: 'Asked after a restart, the venue says that the order has ended there.',
  },
  LIMIT_INVALID: { number: 90, fix: OTHER, ouch: 0, meaning: 'No such limit, scope or value.' },
  DAY_INVALID: {
    number: 91,
    fix: OTHER,
    ouch: 0,
    meaning: 'Trading days open and close in turn, each later than the last.',
  },
  ACTOR_INVALID: {
    number: 93,
    fix: OTHER,
    ouch: 0,
    meaning: 'No subject, or the index of the actor is that of another subject.',
  },
  LIMIT_NOT_EXCEEDED: {
    number: 94,
    fix: OTHER,
    ouch: 0,
    meaning: 'The value reported is within the limit in force, or the scope is stopped already.',
  },
  RISK_RATE_MISSING: {
    number: 95,
    fix: OTHER,
    ouch: 0x0004,
    meaning:
      'An amount has to be converted into the base currency of a scope, and there is no rate.',
  },
  RISK_RATE_STALE: {
    number: 96,
    fix: OTHER,
    ouch: 0x0004,
    meaning: 'The rate into the base currency of a scope is too old.',
  },
  COMMAND_UNKNOWN: { number: 92, fix: OTHER, ouch: 0, meaning: 'No such command.' },
} as const satisfies Record<string, RejectReason>;

export type RejectCode = keyof typeof rejectReasons;

/** Numbers by code, for events. */
export const REASON = constants(
  Object.fromEntries(Object.entries(rejectReasons).map(([code, r]) => [code, r.number])),
) as unknown as { readonly [C in RejectCode]: (typeof rejectReasons)[C]['number'] };

const codeByNumber = new Map<number, RejectCode>(
  Object.entries(rejectReasons).map(([code, r]) => [r.number, code as RejectCode]),
);

/** The stable code of a reason number; undefined for 0 and for numbers of newer software. */
export function rejectCode(number: number): RejectCode | undefined {
  return codeByNumber.get(number);
}
