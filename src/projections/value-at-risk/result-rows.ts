import type pg from 'pg';
import { SCOPE } from '../../domain/order-terms.js';
import type { BookScope } from '../../domain/value-at-risk/book.js';
import type { VarParameters, VarResult } from '../../domain/value-at-risk/result.js';
import type { ScenarioDefinition, VarMethodName } from '../../domain/value-at-risk/settings.js';
import { timestampText } from '../market-data/time-columns.js';
import { type Computed, figuresOf, type ScopeExposures } from './compute.js';

/** Of which moment and of what rows are. */
export interface Origin {
  readonly shard: number;
  readonly sequence: number;
  /** Of the event at `sequence`, ns since 1970. */
  readonly time: bigint;
  readonly baseCurrency: string;
  readonly windowDigest: string;
}

export interface MethodResult {
  readonly scope: ScopeExposures;
  readonly method: VarMethodName;
  readonly parameters: VarParameters;
  readonly computed: Computed;
}

/** Rows travel as JSON: a double's shortest text is read back as the same double. */
const ORIGIN_COLUMNS = `time timestamptz, time_ns bigint, sequence bigint, scope_id integer,
  shard smallint, scope smallint, base_currency text, window_digest text, portfolio_digest text,
  missing jsonb`;

const namesOf = (columns: string): string =>
  columns
    .split(/,\s*/)
    .map((column) => column.trim().split(' ')[0])
    .join(', ');

const insertFrom = (table: string, columns: string, returning: string): string =>
  `INSERT INTO ${table} (${namesOf(columns)})
   SELECT ${namesOf(columns)} FROM jsonb_to_recordset($1::jsonb) AS r(${columns}) ${returning}`;

const RESULT_COLUMNS = `${ORIGIN_COLUMNS}, parameters jsonb, positions integer, method text,
  reason text, value_at_risk double precision[], expected_shortfall double precision[]`;

const INSERT_RESULTS = insertFrom(
  'risk.results',
  RESULT_COLUMNS,
  'RETURNING id, scope, scope_id, method',
);

/** Stores results and, of each, the components, within the caller's transaction. */
export async function storeResults(
  client: pg.ClientBase,
  origin: Origin,
  results: readonly MethodResult[],
): Promise<void> {
  if (results.length === 0) return;
  const rows = results.map(({ scope, method, parameters, computed }) => {
    const result = 'result' in computed ? computed.result : undefined;
    const figures = result && figuresOf(result);
    return {
      ...originColumns(origin, scope),
      parameters,
      positions: scope.exposures.length,
      method,
      reason: 'reason' in computed ? computed.reason : null,
      value_at_risk: figures?.valueAtRisk ?? [],
      expected_shortfall: figures?.expectedShortfall ?? [],
    };
  });
  const stored = await client.query<{
    id: string;
    scope: number;
    scope_id: number;
    method: string;
  }>(INSERT_RESULTS, [JSON.stringify(rows)]);
  const ids = new Map(
    stored.rows.map((row) => [`${row.scope}/${row.scope_id}/${row.method}`, row.id]),
  );
  const components = results.map((each) => {
    const id = ids.get(`${SCOPE[each.scope.scope]}/${each.scope.scopeId}/${each.method}`);
    return componentRow(origin, each, id as string);
  });
  await client.query(REPLACE_COMPONENTS, [JSON.stringify(components)]);
}

const originColumns = (origin: Origin, scope: ScopeExposures) => ({
  time: timestampText(origin.time),
  time_ns: String(origin.time),
  sequence: origin.sequence,
  scope_id: scope.scopeId,
  shard: origin.shard,
  scope: SCOPE[scope.scope],
  base_currency: origin.baseCurrency,
  window_digest: origin.windowDigest,
  portfolio_digest: scope.portfolioDigest,
  missing: scope.missing,
});

const COMPONENT_COLUMNS = `id bigint, sequence bigint, scope_id integer, shard smallint,
  scope smallint, method text, positions text[], exposures double precision[],
  marginal double precision[], component double precision[], incremental double precision[],
  component_shortfall double precision[]`;

