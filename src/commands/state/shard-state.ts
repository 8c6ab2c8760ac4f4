/**
 * Everything a shard's writer knows, all of it evolved from the shard's events and from nothing else.
 */

import { FixedFields } from '../../lib/fixed-fields.js';
import { AccountTable } from './account-table.js';
import { ActorTable } from './actor-table.js';
import type { Capacity } from './capacity.js';
import { ClientIds } from './client-ids.js';
import { Executions } from './executions.js';
import { InstrumentTable } from './instrument-table.js';
import { LimitBook } from './limit-book.js';
import { OrderTable } from './order-table.js';
import { OrderLists, PendingWork } from './pending-work.js';
import { PositionTable } from './position-table.js';
import { RateTable } from './rate-table.js';
import { RiskScopes } from './risk-scopes.js';

export class ShardState extends FixedFields {
  declare readonly orders: OrderTable;
  declare readonly clientIds: ClientIds;
  declare readonly executions: Executions;
  declare readonly positions: PositionTable;
  declare readonly accounts: AccountTable;
  declare readonly instruments: InstrumentTable;
  declare readonly actors: ActorTable;
  declare readonly limits: LimitBook;
  declare readonly scopes: RiskScopes;
  declare readonly rates: RateTable;
  /** Contingency groups; follows from the orders. */
  declare readonly lists: OrderLists;
  /** What is to be decided next; follows from the rest, see there. */
  declare readonly work: PendingWork;
  readonly capacity: Capacity;
  /** The sequence that the next event will get. */
  nextSequence = 0;
  /** Epoch of the last writer that started; 0 none ever did. */
  epoch = 0;
  shard = 0;
  /** Venues that get no new orders until they have been asked how orders stand. */
  readonly reconciling = new Set<number>();
  /** Trading state of the firm, see TRADING_STATE. */
  firmState = 0;
  /** Day that is open, yyyymmdd; 0 none. */
  tradingDay = 0;
  lastTradingDay = 0;
  /** Trading days that were opened. */
  days = 0;
  /** Fills that matched no order, ever. */
  fillsUnmatched = 0;

  /** @param hashSeed differs between processes; no part of the state */
  constructor(capacity: Capacity, hashSeed: number) {
    super({
      orders: new OrderTable(capacity.orders),
      clientIds: new ClientIds(capacity.clientIds, hashSeed),
      executions: new Executions(capacity.executions, hashSeed),
      positions: new PositionTable(capacity.positions),
      accounts: new AccountTable(capacity.accounts),
      instruments: new InstrumentTable(capacity.instruments),
      actors: new ActorTable(),
      limits: new LimitBook(),
      scopes: new RiskScopes(capacity.accounts),
      rates: new RateTable(),
      lists: new OrderLists(),
      work: new PendingWork(),
    });
    this.capacity = capacity;
  }
}
