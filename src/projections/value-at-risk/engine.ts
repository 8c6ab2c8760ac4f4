import { createHash } from 'node:crypto';
import type pg from 'pg';
import { SCOPE, TRADING_STATE } from '../../domain/order-terms.js';
import { LIMIT } from '../../domain/risk-catalogue.js';
import { type Book, type BookScope, scopesOf, scopeText } from '../../domain/value-at-risk/book.js';
import type { ReturnsWindow } from '../../domain/value-at-risk/returns-window.js';
import {
  parametersOf,
  stressProfits,
  VAR_METHODS,
  type ValueAtRiskSettings,
  type VarMethodName,
} from '../../domain/value-at-risk/settings.js';
import { bookFromTables, sequenceOfTables } from './book-from-tables.js';
import { compute, limitValue, type ScopeExposures, scopeExposures } from './compute.js';
import {
  type DayRow,
  dayOfTime,
  keepScenarios,
  type MethodResult,
  type Origin,
  type StressRow,
  storeDays,
  storeResults,
  storeStress,
} from './result-rows.js';
import { closesVersion, keepWindow, windowBefore } from './returns-windows.js';

/** A scope whose value at risk is above its limit, and still trades freely. */
export interface Breach extends BookScope {
  /** Micros of the base currency, rounded up. */
  readonly value: number;
  /** That the value is as of. */
  readonly sequence: number;
}

export interface CycleOutcome {
  /** The book's; undefined: the read models are not there yet, or of two moments. */
  readonly sequence: number | undefined;
  /** Results that were stored. */
  readonly results: number;
  readonly breaches: readonly Breach[];
  /** Scopes with a limit that cannot be compared: a mark or a rate is missing. */
  readonly unknown: readonly string[];
}

export interface EngineOptions {
  readonly client: pg.Client;
  readonly shard: number;
  readonly settings: ValueAtRiskSettings;
}

/** What a scope's last result by one method was made of. */
interface Last {
  readonly made: string;
  readonly at: number;
  readonly valueAtRisk: readonly number[];
  readonly complete: boolean;
}

interface Limits {
  readonly limits: ReadonlyMap<string, number>;
  /** Scopes that are reducing or halted already. */
  readonly stopped: ReadonlySet<string>;
}

/**
 * Computes value at risk of one shard out of its read models and the market data store, and stores what
 * changed. It remembers nothing that matters: a new engine goes on where another was killed.
 */
