import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventName } from '../../domain/events.js';
import { ORD_STATUS } from '../../domain/order-terms.js';
import { fieldOffsets } from '../projector/record-fields.js';

/** The events that change an order's row. */
export const ORDER_EVENTS: readonly EventName[] = [
  ...(['OrderAccepted', 'OrderRouted', 'OrderAcknowledged', 'OrderRejected'] as const),
  ...(['OrderFilled', 'OrderTriggered', 'CancelRequested', 'OrderCanceled'] as const),
  ...(['CancelRejected', 'ReplaceRequested', 'OrderReplaced', 'ReplaceRejected'] as const),
  ...(['OrderExpired', 'OrderDoneForDay', 'OrderRestated', 'OrderSuspended'] as const),
  ...(['OrderStopped', 'FillCorrected', 'FillBusted', 'CancelPending'] as const),
  ...(['ReplacePending', 'OrderCalculated'] as const),
];

/** A request names the terms it asks for; only these events say what the terms are. */
const TERMS = ['OrderTriggered', 'OrderReplaced', 'OrderRestated'] as const;
const ENDINGS = [
  ...(['OrderRejected', 'OrderCanceled', 'OrderExpired', 'OrderDoneForDay'] as const),
  ...(['OrderSuspended', 'OrderCalculated'] as const),
];

const of = {
  orderQuantity: fieldOffsets(ORDER_EVENTS, 'orderQuantity'),
  cumQuantity: fieldOffsets(ORDER_EVENTS, 'cumQuantity'),
  leavesQuantity: fieldOffsets(ORDER_EVENTS, 'leavesQuantity'),
  cumValue: fieldOffsets(ORDER_EVENTS, 'cumValue'),
  status: fieldOffsets(ORDER_EVENTS, 'ordStatus'),
  price: fieldOffsets(TERMS, 'price'),
  ordType: fieldOffsets(['OrderTriggered'], 'ordType'),
  stopPrice: fieldOffsets(['OrderReplaced'], 'stopPrice'),
  displayQuantity: fieldOffsets(['OrderReplaced'], 'displayQuantity'),
  clOrdId: fieldOffsets(['OrderReplaced'], 'clOrdId'),
  userRef: fieldOffsets(['OrderReplaced'], 'userRef'),
  venue: fieldOffsets(['OrderRouted'], 'venue'),
  reason: fieldOffsets(ENDINGS, 'reason'),
};

/** What the events of one batch say about one order; undefined: nothing. Offsets are into the batch. */
export class OrderChange {
  readonly orderId: number;
  /** Record of its OrderAccepted; -1: accepted before this batch. */
  acceptedAt = -1;
  /** Record of the last event. */
  lastAt = -1;
  /** The client order id that it goes by from now on; -1: unchanged. */
  clOrdIdAt = -1;
  quantity: number | undefined;
  cumQuantity: number | undefined;
  leavesQuantity: number | undefined;
  cumValue: number | undefined;
  price: number | undefined;
  stopPrice: number | undefined;
  displayQuantity: number | undefined;
  userRef: number | undefined;
  venue: number | undefined;
  reason: number | undefined;
  ordType: number | undefined;
  status: number | undefined;

  constructor(orderId: number) {
    this.orderId = orderId;
  }

  /** Takes the event at `at` in; the events of an order in their order. */
  take(records: RecordBuffer, at: number): void {
    const number = records.bytes[at + HEADER.number] as number;
    this.lastAt = at;
    if (number === EVENT.OrderAccepted) {
      this.acceptedAt = at;
      this.status = ORD_STATUS.PendingNew;
      return;
    }
    this.#takeState(records, at, number);
    this.#takeTerms(records, at, number);
  }

  #takeState(records: RecordBuffer, at: number, number: number): void {
    let field = of.orderQuantity[number] as number;
    if (field >= 0) {
      this.quantity = records.f64[(at + field) >> 3] as number;
      this.cumQuantity = records.f64[(at + (of.cumQuantity[number] as number)) >> 3] as number;
      field = of.leavesQuantity[number] as number;
      this.leavesQuantity = records.f64[(at + field) >> 3] as number;
    }
    field = of.cumValue[number] as number;
    if (field >= 0) this.cumValue = records.f64[(at + field) >> 3] as number;
    field = of.status[number] as number;
    if (field >= 0) this.status = records.bytes[at + field] as number;
    field = of.reason[number] as number;
    if (field >= 0) this.reason = records.u16[(at + field) >> 1] as number;
  }

  #takeTerms(records: RecordBuffer, at: number, number: number): void {
    let field = of.venue[number] as number;
    if (field >= 0) this.venue = records.u16[(at + field) >> 1] as number;
    field = of.price[number] as number;
    if (field < 0) return;
    this.price = records.f64[(at + field) >> 3] as number;
    field = of.ordType[number] as number;
    if (field >= 0) this.ordType = records.bytes[at + field] as number;
    field = of.stopPrice[number] as number;
    if (field < 0) return;
    this.stopPrice = records.f64[(at + field) >> 3] as number;
    field = of.displayQuantity[number] as number;
    this.displayQuantity = records.f64[(at + field) >> 3] as number;
    const userRef = records.u32[(at + (of.userRef[number] as number)) >> 2] as number;
    if (userRef !== 0) this.userRef = userRef;
    field = of.clOrdId[number] as number;
    if (records.bytes[at + field] !== 0) this.clOrdIdAt = at + field;
  }
}
