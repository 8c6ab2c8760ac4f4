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

  /** How many scopes set each limit. */
  readonly #scopes = new Map<number, number>();

  get full(): boolean {
    return this.values.size >= LIMITS_MAX;
  }

  /** The limit as it was set, or NO_LIMIT. */
  get(key: LimitKey): number {
    return this.values.get(textOf(key))?.value ?? NO_LIMIT;
  }

  set(key: LimitKey, value: number): void {
    const text = textOf(key);
    const known = this.values.has(text);
    if (value === NO_LIMIT) this.values.delete(text);
    else this.values.set(text, { key, value });
    if (known !== (value !== NO_LIMIT)) this.#count(key.limit, known ? -1 : 1);
  }

  /** Whether any scope sets one of the limits. */
  sets(limits: readonly number[]): boolean {
    return limits.some((limit) => (this.#scopes.get(limit) ?? 0) > 0);
  }

  /** Counts the scopes that set each limit anew, after a snapshot filled in the values. */
  recount(): void {
    this.#scopes.clear();
    for (const { key } of this.values.values()) this.#count(key.limit, 1);
  }

  #count(limit: number, by: 1 | -1): void {
    this.#scopes.set(limit, (this.#scopes.get(limit) ?? 0) + by);
  }

  /** Whether a list that 1 puts on and 0 leaves off holds in any of the scopes. */
  listed(limit: number, account: number, group: number, instrument: number): boolean {
    const inScopes = [
      { scope: SCOPE.Firm, scopeId: 0 },
      { scope: SCOPE.Group, scopeId: group },
      { scope: SCOPE.Account, scopeId: account },
    ].filter(({ scope, scopeId }) => scope !== SCOPE.Group || scopeId !== 0);
    return [0, instrument].some((of) =>
      inScopes.some((each) => this.get({ limit, ...each, instrument: of }) > 0),
    );
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
    for (const [scope, scopeId] of [
      [SCOPE.Firm, 0],
      [SCOPE.Group, group],
      [SCOPE.Account, account],
    ] as const) {
      if (scope === SCOPE.Group && group === 0) continue;
      tightest = this.ofScope(limit, scope, scopeId, instrument, tightest);
    }
    return tightest;
  }

  /** The tighter one of a scope's limits for all instruments and for that one, or `unlimited`. */
  ofScope(
    limit: number,
    scope: number,
    scopeId: number,
    instrument: number,
    unlimited: number,
  ): number {
    let tightest = unlimited;
    for (const of of instrument === 0 ? [0] : [0, instrument]) {
      const value = this.get({ limit, scope, scopeId, instrument: of });
      if (value !== NO_LIMIT && value < tightest) tightest = value;
    }
    return tightest;
  }
}
