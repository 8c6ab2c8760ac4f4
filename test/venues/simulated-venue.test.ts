/** Order types, times in force, requests and restarts, over a real writer and a real journal. */
import { afterEach, describe, expect, it } from 'vitest';
import { VENUE, VenueShard } from './venue-shard.js';

let open: VenueShard | undefined;
afterEach(async () => {
  await open?.stop();
  open?.remove();
  open = undefined;
});

async function start(): Promise<VenueShard> {
  open = await VenueShard.start();
  return open;
}

/** Stops, and starts again over the same log. */
async function restart(shard: VenueShard): Promise<VenueShard> {
  await shard.stop();
  open = await VenueShard.start({ directory: shard.directory });
  return open;
}

describe('matching', () => {
  it('fills both accounts at the price of the maker, who adds; the taker removes', async () => {
    const shard = await start();
    shard.order('m', 'Sell', 5, 100);
    shard.order('t', 'Buy', 3, 102, { account: 2 });
    const [maker, taker] = await shard.wait('OrderFilled', 2);
    expect(maker?.data).toMatchObject({
      ...{ orderId: 1, account: 1, lastQuantity: 3, lastPrice: 100, side: 'Sell' },
      ...{ cumQuantity: 3, leavesQuantity: 2, ordStatus: 'PartiallyFilled', liquidity: 'Added' },
    });
    expect(taker?.data).toMatchObject({
      ...{ orderId: 2, account: 2, lastQuantity: 3, lastPrice: 100, side: 'Buy' },
      ...{ cumQuantity: 3, leavesQuantity: 0, ordStatus: 'Filled', liquidity: 'Removed' },
    });
    const routed = shard.of('OrderRouted', 2)[0]?.sequence;
    expect(maker?.data.execId).toBe(`${routed}-1M`);
    expect(taker?.data.execId).toBe(`${routed}-1T`);
    expect(shard.of('OrderAcknowledged').map((e) => e.data.venueOrderId)).toEqual(['1', '2']);
    const [mark] = await shard.wait('PriceMarked');
    expect(mark?.data).toEqual({ price: 100, instrument: 1, source: VENUE });
  });

  it('gives a better price first, at one price the earlier order', async () => {
    const shard = await start();
    shard.order('late', 'Sell', 1, 101);
    shard.order('first', 'Sell', 1, 100);
    shard.order('second', 'Sell', 1, 100);
    shard.order('t', 'Buy', 3, 101, { account: 2 });
    const fills = await shard.wait('OrderFilled', 6);
    const makers = fills.filter((fill) => fill.data.liquidity === 'Added');
    expect(makers.map((fill) => fill.data.orderId)).toEqual([2, 3, 1]);
    expect(new Set(fills.map((fill) => fill.data.execId)).size).toBe(6);
  });

  it('cancels a market order against an empty book, and what one leaves over', async () => {
    const shard = await start();
    shard.order('m1', 'Buy', 2, 0, { ordType: 'Market' });
    shard.order('s', 'Sell', 1, 100);
    shard.order('m2', 'Buy', 3, 0, { ordType: 'Market', account: 2 });
    const [empty, rest] = await shard.wait('OrderCanceled', 2);
    const reason = shard.of('OrderCanceled').map((e) => e.data.reason);
    expect(new Set(reason).size).toBe(1);
    expect(empty?.data).toMatchObject({ orderId: 1, canceledQuantity: 2, cumQuantity: 0 });
    expect(rest?.data).toMatchObject({ orderId: 3, canceledQuantity: 2, cumQuantity: 1 });
  });

  it('keeps instruments apart', async () => {
    const shard = await start();
    shard.order('a', 'Sell', 1, 100);
    shard.order('b', 'Buy', 1, 100, { instrument: 2, timeInForce: 'ImmediateOrCancel' });
    await shard.wait('OrderCanceled');
    expect(shard.of('OrderFilled')).toEqual([]);
  });
});

