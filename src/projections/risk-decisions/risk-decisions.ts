import type { RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import { FACT_COLUMNS, writeFactColumns } from '../projector/record-columns.js';
import { FactRows } from '../projector/table-rows.js';

const of = eventLayouts.RiskDecided.offsets;

const COLUMNS = [
  ...FACT_COLUMNS,
  ...['order_id', 'limit_value', 'value', 'checks', 'account', 'instrument', 'reason', 'shard'],
  ...['risk_check', 'passed'],
];

/** Every decision of risk, passed or refused, with the limit and the value compared. */
export const riskDecisions: ReadModel = {
  name: 'risk_decisions',
  version: 1,
  tables: ['risk_decisions'],
  events: [EVENT.RiskDecided],
  open: (shard, schema) => new RiskDecisionsProjection(shard, schema),
};

class RiskDecisionsProjection implements Projection {
  readonly rows: readonly FactRows[];
  readonly #table: FactRows;
  readonly #shard: number;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    this.#table = new FactRows(schema, 'risk_decisions', COLUMNS);
    this.rows = [this.#table];
  }

  async load(): Promise<void> {}

  handle(records: RecordBuffer, at: number): void {
    const { rows } = this.#table;
    rows.row();
    writeFactColumns(rows, records, at);
    rows.int8(records.f64[(at + of.orderId) >> 3] as number);
    rows.int8(records.f64[(at + of.limit) >> 3] as number);
    rows.int8(records.f64[(at + of.value) >> 3] as number);
    rows.int8(records.u32[(at + of.checks) >> 2] as number);
    rows.int4(records.u32[(at + of.account) >> 2] as number);
    rows.int4(records.u32[(at + of.instrument) >> 2] as number);
    rows.int4(records.u16[(at + of.reason) >> 1] as number);
    rows.int2(this.#shard);
    rows.int2(records.bytes[at + of.check] as number);
    rows.boolean(records.bytes[at + of.passed] === 1);
  }

  endBatch(): void {}
}
