import type { DataSource } from 'typeorm';
import { SCOPE } from '../../domain/order-terms.js';
import type { Backtest } from '../../domain/value-at-risk/backtest.js';
import type { BookScope, MissingExposure } from '../../domain/value-at-risk/book.js';
import type { VarParameters } from '../../domain/value-at-risk/result.js';
import type { WindowIdentity } from '../../domain/value-at-risk/returns-window.js';
import type { ScenarioDefinition } from '../../domain/value-at-risk/settings.js';
import { formatIsoNs } from '../../lib/time.js';
import type { AsOf } from '../queries/as-of.js';
import { type BacktestDay, backtestOfDays, type SkippedReason } from './backtest-of-days.js';

/** Days of one backtest, at most: about four years of trading. */
export const BACKTEST_DAYS_MAX = 1_000;

/** Amounts are doubles in base currency: estimates, not booked amounts. */
export interface FigureView {
  /** Basis points: 9900 is 99 %. */
  readonly confidence: number;
  readonly horizonDays: number;
  readonly valueAtRisk: number;
  readonly expectedShortfall: number;
}

export interface ResultView {
  /** For `daybook value-at-risk --reproduce`. */
  readonly id: number;
  /** The positions and marks that it is of. */
  readonly sequence: number;
  readonly time: string;
  readonly method: string;
  readonly baseCurrency: string;
  /** False: `missing` names what the figures leave out. */
  readonly complete: boolean;
  readonly missing: readonly MissingExposure[];
  readonly positions: number;
  /** Code of why there are no figures. */
  readonly reason: string | null;
  readonly figures: readonly FigureView[];
  readonly parameters: VarParameters;
  readonly window: WindowIdentity;
  readonly portfolioDigest: string;
}

/** What one position adds, over one day, per confidence in the order of the parameters. */
export interface ComponentView {
  readonly position: string;
  readonly exposure: number;
  readonly marginal: readonly number[];
  /** Adds up to value at risk over the positions. */
  readonly component: readonly number[];
  readonly incremental: readonly number[];
  /** Adds up to expected shortfall. */
  readonly componentShortfall: readonly number[];
}

export interface LatestView extends ResultView {
  readonly components: readonly ComponentView[];
}

export interface StressView {
  readonly id: number;
  readonly sequence: number;
  readonly time: string;
  readonly baseCurrency: string;
  readonly complete: boolean;
  readonly missing: readonly MissingExposure[];
  readonly scenarios: readonly {
    readonly name: string;
    readonly definition: ScenarioDefinition;
    /** A loss is negative; null when no position is covered. */
    readonly profit: number | null;
  }[];
}

export interface BacktestView {
  readonly method: string;
  readonly confidence: number;
  readonly baseCurrency: string | null;
  readonly days: readonly BacktestDay[];
  readonly skipped: readonly { readonly day: string; readonly reason: SkippedReason }[];
  /** Kupiec, Christoffersen and the zone; null without a single day. */
  readonly result: Backtest | null;
}

export interface HistoryQuery extends BookScope {
  readonly method?: string | undefined;
  /** Nanoseconds since 1970, of the log. */
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  /** Keyset: only results with a smaller id; newest first. */
  readonly before?: number | undefined;
  readonly limit: number;
}

// biome-ignore lint/suspicious/noExplicitAny: columns of several tables, each read as what it is
type Row = Readonly<Record<string, any>>;

/** Answers from what the value-at-risk service of one shard stored. */
export class ValueAtRiskQueries {
  readonly #dataSource: DataSource;
  readonly #shard: number;

  constructor(dataSource: DataSource, shard: number) {
    this.#dataSource = dataSource;
    this.#shard = shard;
  }

