import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import type { EventName } from '../../domain/events.js';
import { EXEC_ID_BYTES } from '../../domain/order-terms.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import { FACT_COLUMNS, writeFactColumns } from '../projector/record-columns.js';
import { type FieldOffsets, fieldOffsets, numbersOf } from '../projector/record-fields.js';
import { FactRows } from '../projector/table-rows.js';

const EVENTS: readonly EventName[] = [
  ...(['OrderFilled', 'FillCorrected', 'FillBusted', 'FillUnmatched'] as const),
];

const COLUMNS = [
  ...FACT_COLUMNS,
  ...['order_id', 'quantity', 'price', 'previous_quantity', 'previous_price', 'fee'],
  ...['account', 'instrument', 'reason', 'shard', 'type', 'side', 'liquidity', 'overfill'],
  ...['exec_id', 'exec_ref_id'],
];

const of = {
  orderId: fieldOffsets(EVENTS, 'orderId'),
  quantity: fieldOffsets(EVENTS, 'lastQuantity'),
  price: fieldOffsets(EVENTS, 'lastPrice'),
  previousQuantity: fieldOffsets(EVENTS, 'previousQuantity'),
  previousPrice: fieldOffsets(EVENTS, 'previousPrice'),
  fee: fieldOffsets(EVENTS, 'fee'),
  account: fieldOffsets(EVENTS, 'account'),
  instrument: fieldOffsets(EVENTS, 'instrument'),
  reason: fieldOffsets(EVENTS, 'reason'),
  side: fieldOffsets(EVENTS, 'side'),
  liquidity: fieldOffsets(EVENTS, 'liquidity'),
  overfill: fieldOffsets(EVENTS, 'overfill'),
  execId: fieldOffsets(EVENTS, 'execId'),
  execRefId: fieldOffsets(EVENTS, 'execRefId'),
};

/** Executions as they were reported: trades, and their corrections and busts as rows of their own. */
export const fills: ReadModel = {
  name: 'fills',
  version: 1,
  tables: ['fills'],
  events: numbersOf(EVENTS),
  open: (shard, schema) => new FillsProjection(shard, schema),
};

class FillsProjection implements Projection {
  readonly rows: readonly FactRows[];
  readonly #table: FactRows;
  readonly #shard: number;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    this.#table = new FactRows(schema, 'fills', COLUMNS);
    this.rows = [this.#table];
  }

  async load(): Promise<void> {}

  handle(records: RecordBuffer, at: number): void {
    const { rows } = this.#table;
    const number = records.bytes[at + HEADER.number] as number;
    rows.row();
    writeFactColumns(rows, records, at);
    for (const column of NUMBERS) {
      const field = column[number] as number;
      rows.int8(field < 0 ? 0 : (records.f64[(at + field) >> 3] as number));
    }
    rows.int4(records.u32[(at + (of.account[number] as number)) >> 2] as number);
    rows.int4(records.u32[(at + (of.instrument[number] as number)) >> 2] as number);
    const reason = of.reason[number] as number;
    rows.int4(reason < 0 ? 0 : (records.u16[(at + reason) >> 1] as number));
    rows.int2(this.#shard);
    rows.int2(number);
    rows.int2(records.bytes[at + (of.side[number] as number)] as number);
    const liquidity = of.liquidity[number] as number;
    rows.int2(liquidity < 0 ? 0 : (records.bytes[at + liquidity] as number));
    const overfill = of.overfill[number] as number;
    rows.boolean(overfill >= 0 && records.bytes[at + overfill] !== 0);
    rows.ascii(records.bytes, at + (of.execId[number] as number), EXEC_ID_BYTES);
    const reference = of.execRefId[number] as number;
    if (reference < 0) rows.null();
    else rows.asciiOrNull(records.bytes, at + reference, EXEC_ID_BYTES);
  }

  endBatch(): void {}
}

/** In the order of the columns; 0 where an event has none. */
const NUMBERS: readonly FieldOffsets[] = [
  of.orderId,
  of.quantity,
  of.price,
  of.previousQuantity,
  of.previousPrice,
  of.fee,
];
