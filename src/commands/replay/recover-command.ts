/**
 * The command behind a group of events: not byte for byte what came in, but one that decides to the
 * same events. What an event overwrote (the default venue, an id that it resolved) is given as it
 * was resolved.
 *
 * Every command leaves one event that tells it from all others, its cause; the rest of the group are
 * consequences: decisions, self-trade cancels, triggers, breakers.
 */
import {
  COMMAND,
  COMMAND_SLOT_BYTES,
  type CommandName,
  commandLayouts,
  commands,
  VENUE_REPORT,
} from '../../domain/commands.js';
import { COMMAND_PAYLOAD_BYTES_MAX } from '../../domain/event-fields.js';
import { HEADER, RECORD_HEADER_BYTES, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventName, eventLayouts, eventName } from '../../domain/events.js';
import { RESTATEMENT } from '../../domain/order-terms.js';
import { LIMIT, RISK_CHECK } from '../../domain/risk-catalogue.js';
import { type EventGroup, lengthAt, numberAt } from './event-groups.js';
import { commandLayout, commonFields, type FieldCopy, fieldCopies } from './field-copies.js';

const newOrder = commandLayouts.NewOrder.offsets;
const request = commandLayouts.CancelOrder.offsets;
const report = commandLayouts.VenueReport.offsets;
const decided = eventLayouts.RiskDecided.offsets;
const after = eventLayouts.OrderExpired.offsets;
const canceled = eventLayouts.OrderCanceled.offsets;
const cancelRequested = eventLayouts.CancelRequested.offsets;
const requestRejected = eventLayouts.CancelRejected.offsets;
const refused = eventLayouts.CommandRefused.offsets;
const tripped = eventLayouts.CircuitBreakerTripped.offsets;

/** An id that no order has: for a request that named an order which nobody knew. */
export const NO_SUCH_ORDER = 2 ** 27 - 1;

interface Recipe {
  readonly command: CommandName;
  readonly copies: readonly FieldCopy[];
  readonly report?: number;
  /** What the copies do not give. */
  readonly finish?: (group: EventGroup, at: number, command: RecordBuffer) => void;
}

/** The cause of a command of the control plane has the same fields as the command. */
function same(event: EventName, command: CommandName, finish?: Recipe['finish']): Recipe {
  const copies = fieldCopies(event, command, commonFields(event, command));
  return finish === undefined ? { command, copies } : { command, copies, finish };
}

const ORDER = { orderId: 'orderId', account: 'account', instrument: 'instrument' } as const;

function reported(
  event: EventName,
  kind: number,
  pairs: Readonly<Record<string, string>>,
  finish?: Recipe['finish'],
): Recipe {
  const copies = fieldCopies(event, 'VenueReport', { ...ORDER, ...pairs });
  const recipe = { command: 'VenueReport', copies, report: kind } as const;
  return finish === undefined ? recipe : { ...recipe, finish };
}

const clear = (name: CommandName, field: string) => {
  const at = commandLayout(name).offsets[field] as number;
  return (_group: EventGroup, _at: number, command: RecordBuffer): void => {
    command.i32[at >> 2] = 0;
  };
};