  /** The newest result of each method, with components. `asOf` is the newest sequence; -1 none. */
  async latest(scope: BookScope): Promise<AsOf<readonly LatestView[]>> {
    const rows: Row[] = await this.#dataSource.query(
      `SELECT ${RESULT}, c.positions AS names, c.exposures, c.marginal, c.component,
              c.incremental, c.component_shortfall
         FROM risk.components c
         JOIN risk.results r ON r.id = c.id
         JOIN risk.windows w ON w.digest = r.window_digest
        WHERE c.shard = $1 AND c.scope = $2 AND c.scope_id = $3 ORDER BY r.method`,
      this.#key(scope),
    );
    const value = rows.map((row) => ({ ...resultOf(row), components: componentsOf(row) }));
    return { asOf: asOf(value), value };
  }

  async history(query: HistoryQuery): Promise<AsOf<readonly ResultView[]>> {
    const rows: Row[] = await this.#dataSource.query(
      `SELECT ${RESULT} FROM risk.results r JOIN risk.windows w ON w.digest = r.window_digest
        WHERE r.shard = $1 AND r.scope = $2 AND r.scope_id = $3
          AND ($4::text IS NULL OR r.method = $4)
          AND ($5::bigint IS NULL OR r.time_ns >= $5) AND ($6::bigint IS NULL OR r.time_ns < $6)
          AND ($7::bigint IS NULL OR r.id < $7)
        ORDER BY r.id DESC LIMIT $8`,
      [
        ...[...this.#key(query), query.method ?? null, query.from ?? null, query.to ?? null],
        ...[query.before ?? null, query.limit],
      ],
    );
    const value = rows.map(resultOf);
    return { asOf: asOf(value), value };
  }

  /** The newest stress results; undefined when there are none. */
  async stress(scope: BookScope): Promise<AsOf<StressView | undefined>> {
    const rows: Row[] = await this.#dataSource.query(
      `SELECT r.id, r.sequence, r.time_ns, r.base_currency, r.missing, r.profits, s.scenarios
         FROM risk.stress r JOIN risk.scenario_sets s ON s.digest = r.scenarios
        WHERE r.shard = $1 AND r.scope = $2 AND r.scope_id = $3
        ORDER BY r.time DESC, r.id DESC LIMIT 1`,
      this.#key(scope),
    );
    const row = rows[0];
    if (row === undefined) return { asOf: -1, value: undefined };
    const definitions = row.scenarios as readonly ScenarioDefinition[];
    const scenarios = definitions.map((definition, i) => {
      return { name: definition.name, definition, profit: (row.profits[i] as number) ?? null };
    });
    const value = { ...headOf(row), scenarios };
    return { asOf: value.sequence, value };
  }

  /** @param confidence in basis points, one of those computed */
  async backtest(
    scope: BookScope,
    method: string,
    confidence: number,
    days: number,
  ): Promise<AsOf<BacktestView>> {
    const rows: Row[] = await this.#dataSource.query(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, sequence, profit_micros, complete, base_currency,
              value_at_risk[array_position(confidences, $5::integer)] AS value_at_risk
         FROM risk.days
        WHERE shard = $1 AND scope = $2 AND scope_id = $3 AND method = $4
        ORDER BY day DESC LIMIT $6`,
      [...this.#key(scope), method, confidence, Math.min(days, BACKTEST_DAYS_MAX) + 1],
    );
    const stored = rows.reverse().map((row) => ({
      day: row.day as string,
      sequence: Number(row.sequence),
      profit: row.profit_micros === null ? undefined : BigInt(row.profit_micros as string),
      complete: row.complete as boolean,
      valueAtRisk: (row.value_at_risk as number | null) ?? undefined,
    }));
    const trading: Row[] = await this.#dataSource.query(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day FROM market.days
        WHERE day BETWEEN $1::date AND $2::date ORDER BY 1`,
      [stored[0]?.day ?? '1970-01-01', stored.at(-1)?.day ?? '1970-01-01'],
    );
    const tested = backtestOfDays(
      stored,
      trading.map((row) => row.day as string),
      confidence,
    );
    const baseCurrency = (rows.at(-1)?.base_currency as string | undefined) ?? null;
    const { days: pairs, skipped, result } = tested;
    const value = { method, confidence, baseCurrency, days: pairs, skipped };
    return {
      asOf: stored.at(-1)?.sequence ?? -1,
      value: { ...value, result: result ?? null },
    };
  }

  #key({ scope, scopeId }: BookScope): [number, number, number] {
    return [this.#shard, SCOPE[scope], scopeId];
  }
}

const RESULT = `r.id, r.sequence, r.time_ns, r.method, r.base_currency, r.missing, r.positions,
  r.reason, r.parameters, r.value_at_risk, r.expected_shortfall, r.portfolio_digest, w.identity`;

const headOf = (row: Row) => ({
  id: Number(row.id),
  sequence: Number(row.sequence),
  time: formatIsoNs(BigInt(row.time_ns as string)),
  baseCurrency: row.base_currency as string,
  complete: (row.missing as readonly unknown[]).length === 0,
  missing: row.missing as readonly MissingExposure[],
});

function resultOf(row: Row): ResultView {
  const parameters = row.parameters as VarParameters;
  const figures = (row.value_at_risk as readonly number[]).map((valueAtRisk, i) => {
    const perConfidence = parameters.horizonDays.length;
    return {
      confidence: parameters.confidences[Math.floor(i / perConfidence)] as number,
      horizonDays: parameters.horizonDays[i % perConfidence] as number,
      valueAtRisk,
      expectedShortfall: row.expected_shortfall[i] as number,
    };
  });
  return {
    ...headOf(row),
    ...{ method: row.method as string, positions: row.positions as number, parameters, figures },
    reason: row.reason as string | null,
    window: row.identity as WindowIdentity,
    portfolioDigest: row.portfolio_digest as string,
  };
}

function componentsOf(row: Row): ComponentView[] {
  const names = row.names as readonly string[];
  const levels = names.length === 0 ? 0 : (row.component as number[]).length / names.length;
  const perLevel = (values: readonly number[], at: number): number[] =>
    Array.from({ length: levels }, (_, level) => values[level * names.length + at] as number);
  return names.map((position, at) => ({
    position,
    exposure: row.exposures[at] as number,
    marginal: perLevel(row.marginal, at),
    component: perLevel(row.component, at),
    incremental: perLevel(row.incremental, at),
    componentShortfall: perLevel(row.component_shortfall, at),
  }));
}

const asOf = (rows: readonly { readonly sequence: number }[]): number =>
  rows.reduce((newest, { sequence }) => Math.max(newest, sequence), -1);
