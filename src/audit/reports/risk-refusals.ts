/** What risk refused, by check and account: how often, and how far beyond the limit at most. */
import type { EventOf } from '../../domain/events.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { limits, NO_LIMIT } from '../../domain/risk-catalogue.js';
import { checkName, limitOfCheck } from '../decision-context.js';
import { amountIn } from '../limit-amount.js';
import { accountName } from '../position-lines.js';
import { lotOf } from '../reference-history.js';
import { column, type Report } from './report.js';

interface Sum {
  readonly check: number;
  readonly reason: number;
  readonly account: number;
  count: number;
  first: EventOf<'RiskDecided'>;
  last: EventOf<'RiskDecided'>;
  largest: EventOf<'RiskDecided'>;
}

export const riskRefusals: Report = {
  name: 'risk-refusals',
  title: 'Refusals by check',
  source: '',
  missing: [
    'requests that never reached a check: unknown names, broken terms (their code is in OrderDenied)',
  ],
  columns: [
    column('check', 'string', 'name', 'the check that refused, see docs/risk.md'),
    column('code', 'string', 'code', 'reject reason, see docs/error-codes.md'),
    column('limit_kind', 'string', 'name', 'the limit that it compares with; empty: none'),
    column('account', 'string', 'name', 'account'),
    column('refusals', 'integer', 'count', 'requests refused'),
    column(
      'unit',
      'string',
      'unit',
      'of the two values: money in whole units of the base currency, quantity in those of the instrument, or as the limit has it; empty: a whole number of the check',
    ),
    column('largest_value', 'decimal', 'see unit', 'largest value that was compared'),
    column('limit_then', 'decimal', 'see unit', 'limit in force at the largest value; empty: none'),
    column('largest_instrument', 'string', 'symbol', 'instrument of that decision; empty: none'),
    column('largest_sequence', 'integer', 'sequence', 'of that decision'),
    column('first_sequence', 'integer', 'sequence', 'of the first refusal'),
    column('first_time', 'timestamp', 'ns since 1970', 'of the first refusal'),
    column('last_sequence', 'integer', 'sequence', 'of the last refusal'),
    column('last_time', 'timestamp', 'ns since 1970', 'of the last refusal'),
  ],
  events: ['RiskDecided'],
  open: ({ state, emit }) => {
    const sums = new Map<string, Sum>();
    return {
      take(event) {
        if (event.type !== 'RiskDecided' || event.data.passed === 1) return;
        const { check, reason, account, value } = event.data;
        const key = `${check} ${reason} ${account}`;
        const sum = sums.get(key);
        if (sum === undefined) {
          const seen = { first: event, last: event, largest: event };
          sums.set(key, { check, reason, account, count: 1, ...seen });
          return;
        }
        sum.count += 1;
        sum.last = event;
        if (value > sum.largest.data.value) sum.largest = event;
      },
      end() {
        const sorted = [...sums.values()].sort(
          (a, b) => a.check - b.check || a.account - b.account || a.reason - b.reason,
        );
        for (const { check, reason, account, count, first, last, largest } of sorted) {
          const { instrument, limit, value } = largest.data;
          const kind = limitOfCheck(check);
          const terms = state.instruments.terms[instrument];
          const amount = (of: number) =>
            amountIn(kind === undefined ? '' : limits[kind].unit, of, terms && lotOf(terms));
          const { value: largestValue, unit } = amount(value);
          emit({
            ...{ check: checkName(check), code: rejectCode(reason) ?? String(reason) },
            ...{ limit_kind: kind ?? null, account: accountName(state, account) },
            ...{ refusals: count, unit, largest_value: largestValue },
            limit_then: limit === NO_LIMIT ? null : amount(limit).value,
            ...{ largest_instrument: terms?.symbol ?? null, largest_sequence: largest.sequence },
            ...{ first_sequence: first.sequence, first_time: first.time },
            ...{ last_sequence: last.sequence, last_time: last.time },
          });
        }
      },
    };
  },
};
