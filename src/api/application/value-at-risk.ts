/** Value at risk as it was computed and stored: each answer says the sequence it is as of. */
import { authorize, EVERY_ACCOUNT } from '../identity/authorize.js';
import type { Application, Caller } from './application.js';
import { invalidField, problem } from './errors.js';
import { accountIndex } from './order-reference.js';
import { type AsOf, ReadModelsUnavailable } from './read-models.js';
import { scopeIndex } from './scopes.js';

export interface RiskScope {
  readonly scope: 'Firm' | 'Group' | 'Account';
  readonly scopeId: number;
}

/** Results are made of JSON values by the read side; `cli/` fits it to this. */
export interface ValueAtRisk {
  latest(scope: RiskScope): Promise<AsOf<readonly object[]>>;
  history(
    query: RiskScope & {
      readonly method?: string | undefined;
      readonly before?: number | undefined;
      readonly limit: number;
    },
  ): Promise<AsOf<readonly { readonly id: number }[]>>;
  stress(scope: RiskScope): Promise<AsOf<object | undefined>>;
  backtest(
    scope: RiskScope,
    method: string,
    confidence: number,
    days: number,
  ): Promise<AsOf<object>>;
}

/** Days of a backtest unless asked for: a year of trading, as the Basel Committee has it. */
export const BACKTEST_DAYS_DEFAULT = 250;
/** Days of one backtest, at most. */
export const BACKTEST_DAYS_MAX = 1_000;

/** Whose: an account, a group, or, when neither is named, the firm. */
export interface RiskQuestion {
  readonly account?: string | undefined;
  readonly group?: string | undefined;
}

/**
 * The scope that a question is about; a group and the firm are for those who may see every account.
 *
 * @throws ApplicationError ACCOUNT_UNKNOWN, GROUP_UNKNOWN, REQUEST_INVALID, PERMISSION_DENIED
 */
export function riskScope(app: Application, caller: Caller, question: RiskQuestion): RiskScope {
  const { account, group } = question;
  if (account !== undefined && group !== undefined) {
    throw invalidField('group', 'an account, a group, or neither for the firm');
  }
  authorize(caller.identity, 'risk.read', account ?? EVERY_ACCOUNT);
  if (account !== undefined) return { scope: 'Account', scopeId: accountIndex(app, account) };
  if (group === undefined) return { scope: 'Firm', scopeId: 0 };
  return { scope: 'Group', scopeId: scopeIndex(app, 'Group', group) };
}

/** @throws ApplicationError VIEW_UNAVAILABLE */
export async function askRisk<T>(
  risk: ValueAtRisk | undefined,
  question: (risk: ValueAtRisk) => Promise<T>,
): Promise<T> {
  if (risk === undefined) throw problem('VIEW_UNAVAILABLE');
  try {
    return await question(risk);
  } catch (error) {
    if (error instanceof ReadModelsUnavailable) throw problem('VIEW_UNAVAILABLE');
    throw error;
  }
}
