/**
 * How venues executed, by venue and instrument: how much, how near the mark, how fast, at what cost.
 *
 * Effective spread: twice the signed distance of the execution price from the mark that was in force
 * when the order was accepted, buys up, sells down (SEC Rule 600(b)(15), there from the midpoint); price
 * improvement: by how much an execution was better than the limit. Both weighted by quantity. The
 * mark is the one that risk compared with, so both can be checked from the log.
 */
import { build, type Histogram } from 'hdr-histogram-js';
import type { ShardState } from '../../commands/state/shard-state.js';
import type { DaybookEvent } from '../../domain/events.js';
import { ORD_TYPE, SIDE } from '../../domain/order-terms.js';
import {
  divideDecimals,
  formatDecimal,
  formatSteps,
  multiplyDecimals,
  stepsToDecimal,
} from '../../lib/decimal.js';
import { microsText } from '../event-values.js';
import { instrumentFacts } from './order-facts.js';
import { column, type Report, type ReportContext, type ReportRun, type Row } from './report.js';

/** Decimals of an average: it is a rational number, rounded half to even. */
const AVERAGE_DIGITS = 9;
const NS_PER_MICROSECOND = 1000n;

export const bestExecution: Report = {
  name: 'best-execution',
  title: 'Execution quality by venue and instrument',
  source: '',
  missing: [
    "the venue's own quotes: prices are compared with the mark of Daybook",
    'orders that were accepted before the report begins have no mark and no time: they count as executions_without_mark',
  ],
  columns: [
    column('venue', 'integer', 'index', 'number of the venue'),
    column('instrument', 'string', 'symbol', 'instrument'),
    column('currency', 'string', 'ISO 4217', 'of prices and fees'),
    column('orders', 'integer', 'count', 'orders routed'),
    column('orders_traded', 'integer', 'count', 'of them, those that traded at all'),
    column('orders_filled', 'integer', 'count', 'of them, those that were filled'),
    column(
      'executions',
      'integer',
      'count',
      'executions; corrections and busts are taken into the sums',
    ),
    column('quantity_ordered', 'decimal', 'units', 'quantity routed, replaces taken in'),
    column('quantity_filled', 'decimal', 'units', 'quantity executed'),
    column('filled_ratio', 'number', 'ratio', 'quantity_filled / quantity_ordered'),
    column('executions_without_mark', 'integer', 'count', 'executions that could not be compared'),
    column(
      'effective_spread',
      'decimal',
      'price',
      'average over quantity; positive: worse than the mark',
    ),
    column('effective_spread_bps', 'number', 'basis points', 'the same, of the mark'),
    column(
      'price_improvement',
      'decimal',
      'price',
      'average over quantity of orders with a limit price',
    ),
    column(
      'time_to_fill_p50_us',
      'number',
      'us',
      'from routing to each execution, as the writer decided them',
    ),
    column('time_to_fill_p90_us', 'number', 'us', 'the same'),
    column('time_to_fill_p99_us', 'number', 'us', 'the same'),
    column('fees', 'decimal', 'money', 'fees and commissions'),
  ],
  events: [
    ...(['OrderAccepted', 'OrderRouted', 'OrderReplaced', 'OrderRestated', 'OrderFilled'] as const),
    ...(['FillCorrected', 'FillBusted'] as const),
  ],
  open: (context) => new BestExecution(context),
};

/** Sums are of whole ticks and lots, so exact. */
interface Sums {
  readonly venue: number;
  readonly instrument: number;
  orders: number;
  traded: number;
  filled: number;
  executions: number;
  ordered: bigint;
  executed: bigint;
  withoutMark: number;
  compared: bigint;
  /** Ticks x lots, twice the distance. */
  spread: bigint;
  /** Of the marks, ticks x lots. */
  marked: bigint;
  limited: bigint;
  improvement: bigint;
  fees: number;
  readonly times: Histogram;
}

class BestExecution implements ReportRun {
  readonly #context: ReportContext;
  readonly #sums = new Map<string, Sums>();
  /** By row of the order: mark at acceptance, NaN none; quantity routed, 0 none; when, ns. */
  readonly #mark: Float64Array;
  readonly #ordered: Float64Array;
  readonly #routed: BigInt64Array;

  constructor(context: ReportContext) {
    this.#context = context;
    const rows = context.state.orders.capacity + 1;
    this.#mark = new Float64Array(rows).fill(Number.NaN);
    this.#ordered = new Float64Array(rows);
    this.#routed = new BigInt64Array(rows);
  }

