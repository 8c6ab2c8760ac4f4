import type pg from 'pg';
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { SIDE } from '../../domain/order-terms.js';
import { applyFill, SUSPENSE } from '../../domain/position.js';
import { assert } from '../../lib/assert.js';
import type { Projection, ReadModel } from '../projector/read-model.js';
import { sequenceAt } from '../projector/record-columns.js';
import type { TableRows } from '../projector/table-rows.js';
import { type Ask, loadBook } from './load-book.js';
import {
  type BookAccount,
  type BookInstrument,
  type BookPosition,
  NEVER,
  PnlBook,
} from './pnl-book.js';
import { DAY_PHASE, PnlTables } from './pnl-tables.js';
import { minuteOfRecord } from './record-minute.js';
import { ScopeSums } from './scope-sums.js';

const filled = eventLayouts.OrderFilled.offsets;
const corrected = eventLayouts.FillCorrected.offsets;
const unmatched = eventLayouts.FillUnmatched.offsets;
const marked = eventLayouts.PriceMarked.offsets;

/** Rows of one batch from which on it ends: the next event begins another. */
export const PNL_BATCH_BYTES = 16 * 1024 * 1024;

/**
 * Positions and P&L as they were: at each execution, at the end of each minute in which something
 * changed, and when a trading day opens and closes; by account, strategy and instrument, and summed
 * up for groups and the firm, in the currency of the instruments and in that of the account.
 *
 * A mark moves the P&L of every open position of its instrument, and marks come by the thousand a
 * second: only the last one of a minute makes rows. So a minute has at most one row for each position
 * and scope, however much the market moves; what is now is computed when asked, from `pnl_positions`
 * and `pnl_instruments`, which are always as of the checkpoint.
 *
 * ```
 *   fill A  mark  mark  fill B | mark             -- event time, minutes
 *   change              change |                  position_changes: A, B
 *                              ^ first fill or mark of a later minute:
 *                                position_minutes, pnl_minutes as after `fill B`
 * ```
 *
 * Which rows there are follows from the events alone, not from how they were cut into batches.
 */
export const pnl: ReadModel = {
  name: 'pnl',
  version: 1,
  tables: [
    ...['pnl_days', 'pnl_minutes', 'position_days', 'position_minutes', 'position_changes'],
    ...['pnl_positions', 'pnl_instruments', 'pnl_accounts'],
  ],
  events: [
    ...[EVENT.OrderFilled, EVENT.FillCorrected, EVENT.FillBusted, EVENT.FillUnmatched],
    ...[EVENT.PriceMarked, EVENT.InstrumentListed, EVENT.InstrumentChanged],
    ...[EVENT.AccountOpened, EVENT.AccountChanged],
    ...[EVENT.TradingDayOpened, EVENT.TradingDayClosed],
  ],
  open: (shard, schema) => new PnlProjection(shard, schema),
};

