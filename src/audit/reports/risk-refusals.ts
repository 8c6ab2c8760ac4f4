/** What risk refused, by check and account: how often, and how far beyond the limit at most. */
import type { EventOf } from '../../domain/events.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { checkName, limitOfCheck } from '../decision-context.js';
import { accountName } from '../position-lines.js';
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
    column('largest_value', 'integer', 'unit of the limit', 'largest value that was compared'),
    column(
      'limit_then',
      'integer',
      'unit of the limit',
      'limit in force at the largest value; -1 none',
    ),
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
          emit({
            ...{ check: checkName(check), code: rejectCode(reason) ?? String(reason) },
            ...{ limit_kind: limitOfCheck(check) ?? null, account: accountName(state, account) },
            ...{ refusals: count, largest_value: largest.data.value },
            ...{ limit_then: largest.data.limit, largest_sequence: largest.sequence },
            ...{ first_sequence: first.sequence, first_time: first.time },
            ...{ last_sequence: last.sequence, last_time: last.time },
          });
        }
      },
    };
  },
};
