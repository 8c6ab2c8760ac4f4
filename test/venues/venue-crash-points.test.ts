/**
 * The venue crashes at every event of a random flow, and once more while it recovers. What it has
 * said in the end must be, word by word, what a venue says that never crashed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommandData } from '../../src/domain/commands.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { MemoryShard, reportsIn, reportsTo, VENUE } from './memory-shard.js';

const RUNS = Number(process.env.DAYBOOK_RUNS ?? 40);

type Step =
  | { kind: 'order'; data: CommandData<'NewOrder'> }
  | { kind: 'cancel'; of: number; quantity: number }
  | { kind: 'replace'; of: number; quantity: number; price: number }
  | { kind: 'mass' }
  | { kind: 'day' }
  | { kind: 'venue' }
  | { kind: 'writer'; most: number };

const price = fc.integer({ min: 99, max: 101 });
const quantity = fc.integer({ min: 1, max: 9 });
const order = fc
  .record({
    account: fc.integer({ min: 1, max: 2 }),
    side: fc.constantFrom('Buy' as const, 'Sell' as const),
    price,
    quantity,
    instrument: fc.constantFrom(1, 1, 1, 2),
    timeInForce: fc.constantFrom(
      ...(['Day', 'Day', 'GoodTillCancel', 'ImmediateOrCancel', 'FillOrKill'] as const),
    ),
    ordType: fc.constantFrom(...(['Limit', 'Limit', 'Limit', 'Market'] as const)),
    display: fc.constantFrom(0, 1, 2, 3),
    minimum: fc.constantFrom(0, 0, 0, 3),
    postOnly: fc.constantFrom(false, false, true),
  })
  .map(({ display, minimum, postOnly, ...data }): Step => {
    const rests = data.timeInForce === 'Day' || data.timeInForce === 'GoodTillCancel';
    const limit = data.ordType === 'Limit';
    return {
      kind: 'order',
      data: {
        ...data,
        price: limit ? data.price : 0,
        displayQuantity: limit && rests ? Math.min(display, data.quantity) : 0,
        minQuantity: postOnly ? 0 : Math.min(minimum, data.quantity),
        execInst: postOnly && limit && rests ? 1 : 0,
      },
    };
  });
const of = fc.integer({ min: 0, max: 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: order },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('cancel' as const),
      of,
      quantity: fc.constantFrom(0, 0, 1, 2, 5),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('replace' as const), of, quantity, price }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'mass' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'day' }) },
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'venue' }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('writer' as const),
      most: fc.integer({ min: 1, max: 9 }),
    }),
  },
);

function seed(shard: MemoryShard): void {
  for (const symbol of ['AAA', 'BBB']) {
    shard.submit('ListInstrument', {
      ...{ symbol, currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1, lotScale: 0 },
      ...{ multiplierMantissa: 1, multiplierScale: 0, open: 1, venue: VENUE },
    });
  }
  for (const name of ['one', 'two'])
    shard.submit('OpenAccount', { name, currency: 'USD', open: 1 });
  shard.submit('OpenTradingDay', { tradingDay: 20260102 });
}

function play(steps: readonly Step[]): MemoryShard {
  const shard = new MemoryShard(1);
  seed(shard);
  /** The client order ids of each chain, by order. */
  const chains: { account: number; last: string }[] = [];
  let ids = 0;
  let day = 20260102;
  for (const each of steps) {
    const chain = 'of' in each ? chains[each.of % Math.max(1, chains.length)] : undefined;
    const clOrdId = `c${ids++}`;
    if (each.kind === 'order') {
      shard.submit('NewOrder', { ...each.data, clOrdId });
      chains.push({ account: each.data.account as number, last: clOrdId });
    } else if (each.kind === 'venue') shard.venueReads();
    else if (each.kind === 'writer') shard.writerReads(each.most);
    else if (each.kind === 'mass') shard.submit('MassCancel', { account: 1, instrument: 1 });
    else if (each.kind === 'day') {
      shard.submit('CloseTradingDay', { tradingDay: day++ });
      // The next day opens when the venue has said what became of its day orders.
      shard.settle();
      shard.submit('OpenTradingDay', { tradingDay: day });
    } else if (chain !== undefined) {
      const request = { account: chain.account, clOrdId, origClOrdId: chain.last };
      if (each.kind === 'cancel') {
        shard.submit('CancelOrder', { ...request, quantity: each.quantity });
      } else {
        const { quantity, price } = each;
        shard.submit('ReplaceOrder', { ...request, quantity, price });
        chain.last = clOrdId;
      }
    }
  }
  shard.settle();
  return shard;
}

/** Takes everything that rests, lot by lot, so that a wrong queue shows. */
function sweep(shard: MemoryShard): void {
  for (const instrument of [1, 2]) {
    for (const side of ['Buy', 'Sell'] as const) {
      shard.submit('NewOrder', {
        ...{ account: 2, instrument, side, clOrdId: `sweep-${instrument}-${side}` },
        ...{ quantity: 500, ordType: 'Market', timeInForce: 'ImmediateOrCancel' },
      });
    }
  }
  shard.settle();
}

/** Both legs of each match, none twice, every order answered once, no report refused. */
function check(events: readonly DaybookEvent[]): void {
  const ids = new Set<string>();
  const legs = new Map<string, number[]>();
  const filled = new Map<number, number>();
  for (const event of events) {
    if (event.type === 'CommandRefused') expect(event.data).toBeUndefined();
    if (event.type !== 'OrderFilled') continue;
    const { execId, orderId, lastQuantity, cumQuantity, lastPrice, overfill } = event.data;
    expect(ids.has(execId)).toBe(false);
    expect(overfill).toBe(0);
    ids.add(execId);
    filled.set(orderId, (filled.get(orderId) ?? 0) + lastQuantity);
    expect(filled.get(orderId)).toBe(cumQuantity);
    const match = execId.slice(0, -1);
    const other = legs.get(match);
    if (other) expect(other).toEqual([lastQuantity, lastPrice]);
    else legs.set(match, [lastQuantity, lastPrice]);
  }
  expect(ids.size).toBe(legs.size * 2);
  for (const event of events) {
    if (event.type !== 'OrderRouted') continue;
    const { orderId } = event.data;
    const answers = events.filter(
      (each) =>
        (each.type === 'OrderAcknowledged' || each.type === 'OrderRejected') &&
        each.data.orderId === orderId,
    );
    expect(answers).toHaveLength(1);
  }
}

describe('a venue that crashes at any event', () => {
  it('says in the end what it would have said without', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 45 }), fc.nat(), (steps, second) => {
        const whole = play(steps);
        const all = whole.events();
        check(all);
        for (let crash = 8; crash <= all.length; crash += 1) {
          const prefix = whole.cut(crash);
          const once = new MemoryShard(2, prefix);
          const uncrashed = reportsTo(prefix);
          once.settle();
          check(once.events());
          expect(reportsIn(once.events())).toEqual(uncrashed);
          const told = once.events().length;
          sweep(once);
          const swept = once.cut(once.events().length);
          expect(reportsIn(once.events())).toEqual(reportsTo(swept));
          const again = told - crash;
          if (again <= 0) continue;
          const twice = new MemoryShard(4, once.cut(crash + (second % again)));
          twice.settle();
          check(twice.events());
          expect(reportsIn(twice.events())).toEqual(uncrashed);
          sweep(twice);
          const log = twice.cut(twice.events().length);
          expect(reportsIn(twice.events())).toEqual(reportsTo(log));
        }
      }),
      { numRuns: RUNS },
    );
  });
});