class PnlProjection implements Projection {
  readonly rows: readonly TableRows[];
  readonly #tables: PnlTables;
  readonly #schema: string;
  readonly #shard: number;
  readonly #book = new PnlBook();
  readonly #positions = new Set<BookPosition>();
  readonly #instruments = new Set<BookInstrument>();
  readonly #accounts = new Set<BookAccount>();
  /** A minute or a day makes a row for each position: some of them are a batch. */
  full = false;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    this.#schema = schema;
    this.#tables = new PnlTables(shard, schema);
    this.rows = this.#tables.all;
  }

  async load(client: pg.ClientBase): Promise<void> {
    this.full = false;
    this.#positions.clear();
    this.#instruments.clear();
    this.#accounts.clear();
    const ask: Ask = async (sql, parameters) => (await client.query(sql, [...parameters])).rows;
    await loadBook(this.#book, ask, this.#schema, this.#shard);
  }

  handle(records: RecordBuffer, at: number): void {
    switch (records.bytes[at + HEADER.number]) {
      case EVENT.OrderFilled:
        return this.#filled(records, at);
      case EVENT.PriceMarked:
        return this.#marked(records, at);
      case EVENT.FillCorrected:
      case EVENT.FillBusted:
        return this.#corrected(records, at);
      case EVENT.FillUnmatched:
        return this.#unmatched(records, at);
      case EVENT.TradingDayOpened:
        return this.#day(DAY_PHASE.Opened, records, at);
      case EVENT.TradingDayClosed:
        return this.#day(DAY_PHASE.Closed, records, at);
      default:
        return this.#reference(records, at);
    }
  }

  endBatch(): void {
    this.full = false;
    for (const account of this.#accounts) this.#tables.writeAccount(account);
    for (const instrument of this.#instruments) this.#tables.writeInstrument(instrument);
    for (const position of this.#positions) this.#tables.writePosition(position);
    this.#accounts.clear();
    this.#instruments.clear();
    this.#positions.clear();
  }

  #filled(records: RecordBuffer, at: number): void {
    const quantity = records.f64[(at + filled.lastQuantity) >> 3] as number;
    const price = records.f64[(at + filled.lastPrice) >> 3] as number;
    const fee = records.f64[(at + filled.fee) >> 3] as number;
    const lots = records.bytes[at + filled.side] === SIDE.Buy ? quantity : -quantity;
    const account = records.u32[(at + filled.account) >> 2] as number;
    const instrument = records.u32[(at + filled.instrument) >> 2] as number;
    this.#advance(records, at);
    for (let strategy = 0; ; ) {
      const position = this.#book.position(account, strategy, instrument);
      applyFill(position.row, 0, lots, price, fee);
      this.#changed(position, records, at);
      if (strategy !== 0) return;
      strategy = strategyOf(records, at, eventLayouts.OrderFilled);
      if (strategy === 0) return;
    }
  }

  /** The old execution is taken out, the new one put in. */
  #corrected(records: RecordBuffer, at: number): void {
    const sign = records.bytes[at + corrected.side] === SIDE.Buy ? 1 : -1;
    const before = records.f64[(at + corrected.previousQuantity) >> 3] as number;
    const priceBefore = records.f64[(at + corrected.previousPrice) >> 3] as number;
    const quantity = records.f64[(at + corrected.lastQuantity) >> 3] as number;
    const price = records.f64[(at + corrected.lastPrice) >> 3] as number;
    const fee = records.f64[(at + corrected.fee) >> 3] as number;
    const account = records.u32[(at + corrected.account) >> 2] as number;
    const instrument = records.u32[(at + corrected.instrument) >> 2] as number;
    const strategies = new Set([0, strategyOf(records, at, eventLayouts.FillCorrected)]);
    this.#advance(records, at);
    for (const strategy of strategies) {
      const position = this.#book.position(account, strategy, instrument);
      applyFill(position.row, 0, -sign * before, priceBefore, fee);
      if (quantity > 0) applyFill(position.row, 0, sign * quantity, price, 0);
      this.#changed(position, records, at);
    }
  }

  /** Booked to the suspense of its account, as the writer does. */
  #unmatched(records: RecordBuffer, at: number): void {
    const account = SUSPENSE + (records.u32[(at + unmatched.account) >> 2] as number);
    const instrument = records.u32[(at + unmatched.instrument) >> 2] as number;
    const price = records.f64[(at + unmatched.lastPrice) >> 3] as number;
    const quantity = records.f64[(at + unmatched.lastQuantity) >> 3] as number;
    const lots = records.bytes[at + unmatched.side] === SIDE.Buy ? quantity : -quantity;
    this.#advance(records, at);
    const position = this.#book.position(account, 0, instrument);
    applyFill(position.row, 0, lots, price, 0);
    this.#changed(position, records, at);
  }

  #marked(records: RecordBuffer, at: number): void {
    this.#advance(records, at);
    const instrument = this.#book.instrument(records.u32[(at + marked.instrument) >> 2] as number);
    instrument.mark = records.f64[(at + marked.price) >> 3] as number;
    instrument.markSequence = this.#book.sequence;
    instrument.markMinute = this.#book.minute;
    instrument.sequence = this.#book.sequence;
    this.#instruments.add(instrument);
  }

  #changed(position: BookPosition, records: RecordBuffer, at: number): void {
    position.sequence = this.#book.sequence;
    position.minute = this.#book.minute;
    this.#positions.add(position);
    this.#tables.writeChange(position, records, at);
  }

  /** Before an execution or a mark is taken: ends the minute before, if it is of a later one. */
  #advance(records: RecordBuffer, at: number): void {
    const minute = minuteOfRecord(records, at);
    if (minute > this.#book.minute) {
      if (this.#book.minute !== NEVER) this.#endMinute();
      this.#book.minute = minute;
    }
    this.#book.sequence = sequenceAt(records, at);
  }

  #endMinute(): void {
    const { minute, sequence, positions } = this.#book;
    const sums = new ScopeSums(this.#book);
    for (const position of positions) {
      const changed = this.#book.changedIn(position, minute);
      sums.add(position, changed);
      if (changed) this.#tables.writePositionMinute(position, minute, sequence);
    }
    if (this.#book.ratesChangedIn(minute)) sums.ratesChanged();
    for (const sum of sums.changed()) {
      this.#tables.writePnlMinute(sum, sums.inBase(sum), minute, sequence);
    }
    this.full = this.#tables.bytes > PNL_BATCH_BYTES;
  }

  /** Every position that was ever traded, and every sum, as of the opening or the close of a day. */
  #day(phase: number, records: RecordBuffer, at: number): void {
    const sums = new ScopeSums(this.#book);
    for (const position of this.#book.positions) {
      sums.add(position, true);
      this.#tables.writePositionDay(position, phase, records, at);
    }
    for (const sum of sums.all) {
      this.#tables.writePnlDay(sum, sums.inBase(sum), phase, records, at);
    }
    this.full = this.#tables.bytes > PNL_BATCH_BYTES;
  }

  #reference(records: RecordBuffer, at: number): void {
    const event = decodeEvent(records.bytes, at);
    if (event.type === 'InstrumentListed' || event.type === 'InstrumentChanged') {
      const instrument = this.#book.setTerms(event.data.instrument, event.data);
      instrument.sequence = event.sequence;
      this.#instruments.add(instrument);
      return;
    }
    assert(
      event.type === 'AccountOpened' || event.type === 'AccountChanged',
      `${event.type} is not about P&L`,
    );
    const { account, group, currency } = event.data;
    const found = this.#book.setAccount(account, group, currency);
    found.sequence = event.sequence;
    this.#accounts.add(found);
  }
}

/** Of an execution: its record ends before the strategy when it has none. */
function strategyOf(
  records: RecordBuffer,
  at: number,
  layout: { readonly bytes: number; readonly offsets: { readonly strategy: number } },
): number {
  const length = records.u16[(at + HEADER.length) >> 1] as number;
  return length < layout.bytes ? 0 : (records.u32[(at + layout.offsets.strategy) >> 2] as number);
}
