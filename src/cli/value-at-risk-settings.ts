/** The settings of value at risk as a JSON file: what is left out is as by default. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ValueAtRiskError } from '../domain/value-at-risk/errors.js';
import {
  checkSettings,
  SETTINGS_DEFAULT,
  VAR_METHODS,
  type ValueAtRiskSettings,
} from '../domain/value-at-risk/settings.js';
import { UsageError } from './usage.js';

const ms = z.int().min(10).max(86_400_000);
const name = z.string().min(1).max(64);
const shock = z.number().min(-1).max(1_000);

const schema = z
  .strictObject({
    everyMs: ms,
    monteCarloEveryMs: ms,
    windowEveryMs: ms,
    baseCurrency: z.string().regex(/^[A-Z][A-Z0-9]{2,7}$/),
    windowDays: z.int(),
    lambda: z.number(),
    confidences: z.array(z.int()).min(1),
    horizonDays: z.array(z.int()).min(1),
    paths: z.int(),
    seed: z.int(),
    limitMethod: z.enum(VAR_METHODS),
    limitConfidence: z.int(),
    scenarios: z.array(
      z.discriminatedUnion('kind', [
        z.strictObject({
          kind: z.literal('shocks'),
          name,
          shocks: z.record(z.string(), shock),
          others: shock,
        }),
        z.strictObject({ kind: z.literal('worst_days'), name, days: z.int() }),
      ]),
    ),
  })
  .partial();

/** @throws UsageError that names what is wrong */
export function readSettings(path: string): ValueAtRiskSettings {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--value-at-risk ${path}: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    throw new UsageError(`--value-at-risk ${path}: ${where} ${issue?.message}`);
  }
  const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  const settings: ValueAtRiskSettings = { ...SETTINGS_DEFAULT, ...Object.fromEntries(given) };
  try {
    checkSettings(settings);
  } catch (error) {
    if (!(error instanceof ValueAtRiskError)) throw error;
    throw new UsageError(`--value-at-risk ${path}: ${error.message}`);
  }
  return settings;
}
