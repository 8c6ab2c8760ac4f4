/**
 * The topic of executions: FIX's Execution Report (35=8) and Order Cancel Reject (35=9), each made of
 * one event and of what never changes of its order. `domain/execution-reports.ts` says the same from a
 * fold of all orders, which a stream that resumes anywhere cannot have; a test holds both together.
 */
import { decodeEvent } from '../../domain/event-codec.js';
import type { RecordBuffer } from '../../domain/event-record.js';
import { type DaybookEvent, EVENT, type EventName } from '../../domain/events.js';
import type { ExecType, OrdStatus } from '../../domain/execution-report.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { formatIsoNs } from '../../lib/time.js';
import { priceText, quantityText } from '../application/order-texts.js';
import { microsText } from '../application/terms.js';
import { averagePriceText } from './amounts.js';
import { type Entry, entry } from './entry.js';
import type { OrderFact } from './order-facts.js';
import type { StreamState } from './stream-state.js';

export interface ExecutionView extends Partial<OrderFact> {
  readonly sequence: number;
  readonly time: string;
  readonly event: EventName;
  /** Absent for a cancel reject. */
  readonly execType: ExecType | undefined;
  readonly orderId: number;
  /** Client order id of the cancel or replace that it answers. */
  readonly requestClientOrderId: string | undefined;
  readonly account: string;
  readonly instrument: string;
  readonly status: OrdStatus | undefined;
  readonly quantity: string | undefined;
  readonly cumQuantity: string | undefined;
  readonly leavesQuantity: string | undefined;
  readonly price: string | undefined;
  readonly lastQuantity: string | undefined;
  readonly lastPrice: string | undefined;
  readonly averagePrice: string | undefined;
  readonly fee: string | undefined;
  readonly executionId: string | undefined;
  readonly executionRefId: string | undefined;
  /** Code of docs/error-codes.md. */
  readonly reason: string | undefined;
}

/** ExecType [150] of each event that is told; null for a cancel reject, and for a fill of no order. */
export const EXEC_TYPES: Partial<Record<EventName, ExecType | null>> = {
  OrderAccepted: 'PendingNew',
  OrderDenied: 'Rejected',
  OrderAcknowledged: 'New',
  OrderRejected: 'Rejected',
  OrderFilled: 'Trade',
  OrderTriggered: 'Triggered',
  CancelPending: 'PendingCancel',
  OrderCanceled: 'Canceled',
  CancelRejected: null,
  ReplacePending: 'PendingReplace',
  OrderReplaced: 'Replaced',
  ReplaceRejected: null,
  OrderExpired: 'Expired',
  OrderDoneForDay: 'DoneForDay',
  OrderCalculated: 'Calculated',
  OrderRestated: 'Restated',
  OrderSuspended: 'Suspended',
  OrderStopped: 'Stopped',
  FillCorrected: 'TradeCorrect',
  FillBusted: 'TradeCancel',
  FillUnmatched: null,
};

export const EXECUTION_EVENTS = Object.keys(EXEC_TYPES).map((name) => EVENT[name as EventName]);

/** Every field that one of these events may have. */
interface AnyData {
  readonly orderId: number;
  readonly account: number;
  readonly instrument: number;
  readonly clOrdId?: string;
  readonly ordStatus?: OrdStatus;
  readonly quantity?: number;
  readonly orderQuantity?: number;
  readonly cumQuantity?: number;
  readonly leavesQuantity?: number;
  readonly price?: number;
  readonly lastQuantity?: number;
  readonly lastPrice?: number;
  readonly cumValue?: number;
  readonly fee?: number;
  readonly execId?: string;
  readonly execRefId?: string;
  readonly reason?: number;
}

/** Events whose client order id is that of a request. */
const ANSWERS: ReadonlySet<EventName> = new Set<EventName>([
  'CancelPending',
  'OrderCanceled',
  'CancelRejected',
  'ReplacePending',
  'OrderReplaced',
  'ReplaceRejected',
]);
const PRICED: ReadonlySet<EventName> = new Set<EventName>([
  'OrderAccepted',
  'OrderDenied',
  'OrderTriggered',
  'OrderReplaced',
  'OrderRestated',
]);
const PARTS = 1_000_000_000n;

export function executionEntries(state: StreamState, batch: RecordBuffer, at: number): Entry[] {
  const event = decodeEvent(batch.bytes, at);
  const data = event.data as unknown as AnyData;
  const account = state.terms.account(data.account, event.sequence)?.name ?? '';
  const view = executionView(state, event, data, account);
  return [entry(view, { account, instrument: view.instrument })];
}

function executionView(
  { terms, facts }: StreamState,
  { type, sequence, time, data: fields }: DaybookEvent,
  data: AnyData,
  account: string,
): ExecutionView {
  const instrument = terms.instrument(data.instrument, sequence);
  const lots = (value: number | undefined) =>
    value === undefined ? undefined : quantityText(value, instrument);
  const ticks = (value: number | undefined) =>
    value === undefined ? undefined : priceText(value, instrument);
  const begins = type === 'OrderAccepted' || type === 'OrderDenied';
  const reduced = type === 'OrderCanceled' && (data.leavesQuantity ?? 0) > 0;
  const { cumQuantity = 0, cumValue } = data;
  return {
    sequence,
    time: formatIsoNs(time),
    event: type,
    execType: reduced ? 'Restated' : (EXEC_TYPES[type] ?? undefined),
    orderId: data.orderId,
    ...(begins ? termsOf(fields as unknown as AcceptedTerms) : facts.find(data.orderId)),
    requestClientOrderId: ANSWERS.has(type) ? data.clOrdId || undefined : undefined,
    account,
    instrument: instrument?.symbol ?? '',
    status: begins ? (data.ordStatus ?? 'PendingNew') : data.ordStatus,
    quantity: lots(begins ? data.quantity : data.orderQuantity),
    cumQuantity: lots(type === 'OrderAccepted' ? 0 : data.cumQuantity),
    leavesQuantity: lots(type === 'OrderAccepted' ? data.quantity : data.leavesQuantity),
    price: PRICED.has(type) && data.price !== 0 ? ticks(data.price) : undefined,
    lastQuantity: lots(data.lastQuantity),
    lastPrice: ticks(data.lastPrice),
    averagePrice:
      cumValue === undefined || instrument === undefined
        ? undefined
        : averagePriceText(BigInt(cumValue) * PARTS, cumQuantity, instrument.tick),
    fee: data.fee === undefined ? undefined : microsText(data.fee),
    executionId: data.execId || undefined,
    executionRefId: data.execRefId || undefined,
    reason: rejectCode(data.reason ?? 0),
  };
}

interface AcceptedTerms {
  readonly clOrdId: string;
  readonly side: OrderFact['side'];
  readonly ordType: OrderFact['type'];
  readonly timeInForce: OrderFact['timeInForce'];
}

function termsOf({ clOrdId, side, ordType, timeInForce }: AcceptedTerms): OrderFact {
  return { clientOrderId: clOrdId, side, type: ordType, timeInForce };
}
