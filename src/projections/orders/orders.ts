import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import type { CopyRows } from '../copy/copy-rows.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import {
  STATE_COLUMNS,
  sequenceAt,
  writeNs,
  writeStateColumns,
  writeTimestamp,
} from '../projector/record-columns.js';
import { fieldOffsets, numbersOf } from '../projector/record-fields.js';
import { FactRows, StateRows, type TableRows } from '../projector/table-rows.js';
import { ORDER_EVENTS, OrderChange } from './order-change.js';

const KEY = ['shard', 'order_id'];
/** Columns that events after OrderAccepted change. */
const CHANGING = [
  ...['quantity', 'cum_quantity', 'leaves_quantity', 'cum_value', 'price', 'stop_price'],
  ...['display_quantity', 'user_ref', 'venue', 'reason', 'ord_type', 'status', 'open'],
  'cl_ord_id',
];
/** Columns that OrderAccepted sets for good. */
const FIXED = [
  ...['accepted_sequence', 'accepted_ns', 'accepted_at', 'min_quantity', 'expire_ms', 'strategy'],
  ...['list_id', 'actor', 'session', 'account', 'instrument', 'exec_inst', 'side'],
  ...['time_in_force', 'capacity'],
];

const accepted = eventLayouts.OrderAccepted.offsets;
const orderIds = fieldOffsets(ORDER_EVENTS, 'orderId');

/**
 * Orders as they stand. Every event says what the order is after it, so the projection keeps no
 * state: an order accepted in the batch is inserted as it stands at the batch's end, others are
 * patched with what the batch says about them.
 */
export const orders: ReadModel = {
  name: 'orders',
  version: 1,
  tables: ['orders'],
  events: numbersOf(ORDER_EVENTS),
  open: (shard, schema) => new OrdersProjection(shard, schema),
};

class OrdersProjection implements Projection {
  readonly rows: readonly TableRows[];
  readonly #inserts: FactRows;
  readonly #patches: StateRows;
  readonly #shard: number;
  readonly #changes = new Map<number, OrderChange>();
  #records: RecordBuffer | undefined;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    const columns = [...KEY, ...STATE_COLUMNS, ...CHANGING];
    this.#inserts = new FactRows(schema, 'orders', [...columns, ...FIXED]);
    this.#patches = new StateRows(schema, 'orders', KEY, columns, 'patch');
    this.rows = [this.#inserts, this.#patches];
  }

  async load(): Promise<void> {
    this.#changes.clear();
  }

  handle(records: RecordBuffer, at: number): void {
    this.#records = records;
    const number = records.bytes[at + HEADER.number] as number;
    const orderId = records.f64[(at + (orderIds[number] as number)) >> 3] as number;
    // A request about an order that nobody knows is refused with id 0.
    if (orderId === 0) return;
    let change = this.#changes.get(orderId);
    if (change === undefined) {
      change = new OrderChange(orderId);
      this.#changes.set(orderId, change);
    }
    change.take(records, at);
  }

  endBatch(): void {
    const records = this.#records as RecordBuffer;
    for (const change of this.#changes.values()) {
      const isNew = change.acceptedAt >= 0;
      const { rows } = isNew ? this.#inserts : this.#patches;
      if (isNew) fillFromAccepted(change, records);
      rows.row();
      rows.int2(this.#shard);
      rows.int8(change.orderId);
      writeStateColumns(rows, records, change.lastAt);
      writeChanging(rows, change, records);
      if (isNew) writeFixed(rows, records, change.acceptedAt);
    }
    this.#changes.clear();
  }
}

/** What no later event of the batch has changed stands as it was accepted. */
function fillFromAccepted(change: OrderChange, records: RecordBuffer): void {
  const at = change.acceptedAt;
  const quantity = records.f64[(at + accepted.quantity) >> 3] as number;
  const long = hasOptionalFields(records, at);
  change.quantity ??= quantity;
  change.cumQuantity ??= 0;
  change.leavesQuantity ??= quantity;
  change.cumValue ??= 0;
  change.price ??= records.f64[(at + accepted.price) >> 3] as number;
  change.stopPrice ??= long ? (records.f64[(at + accepted.stopPrice) >> 3] as number) : 0;
  change.displayQuantity ??= long
    ? (records.f64[(at + accepted.displayQuantity) >> 3] as number)
    : 0;
  change.userRef ??= records.u32[(at + accepted.userRef) >> 2] as number;
  change.venue ??= records.u16[(at + accepted.venue) >> 1] as number;
  change.reason ??= 0;
  change.ordType ??= records.bytes[at + accepted.ordType] as number;
  if (change.clOrdIdAt < 0) change.clOrdIdAt = at + accepted.clOrdId;
}

function hasOptionalFields(records: RecordBuffer, at: number): boolean {
  return records.u16[(at + HEADER.length) >> 1] === eventLayouts.OrderAccepted.bytes;
}

function writeChanging(rows: CopyRows, change: OrderChange, records: RecordBuffer): void {
  writeInt8(rows, change.quantity);
  writeInt8(rows, change.cumQuantity);
  writeInt8(rows, change.leavesQuantity);
  writeInt8(rows, change.cumValue);
  writeInt8(rows, change.price);
  writeInt8(rows, change.stopPrice);
  writeInt8(rows, change.displayQuantity);
  writeInt8(rows, change.userRef);
  if (change.venue === undefined) rows.null();
  else rows.int4(change.venue);
  if (change.reason === undefined) rows.null();
  else rows.int4(change.reason);
  if (change.ordType === undefined) rows.null();
  else rows.int2(change.ordType);
  if (change.status === undefined) rows.null();
  else rows.int2(change.status);
  if (change.leavesQuantity === undefined) rows.null();
  else rows.boolean(change.leavesQuantity > 0);
  if (change.clOrdIdAt < 0) rows.null();
  else rows.ascii(records.bytes, change.clOrdIdAt, CL_ORD_ID_BYTES);
}

function writeInt8(rows: CopyRows, value: number | undefined): void {
  if (value === undefined) rows.null();
  else rows.int8(value);
}

function writeFixed(rows: CopyRows, records: RecordBuffer, at: number): void {
  const long = hasOptionalFields(records, at);
  rows.int8(sequenceAt(records, at));
  writeNs(rows, records, at + HEADER.time);
  writeTimestamp(rows, records, at);
  rows.int8(long ? (records.f64[(at + accepted.minQuantity) >> 3] as number) : 0);
  rows.int8(long ? (records.f64[(at + accepted.expireTime) >> 3] as number) : 0);
  rows.int8(records.u32[(at + accepted.strategy) >> 2] as number);
  rows.int8(long ? (records.f64[(at + accepted.listId) >> 3] as number) : 0);
  rows.int8(records.u32[(at + HEADER.actor) >> 2] as number);
  rows.int8(records.u32[(at + HEADER.session) >> 2] as number);
  rows.int4(records.u32[(at + accepted.account) >> 2] as number);
  rows.int4(records.u32[(at + accepted.instrument) >> 2] as number);
  rows.int4(records.u16[(at + accepted.execInst) >> 1] as number);
  rows.int2(records.bytes[at + accepted.side] as number);
  rows.int2(records.bytes[at + accepted.timeInForce] as number);
  rows.int2(records.bytes[at + accepted.capacity] as number);
}
