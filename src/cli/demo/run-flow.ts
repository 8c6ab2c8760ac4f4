/** Drives a flow through a running shard until every request is answered and every fill booked. */

import type { Contract } from '../../audit/money.js';
import { parseStep } from '../../lib/decimal.js';
import { Clock } from '../../lib/time.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import type { RunningShard } from '../../operations/shard.js';
import type { FlowLine } from '../../venues/recorded/order-flow.js';
import { OUTBOX_MAX, RecordedVenue } from '../../venues/recorded/recorded-venue.js';
import { FlowDriver } from './flow-driver.js';
import { LogTally } from './log-tally.js';

/** Lines between two looks at the log. */
const LINES_PER_TURN = 512;
/** Index that the recorded venue has among the venues. */
export const RECORDED_VENUE = 1;
const ACCOUNTS = 10;

export interface FlowResult {
  readonly driver: FlowDriver;
  readonly tally: LogTally;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Lists the instrument, opens the accounts `prefix-0` to `prefix-9`, and plays the flow.
 * @throws FlowError, or the writer's failure
 */
export async function runFlow(
  shard: RunningShard,
  flow: AsyncIterable<FlowLine>,
  contract: Contract,
  prefix: string,
): Promise<FlowResult> {
  const venue = new RecordedVenue(shard.port('venue'), RECORDED_VENUE);
  const clock = new Clock();
  const now = () => clock.ns();
  openBooks(shard, contract, prefix);
  const driver = new FlowDriver(
    shard.port('client'),
    venue,
    {
      instrument: 1,
      tick: parseStep(contract.tickSize),
      accounts: Array.from({ length: ACCOUNTS }, (_, digit) => digit + 1),
    },
    now,
  );
  const tally = new LogTally(venue, driver);
  const reader = new JournalReader(shard.directory, { from: 0, end: shard.durableEnd });
  const look = () => {
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) tally.take(batch);
    venue.flush();
  };
  let lines = 0;
  for await (const line of flow) {
    while (!driver.ready(line) || venue.waiting > OUTBOX_MAX / 2) {
      look();
      await Promise.race([turn(), shard.failed]);
    }
    driver.take(line);
    lines += 1;
    if (lines % LINES_PER_TURN === 0) {
      clock.tick();
      look();
      await turn();
    }
  }
  await settle(shard, driver, tally, reader, look);
  reader.close();
  return { driver, tally };
}

/** Waits until the log holds an answer to each request and, unless denied, each fill. */
async function settle(
  shard: RunningShard,
  driver: FlowDriver,
  tally: LogTally,
  reader: JournalReader,
  look: () => void,
): Promise<void> {
  const done = () => {
    if (tally.answered < driver.requests) return false;
    return tally.fills >= driver.fills || tally.denied + tally.rejected + tally.refused > 0;
  };
  for (look(); !done(); look()) {
    await Promise.race([shard.durableEnd.wait(reader.nextSequence), shard.failed]);
  }
}

function openBooks(shard: RunningShard, contract: Contract, prefix: string): void {
  const port = shard.port('client');
  const header = { received: 0n, actor: 0, session: 0 };
  const tick = parseStep(contract.tickSize);
  const lot = parseStep(contract.lotSize);
  const multiplier = parseStep(contract.multiplier);
  port.submit('ListInstrument', header, {
    symbol: contract.symbol,
    currency: contract.currency,
    tickMantissa: Number(tick.units),
    tickScale: tick.scale,
    lotMantissa: Number(lot.units),
    lotScale: lot.scale,
    multiplierMantissa: Number(multiplier.units),
    multiplierScale: multiplier.scale,
    venue: RECORDED_VENUE,
    open: 1,
    // A recording may hold spreads, whose prices go below zero.
    negativePrices: 1,
  });
  for (let digit = 0; digit < ACCOUNTS; digit += 1) {
    port.submit('OpenAccount', header, {
      name: `${prefix}-${digit}`,
      currency: contract.currency,
      open: 1,
    });
  }
}
