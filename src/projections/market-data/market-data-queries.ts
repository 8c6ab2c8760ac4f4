import type { DataSource } from 'typeorm';
import { assert } from '../../lib/assert.js';
import {
  formatDecimal,
  formatSteps,
  multiplyDecimals,
  parseDecimal,
  parseStep,
} from '../../lib/decimal.js';
import { formatIsoNs } from '../../lib/time.js';
import type { Bar } from '../../market-data/bar.js';
import {
  type BarInterval,
  barStart,
  intervalNs,
  intervalSeconds,
  parseBarInterval,
  rollsUp,
} from '../../market-data/bar-interval.js';
import { AdjustmentHistory } from '../../market-data/corporate-action.js';
import { demand } from '../../market-data/error.js';
import { STORED_INTERVALS } from '../../market-data/tick-batch.js';
import type { AsOf } from '../queries/as-of.js';
import { type BarView, barViews, type CloseBefore } from './bar-view.js';
import { ACTION_COLUMNS, type ActionRow, actionOf } from './corporate-actions.js';
import { timestampText } from './time-columns.js';

/** Bars of one answer, at most: a page is built in memory. */
export const BARS_MAX = 10_000;
/** Ticks of one answer, at most. */
export const TICKS_MAX = 10_000;

export interface BarsQuery {
  readonly symbol: string;
  /** One of `BAR_INTERVALS`, as "1m". */
  readonly interval: string;
  /** Nanoseconds since 1970; the bar that holds it is the first. */
  readonly from: bigint;
  /** First instant that is not wanted; default `limit` bars from the first. */
  readonly to?: bigint | undefined;
  readonly limit: number;
  readonly fill: boolean;
  readonly adjusted: boolean;
}

export interface TicksQuery {
  readonly symbol: string;
  readonly from: bigint;
  readonly to: bigint;
  /** Continues after a page: the last `cursor` of the one before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface TradeView {
  readonly time: string;
  readonly price: string;
  readonly quantity: string;
  readonly source: string;
  readonly sequence: number;
  readonly cursor: string;
}

export interface QuoteView {
  readonly time: string;
  /** Null: that side is empty. */
  readonly bidPrice: string | null;
  readonly bidQuantity: string;
  readonly askPrice: string | null;
  readonly askQuantity: string;
  readonly source: string;
  readonly sequence: number;
  readonly cursor: string;
}

export interface FindingView {
  readonly time: string;
  readonly code: string;
  /** Whether the tick was taken all the same. */
  readonly accepted: boolean;
  readonly value: string;
  readonly limit: string;
  readonly source: string;
  readonly sequence: number;
  /** The tick as it came, in ticks and lots, as JSON. */
  readonly tick: string;
}

export interface ActionView {
  /** As "2026-11-23". */
  readonly exDate: string;
  readonly kind: 'split' | 'cash_dividend';
  readonly to: number | null;
  readonly from: number | null;
  /** Per share. */
  readonly amount: string | null;
  readonly closeBefore: string | null;
}

type Row = Readonly<Record<string, string | number | boolean | null>>;

/**
 * Answers from the market data store. `asOf` is the number of the last batch that is in the answer:
 * market data is not in the event log and has a numbering of its own.
 */
