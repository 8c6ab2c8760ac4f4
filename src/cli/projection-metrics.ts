/** How far the read models are, and what they could not take: as metrics, and raised in the log. */
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { ProjectionService, ProjectionStatus } from '../projections/projection-service.js';

/**
 * Registers the gauges. Lanes are the groups of models that are projected together; the label names
 * their models.
 *
 * @param logSequence the last event that there is to project; absent where that is not known: then
 *   there is no lag in events, and the lag in time is that of the last batch
 */
export function projectionMetrics(
  projections: ProjectionService,
  metrics: Registry,
  logSequence?: () => number,
): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [metrics] },
      collect() {
        this.set(value());
      },
    });
  };
  const perLane = (name: string, help: string, value: (lane: ProjectionStatus) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ['models'], registers: [metrics] },
      collect() {
        for (const lane of projections.status) {
          this.set({ models: lane.models.join(' ') }, value(lane));
        }
      },
    });
  };
  const behind = (lane: ProjectionStatus): number =>
    logSequence === undefined ? 0 : Math.max(0, logSequence() + 1 - lane.next);
  gauge('daybook_projected_sequence', 'Last projected sequence', () => projections.asOf);
  gauge('daybook_dead_letters', 'Events set aside', () => projections.deadLetterCount);
  perLane('daybook_projection_events_total', 'Events projected since the start', (l) => l.events);
  perLane('daybook_projection_batches_total', 'Transactions since the start', (l) => l.batches);
  perLane(
    'daybook_projection_lag_seconds',
    'From the time of an event to its commit in the tables; while behind, at least the time without one',
    (lane) => {
      if (logSequence !== undefined && behind(lane) === 0) return 0;
      const since = behind(lane) === 0 ? 0 : Date.now() - lane.progressMs;
      return Math.max(lane.lagMs, since) / 1000;
    },
  );
  if (logSequence === undefined) return;
  perLane('daybook_projection_lag_events', 'Durable events that are not in the tables', behind);
}

/** An event that a read model could not take is an alarm: what it shows lacks that event. */
export function raiseDeadLetters(projections: ProjectionService, logger: Logger): void {
  projections.onDeadLetter = (letter) => {
    logger.error(
      letter,
      'an event was set aside: the read model lacks it until the cause is mended and it is rebuilt',
    );
  };
}
