/** Value at risk of a running shard: the thread that computes it, and its limits' way to the writer. */
import type { CommandPort } from '../commands/command-port.js';
import { type BookScope, scopeText } from '../domain/value-at-risk/book.js';
import { checkSettings, type ValueAtRiskSettings } from '../domain/value-at-risk/settings.js';
import { Clock } from '../lib/time.js';
import type { ConnectionSettings } from '../projections/database/connection-settings.js';
import type { Breach } from '../projections/value-at-risk/engine.js';
import { ValueAtRiskService } from '../projections/value-at-risk/value-at-risk-service.js';

/** A breach is reported again only after this, ms: until then its event is on the way to the tables. */
export const BREACH_AGAIN_MS = 5_000;

export interface ValueAtRiskOptions {
  readonly shard: number;
  /** A port of its own. */
  readonly port: Pick<CommandPort, 'submit'>;
  readonly database: ConnectionSettings;
  readonly settings: ValueAtRiskSettings;
}

export interface RunningValueAtRisk {
  readonly service: ValueAtRiskService;
  /** Rejects when computing fails: orders go on, limits on value at risk are not watched any more. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** @throws ValueAtRiskError VAR_PARAMETER_INVALID: settings that cannot be computed with */
export function startValueAtRisk(options: ValueAtRiskOptions): RunningValueAtRisk {
  const { shard, database, settings, port } = options;
  checkSettings(settings);
  const service = new ValueAtRiskService({ shard, database, settings });
  const reporter = new BreachReporter(port);
  service.onBreach = (breach) => reporter.report(breach, performance.now());
  const failed = new Promise<never>((_, reject) => {
    service.ended.catch(reject);
  });
  failed.catch(() => undefined);
  return { service, failed, stop: () => service.stop().catch(() => undefined) };
}

/**
 * Puts breaches to the writer, which holds them against the limit in force. Where the ring is full
 * nothing is lost: the next computation finds the same breach.
 */
export class BreachReporter {
  readonly #port: Pick<CommandPort, 'submit'>;
  readonly #clock = new Clock();
  readonly #reported = new Map<string, number>();

  constructor(port: Pick<CommandPort, 'submit'>) {
    this.#port = port;
  }

  /** @param nowMs any clock that goes forward */
  report(breach: Breach, nowMs: number): void {
    const { scope, scopeId, value }: BookScope & Breach = breach;
    const key = scopeText(breach);
    const before = this.#reported.get(key);
    if (before !== undefined && nowMs - before < BREACH_AGAIN_MS) return;
    this.#clock.tick();
    const header = { received: this.#clock.ns(), actor: 0, session: 0 };
    const command = this.#port.submit('ReportValueAtRisk', header, { scope, scopeId, value });
    if (command >= 0) this.#reported.set(key, nowMs);
  }
}