export class MarketDataQueries {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /**
   * Bars by start, those without trades left out unless `fill`. A symbol without market data has none.
   *
   * @throws MarketDataError BAR_INTERVAL_INVALID, BAR_RANGE_TOO_LARGE
   */
  async bars(query: BarsQuery): Promise<AsOf<readonly BarView[]>> {
    assert(query.limit >= 1 && query.limit <= BARS_MAX, 'bars of a page');
    const interval = parseBarInterval(query.interval);
    const step = intervalNs(interval);
    const from = barStart(query.from, interval);
    const last = from + BigInt(query.limit) * step;
    const to = query.to === undefined || query.to > last ? last : query.to;
    const { asOf, value: rows } = await this.#ask(barsSql(interval), [
      ...[query.symbol, baseOf(interval), timestampText(from), timestampText(to)],
    ]);
    const [instrument] = await this.#instrument(query.symbol);
    if (instrument === undefined) return { asOf, value: [] };
    const bars = rows.map((row) => barOfRow(row, interval));
    const closeBefore = query.fill
      ? await this.#closeBefore(query.symbol, interval, from)
      : undefined;
    const adjustment = query.adjusted ? await this.#adjustment(query.symbol) : undefined;
    const { fill } = query;
    const sizes = { tick: instrument.tick as string, lot: instrument.lot as string };
    const series = { bars, interval, from, to, sizes, fill, closeBefore, adjustment };
    return { asOf, value: barViews(series) };
  }

  async trades(query: TicksQuery): Promise<AsOf<readonly TradeView[]>> {
    const { asOf, value } = await this.#ticks('trades', ['price', 'quantity'], query);
    return {
      asOf,
      value: value.map((row) => ({
        time: formatIsoNs(BigInt(row.time_ns as string)),
        price: stepsText(row.price, row.tick),
        quantity: stepsText(row.quantity, row.lot),
        ...originOf(row),
      })),
    };
  }

  async quotes(query: TicksQuery): Promise<AsOf<readonly QuoteView[]>> {
    const columns = ['bid_price', 'bid_quantity', 'ask_price', 'ask_quantity'];
    const { asOf, value } = await this.#ticks('quotes', columns, query);
    return {
      asOf,
      value: value.map((row) => ({
        time: formatIsoNs(BigInt(row.time_ns as string)),
        bidPrice: row.bid_price === '0' ? null : stepsText(row.bid_price, row.tick),
        bidQuantity: stepsText(row.bid_quantity, row.lot),
        askPrice: row.ask_price === '0' ? null : stepsText(row.ask_price, row.tick),
        askQuantity: stepsText(row.ask_quantity, row.lot),
        ...originOf(row),
      })),
    };
  }

  /** Corporate actions of an instrument, by ex-date. */
  async actions(symbol: string): Promise<AsOf<readonly ActionView[]>> {
    const { asOf, value } = await this.#ask(
      `SELECT a.ex_ns, a.kind, a.ratio_to, a.ratio_from, a.amount::text, a.close_before,
              i.tick::text
         FROM market.corporate_actions a
         JOIN market.instruments i ON i.instrument = a.instrument AND i.symbol = $1
        ORDER BY a.ex_ns, a.kind`,
      [symbol],
    );
    return { asOf, value: value.map(actionViewOf) };
  }

  /** What validation found in the ticks of an instrument, newest first. */
  async findings(symbol: string, limit: number): Promise<AsOf<readonly FindingView[]>> {
    const { asOf, value } = await this.#ask(
      `SELECT f.time_ns, f.code, f.accepted, f.value::text, f.limit_value::text, f.sequence,
              f.tick, s.name AS source
         FROM market.findings f
         JOIN market.instruments i ON i.instrument = f.instrument AND i.symbol = $1
         JOIN market.sources s ON s.source = f.source
        ORDER BY f.time DESC, f.batch DESC LIMIT $2`,
      [symbol, Math.min(limit, TICKS_MAX)],
    );
    return {
      asOf,
      value: value.map((row) => ({
        time: formatIsoNs(BigInt(row.time_ns as string)),
        code: row.code as string,
        accepted: row.accepted as boolean,
        value: row.value as string,
        limit: row.limit_value as string,
        source: row.source as string,
        sequence: Number(row.sequence),
        tick: row.tick as string,
      })),
    };
  }

  #ticks(
    table: 'trades' | 'quotes',
    columns: readonly string[],
    query: TicksQuery,
  ): Promise<AsOf<readonly Row[]>> {
    const after = cursorOf(query.after);
    return this.#ask(
      `SELECT t.time_ns, t.sequence, ${columns.map((c) => `t.${c}`).join(', ')}, s.name AS source,
              (extract(epoch FROM t.time) * 1000000)::bigint || '.' || t.source || '.' || t.sequence
                AS cursor,
              i.tick::text, i.lot::text
         FROM market.instruments i
         JOIN market.${table} t ON t.instrument = i.instrument
         JOIN market.sources s ON s.source = t.source
        WHERE i.symbol = $1 AND t.time >= $2 AND t.time < $3
          AND (t.time, t.source, t.sequence) > ($4::timestamptz, $5::smallint, $6::bigint)
        ORDER BY t.time, t.source, t.sequence LIMIT $7`,
      [
        ...[query.symbol, timestampText(query.from), timestampText(query.to)],
        ...[...after, Math.min(query.limit, TICKS_MAX)],
      ],
    );
  }

  #instrument(symbol: string): Promise<readonly Row[]> {
    const sql = 'SELECT tick::text, lot::text FROM market.instruments WHERE symbol = $1';
    return this.#dataSource.query(sql, [symbol]);
  }

  async #closeBefore(
    symbol: string,
    interval: BarInterval,
    from: bigint,
  ): Promise<CloseBefore | undefined> {
    const rows: Row[] = await this.#dataSource.query(
      `SELECT b.close, (extract(epoch FROM b.time) * 1000000)::bigint AS us FROM market.bars b
         JOIN market.instruments i ON i.instrument = b.instrument AND i.symbol = $1
        WHERE b.seconds = $2 AND b.time < $3 ORDER BY b.time DESC LIMIT 1`,
      [symbol, baseOf(interval), timestampText(from)],
    );
    const row = rows[0];
    if (row === undefined) return undefined;
    return { time: BigInt(row.us as string) * 1000n, close: Number(row.close) };
  }

  async #adjustment(symbol: string): Promise<AdjustmentHistory> {
    const columns = ACTION_COLUMNS.replace('instrument', 'a.instrument');
    const rows: ActionRow[] = await this.#dataSource.query(
      `SELECT ${columns} FROM market.corporate_actions a
         JOIN market.instruments i ON i.instrument = a.instrument WHERE i.symbol = $1`,
      [symbol],
    );
    return new AdjustmentHistory(rows.map(actionOf));
  }

  /** One statement for rows and number, so they are of one snapshot. */
  async #ask(sql: string, parameters: readonly unknown[]): Promise<AsOf<readonly Row[]>> {
    const rows: Row[] = await this.#dataSource.query(
      `SELECT c.as_of, r.* FROM (SELECT coalesce(max(batch), 0) AS as_of FROM market.batches) c
         LEFT JOIN LATERAL (SELECT true AS found, q.* FROM (${sql}) q) r ON true`,
      [...parameters],
    );
    return { asOf: Number(rows[0]?.as_of), value: rows.filter((row) => row.found === true) };
  }
}

