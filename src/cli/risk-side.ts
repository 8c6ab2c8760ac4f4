/**
 * Market data and value at risk of a process: the store, what makes marks of it, the thread that computes
 * value at risk, and how the API asks both.
 */
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { MarketData } from '../api/application/market-data.js';
import { ReadModelsUnavailable } from '../api/application/read-models.js';
import type { ValueAtRisk } from '../api/application/value-at-risk.js';
import { SETTINGS_DEFAULT, type ValueAtRiskSettings } from '../domain/value-at-risk/settings.js';
import { MARK_AGE_MS_MAX, MARK_EVERY_MS, MarkSource } from '../operations/mark-source.js';
import type { RunningShard } from '../operations/shard.js';
import { startValueAtRisk } from '../operations/value-at-risk.js';
import { connect } from '../projections/database/connection-settings.js';
import { recordCorporateActions } from '../projections/market-data/corporate-actions.js';
import { MarketDataQueries } from '../projections/market-data/market-data-queries.js';
import { MarketDataStore } from '../projections/market-data/market-data-store.js';
import { isTransient } from '../projections/projector/errors.js';
import { ValueAtRiskQueries } from '../projections/value-at-risk/value-at-risk-queries.js';
import type { ValueAtRiskService } from '../projections/value-at-risk/value-at-risk-service.js';
import type { ReadyDatabase } from './read-side.js';
import type { StartedParts } from './started-parts.js';

/** Producers that this side needs of the shard. */
export const RISK_PRODUCERS = ['marks', 'value-at-risk'] as const;

export interface RiskSide {
  readonly marketData: MarketData;
  readonly valueAtRisk: ValueAtRisk;
  readonly store: MarketDataStore;
  readonly service: ValueAtRiskService;
  readonly marks: MarkSource;
  /** Rejects when computing has failed for good: orders do not wait for it. */
  readonly failed: Promise<never>;
}

export interface RiskSideOptions {
  readonly shard: RunningShard;
  readonly database: ReadyDatabase;
  readonly settings: ValueAtRiskSettings | undefined;
  readonly logger: Logger;
}

export async function startRiskSide(
  options: RiskSideOptions,
  started: StartedParts,
): Promise<RiskSide> {
  const { shard, database, logger } = options;
  const { dataSource } = database;
  const opening = () => connect(database.settings, 'daybook market data');
  const store = new MarketDataStore({ connect: opening });
  await started.add(Promise.resolve(store), (s) => s.close());
  const marks = new MarkSource({
    ...{ dataSource, shard: 0, port: shard.port('marks') },
    ...{ everyMs: MARK_EVERY_MS, ageMsMax: MARK_AGE_MS_MAX },
    onLost: (err) => logger.warn({ err }, 'the market data store cannot be asked for marks'),
  });
  await started.add(Promise.resolve(marks.start()), (m) => m.stop());
  const risk = startValueAtRisk({
    ...{ shard: 0, port: shard.port('value-at-risk'), database: database.settings },
    settings: options.settings ?? SETTINGS_DEFAULT,
  });
  await started.add(Promise.resolve(risk), (r) => r.stop());
  return {
    marketData: marketDataOf(store, new MarketDataQueries(dataSource)),
    valueAtRisk: valueAtRiskOf(new ValueAtRiskQueries(dataSource, 0)),
    ...{ store, marks, service: risk.service, failed: risk.failed },
  };
}

function marketDataOf(store: MarketDataStore, queries: MarketDataQueries): MarketData {
  return {
    bars: (query) => reached(() => queries.bars(query)),
    trades: (query) => reached(() => queries.trades(query)),
    quotes: (query) => reached(() => queries.quotes(query)),
    findings: (symbol, limit) => reached(() => queries.findings(symbol, limit)),
    actions: (symbol) => reached(() => queries.actions(symbol)),
    instrument: (terms) => reached(() => store.instrument(terms)),
    take: (batch) => reached(() => store.take(batch)),
    recordActions: (actions) => reached(() => recordCorporateActions(store, actions)),
  };
}

function valueAtRiskOf(queries: ValueAtRiskQueries): ValueAtRisk {
  return {
    latest: (scope) => reached(() => queries.latest(scope)),
    history: (query) => reached(() => queries.history(query)),
    stress: (scope) => reached(() => queries.stress(scope)),
    backtest: (...question) => reached(() => queries.backtest(...question)),
  };
}

/** A database that cannot be asked now, in the terms of the API. */
async function reached<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw isTransient(error) ? new ReadModelsUnavailable() : error;
  }
}

export function riskMetrics({ service }: RiskSide, metrics: Registry): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [metrics] },
      collect() {
        this.set(value());
      },
    });
  };
  const now = () => service.status;
  gauge('daybook_value_at_risk_sequence', 'Sequence that it is as of', () => now().sequence);
  gauge('daybook_value_at_risk_seconds', 'Time of the last computation', () => now().lastMs / 1000);
  gauge('daybook_value_at_risk_results', 'Results since the start', () => now().results);
  const unknown = 'Scopes whose limit could not be compared';
  gauge('daybook_value_at_risk_limits_unknown', unknown, () => now().unknown.length);
}
