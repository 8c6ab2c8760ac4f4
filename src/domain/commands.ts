/**
 * The catalogue of commands: what may be asked of a shard's writer.
 *
 * A command travels through the ring as a record with the header of an event (`event-record.ts`);
 * crc, sequence and time are not used there. Where a command becomes one event, both share the
 * payload, so that deciding copies words instead of fields.
 */
import { constants } from '../lib/constants.js';
import * as E from './event-fields.js';
import type { EventHeader } from './events.js';
import {
  choice,
  type Fields,
  type FieldType,
  i53,
  type Layout,
  layoutOf,
  text,
  u8,
  u16,
  u32,
  type ValueOf,
} from './field.js';
import * as T from './order-terms.js';

/** What a venue reports of an order: ExecType [150] and cancel reject [35=9]. */
export const VENUE_REPORT = {
  Acknowledged: 1,
  Rejected: 2,
  Filled: 3,
  Canceled: 4,
  Replaced: 5,
  RequestRejected: 6,
  Expired: 7,
  DoneForDay: 8,
  Restated: 9,
  Suspended: 10,
  Stopped: 11,
  TradeCorrected: 12,
  TradeBusted: 13,
  PendingCancel: 14,
  PendingReplace: 15,
  Calculated: 16,
} as const;

const order = {
  orderId: i53('id', 'our id of the order; 0 when only the client order id is known'),
  account: u32('index', 'account; needed to find an order by client order id'),
  instrument: u32('index', 'instrument; 0 that of the order'),
} as const;

const venueReport = {
  ...order,
  quantity: i53('lots', 'OrderQty from now on (Acknowledged, Replaced, Restated); 0 as it was'),
  price: i53('ticks', 'Price from now on (Replaced, Restated)'),
  lastQuantity: i53('lots', 'LastQty; for Stopped the quantity guaranteed'),
  lastPrice: i53('ticks', 'LastPx'),
  cumQuantity: i53('lots', 'Restated by a corporate action: CumQty from now on; else 0'),
  clOrdId: text(T.CL_ORD_ID_BYTES, 'the request that the venue answers; empty when unsolicited'),
  execId: text(T.EXEC_ID_BYTES, "the venue's execution id"),
  execRefId: text(T.EXEC_ID_BYTES, 'the execution that is corrected or busted'),
  venueOrderId: text(T.EXEC_ID_BYTES, "the venue's id of the order"),
  report: choice(VENUE_REPORT, 'what happened'),
  side: choice(T.SIDE, 'Side'),
  liquidity: choice(T.LIQUIDITY, 'LastLiquidityInd'),
  restatement: choice(T.RESTATEMENT, 'ExecRestatementReason'),
  reason: u16('reject reason', 'why the venue refused or ended'),
  venue: u16('index', 'venue'),
} as const;

interface CommandDeclaration<F extends Fields = Fields> {
  readonly number: number;
  readonly meaning: string;
  readonly fields: F;
  readonly optionalFrom?: string;
}

const declare = <const F extends Fields>(declaration: CommandDeclaration<F>) => declaration;