/** The longest stored bars that make up those of an interval, in seconds. */
function baseOf(interval: BarInterval): number {
  const base = STORED_INTERVALS.findLast((stored) => rollsUp(stored, interval));
  assert(base !== undefined, 'seconds make every bar');
  return intervalSeconds(base);
}

function barsSql(interval: BarInterval): string {
  const seconds = intervalSeconds(interval);
  if (seconds === baseOf(interval)) {
    return `SELECT (extract(epoch FROM b.time))::bigint AS start, b.open, b.high, b.low, b.close,
        b.volume, b.trades, b.turnover::text
      FROM market.bars b JOIN market.instruments i ON i.instrument = b.instrument
     WHERE i.symbol = $1 AND b.seconds = $2 AND b.time >= $3 AND b.time < $4 ORDER BY b.time`;
  }
  // Shorter bars do not overlap, so the first of them opens and the last closes.
  return `SELECT (extract(epoch FROM b.time))::bigint / ${seconds} * ${seconds} AS start,
      (array_agg(b.open ORDER BY b.time))[1] AS open, max(b.high) AS high, min(b.low) AS low,
      (array_agg(b.close ORDER BY b.time DESC))[1] AS close, sum(b.volume)::bigint AS volume,
      sum(b.trades)::bigint AS trades, sum(b.turnover)::text AS turnover
    FROM market.bars b JOIN market.instruments i ON i.instrument = b.instrument
   WHERE i.symbol = $1 AND b.seconds = $2 AND b.time >= $3 AND b.time < $4
   GROUP BY 1 ORDER BY 1`;
}

function barOfRow(row: Row, interval: BarInterval): Bar {
  const start = BigInt(row.start as string) * 1_000_000_000n;
  const volume = Number(row.volume);
  demand(
    Number.isSafeInteger(volume),
    'BAR_VOLUME_OVERFLOW',
    () => `bar of ${start}: ${row.volume}`,
  );
  // When its first and last trade were is of no use any more: nothing is merged into it here.
  const key = { time: start, sequence: 0 };
  return {
    ...{ start, interval, volume, first: key, last: key },
    open: Number(row.open),
    high: Number(row.high),
    low: Number(row.low),
    close: Number(row.close),
    turnover: BigInt(row.turnover as string),
    trades: Number(row.trades),
  };
}

function actionViewOf(row: Row): ActionView {
  const split = row.kind === 'split';
  const amount = split ? undefined : parseDecimal(row.amount as string);
  const perShare = amount && multiplyDecimals(amount, parseDecimal(row.tick as string));
  return {
    exDate: formatIsoNs(BigInt(row.ex_ns as string)).slice(0, 10),
    kind: split ? 'split' : 'cash_dividend',
    to: split ? Number(row.ratio_to) : null,
    from: split ? Number(row.ratio_from) : null,
    amount: perShare === undefined ? null : formatDecimal(perShare),
    closeBefore: split ? null : stepsText(row.close_before, row.tick),
  };
}

const originOf = (row: Row) => ({
  source: row.source as string,
  sequence: Number(row.sequence),
  cursor: row.cursor as string,
});

const stepsText = (steps: Row[string] | undefined, step: Row[string] | undefined): string =>
  formatSteps(BigInt(steps as string), parseStep(step as string));

const CURSOR = /^([0-9]{1,18})\.([0-9]{1,5})\.([0-9]{1,16})$/;

/** Time, source and sequence behind which a page begins. */
function cursorOf(after: string | undefined): readonly [string, number, string] {
  const match = CURSOR.exec(after ?? '0.0.0');
  assert(match !== null, 'a cursor is checked before it is used');
  return [timestampText(BigInt(match[1] as string) * 1000n), Number(match[2]), match[3] as string];
}
