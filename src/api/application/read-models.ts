/**
 * What the use cases ask of the read side; `read-models-postgres.ts` answers from the projections.
 * Filters name indexes; an answer is as of a sequence.
 */
import type {
  Interval,
  PnlDay,
  PnlPointView,
  PositionPointView,
  ScopeTotal,
  TotalsBy,
} from './pnl-views.js';
import type { FillView, OrderView, OrdStatus, PnlView, PositionView, Side } from './views.js';

/** Rows of one page, at most. */
export const PAGE_ROWS_MAX = 1000;
export const PAGE_ROWS_DEFAULT = 100;

export interface OrderFilter {
  readonly account?: number | undefined;
  /** One of these; absent: of any account. */
  readonly accounts?: readonly number[] | undefined;
  readonly instrument?: number | undefined;
  readonly statuses?: readonly OrdStatus[] | undefined;
  /** Only orders with something left. */
  readonly open?: boolean | undefined;
  readonly side?: Side | undefined;
  readonly strategy?: number | undefined;
  /** Accepted from this time, and before that one: ISO 8601. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Keyset: only orders with a smaller id; newest first. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface FillFilter {
  readonly account?: number | undefined;
  /** One of these; absent: of any account. */
  readonly accounts?: readonly number[] | undefined;
  readonly instrument?: number | undefined;
  readonly orderId?: number | undefined;
  /** Keyset: only fills with a larger sequence; oldest first. */
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface PositionFilter {
  readonly account?: number | undefined;
  /** One of these; absent: of any account. */
  readonly accounts?: readonly number[] | undefined;
  readonly instrument?: number | undefined;
}

/** Times are ISO 8601: from the first, before the second. */
export interface PositionHistoryFilter {
  readonly account: number;
  readonly instrument: number;
  /** Only executions of orders of this strategy. */
  readonly strategy?: number | undefined;
  /** `change`: after each execution; else as of the end of each interval that changed it. */
  readonly interval: 'change' | Interval;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Keyset: only points with a larger sequence; oldest first. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Whose P&L: a number of `SCOPE`, its index, and the strategy if only that counts. */
export interface PnlScope {
  readonly scope: number;
  readonly scopeId: number;
  readonly strategy?: number | undefined;
}

export interface PnlHistoryFilter extends PnlScope {
  readonly interval: Interval;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Keyset: only points after this time; oldest first. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface PnlDaysFilter extends PnlScope {
  /** yyyymmdd, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface ScopeTotalsFilter {
  readonly by: TotalsBy;
  readonly accounts?: readonly number[] | undefined;
}

/** An answer and the last event that is in it. */
export interface AsOf<T> {
  readonly asOf: number;
  readonly value: T;
}

/** What a question is about: how things stand, or P&L, how it came about included. */
export type View = 'now' | 'pnl';

export interface ReadModels {
  /**
   * Resolves once the read models hold the event with this sequence.
   * @returns false when that took longer than `timeoutMs`
   */
  reached(sequence: number, timeoutMs: number, view?: View): Promise<boolean>;
  /** The last event that the read models hold; -1 none. */
  asOf(): Promise<number>;
  order(orderId: number): Promise<AsOf<OrderView | undefined>>;
  orderByClientId(account: number, clientOrderId: string): Promise<AsOf<OrderView | undefined>>;
  orders(filter: OrderFilter): Promise<AsOf<readonly OrderView[]>>;
  fills(filter: FillFilter): Promise<AsOf<readonly FillView[]>>;
  positions(filter: PositionFilter): Promise<AsOf<readonly PositionView[]>>;
  pnl(filter: PositionFilter): Promise<AsOf<readonly PnlView[]>>;
  positionHistory(filter: PositionHistoryFilter): Promise<AsOf<readonly PositionPointView[]>>;
  pnlHistory(filter: PnlHistoryFilter): Promise<AsOf<readonly PnlPointView[]>>;
  /** At the opening and the close of trading days. */
  pnlDays(filter: PnlDaysFilter): Promise<AsOf<readonly PnlDay[]>>;
  /** P&L and exposure now. */
  scopeTotals(filter: ScopeTotalsFilter): Promise<AsOf<readonly ScopeTotal[]>>;
}

/** The database cannot be asked now; the application answers VIEW_UNAVAILABLE. */
export class ReadModelsUnavailable extends Error {
  override readonly name = 'ReadModelsUnavailable';
  readonly code = 'READ_MODELS_UNAVAILABLE';
}