export const commands = {
  NewOrder: declare({
    number: 1,
    meaning: 'Enter an order.',
    fields: E.newOrder,
    optionalFrom: 'stopPrice',
  }),
  CancelOrder: declare({
    number: 2,
    meaning: 'Cancel an order, or reduce it to a quantity.',
    fields: E.cancelRequested,
    optionalFrom: 'execInst',
  }),
  ReplaceOrder: declare({
    number: 3,
    meaning: 'Change quantity, price, stop price or displayed quantity of an order.',
    fields: E.replaceRequested,
  }),
  MassCancel: declare({
    number: 4,
    meaning: 'Cancel all open orders that match: zero fields match everything.',
    fields: E.massCancel,
  }),
  VenueReport: declare({
    number: 10,
    meaning: 'A venue reports on an order.',
    fields: {
      ...venueReport,
      stopPrice: i53('ticks', 'StopPx from now on (Replaced); 0 as it was asked for'),
      displayQuantity: i53('lots', 'MaxFloor from now on (Replaced); 0 as it was asked for'),
    },
    optionalFrom: 'stopPrice',
  }),
  MarkPrice: declare({ number: 20, meaning: 'Set the mark.', fields: E.priceMarked }),
  ListInstrument: declare({
    number: 21,
    meaning: 'List an instrument (index 0: the next free one) or change one.',
    fields: E.instrument,
  }),
  OpenAccount: declare({
    number: 22,
    meaning: 'Open an account (index 0: the next free one) or change one.',
    fields: E.account,
  }),
  ChangeLimit: declare({ number: 23, meaning: 'Set a risk limit.', fields: E.limitChanged }),
  SetTradingState: declare({
    number: 24,
    meaning: 'Halt, reduce or resume a scope.',
    fields: E.tradingState,
  }),
  OpenTradingDay: declare({ number: 25, meaning: 'Open a trading day.', fields: E.tradingDay }),
  CloseTradingDay: declare({ number: 26, meaning: 'Close the trading day.', fields: E.tradingDay }),
  StartWriter: declare({ number: 30, meaning: 'Take the shard over.', fields: E.writerStarted }),
  RecordSnapshot: declare({
    number: 31,
    meaning: 'Put a snapshot that a reader took on record.',
    fields: E.snapshotTaken,
  }),
  RecordReconciliation: declare({
    number: 32,
    meaning: 'Put the result of asking a venue on record.',
    fields: E.venueReconciled,
  }),
  RegisterActor: declare({
    number: 33,
    meaning: 'Register an identity (index 0: that of its subject, or the next free one).',
    fields: E.actorRegistered,
  }),
  RequestApproval: declare({
    number: 34,
    meaning: 'Put a change that takes a second identity on record, before it is made.',
    fields: E.approvalRequested,
  }),
  DecideApproval: declare({
    number: 35,
    meaning:
      'Put the decision about such a change on record; the change itself is the next command.',
    fields: E.approvalDecided,
  }),
  ReportValueAtRisk: declare({
    number: 36,
    meaning:
      'Tell that the value at risk of a scope is above its limit: `value` counts, what it is compared with is the limit in force.',
    fields: E.circuitBreaker,
  }),
  BeginReconciliation: declare({
    number: 37,
    meaning: 'Send a venue no new orders until its reconciliation is on record.',
    fields: E.venueReconciliationStarted,
  }),
  SetBaseCurrency: declare({
    number: 39,
    meaning: 'Set the currency in which sums and limits of the firm or a group are.',
    fields: E.baseCurrency,
  }),
  ReconcileOrder: declare({
    number: 38,
    meaning:
      'What a venue answered about one order when it was asked how it stands; what differs is put right or raised.',
    fields: {
      ...venueReport,
      report: choice(T.VENUE_ORDER_STATE, 'how the order stands at the venue'),
      policy: choice(
        T.STRAY_ORDER_POLICY,
        'what becomes of an order that is open there and not here',
      ),
      overdue: u8('0 or 1', 'what was asked of the venue is lost or overdue: ask again'),
      spare16: u16('none', 'zero'),
      spare32: u32('none', 'zero'),
    },
  }),
} as const;

export type CommandName = keyof typeof commands;

type FieldsOf<N extends CommandName> = (typeof commands)[N]['fields'];
type FieldValue<F> = F extends { readonly type: infer V extends FieldType } ? ValueOf<V> : never;

/** Values of a command's payload; what is left out is zero or empty. */
export type CommandData<N extends CommandName> = {
  readonly [F in keyof FieldsOf<N>]?: FieldValue<FieldsOf<N>[F]>;
};

/** What a gateway says about a command beside its payload. */
export type CommandHeader = Pick<EventHeader, 'received' | 'command' | 'actor' | 'session'>;

/** Byte offsets of a command's fields from the start of its record. */
export const commandLayouts = Object.fromEntries(
  Object.entries(commands).map(([name, d]) => [
    name,
    layoutOf(d.fields as Fields, (d as CommandDeclaration).optionalFrom),
  ]),
) as unknown as { readonly [N in CommandName]: Layout<FieldsOf<N>> };

/** Command numbers by name, for switches. */
export const COMMAND = constants(
  Object.fromEntries(Object.entries(commands).map(([name, d]) => [name, d.number])),
) as unknown as { readonly [N in CommandName]: (typeof commands)[N]['number'] };

/** Bytes of a slot in a command ring: the longest command fits. */
export const COMMAND_SLOT_BYTES = 320;
