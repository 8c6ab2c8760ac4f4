/**
 * Everything a shard's writer knows, all of it evolved from the shard's events and from nothing else.
 */

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
import { RiskScopes } from './risk-scopes.js';

export class ShardState {
  readonly orders: OrderTable;
  readonly clientIds: ClientIds;
  readonly executions: Executions;
  readonly positions: PositionTable;
  readonly accounts: AccountTable;
  readonly instruments: InstrumentTable;
  readonly actors = new ActorTable();
  readonly limits = new LimitBook();
  readonly scopes: RiskScopes;
  /** Contingency groups; follows from the orders. */
  readonly lists = new OrderLists();
  /** What is to be decided next; follows from the rest, see there. */
  readonly work = new PendingWork();
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
    this.capacity = capacity;
    this.orders = new OrderTable(capacity.orders);
    this.clientIds = new ClientIds(capacity.clientIds, hashSeed);
    this.executions = new Executions(capacity.executions, hashSeed);
    this.positions = new PositionTable(capacity.positions);
    this.accounts = new AccountTable(capacity.accounts);
    this.instruments = new InstrumentTable(capacity.instruments);
    this.scopes = new RiskScopes(capacity.accounts);
  }
}
