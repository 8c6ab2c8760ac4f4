import type pg from 'pg';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import type { FifoSettled } from '../../domain/fifo-position.js';
import { EXEC_ID_BYTES, SIDE } from '../../domain/order-terms.js';
import { SUSPENSE } from '../../domain/position.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import {
  FACT_COLUMNS,
  STATE_COLUMNS,
  sequenceAt,
  writeFactColumns,
  writeStateColumns,
} from '../projector/record-columns.js';
import { FactRows, StateRows, type TableRows } from '../projector/table-rows.js';
import { FIFO_DAYS, FifoBookPosition, type FifoChange, type FifoExecution } from './fifo-book.js';

const filled = eventLayouts.OrderFilled.offsets;
const corrected = eventLayouts.FillCorrected.offsets;
const unmatched = eventLayouts.FillUnmatched.offsets;

const OF_POSITION = ['shard', 'account', 'instrument'];
const POSITION = [
  ...[...OF_POSITION, ...STATE_COLUMNS, 'quantity', 'cash', 'late', 'open_lots'],
  ...['cost', 'realized'],
];
const SETTLED = [...OF_POSITION, 'sequence', 'through', 'realized', 'lots'];
const EXECUTION = [...OF_POSITION, 'sequence', 'place', 'lots', 'price', 'id'];

/**
 * Positions first in, first out, by account and instrument (`fifo-book.ts`), beside those at average cost.
 *
 * Which lots a trade closed depends on the executions before it, so the state of the computation is more
 * than what is shown: `fifo_settled` has the open lots that final executions left, `fifo_executions`
 * those that can still be corrected, and older ones that nobody reads any more.
 */
export const fifo: ReadModel = {
  name: 'fifo',
  version: 1,
  tables: ['fifo_days', 'fifo_executions', 'fifo_settled', 'fifo_positions'],
  events: [
    ...[EVENT.OrderFilled, EVENT.FillCorrected, EVENT.FillBusted, EVENT.FillUnmatched],
    EVENT.TradingDayOpened,
  ],
  open: (shard, schema) => new FifoProjection(shard, schema),
};

interface Changed {
  readonly position: FifoBookPosition;
  /** Offset in the batch of the record that changed it last. */
  at: number;
  /** The same of what is settled; -1 unchanged. */
  settledAt: number;
  readonly executions: Map<number, { readonly execution: FifoExecution; readonly at: number }>;
}

class FifoProjection implements Projection {
  readonly rows: readonly TableRows[];
  readonly #days: FactRows;
  readonly #executions: StateRows;
  readonly #settled: StateRows;
  readonly #positions: StateRows;
  readonly #schema: string;
  readonly #shard: number;
  /** By account, then by instrument. */
  readonly #book = new Map<number, Map<number, FifoBookPosition>>();
  readonly #changed = new Map<FifoBookPosition, Changed>();
  /** Places at which the last trading days opened, oldest first. */
  #opened: number[] = [];
  #records: RecordBuffer | undefined;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    this.#schema = schema;
    const key = OF_POSITION;
    this.#days = new FactRows(schema, 'fifo_days', [...FACT_COLUMNS, 'shard']);
    const place = ['shard', 'place'];
    this.#executions = new StateRows(schema, 'fifo_executions', place, EXECUTION, 'replace');
    this.#settled = new StateRows(schema, 'fifo_settled', key, SETTLED, 'replace');
    this.#positions = new StateRows(schema, 'fifo_positions', key, POSITION, 'replace');
    this.rows = [this.#days, this.#executions, this.#settled, this.#positions];
  }