describe('time in force', () => {
  it('IOC takes what is there and cancels the rest; FOK takes all or nothing', async () => {
    const shard = await start();
    shard.order('s', 'Sell', 5, 100);
    shard.order('fok-6', 'Buy', 6, 100, { account: 2, timeInForce: 'FillOrKill' });
    shard.order('fok-5', 'Buy', 5, 100, { account: 2, timeInForce: 'FillOrKill' });
    shard.order('s2', 'Sell', 2, 100);
    shard.order('ioc', 'Buy', 3, 100, { account: 2, timeInForce: 'ImmediateOrCancel' });
    const [fok, ioc] = await shard.wait('OrderCanceled', 2);
    expect(fok?.data).toMatchObject({
      orderId: 2,
      cumQuantity: 0,
      canceledQuantity: 6,
      reason: 10,
    });
    expect(ioc?.data).toMatchObject({
      orderId: 5,
      cumQuantity: 2,
      canceledQuantity: 1,
      reason: 10,
    });
    expect(shard.of('OrderFilled', 3)[0]?.data).toMatchObject({ ordStatus: 'Filled' });
  });

  it('post-only rests, or is canceled when it would trade', async () => {
    const shard = await start();
    shard.order('s', 'Sell', 5, 100, { execInst: 1 });
    shard.order('p1', 'Buy', 1, 100, { account: 2, execInst: 1 });
    shard.order('p2', 'Buy', 1, 99, { account: 2, execInst: 1 });
    const [canceled] = await shard.wait('OrderCanceled');
    expect(canceled?.data).toMatchObject({ orderId: 2, reason: 11 });
    await shard.wait('OrderAcknowledged', 3);
    expect(shard.of('OrderFilled')).toEqual([]);
  });

  it('day orders expire when the day closes; good till cancel stays', async () => {
    const shard = await start();
    shard.submit('OpenTradingDay', { tradingDay: 20260102 });
    shard.order('day', 'Sell', 5, 100);
    shard.order('gtc', 'Sell', 5, 101, { timeInForce: 'GoodTillCancel' });
    shard.submit('CloseTradingDay', { tradingDay: 20260102 });
    const [expired] = await shard.wait('OrderExpired');
    expect(expired?.data).toMatchObject({ orderId: 1, leavesQuantity: 0, ordStatus: 'Expired' });
    shard.order('t', 'Buy', 1, 101, { account: 2 });
    const fills = await shard.wait('OrderFilled', 2);
    expect(fills[0]?.data.orderId).toBe(2);
    expect(shard.of('OrderExpired')).toHaveLength(1);
  });
});