/** Events of which any one in a group is its cause, whatever else is there. */
const CAUSES: ReadonlyMap<number, Recipe> = new Map<number, Recipe>([
  [EVENT.OrderAccepted, { command: 'NewOrder', copies: [], finish: finishAccepted }],
  [EVENT.OrderDenied, { command: 'NewOrder', copies: [], finish: finishDenied }],
  [EVENT.ReplaceRequested, same('ReplaceRequested', 'ReplaceOrder')],
  [EVENT.MassCancelDone, same('MassCancelDone', 'MassCancel')],
  [EVENT.PriceMarked, same('PriceMarked', 'MarkPrice')],
  [
    EVENT.InstrumentListed,
    same('InstrumentListed', 'ListInstrument', clear('ListInstrument', 'instrument')),
  ],
  [EVENT.InstrumentChanged, same('InstrumentChanged', 'ListInstrument')],
  [EVENT.AccountOpened, same('AccountOpened', 'OpenAccount', clear('OpenAccount', 'account'))],
  [EVENT.AccountChanged, same('AccountChanged', 'OpenAccount')],
  [EVENT.LimitChanged, same('LimitChanged', 'ChangeLimit')],
  [EVENT.BaseCurrencyChanged, same('BaseCurrencyChanged', 'SetBaseCurrency')],
  [EVENT.TradingHalted, same('TradingHalted', 'SetTradingState')],
  [EVENT.TradingResumed, same('TradingResumed', 'SetTradingState')],
  [EVENT.TradingDayOpened, same('TradingDayOpened', 'OpenTradingDay')],
  [EVENT.TradingDayClosed, same('TradingDayClosed', 'CloseTradingDay')],
  [
    EVENT.ActorRegistered,
    same('ActorRegistered', 'RegisterActor', clear('RegisterActor', 'actor')),
  ],
  [EVENT.ApprovalRequested, same('ApprovalRequested', 'RequestApproval')],
  [EVENT.ApprovalDecided, same('ApprovalDecided', 'DecideApproval')],
  [EVENT.WriterStarted, same('WriterStarted', 'StartWriter')],
  [EVENT.SnapshotTaken, same('SnapshotTaken', 'RecordSnapshot')],
  [EVENT.VenueReconciliationStarted, same('VenueReconciliationStarted', 'BeginReconciliation')],
  [EVENT.VenueDifferenceFound, same('VenueDifferenceFound', 'ReconcileOrder')],
  [EVENT.VenueReconciled, same('VenueReconciled', 'RecordReconciliation')],
]);

/** What a venue reported: its first event, unless the group has a sure cause (a day expires orders, too). */
const REPORTS: ReadonlyMap<number, Recipe> = new Map<number, Recipe>([
  [
    EVENT.OrderAcknowledged,
    reported(
      'OrderAcknowledged',
      VENUE_REPORT.Acknowledged,
      { venueOrderId: 'venueOrderId', venue: 'venue' },
      setQuantityStated,
    ),
  ],
  [EVENT.OrderRejected, reported('OrderRejected', VENUE_REPORT.Rejected, { reason: 'reason' })],
  [
    EVENT.OrderFilled,
    reported('OrderFilled', VENUE_REPORT.Filled, {
      ...{ lastQuantity: 'lastQuantity', lastPrice: 'lastPrice', execId: 'execId' },
      ...{ liquidity: 'liquidity', side: 'side' },
    }),
  ],
  [EVENT.FillUnmatched, { ...same('FillUnmatched', 'VenueReport'), report: VENUE_REPORT.Filled }],
  [EVENT.FillCorrected, reported('FillCorrected', VENUE_REPORT.TradeCorrected, corrected())],
  [EVENT.FillBusted, reported('FillBusted', VENUE_REPORT.TradeBusted, corrected())],
  [EVENT.OrderExpired, reported('OrderExpired', VENUE_REPORT.Expired, { reason: 'reason' })],
  [
    EVENT.OrderDoneForDay,
    reported('OrderDoneForDay', VENUE_REPORT.DoneForDay, { reason: 'reason' }),
  ],
  [
    EVENT.OrderCalculated,
    reported('OrderCalculated', VENUE_REPORT.Calculated, { reason: 'reason' }),
  ],
  [EVENT.OrderSuspended, reported('OrderSuspended', VENUE_REPORT.Suspended, { reason: 'reason' })],
  [
    EVENT.OrderStopped,
    reported('OrderStopped', VENUE_REPORT.Stopped, {
      lastQuantity: 'lastQuantity',
      lastPrice: 'lastPrice',
    }),
  ],
  [
    EVENT.OrderRestated,
    reported(
      'OrderRestated',
      VENUE_REPORT.Restated,
      { orderQuantity: 'quantity', price: 'price', restatement: 'restatement' },
      finishRestated,
    ),
  ],
  [
    EVENT.CancelPending,
    reported('CancelPending', VENUE_REPORT.PendingCancel, { clOrdId: 'clOrdId' }),
  ],
  [
    EVENT.ReplacePending,
    reported('ReplacePending', VENUE_REPORT.PendingReplace, { clOrdId: 'clOrdId' }),
  ],
]);

