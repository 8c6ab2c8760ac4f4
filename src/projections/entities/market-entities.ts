/** Rows of the market data store (schema `market`), for reading. Prices are ticks, quantities lots. */
import { EntitySchema } from 'typeorm';
import * as C from './entity-columns.js';

const schema = 'market';

interface TickEntity {
  readonly time: Date;
  readonly timeNs: bigint;
  readonly receivedNs: bigint;
  readonly sequence: number;
  readonly instrument: number;
  readonly source: number;
}

const tick = {
  time: C.key(C.timestamp),
  timeNs: C.nanoseconds,
  receivedNs: C.nanoseconds,
  sequence: C.key(C.safeInteger),
  instrument: C.key(C.integer),
  source: C.key(C.small),
} as const;

export interface MarketTradeEntity extends TickEntity {
  readonly price: number;
  readonly quantity: number;
}

export const marketTradeEntity = new EntitySchema<MarketTradeEntity>({
  ...{ name: 'MarketTrade', schema, tableName: 'trades' },
  columns: { ...tick, price: C.safeInteger, quantity: C.safeInteger },
});

export interface MarketQuoteEntity extends TickEntity {
  readonly bidPrice: number;
  readonly bidQuantity: number;
  readonly askPrice: number;
  readonly askQuantity: number;
}

export const marketQuoteEntity = new EntitySchema<MarketQuoteEntity>({
  ...{ name: 'MarketQuote', schema, tableName: 'quotes' },
  columns: {
    ...tick,
    bidPrice: C.safeInteger,
    bidQuantity: C.safeInteger,
    askPrice: C.safeInteger,
    askQuantity: C.safeInteger,
  },
});

export interface MarketBarEntity {
  readonly time: Date;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly trades: number;
  readonly firstNs: bigint;
  readonly firstSequence: number;
  readonly lastNs: bigint;
  readonly lastSequence: number;
  readonly instrument: number;
  readonly seconds: number;
  readonly imported: boolean;
  /** Decimal text, whole. */
  readonly turnover: string;
}

export const marketBarEntity = new EntitySchema<MarketBarEntity>({
  ...{ name: 'MarketBar', schema, tableName: 'bars' },
  columns: {
    time: C.key(C.timestamp),
    open: C.safeInteger,
    high: C.safeInteger,
    low: C.safeInteger,
    close: C.safeInteger,
    volume: C.safeInteger,
    trades: C.safeInteger,
    firstNs: C.nanoseconds,
    firstSequence: C.safeInteger,
    lastNs: C.nanoseconds,
    lastSequence: C.safeInteger,
    instrument: C.key(C.integer),
    seconds: C.key(C.integer),
    imported: C.flag,
    turnover: C.decimalText,
  },
});

export interface MarketInstrumentEntity {
  readonly tick: string;
  readonly lot: string;
  readonly instrument: number;
  readonly symbol: string;
}

export const marketInstrumentEntity = new EntitySchema<MarketInstrumentEntity>({
  ...{ name: 'MarketInstrument', schema, tableName: 'instruments' },
  columns: {
    tick: C.decimalText,
    lot: C.decimalText,
    instrument: C.key(C.integer),
    symbol: C.text,
  },
});

export interface CorporateActionEntity {
  readonly exNs: bigint;
  readonly batch: number;
  readonly closeBefore: number | null;
  readonly instrument: number;
  readonly ratioTo: number | null;
  readonly ratioFrom: number | null;
  readonly kind: string;
  readonly amount: string | null;
}

export const corporateActionEntity = new EntitySchema<CorporateActionEntity>({
  ...{ name: 'CorporateAction', schema, tableName: 'corporate_actions' },
  columns: {
    exNs: C.key(C.nanoseconds),
    batch: C.safeInteger,
    closeBefore: C.orNull(C.safeInteger),
    instrument: C.key(C.integer),
    ratioTo: C.orNull(C.safeInteger),
    ratioFrom: C.orNull(C.safeInteger),
    kind: C.key(C.text),
    amount: C.orNull(C.decimalText),
  },
});

export const marketEntities: readonly EntitySchema[] = [
  ...[marketTradeEntity, marketQuoteEntity, marketBarEntity],
  ...[marketInstrumentEntity, corporateActionEntity],
];