describe('requests', () => {
  it('cancels, whole and in part; the rest keeps its place', async () => {
    const shard = await start();
    shard.order('a', 'Sell', 5, 100);
    shard.order('b', 'Sell', 5, 100);
    shard.submit('CancelOrder', { account: 1, clOrdId: 'a-', origClOrdId: 'a', quantity: 2 });
    shard.order('t', 'Buy', 3, 100, { account: 2 });
    shard.submit('CancelOrder', { account: 1, clOrdId: 'b-', origClOrdId: 'b' });
    const [part, whole] = await shard.wait('OrderCanceled', 2);
    expect(part?.data).toMatchObject({ clOrdId: 'a-', canceledQuantity: 3, leavesQuantity: 2 });
    expect(whole?.data).toMatchObject({ clOrdId: 'b-', canceledQuantity: 4, leavesQuantity: 0 });
    const makers = shard.of('OrderFilled').filter((fill) => fill.data.liquidity === 'Added');
    expect(makers.map((e) => [e.data.orderId, e.data.lastQuantity])).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  it('refuses a cancel that comes too late, or that would take nothing off', async () => {
    const shard = await start();
    shard.order('a', 'Sell', 5, 100);
    shard.submit('CancelOrder', { account: 1, clOrdId: 'up', origClOrdId: 'a', quantity: 5 });
    shard.order('t', 'Buy', 5, 100, { account: 2 });
    shard.submit('CancelOrder', { account: 1, clOrdId: 'late', origClOrdId: 'a' });
    const [up, late] = await shard.wait('CancelRejected', 2);
    expect(up?.data).toMatchObject({ clOrdId: 'up', leavesQuantity: 5 });
    expect(late?.data).toMatchObject({ clOrdId: 'late', cxlRejReason: 'TooLateToCancel' });
  });

  it('answers mass cancels, which have no client order id', async () => {
    const shard = await start();
    shard.order('a', 'Sell', 5, 100);
    shard.order('b', 'Sell', 5, 101);
    shard.submit('MassCancel', { account: 1 });
    const canceled = await shard.wait('OrderCanceled', 2);
    expect(new Set(canceled.map((e) => e.data.orderId))).toEqual(new Set([1, 2]));
  });

  it('replaces: less keeps the place, more or another price loses it', async () => {
    const shard = await start();
    shard.order('a', 'Sell', 5, 100);
    shard.order('b', 'Sell', 5, 100);
    shard.order('c', 'Sell', 5, 100);
    const replace = (orig: string, quantity: number) =>
      shard.submit('ReplaceOrder', {
        ...{ account: 1, clOrdId: `${orig}2`, origClOrdId: orig, quantity, price: 100 },
      });
    replace('a', 2);
    replace('b', 6);
    await shard.wait('OrderReplaced', 2);
    shard.order('t', 'Buy', 13, 100, { account: 2 });
    const fills = await shard.wait('OrderFilled', 6);
    const makers = fills.filter((fill) => fill.data.liquidity === 'Added');
    expect(makers.map((e) => [e.data.orderId, e.data.lastQuantity])).toEqual([
      [1, 2],
      [3, 5],
      [2, 6],
    ]);
  });

  it('a replace may trade at once, and opens a filled order again', async () => {
    const shard = await start();
    shard.order('s', 'Sell', 9, 100);
    shard.order('b', 'Buy', 2, 99, { account: 2 });
    const replace = (clOrdId: string, origClOrdId: string, quantity: number, price: number) =>
      shard.submit('ReplaceOrder', { account: 2, clOrdId, origClOrdId, quantity, price });
    replace('b2', 'b', 2, 100);
    await shard.wait('OrderFilled', 2);
    replace('b3', 'b2', 5, 100);
    const fills = await shard.wait('OrderFilled', 4);
    expect(fills[3]?.data).toMatchObject({ orderId: 2, lastQuantity: 3, cumQuantity: 5 });
    replace('b4', 'b3', 5, 100);
    const [late] = await shard.wait('ReplaceRejected');
    expect(late?.data).toMatchObject({ clOrdId: 'b4' });
    expect(shard.of('OrderCanceled')).toEqual([]);
  });
});

describe('a replace of the displayed quantity', () => {
  const makers = (shard: VenueShard) =>
    shard
      .of('OrderFilled')
      .filter((fill) => fill.data.liquidity === 'Added')
      .map((fill) => [fill.data.orderId, fill.data.lastQuantity]);
  const slices = async () => {
    const shard = await start();
    shard.order('a', 'Sell', 10, 100);
    shard.order('b', 'Sell', 5, 100);
    shard.submit('ReplaceOrder', {
      ...{ account: 1, clOrdId: 'a2', origClOrdId: 'a', price: 100 },
      ...{ quantity: 9, displayQuantity: 3 },
    });
    const [replaced] = await shard.wait('OrderReplaced');
    expect(replaced?.data).toMatchObject({ orderQuantity: 9, displayQuantity: 3 });
    shard.order('t', 'Buy', 2, 100, { account: 2 });
    await shard.wait('OrderFilled', 2);
    return shard;
  };

  it('keeps the place of the slice that is shown; the next one queues', async () => {
    const shard = await slices();
    shard.order('t2', 'Buy', 8, 100, { account: 2 });
    await shard.wait('OrderFilled', 8);
    expect(makers(shard)).toEqual([
      [1, 2],
      [1, 1],
      [2, 5],
      [1, 2],
    ]);
  });

  it.each(['goes on', 'restarts'])(
    'to more shows it with the next slice: the venue %s',
    async (how) => {
      const first = await start();
      first.order('a', 'Sell', 10, 100, { displayQuantity: 2 });
      first.order('b', 'Sell', 5, 100);
      first.submit('ReplaceOrder', {
        ...{ account: 1, clOrdId: 'a2', origClOrdId: 'a', price: 100 },
        ...{ quantity: 9, displayQuantity: 4 },
      });
      await first.wait('OrderReplaced');
      const shard = how === 'restarts' ? await restart(first) : first;
      shard.order('t', 'Buy', 13, 100, { account: 2 });
      await shard.wait('OrderFilled', 8);
      expect(makers(shard)).toEqual([
        [1, 2],
        [2, 5],
        [1, 4],
        [1, 2],
      ]);
    },
  );

  it('is there again after a restart, what is left of the slice too', async () => {
    const shard = await restart(await slices());
    shard.order('t2', 'Buy', 8, 100, { account: 2 });
    await shard.wait('OrderFilled', 8);
    expect(makers(shard)).toEqual([
      [1, 2],
      [1, 1],
      [2, 5],
      [1, 2],
    ]);
  });
});

describe('restart', () => {
  it('goes on with the same queues, parts filled and all, and reports nothing twice', async () => {
    const first = await start();
    first.order('a', 'Sell', 5, 100);
    first.order('b', 'Sell', 5, 100);
    first.order('c', 'Sell', 5, 100);
    first.submit('ReplaceOrder', {
      ...{ account: 1, clOrdId: 'a2', origClOrdId: 'a', quantity: 6, price: 100 },
    });
    first.order('t', 'Buy', 2, 100, { account: 2 });
    await first.wait('OrderFilled', 2);
    const second = await restart(first);
    expect(second.venue?.recovered).toMatchObject({ working: 3, unanswered: 0 });
    second.order('t2', 'Buy', 14, 100, { account: 2 });
    const fills = await second.wait('OrderFilled', 8);
    const makers = fills.filter((fill) => fill.data.liquidity === 'Added');
    expect(makers.map((e) => [e.data.orderId, e.data.lastQuantity])).toEqual([
      [2, 2],
      [2, 3],
      [3, 5],
      [1, 6],
    ]);
    expect(second.of('CommandRefused')).toEqual([]);
  });

  it('answers what was routed while it was away', async () => {
    open = await VenueShard.start({ venue: false });
    open.order('a', 'Sell', 5, 100);
    open.order('b', 'Buy', 5, 100, { account: 2 });
    open.submit('CancelOrder', { account: 1, clOrdId: 'a-', origClOrdId: 'a' });
    await open.wait('CancelRequested');
    const venue = await open.startVenue();
    expect(venue.recovered).toMatchObject({ working: 0, unanswered: 3 });
    await open.wait('OrderFilled', 2);
    expect((await open.wait('CancelRejected'))[0]?.data).toMatchObject({ clOrdId: 'a-' });
  });
});
