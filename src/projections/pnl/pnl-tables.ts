/** The tables of P&L and how their rows are written. Their columns are explained in the migration. */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { POSITION } from '../../domain/position.js';
import type { CopyRows } from '../copy/copy-rows.js';
import {
  FACT_COLUMNS,
  writeFactColumns,
  writeNs,
  writeTimestamp,
} from '../projector/record-columns.js';
import { FactRows, StateRows } from '../projector/table-rows.js';
import type { BookAccount, BookInstrument, BookPosition } from './pnl-book.js';
import type { BaseAmounts, ScopeSum } from './scope-sums.js';

/** TradingDayOpened and TradingDayClosed have one layout. */
const { tradingDay } = eventLayouts.TradingDayOpened.offsets;

const POINT = [
  ...['quantity', 'fees', 'mark', 'strategy', 'account', 'instrument', 'shard', 'cost', 'realized'],
];
const SUMS = [
  ...['strategy', 'fees', 'base_realized', 'base_unrealized', 'base_fees', 'scope_id', 'unmarked'],
  ...['scope', 'shard', 'realized', 'unrealized', 'currency', 'base_currency'],
];

/** What of a day a row is as of. */
export const DAY_PHASE = { Opened: 1, Closed: 2 } as const;

export class PnlTables {
  readonly positions: StateRows;
  readonly instruments: StateRows;
  readonly accounts: StateRows;
  readonly positionChanges: FactRows;
  readonly positionMinutes: FactRows;
  readonly positionDays: FactRows;
  readonly pnlMinutes: FactRows;
  readonly pnlDays: FactRows;
  readonly #shard: number;

  constructor(shard: number, schema: string) {
    this.#shard = shard;
    const state = (table: string, key: readonly string[], values: readonly string[]) =>
      new StateRows(schema, table, key, [...key, 'sequence', ...values], 'replace');
    this.positions = state(
      'pnl_positions',
      ['shard', 'account', 'strategy', 'instrument'],
      [
        ...['minute', 'quantity', 'bought', 'sold', 'bought_value', 'sold_value', 'fees'],
        ...['cost', 'realized'],
      ],
    );
    this.instruments = state(
      'pnl_instruments',
      ['shard', 'instrument'],
      ['mark', 'mark_sequence', 'mark_minute', 'tick', 'lot', 'multiplier', 'symbol', 'currency'],
    );
    this.accounts = state('pnl_accounts', ['shard', 'account'], ['account_group', 'currency']);
    const fact = (table: string, columns: readonly string[]) =>
      new FactRows(schema, table, columns);
    this.positionChanges = fact('position_changes', [...FACT_COLUMNS, ...POINT]);
    this.positionMinutes = fact('position_minutes', ['sequence', 'time', ...POINT]);
    this.positionDays = fact('position_days', [...FACT_COLUMNS, 'trading_day', 'phase', ...POINT]);
    this.pnlMinutes = fact('pnl_minutes', ['sequence', 'time', ...SUMS]);
    this.pnlDays = fact('pnl_days', [...FACT_COLUMNS, 'trading_day', 'phase', ...SUMS]);
  }

  get all(): readonly (FactRows | StateRows)[] {
    return [
      ...[this.accounts, this.instruments, this.positions, this.positionChanges],
      ...[this.positionMinutes, this.positionDays, this.pnlMinutes, this.pnlDays],
    ];
  }

  /** Of the rows in hand. */
  get bytes(): number {
    return this.all.reduce((sum, { rows }) => sum + rows.bytes, 0);
  }

