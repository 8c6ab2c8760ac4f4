import type { DataSource } from 'typeorm';
import { isTransient, ProjectionError } from '../projector/errors.js';
import { type AsOf, queryAsOf, type Row, type RowsQuery } from './as-of.js';
import { type FillFilter, type FillRow, fillsBy, toFill } from './fill-query.js';
import {
  type OrderFilter,
  type OrderRow,
  orderByClientId,
  orderById,
  ordersBy,
  toOrder,
} from './order-query.js';
import { withBook } from './pnl-book-query.js';
import { type PnlDay, type PnlDaysFilter, pnlDays, toPnlDays } from './pnl-days-query.js';
import { type PnlHistoryFilter, type PnlPoint, pnlHistory } from './pnl-history-query.js';
import {
  type PositionHistoryFilter,
  type PositionPoint,
  positionHistory,
  toPositionPoint,
} from './position-history-query.js';
import {
  type PnlRow,
  type PositionFilter,
  type PositionRow,
  positionsBy,
  toPnl,
  toPosition,
} from './position-query.js';

import { type ScopeTotal, type ScopeTotalsFilter, scopeTotals } from './scope-totals.js';

/** Rows of one page, at most: a page is built in memory. */
export const PAGE_ROWS_MAX = 1000;

/** The models that a question reads. */
const MODELS_OF = {
  now: ['orders', 'fills', 'positions', 'reference'],
  pnl: ['pnl'],
} as const;

export interface ReadSideOptions {
  readonly dataSource: DataSource;
  readonly shard: number;
  /** `ProjectionService.wait`, which the projector in this process feeds. */
  readonly wait: (sequence: number, timeoutMs: number, models: readonly string[]) => Promise<void>;
  /** Makes the error that callers know for a database that cannot be asked. */
  readonly unavailable: (cause: unknown) => Error;
}

/** Answers queries from the read models of one shard. Fits the API's port `ReadModels`. */
export class ReadSide {
  readonly #options: ReadSideOptions;

  constructor(options: ReadSideOptions) {
    this.#options = options;
  }

  /**
   * Resolves once the read models hold the event with this sequence.
   *
   * @returns false when that took longer than `timeoutMs`
   */
  async reached(
    sequence: number,
    timeoutMs: number,
    view: 'now' | 'pnl' = 'now',
  ): Promise<boolean> {
    try {
      await this.#options.wait(sequence, timeoutMs, MODELS_OF[view]);
      return true;
    } catch (error) {
      if (error instanceof ProjectionError && error.code === 'PROJECTION_BEHIND') return false;
      throw this.#options.unavailable(error);
    }
  }

  /** The last event that the read models hold; -1 none. */
  async asOf(): Promise<number> {
    const models = MODELS_OF.now;
    const sql = 'SELECT NULL::smallint AS shard WHERE $1 < 0';
    return (await this.#ask({ sql, parameters: [], models })).asOf;
  }

  order(orderId: number): Promise<AsOf<OrderRow | undefined>> {
    return this.#one(orderById(orderId), toOrder);
  }

  /** By the client order id that the order goes by now. */
  orderByClientId(account: number, clientOrderId: string): Promise<AsOf<OrderRow | undefined>> {
    return this.#one(orderByClientId(account, clientOrderId), toOrder);
  }

  orders(filter: OrderFilter): Promise<AsOf<readonly OrderRow[]>> {
    return this.#all(
      ordersBy({ ...filter, limit: Math.min(filter.limit, PAGE_ROWS_MAX) }),
      toOrder,
    );
  }

  fills(filter: FillFilter): Promise<AsOf<readonly FillRow[]>> {
    return this.#all(fillsBy({ ...filter, limit: Math.min(filter.limit, PAGE_ROWS_MAX) }), toFill);
  }

  positions(filter: PositionFilter): Promise<AsOf<readonly PositionRow[]>> {
    return this.#all(positionsBy(filter), toPosition);
  }

  pnl(filter: PositionFilter): Promise<AsOf<readonly PnlRow[]>> {
    return this.#all(positionsBy(filter), toPnl);
  }

  positionHistory(filter: PositionHistoryFilter): Promise<AsOf<readonly PositionPoint[]>> {
    const limit = Math.min(filter.limit, PAGE_ROWS_MAX);
    return this.#all(positionHistory({ ...filter, limit }), toPositionPoint);
  }

  pnlHistory(filter: PnlHistoryFilter): Promise<AsOf<readonly PnlPoint[]>> {
    const limit = Math.min(filter.limit, PAGE_ROWS_MAX);
    const { shard } = this.#options;
    return this.#withBook((book, ask) => pnlHistory({ ...filter, limit }, shard, book, ask));
  }

  /** At the opening and the close of trading days. */
  async pnlDays(filter: PnlDaysFilter): Promise<AsOf<readonly PnlDay[]>> {
    const limit = Math.min(filter.limit, PAGE_ROWS_MAX);
    const { asOf, value } = await this.#ask(pnlDays({ ...filter, limit }));
    return { asOf, value: toPnlDays(value) };
  }

  /** P&L and exposure now, by scope. */
  scopeTotals(filter: ScopeTotalsFilter): Promise<AsOf<readonly ScopeTotal[]>> {
    return this.#withBook(async (book) => scopeTotals(filter, book));
  }

  async #withBook<T>(compute: Parameters<typeof withBook<T>>[2]): Promise<AsOf<T>> {
    const { dataSource, shard, unavailable } = this.#options;
    try {
      return await withBook(dataSource, shard, compute);
    } catch (error) {
      throw isTransient(error) ? unavailable(error) : error;
    }
  }

  async #one<T>(query: RowsQuery, to: (row: Row) => T): Promise<AsOf<T | undefined>> {
    const { asOf, value } = await this.#ask(query);
    return { asOf, value: value[0] === undefined ? undefined : to(value[0]) };
  }

  async #all<T>(query: RowsQuery, to: (row: Row) => T): Promise<AsOf<readonly T[]>> {
    const { asOf, value } = await this.#ask(query);
    return { asOf, value: value.map(to) };
  }

  async #ask(query: RowsQuery): Promise<AsOf<readonly Row[]>> {
    const { dataSource, shard, unavailable } = this.#options;
    try {
      return await queryAsOf(dataSource, shard, query);
    } catch (error) {
      throw isTransient(error) ? unavailable(error) : error;
    }
  }
}