  take(event: DaybookEvent): void {
    const { state } = this.#context;
    const row = state.orders.rowOf((event.data as { orderId: number }).orderId);
    if (row === 0) return;
    switch (event.type) {
      case 'OrderAccepted': {
        const { instruments } = state;
        const { instrument } = event.data;
        this.#mark[row] =
          instruments.hasMark[instrument] === 1
            ? (instruments.mark[instrument] as number)
            : Number.NaN;
        this.#ordered[row] = 0;
        this.#routed[row] = 0n;
        return;
      }
      case 'OrderRouted': {
        const sums = this.#of(state, row);
        sums.orders += 1;
        const quantity = state.orders.quantity[row] as number;
        sums.ordered += BigInt(quantity);
        this.#ordered[row] = quantity;
        this.#routed[row] = event.time;
        return;
      }
      case 'OrderReplaced':
      case 'OrderRestated': {
        if (this.#ordered[row] === 0) return;
        const { orderQuantity } = event.data;
        this.#of(state, row).ordered += BigInt(orderQuantity - (this.#ordered[row] as number));
        this.#ordered[row] = orderQuantity;
        return;
      }
      case 'OrderFilled':
        return this.#fill(event, row);
      case 'FillCorrected':
      case 'FillBusted': {
        const { previousQuantity, previousPrice, lastQuantity, lastPrice, fee } = event.data;
        const sums = this.#of(state, row);
        this.#compare(sums, row, -previousQuantity, previousPrice);
        this.#compare(sums, row, lastQuantity, lastPrice);
        sums.fees += fee;
        return;
      }
      default:
    }
  }

  end(): void {
    const sorted = [...this.#sums.values()].sort(
      (a, b) => a.venue - b.venue || a.instrument - b.instrument,
    );
    for (const sums of sorted) this.#context.emit(rowOf(this.#context.state, sums));
  }

  #fill(event: Extract<DaybookEvent, { type: 'OrderFilled' }>, row: number): void {
    const { lastQuantity, lastPrice, fee, cumQuantity, leavesQuantity } = event.data;
    const sums = this.#of(this.#context.state, row);
    sums.executions += 1;
    if (cumQuantity === lastQuantity) sums.traded += 1;
    if (leavesQuantity === 0) sums.filled += 1;
    sums.fees += fee;
    if (!this.#compare(sums, row, lastQuantity, lastPrice)) sums.withoutMark += 1;
    const routed = this.#routed[row] as bigint;
    if (routed !== 0n) sums.times.recordValue(Number((event.time - routed) / NS_PER_MICROSECOND));
  }

  /** @returns whether there was a mark to compare with */
  #compare(sums: Sums, row: number, quantity: number, price: number): boolean {
    const { orders } = this.#context.state;
    const lots = BigInt(quantity);
    const sign = orders.side[row] === SIDE.Buy ? 1n : -1n;
    sums.executed += lots;
    const type = orders.ordType[row];
    if (type === ORD_TYPE.Limit || type === ORD_TYPE.StopLimit) {
      sums.limited += lots;
      sums.improvement += sign * lots * BigInt((orders.price[row] as number) - price);
    }
    const mark = this.#mark[row] as number;
    if (this.#routed[row] === 0n || Number.isNaN(mark)) return false;
    sums.compared += lots;
    sums.marked += lots * BigInt(mark);
    sums.spread += 2n * sign * lots * BigInt(price - mark);
    return true;
  }

  #of(state: ShardState, row: number): Sums {
    const venue = state.orders.venue[row] as number;
    const instrument = state.orders.instrument[row] as number;
    const key = `${venue} ${instrument}`;
    let sums = this.#sums.get(key);
    if (sums === undefined) {
      sums = {
        ...{ venue, instrument, orders: 0, traded: 0, filled: 0, executions: 0 },
        ...{ ordered: 0n, executed: 0n, withoutMark: 0, compared: 0n, spread: 0n, marked: 0n },
        ...{ limited: 0n, improvement: 0n, fees: 0 },
        times: build({ numberOfSignificantValueDigits: 2, autoResize: true }),
      };
      this.#sums.set(key, sums);
    }
    return sums;
  }
}

function rowOf(state: ShardState, sums: Sums): Row {
  const of = instrumentFacts(state, sums.instrument);
  const average = (ticksLots: bigint, lots: bigint): string | null =>
    lots === 0n
      ? null
      : formatDecimal(
          divideDecimals(
            multiplyDecimals({ digits: ticksLots, scale: 0 }, stepsToDecimal(1, of.tick)),
            { digits: lots, scale: 0 },
            AVERAGE_DIGITS,
          ),
        );
  const { times } = sums;
  const percentile = (percent: number) =>
    times.totalCount === 0 ? null : times.getValueAtPercentile(percent);
  return {
    ...{ venue: sums.venue, instrument: of.symbol, currency: of.currency, orders: sums.orders },
    ...{ orders_traded: sums.traded, orders_filled: sums.filled, executions: sums.executions },
    quantity_ordered: formatSteps(sums.ordered, of.lot),
    quantity_filled: formatSteps(sums.executed, of.lot),
    filled_ratio: sums.ordered === 0n ? null : Number(sums.executed) / Number(sums.ordered),
    executions_without_mark: sums.withoutMark,
    effective_spread: average(sums.spread, sums.compared),
    effective_spread_bps:
      sums.marked === 0n ? null : (Number(sums.spread) / Number(sums.marked)) * 10_000,
    price_improvement: average(sums.improvement, sums.limited),
    ...{ time_to_fill_p50_us: percentile(50), time_to_fill_p90_us: percentile(90) },
    ...{ time_to_fill_p99_us: percentile(99), fees: microsText(sums.fees) },
  };
}
