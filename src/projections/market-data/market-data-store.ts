import type pg from 'pg';
import { assert } from '../../lib/assert.js';
import { NS_PER_SECOND } from '../../market-data/bar-interval.js';
import { demand } from '../../market-data/error.js';
import type { Quote, Trade } from '../../market-data/tick.js';
import {
  foldBars,
  isTrade,
  TICKS_PER_BATCH_MAX,
  type TickBatch,
  type TickBatchResult,
  type TickFinding,
  type TickSink,
} from '../../market-data/tick-batch.js';
import {
  TICK_LIMITS_DEFAULT,
  type TickLimits,
  TickValidator,
} from '../../market-data/tick-validation.js';
import { mergeBars } from './bar-rows.js';
import { recordNewest } from './newest-ticks.js';
import { type InstrumentTerms, Registry } from './registry.js';
import { recordFindings } from './tick-findings.js';
import { quoteRows, tradeRows } from './tick-rows.js';

/** Held by a transaction that writes market data: batches are numbered in the order of commit. */
const WRITE_LOCK = 0x0da6;
const NS_PER_DAY = 86_400n * BigInt(NS_PER_SECOND);
/** Prices that a validator starts from after a restart: see `REFERENCE_TRADES`. */
const RECENT_TRADES = 5;

/**
 * The session of a writer. Market data is not in the journal, so unlike read models its commits wait
 * for the disk.
 */
const SESSION = 'SET synchronous_commit = on; SET statement_timeout = 0; SET jit = off';

/** Transactions that wait for the one under way; another one is refused with MARKET_DATA_BUSY. */
export const TRANSACTIONS_WAITING_MAX = 64;

export interface MarketDataStoreOptions {
  /** Opens a connection for this store alone. */
  readonly connect: () => Promise<pg.Client>;
  readonly limits?: TickLimits;
}

/** One source as this process knows it. */
interface Source {
  readonly number: number;
  readonly validator: TickValidator;
  /** Instruments whose last prices the validator has. */
  readonly resumed: Set<number>;
}

/**
 * Takes ticks into the store:
 *
 * ```
 *   BEGIN; take turns (advisory lock)
 *     validate ──► findings            -- refused ticks are recorded, and go no further
 *     COPY ticks                       -- those that are there already are found by their key
 *     bars of what was new, merged     -- late ticks correct bars by the same statement
 *     newest prices, days that changed, the batch
 *   COMMIT
 * ```
 *
 * Bars are so at any moment those of the stored trades, each counted once, whatever died when. A
 * lost connection is opened again by the next batch.
 */
export class MarketDataStore implements TickSink {
  readonly #options: MarketDataStoreOptions;
  readonly #registry = new Registry();
  readonly #sources = new Map<string, Source>();
  readonly #trades = tradeRows();
  readonly #quotes = quoteRows();
  #client: pg.Client | undefined;
  /** Batches wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  /** The one under way, and those that wait for it. */
  #open = 0;

  constructor(options: MarketDataStoreOptions) {
    this.#options = options;
  }

  take(batch: TickBatch): Promise<TickBatchResult> {
    demand(batch.ticks.length <= TICKS_PER_BATCH_MAX, 'TICK_BATCH_TOO_LARGE', () => {
      return `${batch.ticks.length} ticks; at most ${TICKS_PER_BATCH_MAX} at a time`;
    });
    return this.transaction((client) => this.#take(client, batch));
  }

  /**
   * The store's number of an instrument.
   *
   * @throws MarketDataError INSTRUMENT_TERMS_CHANGED
   */
  instrument(terms: InstrumentTerms): Promise<number> {
    return this.transaction((client) => this.#registry.instrument(client, terms));
  }

  /**
   * Runs `work` in a transaction of its own, after those before it.
   *
   * @throws MarketDataError MARKET_DATA_BUSY
   */
  async transaction<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    demand(this.#open <= TRANSACTIONS_WAITING_MAX, 'MARKET_DATA_BUSY', () => {
      return `${TRANSACTIONS_WAITING_MAX} writes of market data wait already`;
    });
    this.#open += 1;
    const next = this.#last.then(() => this.#run(work));
    this.#last = next.catch(() => undefined);
    try {
      return await next;
    } finally {
      this.#open -= 1;
    }
  }

