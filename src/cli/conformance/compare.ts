/** A report against the row that says how it should be. */
import type { Report } from '../../domain/execution-report.js';
import type { OrderView } from '../../domain/order-view.js';
import { idsOf, isDoubtful, type Row } from './scenario.js';

export interface Difference {
  readonly run: string;
  readonly t: string;
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

type Found = Omit<Difference, 'run' | 't'>;

/** OrdStatus by precedence, highest first (FIX 4.4 volume 4). */
const PRECEDENCE: readonly (readonly string[])[] = [
  ['PendingCancel'],
  ['PendingReplace'],
  ['DoneForDay'],
  ['Calculated'],
  ['Filled'],
  ['Stopped'],
  ['Suspended'],
  ['Canceled', 'Expired'],
  ['PartiallyFilled'],
  ['New', 'Rejected', 'PendingNew'],
  ['AcceptedForBidding'],
];

const NOTHING = { orderQty: 0, cumQty: 0, leavesQty: 0 };

const rank = (status: string) => PRECEDENCE.findIndex((names) => names.includes(status));

/** An execution report; a row with an ExecType is one, whatever else it calls itself. */
export const isExecution = (row: Row) =>
  /^exec/i.test(row.msg) || (row.execType != null && !/rej/i.test(row.msg));

/** Whether the report can be the one that the row means: message, ExecType and ids. */
export function isMeant(row: Row, report: Report): boolean {
  if (isExecution(row) !== (report.message === 'ExecutionReport')) return false;
  if (report.message === 'ExecutionReport' && row.execType && report.execType !== row.execType) {
    return false;
  }
  return row.ids == null || hasIds(row, report);
}

function hasIds(row: Row, report: Report): boolean {
  return idsOf(row).some(
    ({ clOrdId, origClOrdId }) => clOrdId === report.clOrdId && origClOrdId === report.origClOrdId,
  );
}

/**
 * @param before the report before it on the same order: where a value is in doubt, the rules say what
 *   of it still holds
 * @param order as it stands: a cancel reject has no quantities, so those that its row has are the order's
 */
export function compare(
  row: Row,
  report: Report,
  before: Report | undefined,
  order?: Readonly<OrderView>,
): Found[] {
  const found: Found[] = [];
  const differ = (field: string, expected: unknown, actual: unknown) =>
    found.push({ field, expected: String(expected), actual: String(actual) });
  const message = isExecution(row) ? 'ExecutionReport' : 'OrderCancelReject';
  if (report.message !== message) differ('message', message, report.message);
  if (row.ids != null && !hasIds(row, report)) {
    const { clOrdId, origClOrdId } = report;
    differ('ids', row.ids, origClOrdId === '' ? clOrdId || '-' : `${clOrdId},${origClOrdId}`);
  }
  if (row.ordStatus != null && row.ordStatus !== report.ordStatus) {
    if (!isDoubtful(row) || !outranks(report, row.ordStatus, before)) {
      differ('OrdStatus', row.ordStatus, report.ordStatus);
    }
  }
  const isReport = report.message === 'ExecutionReport';
  const execType = isReport ? report.execType : 'none';
  if (row.execType != null && row.execType !== execType) {
    differ('ExecType', row.execType, execType);
  }
  const actual = isReport ? report : { ...NOTHING, ...order, lastQty: 0 };
  for (const [field, key] of [
    ['OrderQty', 'orderQty'],
    ['CumQty', 'cumQty'],
    ['LeavesQty', 'leavesQty'],
    ['LastQty', 'lastQty'],
  ] as const) {
    const expected = row[key];
    if (expected == null || expected === actual[key]) continue;
    if (isDoubtful(row) && isRuled(key, report, before)) continue;
    differ(field, expected, actual[key]);
  }
  return found;
}

/** Rule 1: of a printed status and one that held before and ranks higher, the higher is reported. */
function outranks(report: Report, printed: string, before: Report | undefined): boolean {
  return before?.ordStatus === report.ordStatus && rank(report.ordStatus) < rank(printed);
}

/** Rule 4: the quantities of a pending request hold when it is accepted; rule 5: they add up. */
function isRuled(
  key: 'orderQty' | 'cumQty' | 'leavesQty' | 'lastQty',
  report: Report,
  before: Report | undefined,
): boolean {
  if (report.message !== 'ExecutionReport') return false;
  const pending = report.execType === 'PendingReplace' || report.execType === 'PendingCancel';
  if (key === 'orderQty') {
    return pending && before?.message === 'ExecutionReport' && report.orderQty === before.orderQty;
  }
  return key === 'leavesQty' && report.leavesQty === report.orderQty - report.cumQty;
}