/** Events that are a cause only where nothing before them is: they also follow from others. */
const CAUSES_IF_FIRST: ReadonlyMap<number, Recipe> = new Map<number, Recipe>([
  [EVENT.CancelRequested, same('CancelRequested', 'CancelOrder')],
  [
    EVENT.OrderCanceled,
    reported(
      'OrderCanceled',
      VENUE_REPORT.Canceled,
      { clOrdId: 'clOrdId', reason: 'reason' },
      finishCanceled,
    ),
  ],
  [
    EVENT.OrderReplaced,
    reported('OrderReplaced', VENUE_REPORT.Replaced, {
      ...{ clOrdId: 'clOrdId', orderQuantity: 'quantity', price: 'price' },
      ...{ stopPrice: 'stopPrice', displayQuantity: 'displayQuantity' },
    }),
  ],
]);

const CANCEL_REFUSED = same('CancelRejected', 'CancelOrder', finishRefused);
const REPLACE_REFUSED = same('ReplaceRejected', 'ReplaceOrder', finishRefused);
const VENUE_REFUSED = reported('CancelRejected', VENUE_REPORT.RequestRejected, {
  clOrdId: 'clOrdId',
  reason: 'reason',
});
const BREAKER_RESET = same('CircuitBreakerReset', 'SetTradingState');

const VALUE_AT_RISK_BREACH = same('CircuitBreakerTripped', 'ReportValueAtRisk');

/** Breakers trip as a consequence of other commands, but that of value at risk by one of its own. */
function isValueAtRiskBreach({ batch, from }: EventGroup): boolean {
  if (numberAt(batch, from) !== EVENT.CircuitBreakerTripped) return false;
  return batch.u16[(from + tripped.breaker) >> 1] === LIMIT.MaxValueAtRisk;
}

function corrected(): Record<string, string> {
  const numbers = { lastQuantity: 'lastQuantity', lastPrice: 'lastPrice' };
  return { ...numbers, execId: 'execId', execRefId: 'execRefId', side: 'side' };
}

/** What a group of events is the consequence of. */
export type Recovered =
  /** `cause`: byte offset of the event that tells the command. */
  | { readonly kind: 'command'; readonly name: CommandName | undefined; readonly cause: number }
  /** Part of a mass cancel or of a day's change whose end is in another commit: its fields stand there. */
  | { readonly kind: 'part' }
  /** No command is known that leaves such events. */
  | { readonly kind: 'unknown' };

/**
 * Writes the command of a group to the start of `command`, all bytes of the slot.
 * @returns what it is; nothing is written unless it is a command
 */
export function recoverCommand(group: EventGroup, command: RecordBuffer): Recovered {
  const { batch } = group;
  const refusedAt = find(group, (number) => number === EVENT.CommandRefused);
  if (refusedAt >= 0) return recoverRefused(group, refusedAt, command);
  const cause = find(group, (number) => CAUSES.has(number));
  if (cause >= 0) return apply(group, cause, CAUSES.get(numberAt(batch, cause)) as Recipe, command);
  if (isPartOfDay(group)) return { kind: 'part' };
  if (isValueAtRiskBreach(group)) return apply(group, group.from, VALUE_AT_RISK_BREACH, command);
  const reported = find(group, (number) => REPORTS.has(number));
  if (reported >= 0) {
    return apply(group, reported, REPORTS.get(numberAt(batch, reported)) as Recipe, command);
  }
  const first = findOwn(group);
  if (first >= 0) {
    const number = numberAt(batch, first);
    if (isRejection(number)) return apply(group, first, rejection(batch, first), command);
    return apply(group, first, CAUSES_IF_FIRST.get(number) as Recipe, command);
  }
  // What a cool-down resets stands with the request that met it; alone in front it was asked for, and
  // stops that waited for it may follow.
  const reset = find(group, (number) => number === EVENT.CircuitBreakerReset);
  if (reset === group.from) return apply(group, reset, BREAKER_RESET, command);
  // Only cancels and triggers that Daybook itself asked for: the batch ended before their cause.
  if (find(group, (n) => n === EVENT.CancelRequested || n === EVENT.OrderTriggered) >= 0) {
    return { kind: 'part' };
  }
  return reset < 0 ? { kind: 'unknown' } : apply(group, reset, BREAKER_RESET, command);
}

const isRejection = (number: number): boolean =>
  number === EVENT.CancelRejected || number === EVENT.ReplaceRejected;