  async close(): Promise<void> {
    await this.#last;
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  async #run<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.#connected();
    try {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock($1)', [WRITE_LOCK]);
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      // What the validators have seen was perhaps not stored: given again, it must not be a duplicate.
      this.#sources.clear();
      this.#registry.forget();
      await client.query('ROLLBACK').catch(() => {
        this.#client = undefined;
        return client.end().catch(() => undefined);
      });
      throw error;
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = await this.#options.connect();
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.query(SESSION);
    this.#client = client;
    return client;
  }

  async #take(client: pg.Client, { source: name, ticks }: TickBatch): Promise<TickBatchResult> {
    const source = await this.#sourceOf(client, name);
    await resume(client, source, ticks);
    const { trades, quotes, findings, refused, repeated } = validate(source.validator, ticks);
    const newTrades = await this.#trades.write(client, source.number, trades);
    const newQuotes = await this.#quotes.write(client, source.number, quotes);
    const found = trades.length + quotes.length - newTrades.length - newQuotes.length;
    const duplicates = found + repeated;
    const counts = { trades: newTrades.length, quotes: newQuotes.length, refused, duplicates };
    if (newTrades.length + newQuotes.length + findings.length === 0) {
      return { batch: -1, ...counts, findings };
    }
    const batch = await recordBatch(client, { source: source.number, ...counts });
    await recordFindings(client, batch, source.number, findings);
    await mergeBars(client, foldBars(newTrades));
    await recordNewest(client, newTrades, newQuotes);
    await recordDays(client, batch, newTrades);
    return { batch, ...counts, findings };
  }

  async #sourceOf(client: pg.Client, name: string): Promise<Source> {
    const known = this.#sources.get(name);
    if (known !== undefined) return known;
    const number = await this.#registry.source(client, name);
    const validator = new TickValidator(this.#options.limits ?? TICK_LIMITS_DEFAULT);
    const source = { number, validator, resumed: new Set<number>() };
    this.#sources.set(name, source);
    return source;
  }
}

function validate(validator: TickValidator, ticks: TickBatch['ticks']) {
  const trades: Trade[] = [];
  const quotes: Quote[] = [];
  const findings: TickFinding[] = [];
  let refused = 0;
  let repeated = 0;
  for (const tick of ticks) {
    const { accepted, findings: found } = isTrade(tick)
      ? validator.trade(tick)
      : validator.quote(tick);
    for (const finding of found) findings.push({ tick, accepted, finding });
    if (!accepted) {
      if (found.some(({ code }) => code === 'DUPLICATE')) repeated++;
      else refused++;
    } else if (isTrade(tick)) trades.push(tick);
    else quotes.push(tick);
  }
  return { trades, quotes, findings, refused, repeated };
}

/** Lets a new validator know the last prices of the instruments, as if it had seen them. */
async function resume(client: pg.Client, source: Source, ticks: TickBatch['ticks']): Promise<void> {
  const fresh = new Set<number>();
  for (const { instrument } of ticks) if (!source.resumed.has(instrument)) fresh.add(instrument);
  if (fresh.size === 0) return;
  const { rows } = await client.query<{ instrument: number; time_ns: string; price: string }>(
    `SELECT i AS instrument, t.time_ns, t.price FROM unnest($1::integer[]) AS i
       CROSS JOIN LATERAL (
         SELECT time, time_ns, sequence, price FROM market.trades
          WHERE instrument = i AND source = $2 ORDER BY time DESC, sequence DESC LIMIT $3) t
      ORDER BY i, t.time, t.time_ns, t.sequence`,
    [[...fresh], source.number, RECENT_TRADES],
  );
  for (const instrument of fresh) {
    const own = rows.filter((row) => row.instrument === instrument);
    const newest = own.at(-1);
    source.resumed.add(instrument);
    if (newest === undefined) continue;
    const prices = own.map((row) => Number(row.price));
    source.validator.resume(instrument, BigInt(newest.time_ns), prices);
  }
}

export interface BatchCounts {
  readonly source?: number | undefined;
  readonly trades: number;
  readonly quotes: number;
  readonly refused: number;
  readonly duplicates: number;
}

/** Enters a batch and gives its number. */
export async function recordBatch(client: pg.ClientBase, counts: BatchCounts): Promise<number> {
  const { source, trades, quotes, refused, duplicates } = counts;
  const { rows } = await client.query<{ batch: string }>(
    `INSERT INTO market.batches (source, trades, quotes, refused, duplicates)
     VALUES ($1, $2, $3, $4, $5) RETURNING batch`,
    [source ?? null, trades, quotes, refused, duplicates],
  );
  const batch = Number(rows[0]?.batch);
  assert(Number.isSafeInteger(batch), 'a batch has a number');
  return batch;
}

async function recordDays(
  client: pg.ClientBase,
  batch: number,
  trades: readonly Trade[],
): Promise<void> {
  const days = new Set<bigint>();
  for (const { time } of trades) days.add(time / NS_PER_DAY);
  if (days.size === 0) return;
  await client.query(
    `INSERT INTO market.days (day, batch) SELECT DATE '1970-01-01' + d, $2 FROM unnest($1::integer[]) d
     ON CONFLICT (day) DO UPDATE SET batch = excluded.batch`,
    [[...days].map(Number), batch],
  );
}
