/**
 * One-minute bars of a day out of ten million trades held in memory as columns, in the order of time:
 * of one instrument (`bars_ms`), and of 500 whose trades are mixed, with those rolled up to hours. The
 * baseline reads the same columns and does nothing with them. Then the store, see
 * `market-data-store.ts`.
 */
import { NormalStream } from '../src/domain/value-at-risk/normal-stream.js';
import { assert } from '../src/lib/assert.js';
import { BarTable } from '../src/market-data/bar-table.js';
import type { TradeColumns } from '../src/market-data/trade-columns.js';
import type { Figure } from './figure.js';
import { storeFigures } from './market-data-store.js';
import { medianMs } from './median-time.js';

const TRADES = 10_000_000;
const INSTRUMENTS = 500;
const INTERVAL = '1m';
const NS_PER_DAY = 86_400e9;
/** Rows drawn at a time. */
const CHUNK = 10_000;

function tradesOfADay(): TradeColumns {
  const instrument = new Int32Array(TRADES);
  const time = new Float64Array(TRADES);
  const price = new Float64Array(TRADES);
  const quantity = new Float64Array(TRADES);
  const prices = new Float64Array(INSTRUMENTS).fill(1_000_000);
  const stream = new NormalStream(1, CHUNK);
  for (let row = 0; row < TRADES; row++) {
    if (row % CHUNK === 0) stream.draw(row / CHUNK);
    const normal = stream.normals[row % CHUNK]!;
    // Spread over the instruments by a large odd multiplier.
    const which = (Math.imul(row, 0x9e3779b1) >>> 8) % INSTRUMENTS;
    prices[which] = Math.max(1, prices[which]! + Math.round(normal * 3));
    instrument[row] = which;
    time[row] = Math.floor((row / TRADES) * NS_PER_DAY);
    price[row] = prices[which]!;
    quantity[row] = 1 + (row % 97);
  }
  return { count: TRADES, instrument, time, price, quantity };
}

/** Reads the columns and does nothing with them: what any way of building bars has to pay. */
function checksum({ count, instrument, time, price, quantity }: TradeColumns): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let row = 0; row < count; row++) {
    a += time[row]!;
    b += price[row]!;
    c += quantity[row]!;
    d += instrument[row]!;
  }
  return a + b + c + d;
}

export async function run({ seconds }: { seconds: number }): Promise<Figure[]> {
  const mixed = tradesOfADay();
  const single = { ...mixed, instrument: new Int32Array(TRADES) };
  const share = seconds / 5;
  const bars = medianMs(share, () => {
    BarTable.build(single, 1, INTERVAL, 0n);
  });
  let sum = 0;
  const baseline = medianMs(share, () => {
    sum += checksum(mixed);
  });
  assert(sum > 0, 'columns that were read');
  let table = BarTable.build(mixed, INSTRUMENTS, INTERVAL, 0n);
  const barsMixed = medianMs(share, () => {
    table = BarTable.build(mixed, INSTRUMENTS, INTERVAL, 0n);
  });
  const rollUp = medianMs(share, () => {
    table.rollUp('1h');
  });
  const unit = { unit: 'ms', ack: 'none' } as const;
  return [
    { name: 'bars_ms', value: bars, baseline, ...unit },
    { name: 'bars_500_instruments_ms', value: barsMixed, baseline, ...unit },
    { name: 'bars_roll_up_ms', value: rollUp, ...unit },
    ...(await storeFigures(share)),
  ];
}
