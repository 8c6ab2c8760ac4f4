/**
 * The limits that are set, by scope, and what is in force for one account and instrument: the
 * tightest of account, group and firm, for all instruments and for that one.
 *
 * Lookups here are for the moment a limit changes or a position appears. Deciding reads the result
 * from the position's row.
 */
import { SCOPE } from '../../domain/order-terms.js';
import { NO_LIMIT } from '../../domain/risk-catalogue.js';

export interface LimitKey {
  readonly limit: number;
  readonly scope: number;
  readonly scopeId: number;
  readonly instrument: number;
}

const textOf = (key: LimitKey) => `${key.limit}/${key.scope}/${key.scopeId}/${key.instrument}`;

/** Most limits that can be set: more is refused with LIMIT_INVALID. */
export const LIMITS_MAX = 1_000_000;

export class LimitBook {
  readonly values = new Map<string, { readonly key: LimitKey; readonly value: number }>();

  get full(): boolean {
    return this.values.size >= LIMITS_MAX;
  }

  /** The limit as it was set, or NO_LIMIT. */
  get(key: LimitKey): number {
    return this.values.get(textOf(key))?.value ?? NO_LIMIT;
  }

  set(key: LimitKey, value: number): void {
    if (value === NO_LIMIT) this.values.delete(textOf(key));
    else this.values.set(textOf(key), { key, value });
  }

  /** The tightest limit in force, or `unlimited`. */
  inForce(
    limit: number,
    account: number,
    group: number,
    instrument: number,
    unlimited: number,
  ): number {
    let tightest = unlimited;
    for (const of of instrument === 0 ? [0] : [0, instrument]) {
      for (const [scope, scopeId] of [
        [SCOPE.Firm, 0],
        [SCOPE.Group, group],
        [SCOPE.Account, account],
      ] as const) {
        if (scope === SCOPE.Group && group === 0) continue;
        const value = this.get({ limit, scope, scopeId, instrument: of });
        if (value !== NO_LIMIT && value < tightest) tightest = value;
      }
    }
    return tightest;
  }
}