  async load(client: pg.ClientBase): Promise<void> {
    this.#book.clear();
    this.#changed.clear();
    const ask = async (sql: string, more: readonly unknown[] = []) =>
      (await client.query<Record<string, string>>(sql, [this.#shard, ...more])).rows;
    const from = (table: string) => `FROM ${this.#schema}.fifo_${table} WHERE shard = $1`;
    const days = await ask(
      `SELECT sequence ${from('days')} ORDER BY sequence DESC LIMIT ${FIFO_DAYS}`,
    );
    this.#opened = days.map(({ sequence }) => placeOf(Number(sequence))).reverse();
    for (const row of await ask(
      `SELECT account, instrument, through, realized, lots ${from('settled')}`,
    )) {
      const open = (JSON.parse(row.lots as string) as [number, number][]).map(
        ([lots, price]): FifoSettled['open'][number] => ({ lots, price }),
      );
      const realized = BigInt(row.realized as string);
      this.#find(Number(row.account), Number(row.instrument)).settle(
        { open, realized, fees: 0n },
        Number(row.through),
      );
    }
    const kept = 'account, instrument, quantity, cash, late, realized IS NULL AS gave_up';
    for (const row of await ask(`SELECT ${kept} ${from('positions')}`)) {
      const position = this.#find(Number(row.account), Number(row.instrument));
      position.quantity = Number(row.quantity);
      position.cash = BigInt(row.cash as string);
      position.late = Number(row.late);
      if (row.gave_up as unknown as boolean) position.fifo = undefined;
    }
    const executions = `SELECT account, instrument, place, lots, price, id ${from('executions')}`;
    for (const row of await ask(`${executions} AND place > $2 ORDER BY place`, [this.#final()])) {
      const { account, instrument, id = '' } = row;
      const [place, lots, price] = [Number(row.place), Number(row.lots), Number(row.price)];
      this.#find(Number(account), Number(instrument)).restore({ id, place, lots, price });
    }
  }

  /** The place up to which all executions are final. */
  #final(): number {
    return this.#opened.length < FIFO_DAYS ? 0 : (this.#opened[0] as number);
  }

  handle(records: RecordBuffer, at: number): void {
    this.#records = records;
    switch (records.bytes[at + HEADER.number]) {
      case EVENT.OrderFilled:
        return this.#filled(records, at, filled, 0);
      case EVENT.FillUnmatched:
        return this.#filled(records, at, unmatched, SUSPENSE);
      case EVENT.TradingDayOpened:
        return this.#dayOpened(records, at);
      default:
        return this.#corrected(records, at);
    }
  }

  #filled(
    records: RecordBuffer,
    at: number,
    of: typeof unmatched | typeof filled,
    suspense: number,
  ): void {
    const account = suspense + (records.u32[(at + of.account) >> 2] as number);
    const position = this.#find(account, records.u32[(at + of.instrument) >> 2] as number);
    const quantity = records.f64[(at + of.lastQuantity) >> 3] as number;
    const change = position.book({
      id: idAt(records, at, of.orderId, of.execId),
      place: placeOf(sequenceAt(records, at)),
      lots: records.bytes[at + of.side] === SIDE.Buy ? quantity : -quantity,
      price: records.f64[(at + of.lastPrice) >> 3] as number,
    });
    this.#note(position, at, change);
  }

  #corrected(records: RecordBuffer, at: number): void {
    const account = records.u32[(at + corrected.account) >> 2] as number;
    const instrument = records.u32[(at + corrected.instrument) >> 2] as number;
    const position = this.#find(account, instrument);
    const sign = records.bytes[at + corrected.side] === SIDE.Buy ? 1 : -1;
    const change = position.correct(
      {
        id: idAt(records, at, corrected.orderId, corrected.execId),
        before: idAt(records, at, corrected.orderId, corrected.execRefId),
        lots: sign * (records.f64[(at + corrected.lastQuantity) >> 3] as number),
        price: records.f64[(at + corrected.lastPrice) >> 3] as number,
        lotsBefore: sign * (records.f64[(at + corrected.previousQuantity) >> 3] as number),
        priceBefore: records.f64[(at + corrected.previousPrice) >> 3] as number,
      },
      placeOf(sequenceAt(records, at)),
    );
    this.#note(position, at, change);
  }

  /** What was executed FIFO_DAYS openings ago is final. */
  #dayOpened(records: RecordBuffer, at: number): void {
    this.#days.rows.row();
    writeFactColumns(this.#days.rows, records, at);
    this.#days.rows.int2(this.#shard);
    this.#opened.push(placeOf(sequenceAt(records, at)));
    if (this.#opened.length > FIFO_DAYS) this.#opened.shift();
    const final = this.#final();
    for (const ofAccount of this.#book.values()) {
      for (const position of ofAccount.values()) {
        if (position.settleThrough(final)) this.#note(position, at, SETTLED_ONLY);
      }
    }
  }

  #note(position: FifoBookPosition, at: number, change: FifoChange): void {
    let changed = this.#changed.get(position);
    if (changed === undefined) {
      changed = { position, at, settledAt: -1, executions: new Map() };
      this.#changed.set(position, changed);
    }
    changed.at = at;
    if (change.settled) changed.settledAt = at;
    for (const execution of change.executions) {
      changed.executions.set(execution.place, { execution, at });
    }
  }

  #find(account: number, instrument: number): FifoBookPosition {
    let ofAccount = this.#book.get(account);
    if (ofAccount === undefined) {
      ofAccount = new Map();
      this.#book.set(account, ofAccount);
    }
    let position = ofAccount.get(instrument);
    if (position === undefined) {
      position = new FifoBookPosition(account, instrument);
      ofAccount.set(instrument, position);
    }
    return position;
  }

