/** The limits of a what-if: a JSON list, checked before anything is replayed. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { LimitOverride } from '../../commands/replay/what-if.js';
import { LIMIT, type LimitName } from '../../domain/risk-catalogue.js';
import { UsageError } from '../usage.js';

/** Limits in one file at most. */
const LIMITS_MAX = 10_000;

const indexOrName = z.union([z.int().nonnegative(), z.string().min(1).max(32)]);
const schema = z
  .array(
    z.strictObject({
      limit: z.enum(Object.keys(LIMIT) as [LimitName, ...LimitName[]]),
      scope: z.enum(['Firm', 'Group', 'Account']),
      scopeId: indexOrName.optional(),
      name: z.string().min(1).max(32).optional(),
      instrument: indexOrName.optional(),
      value: z.int().min(-1),
    }),
  )
  .min(1)
  .max(LIMITS_MAX);

/** @throws UsageError that names what is wrong */
export function readLimits(path: string): LimitOverride[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--limits ${path}: ${(error as Error).message}`);
  }
  const result = schema.safeParse(parsed);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new UsageError(`--limits ${path}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return result.data.map(({ limit, scope, scopeId, name, instrument, value }, index) => {
    const of = name ?? scopeId;
    if (scope !== 'Firm' && of === undefined) {
      throw new UsageError(`--limits ${path}: ${index}: ${scope} needs "scopeId" or "name"`);
    }
    return {
      ...{ limit, scope, value },
      ...(of === undefined ? {} : { of }),
      ...(instrument === undefined ? {} : { instrument }),
    };
  });
}
