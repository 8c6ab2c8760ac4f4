/** The limits of a what-if: a JSON list, checked before anything is replayed. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { LimitOverride } from '../../commands/replay/what-if.js';
import { LIMIT, type LimitName } from '../../domain/risk-catalogue.js';
import { UsageError, unreadable } from '../usage.js';

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
    throw unreadable('limits', path, error);
  }
  const result = schema.safeParse(parsed);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new UsageError(
      `--limits ${path}: ${issue?.path.join('.')}: ${issue?.message}`,
      'FILE_INVALID',
    );
  }
  return result.data.map(({ limit, scope, scopeId, name, instrument, value }, index) => {
    const of = name ?? scopeId;
    const wrong = wrongScope(scope, [name, scopeId].filter((each) => each !== undefined).length);
    if (wrong !== undefined) {
      throw new UsageError(`--limits ${path}: ${index}: ${wrong}`, 'FILE_INVALID');
    }
    return {
      ...{ limit, scope, value },
      ...(of === undefined ? {} : { of }),
      ...(instrument === undefined ? {} : { instrument }),
    };
  });
}

/** @param named how often the scope is named: of two names only one could be meant */
function wrongScope(scope: string, named: number): string | undefined {
  if (scope === 'Firm') return named === 0 ? undefined : 'Firm has no "scopeId" and no "name"';
  return named === 1 ? undefined : `${scope} needs one of "scopeId" and "name"`;
}