function rejection(b: RecordBuffer, at: number): Recipe {
  if (b.bytes[at + requestRejected.refusedHere] === 0) return VENUE_REFUSED;
  return numberAt(b, at) === EVENT.CancelRejected ? CANCEL_REFUSED : REPLACE_REFUSED;
}

/** A day that opens or closes expires and renews many orders, a report of a venue only one. */
function isPartOfDay(group: EventGroup): boolean {
  let ended = 0;
  find(group, (number) => {
    if (number === EVENT.OrderExpired || number === EVENT.OrderRestated) ended += 1;
    return false;
  });
  return ended > 1;
}

/**
 * The first event that is a cause where Daybook's own cancels are passed over: CancelRequested with
 * a reason, and the OrderCanceled that answers one here.
 */
function findOwn(group: EventGroup): number {
  const { batch } = group;
  let answered = false;
  return find(group, (number, at) => {
    const passed = answered && number === EVENT.OrderCanceled;
    answered = false;
    if (passed) return false;
    if (number === EVENT.CancelRequested && batch.u16[(at + cancelRequested.reason) >> 1] !== 0) {
      answered = batch.bytes[at + cancelRequested.forced] === 1;
      return false;
    }
    return CAUSES_IF_FIRST.has(number) || isRejection(number);
  });
}

/** Byte offset of the first event of a group that is wanted, -1 none. */
function find(group: EventGroup, wanted: (number: number, at: number) => boolean): number {
  const { batch, from, to } = group;
  for (let at = from; at < to; at += lengthAt(batch, at)) {
    if (wanted(numberAt(batch, at), at)) return at;
  }
  return -1;
}

function apply(group: EventGroup, at: number, recipe: Recipe, command: RecordBuffer): Recovered {
  const { batch } = group;
  const layout = commandLayout(recipe.command);
  command.i32.fill(0, 0, COMMAND_SLOT_BYTES >> 2);
  writeHeader(group, at, commands[recipe.command].number, layout.bytes, command);
  const length = lengthAt(batch, at);
  for (const copy of recipe.copies) {
    // An event may end before its optional fields: they are zero.
    if (copy.from >= length) continue;
    for (let byte = 0; byte < copy.bytes; byte += 1) {
      command.bytes[copy.to + byte] = batch.bytes[at + copy.from + byte] as number;
    }
  }
  if (recipe.report !== undefined) command.bytes[report.report] = recipe.report;
  recipe.finish?.(group, at, command);
  return { kind: 'command', name: recipe.command, cause: at };
}

function writeHeader(
  group: EventGroup,
  at: number,
  number: number,
  bytes: number,
  command: RecordBuffer,
): void {
  const source = at >> 2;
  for (let word = HEADER.received >> 2; word < RECORD_HEADER_BYTES >> 2; word += 1) {
    command.i32[word] = group.batch.i32[source + word] as number;
  }
  command.i32[HEADER.length >> 2] = bytes | (number << 16) | (1 << 24);
  const session = sessionOf(group);
  if (session !== undefined) command.i32[HEADER.session >> 2] = session;
}

/** These carry the session of the command; events about an order carry that of the order. */
const OF_COMMAND: ReadonlySet<number> = new Set([
  ...[EVENT.OrderAccepted, EVENT.OrderDenied, EVENT.CommandRefused],
  ...[EVENT.CircuitBreakerTripped, EVENT.CircuitBreakerReset, EVENT.FillUnmatched],
]);

function sessionOf(group: EventGroup): number | undefined {
  const { batch } = group;
  const at = find(group, (number) => OF_COMMAND.has(number));
  if (at >= 0) return batch.i32[(at + HEADER.session) >> 2];
  const risk = find(group, (number) => number === EVENT.RiskDecided);
  // The record of a cancel above its rate is about the order.
  if (risk < 0 || batch.bytes[risk + decided.check] === RISK_CHECK.CancelRate) return undefined;
  return batch.i32[(risk + HEADER.session) >> 2];
}

