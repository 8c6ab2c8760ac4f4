/** The recorded day of ES orders, through the writer and decided again; no database. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFlow } from '../../src/cli/demo/run-flow.js';
import { readLimits } from '../../src/cli/replay/limits-file.js';
import { findEnd, logBatches, stateBefore } from '../../src/cli/replay/log-batches.js';
import { DecideAgain } from '../../src/commands/replay/decide-again.js';
import { lengthAt } from '../../src/commands/replay/event-groups.js';
import { type ChangedDecision, WhatIf } from '../../src/commands/replay/what-if.js';
import { DEFAULT_CAPACITY } from '../../src/commands/state/capacity.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { startShard } from '../../src/operations/shard.js';
import { readFlow } from '../../src/venues/recorded/order-flow.js';

const INPUT = new URL('../../../shared/data/es-2023-12-25-orders.csv.gz', import.meta.url).pathname;
const CONTRACT = {
  symbol: 'ESH4',
  tickSize: '0.25',
  lotSize: '1',
  multiplier: '50',
  currency: 'USD',
};

describe('the ES flow', () => {
  const directory = mkdtempSync(join(tmpdir(), 'daybook-replay-'));
  const journal = join(directory, 'journal');
  let memory: { stateHash: string; nextSequence: number };

  beforeAll(async () => {
    const shard = await startShard({ directory: journal, producers: ['client', 'venue'] });
    await runFlow(shard, readFlow(INPUT), CONTRACT, 'ES');
    memory = await shard.stop();
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('decided again, gives what is on record', () => {
    const differences: unknown[] = [];
    const replay = new DecideAgain({
      stateBefore: (sequence) => stateBefore(journal, DEFAULT_CAPACITY, sequence),
      findEnd: (command, sequence) => findEnd(journal, command, sequence),
      onDifference: (difference) => differences.push(difference),
    });
    for (const batch of logBatches(journal)) replay.take(batch);
    expect(differences).toEqual([]);
    expect(replay.events).toBe(memory.nextSequence);
    expect(stateHash(replay.state)).toBe(memory.stateHash);
  });

  it('with a smaller order quantity and position, refuses what a computation by hand refuses', () => {
    const file = join(directory, 'limits.json');
    const limits = [
      { limit: 'MaxOrderQuantity', scope: 'Firm', value: 7 },
      { limit: 'MaxPosition', scope: 'Account', name: 'ES-3', instrument: 'ESH4', value: 40 },
    ];
    writeFileSync(file, JSON.stringify(limits));
    const changes: ChangedDecision[] = [];
    const replay = new WhatIf(DEFAULT_CAPACITY, readLimits(file), (each) => changes.push(each));
    for (const batch of logBatches(journal)) replay.take(batch);
    expect(replay.notApplied).toEqual([]);
    const hand = refusedByHand(events(journal), 7, new Map([[4, 40]]));
    const ofOrders = changes.filter(({ request }) => request === 'order');
    expect(ofOrders.every(({ change }) => change === 'refused')).toBe(true);
    expect(ofOrders.map(({ sequence }) => sequence)).toEqual(hand.orders);
    const ofReplaces = changes.filter(({ request }) => request === 'replace');
    expect(ofReplaces.map(({ sequence }) => sequence)).toEqual(hand.replaces);
    expect(hand.orders.length).toBeGreaterThan(100);
    expect(hand.replaces.length).toBeGreaterThan(10);
    expect(replay.acceptedThen - replay.acceptedNow).toBe(hand.orders.length);
  });
});

function* events(journal: string): Generator<DaybookEvent> {
  for (const batch of logBatches(journal)) {
    for (let at = 0; at < batch.length; at += lengthAt(batch, at))
      yield decodeEvent(batch.bytes, at);
  }
}

interface Held {
  account: number;
  buy: boolean;
  leaves: number;
  cum: number;
  price: number;
  /** What replaces under way ask for, by client order id, as LeavesQty. */
  asked: Map<string, number>;
}

/**
 * The same, from the events alone with maps and loops: an order above `maxQuantity` is refused, and
 * one after which the position of its account, all open orders of its side filled, were too large.
 */
function refusedByHand(
  all: Iterable<DaybookEvent>,
  maxQuantity: number,
  maxPosition: ReadonlyMap<number, number>,
): { orders: number[]; replaces: number[] } {
  const orders: number[] = [];
  const replaces: number[] = [];
  const held = new Map<number, Held>();
  const positions = new Map<number, number>();
  const exposed = (order: Held) => Math.max(order.leaves, ...[...order.asked.values()]);
  const tooLarge = (account: number, buy: boolean, added: number): boolean => {
    const limit = maxPosition.get(account);
    if (limit === undefined) return false;
    let open = added;
    for (const other of held.values()) {
      if (other.account === account && other.buy === buy) open += exposed(other);
    }
    const position = positions.get(account) ?? 0;
    return Math.abs(buy ? position + open : position - open) > limit;
  };
  for (const event of all) {
    if (event.type === 'OrderAccepted') {
      const { orderId, account, quantity, side, price } = event.data;
      const buy = side === 'Buy';
      if (quantity > maxQuantity || tooLarge(account, buy, quantity)) orders.push(event.sequence);
      else held.set(orderId, { account, buy, leaves: quantity, cum: 0, price, asked: new Map() });
      continue;
    }
    if (!('orderId' in event.data)) continue;
    const order = held.get(event.data.orderId);
    if (order === undefined) continue;
    if (event.type === 'ReplaceRequested') {
      const { quantity, price, clOrdId } = event.data;
      const open = quantity - order.cum;
      const added = Math.max(0, open - exposed(order));
      const onlyLess = added === 0 && price === order.price;
      // Of a replace, what would be open counts as the order's quantity.
      const refused =
        !onlyLess && (open > maxQuantity || tooLarge(order.account, order.buy, added));
      if (refused) replaces.push(event.sequence);
      else order.asked.set(clOrdId, open);
    } else if (event.type === 'OrderFilled') {
      const lots = event.data.lastQuantity;
      order.cum += lots;
      order.leaves = Math.max(0, order.leaves - lots);
      for (const [id, open] of order.asked) order.asked.set(id, open - lots);
      positions.set(
        order.account,
        (positions.get(order.account) ?? 0) + (order.buy ? lots : -lots),
      );
    } else if (event.type === 'OrderReplaced') {
      const { clOrdId, orderQuantity, price } = event.data;
      // The answer to a replace that is refused now.
      if (!order.asked.delete(clOrdId)) continue;
      order.leaves = Math.max(0, orderQuantity - order.cum);
      order.price = price;
    } else if (event.type === 'OrderCanceled') {
      order.leaves = 0;
      order.asked.clear();
    }
  }
  return { orders, replaces };
}
