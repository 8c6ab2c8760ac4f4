/** Rows of the tables about orders, for queries through TypeORM; written by COPY only. */
import { EntitySchema } from 'typeorm';
import * as C from './entity-columns.js';

export interface OrderEntity {
  readonly orderId: number;
  readonly acceptedSequence: number;
  readonly acceptedNs: bigint;
  readonly acceptedAt: Date;
  readonly sequence: number;
  readonly updatedNs: bigint;
  readonly updatedAt: Date;
  readonly quantity: number;
  readonly cumQuantity: number;
  readonly leavesQuantity: number;
  readonly cumValue: number;
  readonly price: number;
  readonly stopPrice: number;
  readonly displayQuantity: number;
  readonly minQuantity: number;
  readonly expireMs: number;
  readonly strategy: number;
  readonly userRef: number;
  readonly listId: number;
  readonly actor: number;
  readonly session: number;
  readonly account: number;
  readonly instrument: number;
  readonly venue: number;
  readonly execInst: number;
  readonly reason: number;
  readonly shard: number;
  readonly side: number;
  readonly ordType: number;
  readonly timeInForce: number;
  readonly capacity: number;
  readonly status: number;
  readonly open: boolean;
  readonly clOrdId: string;
}

export const orderEntity = new EntitySchema<OrderEntity>({
  name: 'Order',
  tableName: 'orders',
  columns: {
    orderId: C.key(C.safeInteger),
    acceptedSequence: C.safeInteger,
    acceptedNs: C.nanoseconds,
    acceptedAt: C.timestamp,
    sequence: C.safeInteger,
    updatedNs: C.nanoseconds,
    updatedAt: C.timestamp,
    quantity: C.safeInteger,
    cumQuantity: C.safeInteger,
    leavesQuantity: C.safeInteger,
    cumValue: C.safeInteger,
    price: C.safeInteger,
    stopPrice: C.safeInteger,
    displayQuantity: C.safeInteger,
    minQuantity: C.safeInteger,
    expireMs: C.safeInteger,
    strategy: C.safeInteger,
    userRef: C.safeInteger,
    listId: C.safeInteger,
    actor: C.safeInteger,
    session: C.safeInteger,
    account: C.integer,
    instrument: C.integer,
    venue: C.integer,
    execInst: C.integer,
    reason: C.integer,
    shard: C.key(C.small),
    side: C.small,
    ordType: C.small,
    timeInForce: C.small,
    capacity: C.small,
    status: C.small,
    open: C.flag,
    clOrdId: C.text,
  },
});

export interface OrderEventEntity {
  readonly sequence: number;
  readonly time: Date;
  readonly timeNs: bigint;
  readonly receivedNs: bigint;
  readonly command: number;
  readonly actor: number;
  readonly session: number;
  readonly orderId: number;
  readonly quantity: number | null;
  readonly cumQuantity: number | null;
  readonly leavesQuantity: number | null;
  readonly lastQuantity: number | null;
  readonly lastPrice: number | null;
  readonly price: number | null;
  readonly account: number;
  readonly instrument: number;
  readonly reason: number;
  readonly shard: number;
  readonly type: number;
  readonly status: number | null;
  readonly side: number | null;
  readonly clOrdId: string | null;
  readonly origClOrdId: string | null;
  readonly execId: string | null;
}

export const orderEventEntity = new EntitySchema<OrderEventEntity>({
  name: 'OrderEvent',
  tableName: 'order_events',
  columns: {
    sequence: C.key(C.safeInteger),
    time: C.key(C.timestamp),
    timeNs: C.nanoseconds,
    receivedNs: C.nanoseconds,
    command: C.safeInteger,
    actor: C.safeInteger,
    session: C.safeInteger,
    orderId: C.key(C.safeInteger),
    quantity: C.orNull(C.safeInteger),
    cumQuantity: C.orNull(C.safeInteger),
    leavesQuantity: C.orNull(C.safeInteger),
    lastQuantity: C.orNull(C.safeInteger),
    lastPrice: C.orNull(C.safeInteger),
    price: C.orNull(C.safeInteger),
    account: C.integer,
    instrument: C.integer,
    reason: C.integer,
    shard: C.key(C.small),
    type: C.small,
    status: C.orNull(C.small),
    side: C.orNull(C.small),
    clOrdId: C.orNull(C.text),
    origClOrdId: C.orNull(C.text),
    execId: C.orNull(C.text),
  },
});

export interface FillEntity {
  readonly sequence: number;
  readonly time: Date;
  readonly timeNs: bigint;
  readonly orderId: number;
  readonly quantity: number;
  readonly price: number;
  readonly previousQuantity: number;
  readonly previousPrice: number;
  readonly fee: number;
  readonly account: number;
  readonly instrument: number;
  readonly reason: number;
  readonly shard: number;
  readonly type: number;
  readonly side: number;
  readonly liquidity: number;
  readonly overfill: boolean;
  readonly execId: string;
  readonly execRefId: string | null;
}

export const fillEntity = new EntitySchema<FillEntity>({
  name: 'Fill',
  tableName: 'fills',
  columns: {
    sequence: C.key(C.safeInteger),
    time: C.key(C.timestamp),
    timeNs: C.nanoseconds,
    orderId: C.safeInteger,
    quantity: C.safeInteger,
    price: C.safeInteger,
    previousQuantity: C.safeInteger,
    previousPrice: C.safeInteger,
    fee: C.safeInteger,
    account: C.integer,
    instrument: C.integer,
    reason: C.integer,
    shard: C.key(C.small),
    type: C.small,
    side: C.small,
    liquidity: C.small,
    overfill: C.flag,
    execId: C.text,
    execRefId: C.orNull(C.text),
  },
});

export interface RiskDecisionEntity {
  readonly sequence: number;
  readonly time: Date;
  readonly timeNs: bigint;
  readonly orderId: number;
  readonly limitValue: number;
  readonly value: number;
  readonly checks: number;
  readonly account: number;
  readonly instrument: number;
  readonly reason: number;
  readonly shard: number;
  readonly riskCheck: number;
  readonly passed: boolean;
}

export const riskDecisionEntity = new EntitySchema<RiskDecisionEntity>({
  name: 'RiskDecision',
  tableName: 'risk_decisions',
  columns: {
    sequence: C.key(C.safeInteger),
    time: C.key(C.timestamp),
    timeNs: C.nanoseconds,
    orderId: C.safeInteger,
    limitValue: C.safeInteger,
    value: C.safeInteger,
    checks: C.safeInteger,
    account: C.integer,
    instrument: C.integer,
    reason: C.integer,
    shard: C.key(C.small),
    riskCheck: C.small,
    passed: C.flag,
  },
});
