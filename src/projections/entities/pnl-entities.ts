/** Rows of positions and P&L as they were, for queries through TypeORM; written by COPY only. */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import * as C from './entity-columns.js';

/** A position as of `sequence`; strategy 0 is the whole position of the account. */
interface Point {
  readonly sequence: number;
  readonly time: Date;
  readonly quantity: number;
  readonly fees: number;
  readonly mark: number | null;
  readonly strategy: number;
  readonly account: number;
  readonly instrument: number;
  readonly shard: number;
  readonly cost: string;
  readonly realized: string;
}

/** One currency of one scope as of `sequence`. */
interface Sums {
  readonly sequence: number;
  readonly time: Date;
  readonly strategy: number;
  readonly scopeId: number;
  readonly unmarked: number;
  readonly scope: number;
  readonly shard: number;
  readonly realized: string;
  readonly unrealized: string;
  readonly fees: string;
  readonly baseRealized: string | null;
  readonly baseUnrealized: string | null;
  readonly baseFees: string | null;
  readonly currency: string;
  readonly baseCurrency: string;
}

/** As of the opening or the close of a trading day. */
interface Day {
  readonly timeNs: bigint;
  readonly tradingDay: number;
  readonly phase: number;
}

type Columns<T> = Record<keyof T, EntitySchemaColumnOptions>;

const point: Columns<Point> = {
  sequence: C.safeInteger,
  time: C.key(C.timestamp),
  quantity: C.safeInteger,
  fees: C.safeInteger,
  mark: C.orNull(C.safeInteger),
  strategy: C.key(C.safeInteger),
  account: C.key(C.integer),
  instrument: C.key(C.integer),
  shard: C.key(C.small),
  cost: C.decimalText,
  realized: C.decimalText,
};

const sums: Columns<Sums> = {
  sequence: C.safeInteger,
  time: C.key(C.timestamp),
  strategy: C.key(C.safeInteger),
  scopeId: C.key(C.integer),
  unmarked: C.integer,
  scope: C.key(C.small),
  shard: C.key(C.small),
  realized: C.decimalText,
  unrealized: C.decimalText,
  fees: C.decimalText,
  baseRealized: C.orNull(C.decimalText),
  baseUnrealized: C.orNull(C.decimalText),
  baseFees: C.orNull(C.decimalText),
  currency: C.key(C.text),
  baseCurrency: C.text,
};

const day: Columns<Day> = {
  timeNs: C.nanoseconds,
  tradingDay: C.key(C.integer),
  phase: C.key(C.small),
};

export interface PositionChangeEntity extends Point {
  readonly timeNs: bigint;
}

export const positionChangeEntity = new EntitySchema<PositionChangeEntity>({
  name: 'PositionChange',
  tableName: 'position_changes',
  columns: { ...point, sequence: C.key(C.safeInteger), timeNs: C.nanoseconds },
});

export const positionMinuteEntity = new EntitySchema<Point>({
  name: 'PositionMinute',
  tableName: 'position_minutes',
  columns: point,
});

export const positionDayEntity = new EntitySchema<Point & Day>({
  name: 'PositionDay',
  tableName: 'position_days',
  columns: { ...point, ...day },
});

export const pnlMinuteEntity = new EntitySchema<Sums>({
  name: 'PnlMinute',
  tableName: 'pnl_minutes',
  columns: sums,
});

export const pnlDayEntity = new EntitySchema<Sums & Day>({
  name: 'PnlDay',
  tableName: 'pnl_days',
  columns: { ...sums, ...day },
});

export interface PnlPositionEntity {
  readonly quantity: number;
  readonly bought: number;
  readonly sold: number;
  readonly boughtValue: number;
  readonly soldValue: number;
  readonly fees: number;
  readonly sequence: number;
  readonly strategy: number;
  readonly minute: number;
  readonly account: number;
  readonly instrument: number;
  readonly shard: number;
  readonly cost: string;
  readonly realized: string;
}

export const pnlPositionEntity = new EntitySchema<PnlPositionEntity>({
  name: 'PnlPosition',
  tableName: 'pnl_positions',
  columns: {
    quantity: C.safeInteger,
    bought: C.safeInteger,
    sold: C.safeInteger,
    boughtValue: C.safeInteger,
    soldValue: C.safeInteger,
    fees: C.safeInteger,
    sequence: C.safeInteger,
    strategy: C.key(C.safeInteger),
    minute: C.integer,
    account: C.key(C.integer),
    instrument: C.key(C.integer),
    shard: C.key(C.small),
    cost: C.decimalText,
    realized: C.decimalText,
  },
});

export interface PnlInstrumentEntity {
  readonly mark: number | null;
  readonly markSequence: number;
  readonly sequence: number;
  readonly markMinute: number;
  readonly instrument: number;
  readonly shard: number;
  readonly tick: string;
  readonly lot: string;
  readonly multiplier: string;
  readonly symbol: string;
  readonly currency: string;
}

export const pnlInstrumentEntity = new EntitySchema<PnlInstrumentEntity>({
  name: 'PnlInstrument',
  tableName: 'pnl_instruments',
  columns: {
    mark: C.orNull(C.safeInteger),
    markSequence: C.safeInteger,
    sequence: C.safeInteger,
    markMinute: C.integer,
    instrument: C.key(C.integer),
    shard: C.key(C.small),
    tick: C.decimalText,
    lot: C.decimalText,
    multiplier: C.decimalText,
    symbol: C.text,
    currency: C.text,
  },
});

export interface PnlAccountEntity {
  readonly sequence: number;
  readonly account: number;
  readonly accountGroup: number;
  readonly shard: number;
  readonly currency: string;
}

export const pnlAccountEntity = new EntitySchema<PnlAccountEntity>({
  name: 'PnlAccount',
  tableName: 'pnl_accounts',
  columns: {
    sequence: C.safeInteger,
    account: C.key(C.integer),
    accountGroup: C.integer,
    shard: C.key(C.small),
    currency: C.text,
  },
});

export const pnlEntities = [
  ...[positionChangeEntity, positionMinuteEntity, positionDayEntity, pnlMinuteEntity, pnlDayEntity],
  ...[pnlPositionEntity, pnlInstrumentEntity, pnlAccountEntity],
] as readonly EntitySchema[];
