/**
 * Marks from market data: the last trades that the store took in become marks of the shard, by command
 * like every other. Risk then compares with prices that are on record.
 */
import type { DataSource } from 'typeorm';
import type { CommandPort } from '../commands/command-port.js';
import { Clock } from '../lib/time.js';
import { isTransient } from '../projections/projector/errors.js';

/** `source` of marks that come from here; 0 are those set by hand. */
export const MARKET_DATA_SOURCE = 1;

export interface MarkSourceOptions {
  readonly dataSource: Pick<DataSource, 'query'>;
  readonly shard: number;
  /** A port of its own. */
  readonly port: Pick<CommandPort, 'submit'>;
  /** Least time between two marks of an instrument, ms. */
  readonly everyMs: number;
  /** A trade that is older than this makes no mark, ms: history that is imported is not the market. */
  readonly ageMsMax: number;
  /** Told when the store cannot be asked, once until it can be again; it is asked again. */
  readonly onLost: (error: unknown) => void;
}

/** An instrument is marked no more often than this, ms. */
export const MARK_EVERY_MS = 1_000;
/** Oldest trade that makes a mark, ms. */
export const MARK_AGE_MS_MAX = 60_000;

interface NewestTrade {
  readonly instrument: number;
  readonly trade_ns: string;
  readonly trade_sequence: string;
  readonly trade_price: string;
}

/** Symbols are matched, and only where the catalogue counts in the ticks that the store counts in. */
const NEWEST = `SELECT d.instrument, n.trade_ns, n.trade_sequence, n.trade_price
  FROM market.newest n
  JOIN market.instruments i ON i.instrument = n.instrument
  JOIN daybook.instruments d ON d.shard = $1 AND d.symbol = i.symbol AND d.tick = i.tick
 WHERE n.trade_ns > $2 AND n.trade_ns <= $3`;

/** Clocks of feeds may be ahead of ours by this, ns. */
const AHEAD_NS = 1_000_000_000n;

export class MarkSource {
  readonly #options: MarkSourceOptions;
  readonly #clock = new Clock();
  /** The trade behind the last mark of each instrument. */
  readonly #marked = new Map<number, string>();
  /** Rejects when no marks are made any more, for a reason that asking again cannot mend. */
  readonly failed: Promise<never>;
  #fail: (error: unknown) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #lost = false;
  #stopped = false;

  constructor(options: MarkSourceOptions) {
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
  }

  start(): this {
    this.#timer = setTimeout(() => {
      this.#polling = this.#turn();
    }, this.#options.everyMs);
    return this;
  }

  async #turn(): Promise<void> {
    try {
      await this.poll();
      this.#lost = false;
    } catch (error) {
      if (!isTransient(error)) {
        this.#fail(error);
        return;
      }
      if (!this.#lost) this.#options.onLost(error);
      this.#lost = true;
    }
    if (!this.#stopped) this.start();
  }

  /**
   * Asks the store once and marks what has traded since the last time.
   *
   * @returns marks put to the writer; those that a full ring did not take come the next time
   */
  async poll(): Promise<number> {
    const { dataSource, shard, port, ageMsMax } = this.#options;
    this.#clock.tick();
    const now = this.#clock.ns();
    const rows: NewestTrade[] = await dataSource.query(NEWEST, [
      ...[shard, String(now - BigInt(ageMsMax) * 1_000_000n), String(now + AHEAD_NS)],
    ]);
    let marks = 0;
    for (const { instrument, trade_ns, trade_sequence, trade_price } of rows) {
      const trade = `${trade_ns}/${trade_sequence}`;
      if (this.#marked.get(instrument) === trade) continue;
      const data = { instrument, price: Number(trade_price), source: MARKET_DATA_SOURCE };
      const header = { received: now, actor: 0, session: 0 };
      if (port.submit('MarkPrice', header, data) < 0) break;
      this.#marked.set(instrument, trade);
      marks++;
    }
    return marks;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#polling;
  }
}
