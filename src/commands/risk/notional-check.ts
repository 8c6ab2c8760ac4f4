/** MaxOrderNotional where scopes count in other currencies than the instrument. */
import { REASON } from '../../domain/reject-reasons.js';
import { NO_LIMIT, RISK_CHECK } from '../../domain/risk-catalogue.js';
import { scratch } from '../../lib/scratch.js';
import type { Emitter } from '../emitter.js';
import { rateInto, SCOPES, scopeOf } from '../evolve/conversion.js';
import { RISK, RISK_ROW, UNLIMITED } from '../state/position-table.js';
import { convertUp } from '../state/rate-table.js';
import { checkRateAge } from './rate-age.js';
import type { RiskResult } from './risk-result.js';

const rate = scratch(2);

/**
 * Every scope's limit against the notional in its currency, rounded up.
 *
 * @param notional micros in the currency of the instrument
 * @param closing what only closes passes without a rate, or with an old one, as with every limit of money
 */
export function checkNotionalByScope(
  e: Emitter,
  result: RiskResult,
  row: number,
  notional: number,
  closing: boolean,
): number {
  const { state } = e;
  const { positions } = state;
  const instrument = positions.instrument[row] as number;
  result.checks |= 1 << (RISK_CHECK.Rate - 1);
  for (let n = 0; n < SCOPES; n += 1) {
    const limit = positions.risk[row * RISK_ROW + RISK.maxNotional + n] as number;
    if (limit === UNLIMITED) continue;
    if (!rateInto(state, instrument, scopeOf(state, row, n), rate)) {
      if (closing) continue;
      return result.fail(RISK_CHECK.Rate, REASON.RISK_RATE_MISSING, NO_LIMIT, 0);
    }
    if (!closing) {
      const account = positions.account[row] as number;
      const stale = checkRateAge(e, result, account, instrument, scopeOf(state, row, n));
      if (stale !== 0) return stale;
    }
    const value = convertUp(notional, rate[0] as number, rate[1] as number);
    if (value > limit) {
      const shown = Math.min(value, UNLIMITED);
      return result.fail(RISK_CHECK.MaxNotional, REASON.RISK_MAX_NOTIONAL, limit, shown);
    }
  }
  return 0;
}
