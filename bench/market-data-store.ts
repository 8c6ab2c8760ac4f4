/**
 * The market data store on the embedded PostgreSQL: trades of 50 instruments taken in batches, validated,
 * written, their bars of four lengths merged, waiting for the disk; then the minutes of a day asked for.
 */
import type { Trade } from '../src/market-data/tick.js';
import { connect } from '../src/projections/database/connection-settings.js';
import { createDataSource } from '../src/projections/database/data-source.js';
import { MarketDataQueries } from '../src/projections/market-data/market-data-queries.js';
import { MarketDataStore } from '../src/projections/market-data/market-data-store.js';
import { withEmbeddedDatabase } from './embedded-database.js';
import type { Figure } from './figure.js';

const INSTRUMENTS = 50;
const BATCH = 20_000;
/** 2026-11-16T00:00:00Z, ns. */
const DAY = 1_794_787_200_000_000_000n;
/** Between two trades: the batches of a bench make a day of trades. */
const STEP_NS = 80_000_000n;

export function storeFigures(seconds: number): Promise<Figure[]> {
  return withEmbeddedDatabase(async (settings) => {
    const store = new MarketDataStore({ connect: () => connect(settings, 'daybook bench') });
    const numbers: number[] = [];
    for (let i = 0; i < INSTRUMENTS; i++) {
      numbers.push(await store.instrument({ symbol: `I${i}`, tick: '0.01', lot: '1' }));
    }
    let sequence = 0;
    const started = performance.now();
    let ms = 0;
    for (; ms < seconds * 1000; ms = performance.now() - started) {
      const ticks = Array.from({ length: BATCH }, (): Trade => {
        sequence += 1;
        const time = DAY + ((BigInt(sequence) * STEP_NS) % 86_400_000_000_000n);
        const instrument = numbers[sequence % INSTRUMENTS] as number;
        const price = 10_000 + ((sequence * 7) % 13);
        return { instrument, time, received: time, sequence, price, quantity: 1 + (sequence % 9) };
      });
      await store.take({ source: 'bench', ticks });
    }
    await store.close();
    const dataSource = await createDataSource(settings, []).initialize();
    const queries = new MarketDataQueries(dataSource);
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const before = performance.now();
      await queries.bars({
        ...{ symbol: `I${i}`, interval: '1m', from: DAY, limit: 1_440 },
        ...{ fill: true, adjusted: false },
      });
      times.push(performance.now() - before);
    }
    await dataSource.destroy();
    times.sort((a, b) => a - b);
    return [
      { name: 'market_trades_per_second', value: (sequence / ms) * 1000, unit: '1/s', ack: 'disk' },
      { name: 'bars_of_a_day_query_ms', value: times[10] as number, unit: 'ms', ack: 'none' },
    ];
  });
}
