/**
 * What callers are shown: names for indexes, decimal text for ticks, lots and micros, ISO 8601 for
 * times. JSON values only. `sequence` is that of the event behind a view.
 */
import type { EventOf } from '../../domain/events.js';

import type { LimitName } from '../../domain/risk-catalogue.js';
import type { Account } from '../reference/account.js';
import type { Scope, TradingState } from '../reference/reference-data.js';

type Accepted = EventOf<'OrderAccepted'>['data'];
export type Side = Accepted['side'];
export type OrdType = Accepted['ordType'];
export type TimeInForce = Accepted['timeInForce'];
export type OrdStatus = EventOf<'OrderFilled'>['data']['ordStatus'];

export interface OrderView {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly account: string;
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrdType;
  readonly timeInForce: TimeInForce;
  readonly quantity: string;
  /** Null for orders without one. */
  readonly price: string | null;
  readonly stopPrice: string | null;
  /** OrdStatus [39]. */
  readonly status: OrdStatus;
  readonly cumQuantity: string;
  readonly leavesQuantity: string;
  /** Null before the first fill. */
  readonly averagePrice: string | null;
  readonly sequence: number;
  readonly time: string;
}

/** What an order came to after an event: the part of its state that every such event carries. */
export interface OrderState {
  readonly orderId: number;
  readonly clientOrderId: string | null;
  readonly status: OrdStatus;
  readonly quantity: string;
  readonly cumQuantity: string;
  readonly leavesQuantity: string;
}

export interface FillView {
  readonly sequence: number;
  readonly time: string;
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly account: string;
  readonly instrument: string;
  readonly side: Side;
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  /** The venue's execution id. */
  readonly executionId: string;
}

export interface PositionView {
  readonly account: string;
  readonly instrument: string;
  /** Negative when short. */
  readonly quantity: string;
  readonly averagePrice: string | null;
  readonly currency: string;
  readonly sequence: number;
}

export interface PnlView {
  readonly account: string;
  readonly instrument: string;
  readonly realizedPnl: string;
  /** Null without a mark. */
  readonly unrealizedPnl: string | null;
  readonly fees: string;
  readonly mark: string | null;
  readonly currency: string;
  readonly sequence: number;
}

export interface InstrumentView {
  readonly symbol: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly multiplier: string;
  readonly currency: string;
  readonly venue: number;
  readonly open: boolean;
  readonly negativePrices: boolean;
  readonly marginPercent: number;
  readonly feePerLot: string;
  readonly sequence: number;
}

export interface AccountView {
  readonly name: string;
  readonly group: string | null;
  readonly currency: string;
  readonly selfTradePrevention: Account['selfTradePrevention'];
  readonly open: boolean;
  readonly commissionPerLot: string;
  readonly sequence: number;
}

export interface LimitView {
  readonly limit: LimitName;
  readonly scope: Scope;
  /** Name of the group or account; null for the firm. */
  readonly name: string | null;
  /** Only this instrument; null all. */
  readonly instrument: string | null;
  /** Null: not set. */
  readonly value: string | null;
  readonly unit: string;
  readonly sequence: number;
}

export interface TradingStateView {
  readonly scope: Scope;
  readonly name: string | null;
  readonly state: TradingState;
  readonly text: string;
  readonly sequence: number;
}

/** A change that takes a second identity; exactly one of `limit` and `tradingState` says which. */
export interface BaseCurrencyView {
  readonly scope: Scope;
  /** Of the group; null for the firm. */
  readonly name: string | null;
  /** ISO 4217 code. */
  readonly currency: string;
  /** 0 where none was set: a group then has that of the firm, the firm that of its first account. */
  readonly sequence: number;
}

export interface ApprovalView {
  /** Its id. */
  readonly approval: number;
  readonly status: 'Waiting' | 'Expired' | 'Approved' | 'Refused' | 'Withdrawn';
  readonly change: 'limit' | 'tradingState' | 'baseCurrency';
  readonly limit: LimitView | null;
  readonly tradingState: TradingStateView | null;
  readonly baseCurrency: BaseCurrencyView | null;
  /** Indexes of the identities, as the events have them. */
  readonly requestedBy: number;
  readonly decidedBy: number | null;
  readonly requested: string;
  readonly decided: string | null;
  readonly expires: string;
  readonly sequence: number;
}

export interface TradingDayView {
  /** As "2026-11-22". */
  readonly day: string;
  readonly open: boolean;
  readonly sequence: number;
}

export interface MarkView {
  readonly instrument: string;
  readonly price: string;
  readonly source: number;
  readonly time: string;
  readonly sequence: number;
}
