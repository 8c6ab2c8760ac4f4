import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import type { EventName } from '../../domain/events.js';
import { CL_ORD_ID_BYTES, EXEC_ID_BYTES } from '../../domain/order-terms.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import { FACT_COLUMNS, writeFactColumns, writeNs } from '../projector/record-columns.js';
import { type FieldOffsets, fieldOffsets, numbersOf } from '../projector/record-fields.js';
import { FactRows } from '../projector/table-rows.js';

/** Every event about an order except RiskDecided, which has a table of its own. */
const EVENTS: readonly EventName[] = [
  ...(['OrderAccepted', 'OrderDenied', 'OrderRouted', 'OrderAcknowledged'] as const),
  ...(['OrderRejected', 'OrderFilled', 'OrderTriggered', 'CancelRequested'] as const),
  ...(['OrderCanceled', 'CancelRejected', 'ReplaceRequested', 'OrderReplaced'] as const),
  ...(['ReplaceRejected', 'OrderExpired', 'OrderDoneForDay', 'OrderRestated'] as const),
  ...(['OrderSuspended', 'OrderStopped', 'FillCorrected', 'FillBusted'] as const),
  ...(['FillUnmatched', 'CancelPending', 'ReplacePending', 'OrderCalculated'] as const),
];

const COLUMNS = [
  ...FACT_COLUMNS,
  ...['received_ns', 'command', 'actor', 'session', 'order_id', 'quantity', 'cum_quantity'],
  ...['leaves_quantity', 'last_quantity', 'last_price', 'price', 'account', 'instrument'],
  ...['reason', 'shard', 'type', 'status', 'side', 'cl_ord_id', 'orig_cl_ord_id', 'exec_id'],
];

const of = {
  orderId: fieldOffsets(EVENTS, 'orderId'),
  account: fieldOffsets(EVENTS, 'account'),
  instrument: fieldOffsets(EVENTS, 'instrument'),
  // What a request asks for, or what the order has after the event.
  quantity: fieldOffsets(EVENTS, 'quantity', 'orderQuantity'),
  cumQuantity: fieldOffsets(EVENTS, 'cumQuantity'),
  leavesQuantity: fieldOffsets(EVENTS, 'leavesQuantity'),
  lastQuantity: fieldOffsets(EVENTS, 'lastQuantity'),
  lastPrice: fieldOffsets(EVENTS, 'lastPrice'),
  price: fieldOffsets(EVENTS, 'price'),
  reason: fieldOffsets(EVENTS, 'reason'),
  status: fieldOffsets(EVENTS, 'ordStatus'),
  side: fieldOffsets(EVENTS, 'side'),
  clOrdId: fieldOffsets(EVENTS, 'clOrdId'),
  origClOrdId: fieldOffsets(EVENTS, 'origClOrdId'),
  execId: fieldOffsets(EVENTS, 'execId'),
};

/** What happened to each order, event by event. */
export const orderEvents: ReadModel = {
  name: 'order_events',
  version: 1,
  tables: ['order_events'],
  events: numbersOf(EVENTS),
  open: (shard, schema) => new OrderEventsProjection(shard, schema),
};

class OrderEventsProjection implements Projection {
  readonly rows: readonly FactRows[];
  readonly #table: FactRows;
  readonly #shard: number;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    this.#table = new FactRows(schema, 'order_events', COLUMNS);
    this.rows = [this.#table];
  }

  async load(): Promise<void> {}

  handle(records: RecordBuffer, at: number): void {
    const { rows } = this.#table;
    const number = records.bytes[at + HEADER.number] as number;
    rows.row();
    writeFactColumns(rows, records, at);
    writeNs(rows, records, at + HEADER.received);
    rows.int8(records.f64[(at + HEADER.command) >> 3] as number);
    rows.int8(records.u32[(at + HEADER.actor) >> 2] as number);
    rows.int8(records.u32[(at + HEADER.session) >> 2] as number);
    rows.int8(records.f64[(at + (of.orderId[number] as number)) >> 3] as number);
    for (const column of NUMBERS) {
      const field = column[number] as number;
      if (field < 0) rows.null();
      else rows.int8(records.f64[(at + field) >> 3] as number);
    }
    rows.int4(records.u32[(at + (of.account[number] as number)) >> 2] as number);
    rows.int4(records.u32[(at + (of.instrument[number] as number)) >> 2] as number);
    const reason = of.reason[number] as number;
    rows.int4(reason < 0 ? 0 : (records.u16[(at + reason) >> 1] as number));
    rows.int2(this.#shard);
    rows.int2(number);
    for (const column of CHOICES) {
      const field = column[number] as number;
      if (field < 0) rows.null();
      else rows.int2(records.bytes[at + field] as number);
    }
    for (const [column, width] of TEXTS) {
      const field = column[number] as number;
      if (field < 0) rows.null();
      else rows.asciiOrNull(records.bytes, at + field, width);
    }
  }

  endBatch(): void {}
}

/** In the order of the columns. */
const NUMBERS: readonly FieldOffsets[] = [
  of.quantity,
  of.cumQuantity,
  of.leavesQuantity,
  of.lastQuantity,
  of.lastPrice,
  of.price,
];
const CHOICES: readonly FieldOffsets[] = [of.status, of.side];
const TEXTS: readonly (readonly [FieldOffsets, number])[] = [
  [of.clOrdId, CL_ORD_ID_BYTES],
  [of.origClOrdId, CL_ORD_ID_BYTES],
  [of.execId, EXEC_ID_BYTES],
];
