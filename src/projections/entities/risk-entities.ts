/** Rows of what value at risk has stored (schema `risk`), for reading. Amounts are doubles. */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { MissingExposure } from '../../domain/value-at-risk/book.js';
import type { VarParameters } from '../../domain/value-at-risk/result.js';
import * as C from './entity-columns.js';

const schema = 'risk';
const json: EntitySchemaColumnOptions = { type: 'jsonb' };
const doubles: EntitySchemaColumnOptions = { type: 'double precision', array: true };

interface RiskEntity {
  readonly id: number;
  readonly time: Date;
  readonly timeNs: bigint;
  readonly sequence: number;
  readonly computedAt: Date;
  readonly scopeId: number;
  readonly shard: number;
  readonly scope: number;
  readonly baseCurrency: string;
  readonly windowDigest: string;
  readonly portfolioDigest: string;
  readonly missing: readonly MissingExposure[];
}

const origin = {
  id: C.key(C.safeInteger),
  time: C.key(C.timestamp),
  timeNs: C.nanoseconds,
  sequence: C.safeInteger,
  computedAt: C.timestamp,
  scopeId: C.integer,
  shard: C.small,
  scope: C.small,
  baseCurrency: C.text,
  windowDigest: C.text,
  portfolioDigest: C.text,
  missing: json,
} as const;

export interface RiskResultEntity extends RiskEntity {
  readonly parameters: VarParameters;
  readonly positions: number;
  readonly method: string;
  readonly reason: string | null;
  readonly valueAtRisk: readonly number[];
  readonly expectedShortfall: readonly number[];
}

export const riskResultEntity = new EntitySchema<RiskResultEntity>({
  ...{ name: 'RiskResult', schema, tableName: 'results' },
  columns: {
    ...origin,
    parameters: json,
    positions: C.integer,
    method: C.text,
    reason: C.orNull(C.text),
    valueAtRisk: doubles,
    expectedShortfall: doubles,
  },
});

export interface StressResultEntity extends RiskEntity {
  /** Digest of the set. */
  readonly scenarios: string;
  readonly profits: readonly number[];
}

export const stressResultEntity = new EntitySchema<StressResultEntity>({
  ...{ name: 'StressResult', schema, tableName: 'stress' },
  columns: { ...origin, scenarios: C.text, profits: doubles },
});

export interface RiskDayEntity {
  readonly sequence: number;
  readonly profitMicros: number | null;
  /** As "2026-11-22". */
  readonly day: string;
  readonly scopeId: number;
  readonly shard: number;
  readonly scope: number;
  readonly complete: boolean;
  readonly baseCurrency: string;
  readonly method: string;
  readonly confidences: readonly number[];
  readonly valueAtRisk: readonly number[];
}

export const riskDayEntity = new EntitySchema<RiskDayEntity>({
  ...{ name: 'RiskDay', schema, tableName: 'days' },
  columns: {
    sequence: C.safeInteger,
    profitMicros: C.orNull(C.safeInteger),
    day: C.key({ type: 'date' }),
    scopeId: C.key(C.integer),
    shard: C.key(C.small),
    scope: C.key(C.small),
    complete: C.flag,
    baseCurrency: C.text,
    method: C.key(C.text),
    confidences: { type: 'integer', array: true },
    valueAtRisk: doubles,
  },
});

export const riskEntities: readonly EntitySchema[] = [
  riskResultEntity,
  stressResultEntity,
  riskDayEntity,
];
