/**
 * Parts that orders do not need: when one fails for good the process goes on without it, its log says
 * why, and a metric says so until the next start, for whoever is to be woken. Whatever orders do need
 * ends the process when it fails (`failed` of RunningDaybook).
 */
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';

export type SparePart = 'snapshots' | 'audit' | 'jobs' | 'marks' | 'value_at_risk';

export class SpareParts {
  readonly #logger: Logger;
  readonly #failed = new Map<SparePart, boolean>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * @param failed rejects when the part has failed for good
   * @param lost what nobody gets any more
   */
  watch(part: SparePart, failed: Promise<never>, lost: string): void {
    this.#failed.set(part, false);
    failed.catch((err: unknown) => {
      this.#failed.set(part, true);
      this.#logger.error({ err, part }, lost);
    });
  }

  /** `daybook_part_failed{part}`: 1 from the failure to the next start. */
  register(metrics: Registry): void {
    const failed = this.#failed;
    new Gauge({
      name: 'daybook_part_failed',
      help: '1: the part has failed for good, and the process goes on without it',
      ...{ labelNames: ['part'], registers: [metrics] },
      collect() {
        for (const [part, is] of failed) this.set({ part }, is ? 1 : 0);
      },
    });
  }
}
