import type pg from 'pg';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { SIDE } from '../../domain/order-terms.js';
import {
  amountParts,
  applyFill,
  PARTS,
  POSITION,
  POSITION_WIDTH,
  SUSPENSE,
} from '../../domain/position.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import { STATE_COLUMNS, writeStateColumns } from '../projector/record-columns.js';
import { StateRows } from '../projector/table-rows.js';
import { POSITION_COLUMNS } from './position-columns.js';

const filled = eventLayouts.OrderFilled.offsets;
const corrected = eventLayouts.FillCorrected.offsets;
const unmatched = eventLayouts.FillUnmatched.offsets;

const KEY = ['shard', 'account', 'instrument'];
const COLUMNS = [
  ...KEY,
  ...STATE_COLUMNS,
  ...['quantity', 'bought', 'sold', 'bought_value', 'sold_value', 'fees', 'cost', 'realized'],
];
/** Decimals of `cost` and `realized`: a part is a billionth of a tick x lot. */
const PARTS_SCALE = 9;

/**
 * Positions at average cost, by account and instrument, computed by the writer's own code
 * (`domain/position.ts`) from the same fills in the same order, so equal to the last digit.
 *
 * The state of the computation is the table: it is loaded at the start and after any failure, which
 * makes a restart at any point exact.
 */
export const positions: ReadModel = {
  name: 'positions',
  version: 1,
  tables: ['positions'],
  events: [EVENT.OrderFilled, EVENT.FillCorrected, EVENT.FillBusted, EVENT.FillUnmatched],
  open: (shard, schema) => new PositionsProjection(shard, schema),
};

interface Position {
  readonly account: number;
  readonly instrument: number;
  /** As `domain/position.ts` lays it out. */
  readonly row: Float64Array;
  /** Offset in the batch of the record that changed it last; -1: not in this batch. */
  changedAt: number;
}

class PositionsProjection implements Projection {
  readonly rows: readonly StateRows[];
  readonly #table: StateRows;
  readonly #schema: string;
  readonly #shard: number;
  readonly #byAccount = new Map<number, Map<number, Position>>();
  readonly #changed: Position[] = [];
  #records: RecordBuffer | undefined;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    this.#schema = schema;
    this.#table = new StateRows(schema, 'positions', KEY, COLUMNS, 'replace');
    this.rows = [this.#table];
  }

  async load(client: pg.ClientBase): Promise<void> {
    this.#byAccount.clear();
    this.#changed.length = 0;
    const { rows } = await client.query<Record<string, string>>(
      `SELECT account, instrument, quantity, bought, sold, bought_value, sold_value, fees,
              floor(cost) AS cost, (cost - floor(cost)) * $2 AS cost_parts,
              floor(realized) AS realized, (realized - floor(realized)) * $2 AS realized_parts
         FROM ${this.#schema}.positions WHERE shard = $1`,
      [this.#shard, PARTS],
    );
    for (const stored of rows) {
      const { row } = this.#find(Number(stored.account), Number(stored.instrument));
      for (const [place, column] of POSITION_COLUMNS) row[place] = Number(stored[column]);
    }
  }

  handle(records: RecordBuffer, at: number): void {
    this.#records = records;
    switch (records.bytes[at + HEADER.number]) {
      case EVENT.OrderFilled:
        return this.#filled(records, at);
      case EVENT.FillUnmatched:
        return this.#unmatched(records, at);
      default:
        return this.#corrected(records, at);
    }
  }

  #filled(records: RecordBuffer, at: number): void {
    const account = records.u32[(at + filled.account) >> 2] as number;
    const position = this.#changedBy(records, at, account, filled.instrument);
    const quantity = records.f64[(at + filled.lastQuantity) >> 3] as number;
    const price = records.f64[(at + filled.lastPrice) >> 3] as number;
    const fee = records.f64[(at + filled.fee) >> 3] as number;
    const lots = records.bytes[at + filled.side] === SIDE.Buy ? quantity : -quantity;
    applyFill(position.row, 0, lots, price, fee);
  }

  /** The old execution is taken out, the new one put in. */
  #corrected(records: RecordBuffer, at: number): void {
    const account = records.u32[(at + corrected.account) >> 2] as number;
    const position = this.#changedBy(records, at, account, corrected.instrument);
    const sign = records.bytes[at + corrected.side] === SIDE.Buy ? 1 : -1;
    const before = records.f64[(at + corrected.previousQuantity) >> 3] as number;
    const priceBefore = records.f64[(at + corrected.previousPrice) >> 3] as number;
    const quantity = records.f64[(at + corrected.lastQuantity) >> 3] as number;
    const price = records.f64[(at + corrected.lastPrice) >> 3] as number;
    const fee = records.f64[(at + corrected.fee) >> 3] as number;
    applyFill(position.row, 0, -sign * before, priceBefore, fee);
    if (quantity > 0) applyFill(position.row, 0, sign * quantity, price, 0);
  }

  /** Booked to the suspense of its account, as the writer does. */
  #unmatched(records: RecordBuffer, at: number): void {
    const account = SUSPENSE + (records.u32[(at + unmatched.account) >> 2] as number);
    const position = this.#changedBy(records, at, account, unmatched.instrument);
    const quantity = records.f64[(at + unmatched.lastQuantity) >> 3] as number;
    const price = records.f64[(at + unmatched.lastPrice) >> 3] as number;
    const lots = records.bytes[at + unmatched.side] === SIDE.Buy ? quantity : -quantity;
    applyFill(position.row, 0, lots, price, 0);
  }

  #changedBy(records: RecordBuffer, at: number, account: number, instrumentAt: number): Position {
    const instrument = records.u32[(at + instrumentAt) >> 2] as number;
    const position = this.#find(account, instrument);
    if (position.changedAt < 0) this.#changed.push(position);
    position.changedAt = at;
    return position;
  }

  #find(account: number, instrument: number): Position {
    let ofAccount = this.#byAccount.get(account);
    if (ofAccount === undefined) {
      ofAccount = new Map();
      this.#byAccount.set(account, ofAccount);
    }
    let position = ofAccount.get(instrument);
    if (position === undefined) {
      const row = new Float64Array(POSITION_WIDTH);
      position = { account, instrument, row, changedAt: -1 };
      ofAccount.set(instrument, position);
    }
    return position;
  }

  endBatch(): void {
    const { rows } = this.#table;
    for (const position of this.#changed) {
      rows.row();
      rows.int2(this.#shard);
      rows.int4(position.account);
      rows.int4(position.instrument);
      writeStateColumns(rows, this.#records as RecordBuffer, position.changedAt);
      for (const place of WHOLE) rows.int8(position.row[place] as number);
      rows.numeric(amountParts(position.row, POSITION.cost), PARTS_SCALE);
      rows.numeric(amountParts(position.row, POSITION.realized), PARTS_SCALE);
      position.changedAt = -1;
    }
    this.#changed.length = 0;
  }
}

/** Whole numbers, in the order of the columns. */
const WHOLE = [
  POSITION.quantity,
  POSITION.bought,
  POSITION.sold,
  POSITION.boughtValue,
  POSITION.soldValue,
  POSITION.fees,
] as const;
