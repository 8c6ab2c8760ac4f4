/**
 * What the risk checks found: which check decided, its limit and the value compared.
 *
 * One object, reused for every order: a check writes here and answers with a reason number, 0 when
 * the order passes it.
 */
import { NO_LIMIT } from '../../domain/risk-catalogue.js';
import { scratch } from '../../lib/scratch.js';

export class RiskResult {
  check = 0;
  reason = 0;
  /** Bits of the checks that were made. */
  checks = 0;
  /** [limit, value]; an array, because a number in a field of an object would be allocated anew. */
  readonly compared = scratch(2);

  clear(): void {
    this.check = 0;
    this.reason = 0;
    this.checks = 0;
    this.compared[0] = NO_LIMIT;
    this.compared[1] = 0;
  }

  /** Notes that a check stopped the request. */
  fail(check: number, reason: number, limit: number, value: number): number {
    this.check = check;
    this.reason = reason;
    this.compared[0] = limit;
    this.compared[1] = value;
    return reason;
  }
}
