/** A shard with order entry in front, every risk check in force, for benches of the wire. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMIT } from '../src/domain/risk-catalogue.js';
import type { SessionConfig } from '../src/gateways/order-entry/config.js';
import { hashPassword } from '../src/gateways/order-entry/password.js';
import { OUCH } from '../src/gateways/ouch/catalogue.js';
import { encodeMessage } from '../src/gateways/wire/message-codec.js';
import { assert } from '../src/lib/assert.js';
import type { FastPathOptions } from '../src/operations/fast-path-messages.js';
import { type RunningOrderEntry, startOrderEntry } from '../src/operations/order-entry.js';
import { journalDirectory, type RunningShard, startShard } from '../src/operations/shard.js';
import { type RunningVenue, startSimulatedVenue } from '../src/operations/simulated-venue.js';
import { LIMITS } from './core-flow.js';
import { onAnyProcessor } from './processors.js';

const SESSIONS = 4;
const SYMBOLS = ['AAA', 'BBB', 'CCC', 'DDD'];
const ORDER_BYTES = 50;
const ORDERS = 512;
const VENUE = 1;
/** Orders of a run that still fit; with --spin all their memory is taken at the start. */
const CAPACITY_ORDERS = 6_000_000;

export interface OrderEntryShardOptions {
  /** Undefined: on Node's own modules, as if there were no addon. */
  readonly fastPath: FastPathOptions | undefined;
  /** Without the fast path the addon is still there, under the journal. */
  readonly addon?: boolean;
  readonly acknowledge: 'disk' | 'memory';
  /** The simulated venue, and orders that match in pairs. */
  readonly venue: boolean;
  /** Orders that fit; default CAPACITY_ORDERS. */
  readonly orders?: number;
}

export const USERS = Array.from({ length: SESSIONS }, (_, i) => `user${i}`);

/** Starts it, hands it to `body`, and removes it with its data. */
export async function withOrderEntry<T>(
  options: OrderEntryShardOptions,
  body: (entry: RunningOrderEntry, shard: RunningShard) => Promise<T>,
): Promise<T> {
  const data = mkdtempSync(join(process.env.DAYBOOK_BENCH_DIR ?? tmpdir(), 'bench-fastpath-'));
  // Threads take the environment over when they start.
  const before = process.env.DAYBOOK_NATIVE;
  if (options.fastPath === undefined && options.addon !== true) process.env.DAYBOOK_NATIVE = 'off';
  try {
    return await running(data, options, body);
  } finally {
    if (before === undefined) delete process.env.DAYBOOK_NATIVE;
    else process.env.DAYBOOK_NATIVE = before;
    if (options.fastPath?.cpu !== undefined) onAnyProcessor();
    rmSync(data, { recursive: true, force: true });
    // Removed files are still written back for a while, which the next run would feel.
    execFileSync('sync');
  }
}

async function running<T>(
  data: string,
  options: OrderEntryShardOptions,
  body: (entry: RunningOrderEntry, shard: RunningShard) => Promise<T>,
): Promise<T> {
  const orders = options.orders ?? CAPACITY_ORDERS;
  const shard = await startShard({
    directory: journalDirectory(data),
    producers: ['admin', 'ouch', 'venue'],
    capacity: {
      orders,
      clientIds: orders + (orders >> 2),
      executions: options.venue ? orders : 1000,
      positions: 1000,
      accounts: 100,
      instruments: 100,
    },
    ...(options.fastPath === undefined ? {} : { fastPath: options.fastPath }),
  });
  let venue: RunningVenue | undefined;
  try {
    enterReferenceData(shard, options.venue ? VENUE : 0);
    if (options.venue) venue = await startSimulatedVenue(shard, VENUE, 'venue');
    const passwordHash = hashPassword('bench');
    const sessions = USERS.map(
      (user, i): SessionConfig => ({
        ...{ id: i + 1, name: `S${i}`, user, passwordHash, cancelOnDisconnect: false },
        ...{ accounts: [`account-${i}`], defaultAccount: `account-${i}` },
        acknowledge: options.acknowledge,
      }),
    );
    const config = { host: '127.0.0.1', port: 0, sessions };
    const entry = await startOrderEntry(shard, 'ouch', config, 'error');
    assert(entry.native === (options.fastPath !== undefined), 'the implementation asked for');
    const result = await body(entry, shard);
    await entry.stop();
    return result;
  } finally {
    await venue?.stop();
    await shard.stop();
  }
}

function enterReferenceData(shard: RunningShard, venue: number): void {
  const port = shard.port('admin');
  const header = { received: 1n, actor: 1, session: 0 };
  SYMBOLS.forEach((symbol, i) => {
    port.submit('ListInstrument', header, {
      ...{ symbol, currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1 },
      ...{ multiplierMantissa: 1, open: 1, venue },
    });
    port.submit('MarkPrice', header, { instrument: i + 1, price: 10_025 });
  });
  for (let account = 1; account <= SESSIONS; account += 1) {
    port.submit('OpenAccount', header, {
      ...{ name: `account-${account - 1}`, currency: 'USD', open: 1 },
    });
    for (const [name, value] of Object.entries(LIMITS)) {
      const limit = LIMIT[name as keyof typeof LIMITS];
      port.submit('ChangeLimit', header, { limit, scope: 'Account', scopeId: account, value });
    }
    trade(shard, account);
  }
}

/** One fill: without any, the order-to-trade ratio stops an account at its 1000th order. */
function trade(shard: RunningShard, account: number): void {
  const port = shard.port('admin');
  const header = { received: 1n, actor: 1, session: 0 };
  const clOrdId = `first-${account}`;
  port.submit('NewOrder', header, {
    ...{ account, instrument: 1, clOrdId, quantity: 1, price: 10_025, venue: VENUE + 1 },
    ...{ side: 'Buy', ordType: 'Limit', timeInForce: 'Day' },
  });
  port.submit('VenueReport', header, {
    ...{ account, clOrdId, report: 'Filled', lastQuantity: 1, lastPrice: 10_025 },
    ...{ execId: clOrdId, venue: VENUE + 1 },
  });
}

/** Orders as the clients send them in turn; buys and sells of one symbol at one price match. */
export function ordersToSend(): Uint8Array {
  const all = Buffer.alloc(ORDERS * ORDER_BYTES);
  for (let i = 0; i < ORDERS; i += 1) {
    const fields = {
      userRefNum: 0,
      side: i % 2 === 0 ? 'B' : 'S',
      // Few: the exposure of millions of open orders has to stay within what is computed exactly.
      quantity: 10,
      symbol: SYMBOLS[(i >> 1) % SYMBOLS.length]!,
      price: '100.2500',
      timeInForce: '0',
      display: 'Y',
      capacity: 'A',
      interMarketSweepEligibility: 'N',
      crossType: 'N',
      clOrdID: `bench-${i}`,
    };
    const message = encodeMessage(OUCH, 'in', { type: 'O', fields, appendage: [] });
    all.writeUInt16BE(message.length + 1, i * ORDER_BYTES);
    all[i * ORDER_BYTES + 2] = 0x55;
    all.set(message, i * ORDER_BYTES + 3);
  }
  return all;
}