export class ValueAtRiskEngine {
  readonly #options: EngineOptions;
  readonly #last = new Map<string, Last>();
  readonly #scenarios: string;
  #days = new Map<string, string>();
  #window: ReturnsWindow | undefined;
  #windowVersion = '';
  #windowAt = Number.NEGATIVE_INFINITY;
  #sequence = -1;
  #scenariosKept = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const hash = createHash('sha256').update(JSON.stringify(options.settings.scenarios));
    this.#scenarios = hash.digest('hex');
  }

  /**
   * Looks at the read models once and stores the results that changed.
   *
   * @param nowMs any clock that goes forward
   * @throws the driver's error; the next engine begins anew
   */
  async cycle(nowMs: number): Promise<CycleOutcome> {
    const { client, shard } = this.#options;
    const idle = { sequence: undefined, results: 0, breaches: [], unknown: [] };
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const asOf = await sequenceOfTables(client, shard);
    if (asOf === undefined) {
      await client.query('COMMIT');
      return idle;
    }
    const { sequence, time } = asOf;
    const day = dayOfTime(time);
    if (sequence === this.#sequence && !this.#isDue(nowMs)) {
      await client.query('COMMIT');
      return { ...idle, sequence };
    }
    const book = await bookFromTables(client, shard, sequence);
    const limits = await limitsOf(client, shard);
    await client.query('COMMIT');
    await this.#refreshWindow(day, nowMs);
    const window = this.#window;
    if (window === undefined) {
      // Nothing to compute from; but limits hold, and what has no history counts whole.
      this.#sequence = sequence;
      const { breaches, unknown } = this.#watch(book, sequence, NO_RETURNS, limits);
      return { sequence, results: 0, breaches, unknown };
    }
    const windowDigest = window.identity.digest;
    const { baseCurrency } = this.#options.settings;
    const origin = { shard, sequence, time, baseCurrency, windowDigest };
    const outcome = await this.#store(origin, book, window, limits, nowMs);
    this.#sequence = sequence;
    return outcome;
  }

  /** Whether there may be something to do although no event came. */
  #isDue(nowMs: number): boolean {
    const { windowEveryMs, monteCarloEveryMs } = this.#options.settings;
    if (nowMs - this.#windowAt >= windowEveryMs) return true;
    for (const [key, { at }] of this.#last) {
      if (key.endsWith('monte_carlo') && nowMs - at >= monteCarloEveryMs) return true;
    }
    return false;
  }

  async #refreshWindow(day: string, nowMs: number): Promise<void> {
    const { client, settings } = this.#options;
    const sameDay = this.#windowVersion.startsWith(`${day}/`);
    if (sameDay && nowMs - this.#windowAt < settings.windowEveryMs) return;
    this.#windowAt = nowMs;
    const version = await closesVersion(client, day);
    if (version === this.#windowVersion) return;
    const built = await windowBefore(client, day, settings.windowDays);
    if (built !== undefined) await keepWindow(client, built.window, built.history);
    this.#window = built?.window;
    this.#windowVersion = version;
  }

  async #store(
    origin: Origin,
    book: Book,
    window: ReturnsWindow,
    limits: Limits,
    nowMs: number,
  ): Promise<CycleOutcome> {
    const { client } = this.#options;
    const results: MethodResult[] = [];
    const stress: StressRow[] = [];
    const days: DayRow[] = [];
    const made = new Map<string, Last>();
    for (const each of scopesOf(book)) {
      const scope = scopeExposures(book, each, origin.baseCurrency, window);
      const fresh = this.#compute(origin, scope, window, nowMs);
      results.push(...fresh.results);
      stress.push(...fresh.stress);
      for (const [key, last] of fresh.made) made.set(key, last);
      days.push(...this.#daysOf(scope, made));
    }
    const dayKey = dayOfTime(origin.time);
    const changed = days.filter(
      (row) => this.#days.get(keyOf(row, row.method)) !== textOf(row, dayKey),
    );
    await client.query('BEGIN');
    if (!this.#scenariosKept) {
      await keepScenarios(client, this.#scenarios, this.#options.settings.scenarios);
    }
    await storeResults(client, origin, results);
    await storeStress(client, origin, stress);
    await storeDays(client, origin, changed);
    await client.query('COMMIT');
    this.#scenariosKept = true;
    for (const [key, last] of made) this.#last.set(key, last);
    this.#days = new Map(days.map((row) => [keyOf(row, row.method), textOf(row, dayKey)]));
    const { sequence } = origin;
    return { sequence, results: results.length, ...this.#watch(book, sequence, window, limits) };
  }

  /** Compares the scopes that have a limit with it. */
  #watch(book: Book, sequence: number, window: ReturnsWindow, { limits, stopped }: Limits) {
    const { settings } = this.#options;
    const breaches: Breach[] = [];
    const unknown: string[] = [];
    for (const each of scopesOf(book)) {
      const text = scopeText(each);
      const limit = limits.get(text);
      if (limit === undefined) continue;
      const scope = scopeExposures(book, each, settings.baseCurrency, window);
      const parameters = parametersOf(settings, settings.limitMethod);
      // Computed again: the results of this cycle may have been left out as unchanged.
      const computed = compute(sequence, scope, window, parameters);
      const value = limitValue(scope, computed, settings.limitConfidence);
      if (value === undefined) unknown.push(text);
      else {
        const micros = Math.min(Math.ceil(value * 1e6), Number.MAX_SAFE_INTEGER);
        if (micros > limit && !stopped.has(text)) {
          breaches.push({ ...each, value: micros, sequence });
        }
      }
    }
    return { breaches, unknown };
  }

  /** The results of a scope by the methods that are due and would give something else than before. */
  #compute(origin: Origin, scope: ScopeExposures, window: ReturnsWindow, nowMs: number) {
    const { settings } = this.#options;
    const results: MethodResult[] = [];
    const stress: StressRow[] = [];
    const made: (readonly [string, Last])[] = [];
    const from = `${scope.portfolioDigest}/${origin.windowDigest}/${JSON.stringify(scope.missing)}`;
    const complete = scope.missing.length === 0;
    for (const method of VAR_METHODS) {
      const key = keyOf(scope, method);
      const last = this.#last.get(key);
      const waits = method === 'monte_carlo' && last !== undefined;
      if (last?.made === from) continue;
      if (waits && nowMs - last.at < settings.monteCarloEveryMs) continue;
      const parameters = parametersOf(settings, method);
      const computed = compute(origin.sequence, scope, window, parameters);
      results.push({ scope, method, parameters, computed });
      const figures = 'result' in computed ? computed.result.figures : [];
      const oneDay = figures.filter(({ horizonDays }) => horizonDays === 1);
      const valueAtRisk = oneDay.map((figure) => figure.valueAtRisk);
      made.push([key, { made: from, at: nowMs, valueAtRisk, complete }]);
    }
    const stressKey = keyOf(scope, 'stress');
    if (this.#last.get(stressKey)?.made !== from && settings.scenarios.length > 0) {
      // Where nothing is covered, zeros would be none: see compute.ts.
      const covered = scope.exposures.length > 0 || complete;
      const profits = covered ? stressProfits(scope.exposures, window, settings.scenarios) : [];
      stress.push({ scope, scenarios: this.#scenarios, profits });
      made.push([stressKey, { made: from, at: nowMs, valueAtRisk: [], complete }]);
    }
    return { results, stress, made };
  }

  #daysOf(scope: ScopeExposures, made: ReadonlyMap<string, Last>): DayRow[] {
    const { confidences } = this.#options.settings;
    return VAR_METHODS.flatMap((method): DayRow[] => {
      const key = keyOf(scope, method);
      const last = made.get(key) ?? this.#last.get(key);
      if (last === undefined) return [];
      const { scope: name, scopeId, profit } = scope;
      const { valueAtRisk, complete } = last;
      return [{ scope: name, scopeId, method, profit, complete, confidences, valueAtRisk }];
    });
  }
}

/** A window without instruments: every position is without history. */
const NO_RETURNS: ReturnsWindow = {
  identity: {
    ...{ kind: 'log', firstDay: '', lastDay: '', days: 0, instruments: 0, carried: 0, digest: '' },
  },
  ...{ instruments: [], rows: new Map(), dayNames: [], days: 0 },
  ...{ returns: new Float64Array(), simple: new Float64Array() },
};

const keyOf = (scope: BookScope, method: VarMethodName | 'stress'): string =>
  `${scopeText(scope)}/${method}`;

const textOf = (row: DayRow, day: string): string =>
  `${day}/${row.profit}/${row.complete}/${row.valueAtRisk.join()}`;

/** The limits on value at risk that are set, and the scopes that are stopped already. */
async function limitsOf(client: pg.ClientBase, shard: number): Promise<Limits> {
  const scopeOf = (row: { scope: number; scope_id: number }): string => {
    const name = (['Firm', 'Group', 'Account'] as const).find((each) => SCOPE[each] === row.scope);
    return name === undefined ? '' : scopeText({ scope: name, scopeId: row.scope_id });
  };
  const limits = await client.query<{ scope: number; scope_id: number; value: string }>(
    `SELECT scope, scope_id, value FROM daybook.limits
      WHERE shard = $1 AND limit_kind = $2 AND value >= 0`,
    [shard, LIMIT.MaxValueAtRisk],
  );
  const states = await client.query<{ scope: number; scope_id: number }>(
    'SELECT scope, scope_id FROM daybook.trading_states WHERE shard = $1 AND state <> $2',
    [shard, TRADING_STATE.Active],
  );
  return {
    limits: new Map(limits.rows.map((row) => [scopeOf(row), Number(row.value)])),
    stopped: new Set(states.rows.map(scopeOf)),
  };
}
