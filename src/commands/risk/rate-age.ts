/** RateAge: a rate that is older than its limit converts nothing any more. */
import { REASON } from '../../domain/reject-reasons.js';
import { RISK_CHECK } from '../../domain/risk-catalogue.js';
import type { Emitter } from '../emitter.js';
import { placeOf } from '../state/rate-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import type { RiskResult } from './risk-result.js';

/**
 * The rate from the currency of an instrument to the base of a scope against the limit of the account.
 * @param scope row of `state.scopes`; there is a rate into its base currency
 */
export function checkRateAge(
  e: Emitter,
  result: RiskResult,
  account: number,
  instrument: number,
  scope: number,
): number {
  const { scopes, rates, instruments } = e.state;
  const from = instruments.currency[instrument] as number;
  const to = scopes.currency[scope] as number;
  if (from === to) return 0;
  const limit = scopes.rows[(scopes.first + account) * SCOPED_WIDTH + SCOPED.rateAge] as number;
  const age = e.timeMs - (rates.time[placeOf(from, to)] as number);
  return age > limit ? result.fail(RISK_CHECK.Rate, REASON.RISK_RATE_STALE, limit, age) : 0;
}
