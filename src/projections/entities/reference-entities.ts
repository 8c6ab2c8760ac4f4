/** Rows of positions and reference data, for queries through TypeORM; written by COPY only. */
import { EntitySchema } from 'typeorm';
import * as C from './entity-columns.js';

export interface PositionEntity {
  readonly quantity: number;
  readonly bought: number;
  readonly sold: number;
  readonly boughtValue: number;
  readonly soldValue: number;
  readonly fees: number;
  readonly sequence: number;
  readonly updatedNs: bigint;
  readonly updatedAt: Date;
  readonly account: number;
  readonly instrument: number;
  readonly shard: number;
  readonly cost: string;
  readonly realized: string;
}

export const positionEntity = new EntitySchema<PositionEntity>({
  name: 'Position',
  tableName: 'positions',
  columns: {
    quantity: C.safeInteger,
    bought: C.safeInteger,
    sold: C.safeInteger,
    boughtValue: C.safeInteger,
    soldValue: C.safeInteger,
    fees: C.safeInteger,
    sequence: C.safeInteger,
    updatedNs: C.nanoseconds,
    updatedAt: C.timestamp,
    account: C.key(C.integer),
    instrument: C.key(C.integer),
    shard: C.key(C.small),
    cost: C.decimalText,
    realized: C.decimalText,
  },
});

export interface InstrumentEntity {
  readonly sequence: number;
  readonly updatedNs: bigint;
  readonly updatedAt: Date;
  readonly feePerLot: number;
  readonly instrument: number;
  readonly venue: number;
  readonly shard: number;
  readonly marginPercent: number;
  readonly open: boolean;
  readonly negativePrices: boolean;
  readonly tick: string;
  readonly lot: string;
  readonly multiplier: string;
  readonly symbol: string;
  readonly currency: string;
}

export const instrumentEntity = new EntitySchema<InstrumentEntity>({
  name: 'Instrument',
  tableName: 'instruments',
  columns: {
    sequence: C.safeInteger,
    updatedNs: C.nanoseconds,
    updatedAt: C.timestamp,
    feePerLot: C.safeInteger,
    instrument: C.key(C.integer),
    venue: C.integer,
    shard: C.key(C.small),
    marginPercent: C.small,
    open: C.flag,
    negativePrices: C.flag,
    tick: C.decimalText,
    lot: C.decimalText,
    multiplier: C.decimalText,
    symbol: C.text,
    currency: C.text,
  },
});

export interface AccountEntity {
  readonly sequence: number;
  readonly updatedNs: bigint;
  readonly updatedAt: Date;
  readonly commissionPerLot: number;
  readonly account: number;
  readonly accountGroup: number;
  readonly shard: number;
  readonly selfTradePrevention: number;
  readonly open: boolean;
  readonly name: string;
  readonly groupName: string;
  readonly currency: string;
}

export const accountEntity = new EntitySchema<AccountEntity>({
  name: 'Account',
  tableName: 'accounts',
  columns: {
    sequence: C.safeInteger,
    updatedNs: C.nanoseconds,
    updatedAt: C.timestamp,
    commissionPerLot: C.safeInteger,
    account: C.key(C.integer),
    accountGroup: C.integer,
    shard: C.key(C.small),
    selfTradePrevention: C.small,
    open: C.flag,
    name: C.text,
    groupName: C.text,
    currency: C.text,
  },
});

export interface LimitEntity {
  readonly sequence: number;
  readonly updatedNs: bigint;
  readonly updatedAt: Date;
  readonly value: number;
  readonly scopeId: number;
  readonly instrument: number;
  readonly shard: number;
  readonly limitKind: number;
  readonly scope: number;
}

export const limitEntity = new EntitySchema<LimitEntity>({
  name: 'Limit',
  tableName: 'limits',
  columns: {
    sequence: C.safeInteger,
    updatedNs: C.nanoseconds,
    updatedAt: C.timestamp,
    value: C.safeInteger,
    scopeId: C.key(C.integer),
    instrument: C.key(C.integer),
    shard: C.key(C.small),
    limitKind: C.key(C.small),
    scope: C.key(C.small),
  },
});

export interface MarkEntity {
  readonly sequence: number;
  readonly updatedNs: bigint;
  readonly updatedAt: Date;
  readonly price: number;
  readonly source: number;
  readonly instrument: number;
  readonly shard: number;
}

export const markEntity = new EntitySchema<MarkEntity>({
  name: 'Mark',
  tableName: 'marks',
  columns: {
    sequence: C.safeInteger,
    updatedNs: C.nanoseconds,
    updatedAt: C.timestamp,
    price: C.safeInteger,
    source: C.safeInteger,
    instrument: C.key(C.integer),
    shard: C.key(C.small),
  },
});

export interface TradingStateEntity {
  readonly sequence: number;
  readonly updatedNs: bigint;
  readonly updatedAt: Date;
  readonly scopeId: number;
  readonly breaker: number;
  readonly shard: number;
  readonly scope: number;
  readonly state: number;
  readonly text: string;
}

export const tradingStateEntity = new EntitySchema<TradingStateEntity>({
  name: 'TradingState',
  tableName: 'trading_states',
  columns: {
    sequence: C.safeInteger,
    updatedNs: C.nanoseconds,
    updatedAt: C.timestamp,
    scopeId: C.key(C.integer),
    breaker: C.integer,
    shard: C.key(C.small),
    scope: C.key(C.small),
    state: C.small,
    text: C.text,
  },
});