/** The event holds the whole command. */
function recoverRefused(group: EventGroup, at: number, command: RecordBuffer): Recovered {
  const { batch } = group;
  const number = batch.u16[(at + refused.commandNumber) >> 1] as number;
  const name = commandName(number);
  const bytes =
    name === undefined
      ? RECORD_HEADER_BYTES + COMMAND_PAYLOAD_BYTES_MAX
      : commandLayout(name).bytes;
  command.i32.fill(0, 0, COMMAND_SLOT_BYTES >> 2);
  writeHeader(group, at, number, bytes, command);
  const from = (at + refused.payload) >> 2;
  for (let word = 0; word < (bytes - RECORD_HEADER_BYTES) >> 2; word += 1) {
    command.i32[(RECORD_HEADER_BYTES >> 2) + word] = batch.i32[from + word] as number;
  }
  return { kind: 'command', name, cause: at };
}

const namesByNumber = new Map<number, CommandName>(
  (Object.keys(COMMAND) as CommandName[]).map((name) => [COMMAND[name], name]),
);
export const commandName = (number: number): CommandName | undefined => namesByNumber.get(number);

/** The event is the command's payload with an id, its venue, and what self-trades left of it. */
function finishAccepted(group: EventGroup, at: number, command: RecordBuffer): void {
  const { batch } = group;
  const bytes = lengthAt(batch, at);
  copyPayload(batch, at, bytes, command);
  command.u16[HEADER.length >> 1] = bytes;
  command.f64[newOrder.orderId >> 3] = 0;
  const long = bytes === commandLayouts.NewOrder.bytes;
  if (long && command.f64[newOrder.cashQuantity >> 3] !== 0) {
    command.f64[newOrder.quantity >> 3] = 0;
    return;
  }
  const risk = find(group, (number) => number === EVENT.RiskDecided);
  if (risk < 0 || batch.bytes[risk + decided.check] !== RISK_CHECK.SelfTrade) return;
  command.f64[newOrder.quantity >> 3] = batch.f64[(risk + decided.limit) >> 3] as number;
}

function finishDenied({ batch }: EventGroup, at: number, command: RecordBuffer): void {
  const { bytes, bytesMin } = commandLayouts.NewOrder;
  copyPayload(batch, at, bytes, command);
  command.f64[newOrder.orderId >> 3] = 0;
  let long = false;
  for (let word = bytesMin >> 2; word < bytes >> 2; word += 1) {
    if (command.i32[word] !== 0) long = true;
  }
  command.u16[HEADER.length >> 1] = long ? bytes : bytesMin;
}

function copyPayload(batch: RecordBuffer, at: number, bytes: number, command: RecordBuffer): void {
  for (let word = RECORD_HEADER_BYTES >> 2; word < bytes >> 2; word += 1) {
    command.i32[word] = batch.i32[(at >> 2) + word] as number;
  }
}

/** A request that found no order must not find one by the client order id that it named, too. */
function finishRefused({ batch }: EventGroup, at: number, command: RecordBuffer): void {
  const orderId = batch.f64[(at + requestRejected.orderId) >> 3] as number;
  command.f64[request.orderId >> 3] = orderId === 0 ? NO_SUCH_ORDER : orderId;
}

/** The venue's OrderQty, which never goes below what is executed. */
function setQuantityStated({ batch }: EventGroup, at: number, command: RecordBuffer): void {
  const quantity = batch.f64[(at + after.orderQuantity) >> 3] as number;
  const cum = batch.f64[(at + after.cumQuantity) >> 3] as number;
  command.f64[report.quantity >> 3] = quantity < cum ? 0 : quantity;
}

function finishRestated({ batch }: EventGroup, at: number, command: RecordBuffer): void {
  if (command.bytes[report.restatement] !== RESTATEMENT.GtCorporateAction) return;
  const cum = batch.f64[(at + after.cumQuantity) >> 3] as number;
  command.f64[report.cumQuantity >> 3] = cum;
}

/** What stays of a reduced order; for one that is gone a quantity that leaves nothing. */
function finishCanceled({ batch }: EventGroup, at: number, command: RecordBuffer): void {
  const cum = batch.f64[(at + canceled.cumQuantity) >> 3] as number;
  const leaves = batch.f64[(at + canceled.leavesQuantity) >> 3] as number;
  const quantity = batch.f64[(at + canceled.orderQuantity) >> 3] as number;
  command.f64[report.quantity >> 3] = leaves > 0 ? quantity : cum;
}

/** Name of an event for a finding. */
export const nameAt = (b: RecordBuffer, at: number): string =>
  eventName(numberAt(b, at)) ?? `event ${numberAt(b, at)}`;