  writePosition(position: BookPosition): void {
    const { rows } = this.positions;
    const { row } = position;
    rows.row();
    rows.int2(this.#shard);
    rows.int4(position.account);
    rows.int8(position.strategy);
    rows.int4(position.instrument.instrument);
    rows.int8(position.sequence);
    rows.int4(position.minute);
    for (const place of WHOLE) rows.int8(row[place] as number);
    writeAmounts(rows, row);
  }

  writeInstrument(instrument: BookInstrument): void {
    const { rows } = this.instruments;
    const { terms } = instrument;
    rows.row();
    rows.int2(this.#shard);
    rows.int4(instrument.instrument);
    rows.int8(instrument.sequence);
    writeMark(rows, instrument);
    rows.int8(instrument.markSequence);
    rows.int4(instrument.markMinute);
    rows.numeric(BigInt(terms.tickMantissa), terms.tickScale);
    rows.numeric(BigInt(terms.lotMantissa), terms.lotScale);
    rows.numeric(BigInt(terms.multiplierMantissa), terms.multiplierScale);
    rows.text(terms.symbol);
    rows.text(terms.currency);
  }

  writeAccount(account: BookAccount): void {
    const { rows } = this.accounts;
    rows.row();
    rows.int2(this.#shard);
    rows.int4(account.account);
    rows.int8(account.sequence);
    rows.int4(account.group);
    rows.text(account.currency);
  }

  /** The position as it is after the execution at `at`. */
  writeChange(position: BookPosition, records: RecordBuffer, at: number): void {
    const { rows } = this.positionChanges;
    rows.row();
    writeFactColumns(rows, records, at);
    this.#writePoint(rows, position);
  }

  /** The position as it is at the end of a minute. @param sequence of the last event of the minute */
  writePositionMinute(position: BookPosition, minute: number, sequence: number): void {
    const { rows } = this.positionMinutes;
    rows.row();
    rows.int8(sequence);
    rows.minute(minute);
    this.#writePoint(rows, position);
  }

  writePositionDay(position: BookPosition, phase: number, records: RecordBuffer, at: number): void {
    const { rows } = this.positionDays;
    rows.row();
    writeDay(rows, phase, records, at);
    this.#writePoint(rows, position);
  }

  writePnlMinute(sum: ScopeSum, base: BaseAmounts | null, minute: number, sequence: number): void {
    const { rows } = this.pnlMinutes;
    rows.row();
    rows.int8(sequence);
    rows.minute(minute);
    this.#writeSum(rows, sum, base);
  }

  writePnlDay(
    sum: ScopeSum,
    base: BaseAmounts | null,
    phase: number,
    records: RecordBuffer,
    at: number,
  ): void {
    const { rows } = this.pnlDays;
    rows.row();
    writeDay(rows, phase, records, at);
    this.#writeSum(rows, sum, base);
  }

  #writePoint(rows: CopyRows, { account, strategy, instrument, row }: BookPosition): void {
    rows.int8(row[POSITION.quantity] as number);
    rows.int8(row[POSITION.fees] as number);
    writeMark(rows, instrument);
    rows.int8(strategy);
    rows.int4(account);
    rows.int4(instrument.instrument);
    rows.int2(this.#shard);
    writeAmounts(rows, row);
  }

  #writeSum(rows: CopyRows, sum: ScopeSum, base: BaseAmounts | null): void {
    rows.int8(sum.strategy);
    rows.numeric(sum.fees, 6);
    for (const amount of [base?.realized, base?.unrealized, base?.fees]) {
      if (amount === undefined) rows.null();
      else rows.numeric(amount, 6);
    }
    rows.int4(sum.scopeId);
    rows.int4(sum.unmarked);
    rows.int2(sum.scope);
    rows.int2(this.#shard);
    rows.numeric(sum.realized, sum.scale);
    rows.numeric(sum.unrealized, sum.scale);
    rows.text(sum.currency);
    rows.text(sum.baseCurrency);
  }
}

/** Whole numbers of a position, in the order of the columns. */
const WHOLE = [
  ...[POSITION.quantity, POSITION.bought, POSITION.sold, POSITION.boughtValue],
  ...[POSITION.soldValue, POSITION.fees],
] as const;

function writeAmounts(rows: CopyRows, row: Float64Array): void {
  rows.amount(row[POSITION.cost] as number, row[POSITION.costParts] as number);
  rows.amount(row[POSITION.realized] as number, row[POSITION.realizedParts] as number);
}

function writeMark(rows: CopyRows, { mark }: BookInstrument): void {
  if (mark === undefined) rows.null();
  else rows.int8(mark);
}

function writeDay(rows: CopyRows, phase: number, records: RecordBuffer, at: number): void {
  rows.int8(records.f64[(at + HEADER.sequence) >> 3] as number);
  writeTimestamp(rows, records, at);
  writeNs(rows, records, at + HEADER.time);
  rows.int4(records.u32[(at + tradingDay) >> 2] as number);
  rows.int2(phase);
}
