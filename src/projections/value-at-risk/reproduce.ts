import type pg from 'pg';
import { SCOPE } from '../../domain/order-terms.js';
import type { Book, BookScope, MissingExposure } from '../../domain/value-at-risk/book.js';
import type { VarParameters } from '../../domain/value-at-risk/result.js';
import { compute, figuresOf, scopeExposures } from './compute.js';
import { dayOfTime } from './result-rows.js';
import { type BuiltWindow, keptWindow, windowBefore } from './returns-windows.js';

/** A result as it was stored. */
export interface StoredResult extends BookScope {
  readonly id: number;
  readonly shard: number;
  readonly sequence: number;
  readonly time: bigint;
  readonly baseCurrency: string;
  readonly windowDigest: string;
  readonly portfolioDigest: string;
  readonly missing: readonly MissingExposure[];
  readonly parameters: VarParameters;
  readonly method: string;
  readonly reason: string | null;
  readonly valueAtRisk: readonly number[];
  readonly expectedShortfall: readonly number[];
}

/** One thing that came out otherwise than it was stored; values as text. */
export interface Deviation {
  readonly what: string;
  readonly stored: string;
  readonly reproduced: string;
}

export interface Reproduction {
  readonly stored: StoredResult;
  /** Empty: equal to the last digit. */
  readonly deviations: readonly Deviation[];
  /** Whether the market data store would give the same window today; late ticks may have changed it. */
  readonly windowUnchanged: boolean;
}

/** The result of an id; undefined when there is none. */
export async function storedResult(
  client: pg.ClientBase,
  id: number,
): Promise<StoredResult | undefined> {
  const { rows } = await client.query<Record<string, string> & ResultColumns>(
    `SELECT id, shard, sequence, time_ns, scope, scope_id, base_currency, window_digest,
            portfolio_digest, missing, parameters, method, reason, value_at_risk, expected_shortfall
       FROM risk.results WHERE id = $1`,
    [id],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const scope = (['Firm', 'Group', 'Account'] as const).find((each) => SCOPE[each] === row.scope);
  return {
    ...{
      id,
      shard: row.shard,
      sequence: Number(row.sequence),
      time: BigInt(row.time_ns as string),
    },
    ...{ scope: scope ?? 'Firm', scopeId: row.scope_id, method: row.method as string },
    baseCurrency: row.base_currency as string,
    windowDigest: row.window_digest as string,
    portfolioDigest: row.portfolio_digest as string,
    missing: row.missing,
    parameters: row.parameters,
    reason: row.reason,
    valueAtRisk: row.value_at_risk,
    expectedShortfall: row.expected_shortfall,
  };
}

interface ResultColumns {
  readonly shard: number;
  readonly scope: number;
  readonly scope_id: number;
  readonly missing: readonly MissingExposure[];
  readonly parameters: VarParameters;
  readonly reason: string;
  readonly value_at_risk: readonly number[];
  readonly expected_shortfall: readonly number[];
}

/**
 * Computes a stored result again: positions and marks out of `book`, which the caller has from the log
 * as of the same sequence; returns out of the window that was kept.
 */
export async function reproduce(
  client: pg.ClientBase,
  stored: StoredResult,
  book: Book,
): Promise<Reproduction> {
  const deviations: Deviation[] = [];
  const compare = (what: string, then: unknown, now: unknown): void => {
    const [a, b] = [JSON.stringify(then), JSON.stringify(now)];
    if (a !== b) deviations.push({ what, stored: a, reproduced: b });
  };
  compare('sequence', stored.sequence, book.sequence);
  const kept = await keptWindow(client, stored.windowDigest);
  if (kept === undefined) {
    compare('window', stored.windowDigest, null);
    return { stored, deviations, windowUnchanged: false };
  }
  const { window } = kept;
  const scope = scopeExposures(book, stored, stored.baseCurrency, window);
  compare('portfolio', stored.portfolioDigest, scope.portfolioDigest);
  compare('missing', stored.missing.map(textOf), scope.missing.map(textOf));
  const computed = compute(stored.sequence, scope, window, stored.parameters);
  compare('reason', stored.reason, 'reason' in computed ? computed.reason : null);
  const none = { valueAtRisk: [], expectedShortfall: [] };
  const figures = 'result' in computed ? figuresOf(computed.result) : none;
  const numbers = (values: readonly number[]) => values.map(String);
  compare('value at risk', numbers(stored.valueAtRisk), numbers(figures.valueAtRisk));
  const shortfall = numbers(figures.expectedShortfall);
  compare('expected shortfall', numbers(stored.expectedShortfall), shortfall);
  const windowUnchanged = await isUnchanged(client, stored, kept);
  return { stored, deviations, windowUnchanged };
}

const textOf = ({ position, reason, value }: MissingExposure): string =>
  `${position} ${reason} ${value ?? ''}`;

async function isUnchanged(
  client: pg.ClientBase,
  stored: StoredResult,
  { window, history }: BuiltWindow,
): Promise<boolean> {
  const [day, from] = [dayOfTime(stored.time), history.dayNames[0]];
  const built = await windowBefore(client, day, window.days, from);
  return built?.window.identity.digest === stored.windowDigest;
}