  endBatch(): void {
    const records = this.#records as RecordBuffer;
    for (const changed of this.#changed.values()) {
      this.#writePosition(records, changed);
      if (changed.settledAt >= 0) this.#writeSettled(records, changed);
      for (const { execution, at } of changed.executions.values()) {
        const { rows } = this.#executions;
        this.#writeKey(rows, changed.position);
        rows.int8(sequenceAt(records, at));
        rows.int8(execution.place);
        rows.int8(execution.lots);
        rows.int8(execution.price);
        rows.text(execution.id);
      }
    }
    this.#changed.clear();
  }

  #writeKey(rows: StateRows['rows'], { account, instrument }: FifoBookPosition): void {
    rows.row();
    rows.int2(this.#shard);
    rows.int4(account);
    rows.int4(instrument);
  }

  #writePosition(records: RecordBuffer, { position, at }: Changed): void {
    const { rows } = this.#positions;
    this.#writeKey(rows, position);
    writeStateColumns(rows, records, at);
    rows.int8(position.quantity);
    rows.numeric(position.cash, 0);
    rows.int8(position.late);
    const { fifo: figures } = position;
    rows.int8(figures?.openLots ?? 0);
    if (figures === undefined) {
      rows.null();
      rows.null();
    } else {
      rows.numeric(figures.cost, 0);
      rows.numeric(figures.realized, 0);
    }
  }

  #writeSettled(records: RecordBuffer, { position, settledAt }: Changed): void {
    if (position.fifo === undefined) return;
    const { open, realized } = position.fifo.settled;
    const { rows } = this.#settled;
    this.#writeKey(rows, position);
    rows.int8(sequenceAt(records, settledAt));
    rows.int8(position.through);
    rows.numeric(realized, 0);
    rows.text(JSON.stringify(open.map(({ lots, price }) => [lots, price])));
  }
}

const SETTLED_ONLY: FifoChange = { executions: [], settled: true };

/** Two places for an event: a correction that comes late is two executions. */
const placeOf = (sequence: number): number => 2 * sequence;

/** Execution ids are unique within an order: it has one venue. */
function idAt(records: RecordBuffer, at: number, orderId: number, execId: number): string {
  const from = at + execId;
  const text = Buffer.from(records.bytes.subarray(from, from + EXEC_ID_BYTES)).toString('latin1');
  return `${records.f64[(at + orderId) >> 3]}/${text.replace(/\0+$/, '')}`;
}