const REPLACE_COMPONENTS = `${insertFrom('risk.components', COMPONENT_COLUMNS, '')}
  ON CONFLICT (shard, scope, scope_id, method) DO UPDATE SET id = excluded.id,
    sequence = excluded.sequence, positions = excluded.positions, exposures = excluded.exposures,
    marginal = excluded.marginal, component = excluded.component,
    incremental = excluded.incremental, component_shortfall = excluded.component_shortfall
  WHERE excluded.id > risk.components.id`;

function componentRow(origin: Origin, each: MethodResult, id: string) {
  const { scope, method, computed } = each;
  const result = 'result' in computed ? computed.result : undefined;
  return {
    ...{ id, sequence: origin.sequence, scope_id: scope.scopeId, shard: origin.shard },
    ...{ scope: SCOPE[scope.scope], method },
    positions: result?.positions ?? [],
    exposures: result === undefined ? [] : scope.exposures.map((exposure) => exposure.value),
    ...componentArrays(result),
  };
}

/** The decompositions over one day, confidence by confidence. */
export function componentArrays(result: VarResult | undefined) {
  const oneDay = result?.figures.filter((figure) => figure.horizonDays === 1) ?? [];
  return {
    marginal: oneDay.flatMap((figure) => [...figure.marginal]),
    component: oneDay.flatMap((figure) => [...figure.component]),
    incremental: oneDay.flatMap((figure) => [...figure.incremental]),
    component_shortfall: oneDay.flatMap((figure) => [...figure.componentShortfall]),
  };
}

const STRESS_COLUMNS = `${ORIGIN_COLUMNS}, scenarios text, profits double precision[]`;
const INSERT_STRESS = insertFrom('risk.stress', STRESS_COLUMNS, '');

export interface StressRow {
  readonly scope: ScopeExposures;
  /** Digest of the set of scenarios. */
  readonly scenarios: string;
  readonly profits: readonly number[];
}

export async function storeStress(
  client: pg.ClientBase,
  origin: Origin,
  rows: readonly StressRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = rows.map(({ scope, scenarios, profits }) => {
    return { ...originColumns(origin, scope), scenarios, profits };
  });
  await client.query(INSERT_STRESS, [JSON.stringify(columns)]);
}

export async function keepScenarios(
  client: pg.ClientBase,
  digest: string,
  scenarios: readonly ScenarioDefinition[],
): Promise<void> {
  await client.query(
    'INSERT INTO risk.scenario_sets (digest, scenarios) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [digest, JSON.stringify(scenarios)],
  );
}

/** How a scope stands by the end of a day, as far as it is computed. */
export interface DayRow extends BookScope {
  readonly method: VarMethodName;
  readonly profit: bigint | undefined;
  readonly complete: boolean;
  readonly confidences: readonly number[];
  /** One day, by confidence. */
  readonly valueAtRisk: readonly number[];
}

const DAY_COLUMNS = `sequence bigint, profit_micros bigint, day date, scope_id integer,
  shard smallint, scope smallint, complete boolean, base_currency text, method text,
  confidences integer[], value_at_risk double precision[]`;

const REPLACE_DAYS = `${insertFrom('risk.days', DAY_COLUMNS, '')}
  ON CONFLICT (shard, scope, scope_id, method, day) DO UPDATE SET sequence = excluded.sequence,
    profit_micros = excluded.profit_micros, complete = excluded.complete,
    base_currency = excluded.base_currency, confidences = excluded.confidences,
    value_at_risk = excluded.value_at_risk
  WHERE excluded.sequence >= risk.days.sequence`;

export async function storeDays(
  client: pg.ClientBase,
  origin: Origin,
  rows: readonly DayRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const day = dayOfTime(origin.time);
  const columns = rows.map((row) => ({
    ...{ sequence: origin.sequence, day, scope_id: row.scopeId, shard: origin.shard },
    ...{ scope: SCOPE[row.scope], complete: row.complete, base_currency: origin.baseCurrency },
    profit_micros: row.profit === undefined ? null : String(row.profit),
    ...{ method: row.method, confidences: row.confidences, value_at_risk: row.valueAtRisk },
  }));
  await client.query(REPLACE_DAYS, [JSON.stringify(columns)]);
}

/** The day (UTC) of a time in ns, as "2026-11-22". */
export const dayOfTime = (ns: bigint): string =>
  new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 10);
