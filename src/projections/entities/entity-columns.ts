import type { EntitySchemaColumnOptions } from 'typeorm';
import { assert } from '../../lib/assert.js';

/** A bigint column that holds what the events have as a safe integer: a number in entities. */
export const safeInteger: EntitySchemaColumnOptions = {
  type: 'bigint',
  transformer: {
    to: (value: number | null | undefined) => value,
    from: (text: string | null) => (text === null ? null : toSafeInteger(text)),
  },
};

/** A bigint column of nanoseconds: a bigint in entities. */
export const nanoseconds: EntitySchemaColumnOptions = {
  type: 'bigint',
  transformer: {
    to: (value: bigint | undefined) => value?.toString(),
    from: (text: string | null) => (text === null ? null : BigInt(text)),
  },
};

/** A numeric column: decimal text in entities. */
export const decimalText: EntitySchemaColumnOptions = { type: 'numeric' };

export const integer: EntitySchemaColumnOptions = { type: 'integer' };
export const small: EntitySchemaColumnOptions = { type: 'smallint' };
export const flag: EntitySchemaColumnOptions = { type: 'boolean' };
export const text: EntitySchemaColumnOptions = { type: 'text' };
export const bytes: EntitySchemaColumnOptions = { type: 'bytea' };
export const timestamp: EntitySchemaColumnOptions = { type: 'timestamptz' };

export const key = (column: EntitySchemaColumnOptions): EntitySchemaColumnOptions => ({
  ...column,
  primary: true,
});

export const orNull = (column: EntitySchemaColumnOptions): EntitySchemaColumnOptions => ({
  ...column,
  nullable: true,
});

function toSafeInteger(digits: string): number {
  const value = Number(digits);
  assert(Number.isSafeInteger(value), `${digits} is beyond the safe integers`);
  return value;
}
