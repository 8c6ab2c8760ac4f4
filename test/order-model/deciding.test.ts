/** Deciding, case by case: what random sequences reach seldom, and limits at, below and above. */
import { describe, expect, it } from 'vitest';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import {
  finishImage,
  type ImageValues,
  imagePieces,
  imageTargets,
  imageValues,
} from '../../src/commands/state-image.js';
import type { CommandData } from '../../src/domain/commands.js';
import { DAY, INSTRUMENT, type Shard, spoken } from './shard.js';
import { cancel, fill, given, newOrder, replace, type Told, venue } from './spec.js';

const ack = venue('Acknowledged', 1);
const live = [newOrder('X', 10), ack] as const;
const massCancel: Told = (shard) => spoken(shard.decide('MassCancel', { account: 1 }));

describe('a cancel down to a quantity', () => {
  it.each([
    [9, 'CancelRequested #1 New'],
    [10, 'CancelRejected ORDER_QUANTITY_INVALID #1 New 10/0/10'],
    [11, 'CancelRejected ORDER_QUANTITY_INVALID #1 New 10/0/10'],
    [0, 'CancelRequested #1 New'],
  ])('to %d of 10', (quantity, line) => {
    given(...live)
      .when(cancel('Y', 'X', quantity))
      .leadsTo(line);
  });

  it.each([
    [3, 'OrderCanceled #1 Canceled 10/4/0'],
    [4, 'OrderCanceled #1 Canceled 10/4/0'],
    [5, 'OrderCanceled #1 PartiallyFilled 5/4/1'],
  ])('to %d when 4 were executed meanwhile', (quantity, line) => {
    given(...live, cancel('Y', 'X', quantity), fill(1, 'E1', 4))
      .when(venue('Canceled', 1, { clOrdId: 'Y' }))
      .leadsTo(line);
  });

  it('takes nothing from an order that a replace made smaller meanwhile', () => {
    given(
      ...live,
      cancel('Y', 'X', 8),
      replace('Z', 'X', 6),
      venue('Replaced', 1, { clOrdId: 'Z' }),
    )
      .when(venue('Canceled', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderCanceled #1 New 6/0/6');
  });

  it('leaves what the venue says it leaves', () => {
    given(...live, cancel('', 'X', 8))
      .when(venue('Canceled', 1, { quantity: 8 }))
      .leadsTo('OrderCanceled #1 New 8/0/8');
  });
});

describe('a cancel without an id, ours or a binary client’s', () => {
  it('is asked for once, and again when the venue refused it', () => {
    given(...live, massCancel)
      .when(massCancel)
      .leadsTo('MassCancelDone')
      .when(venue('RequestRejected', 1))
      .leadsTo('CancelRejected VENUE_REJECTED #1 New 10/0/10')
      .when(massCancel)
      .leadsTo('CancelRequested #1 New', 'MassCancelDone');
  });

  it('stays under way when another request of the order is answered or refused', () => {
    given(...live, massCancel, cancel('Y', 'X', 6), replace('Z', 'X', 20))
      .when(venue('Canceled', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderCanceled #1 New 6/0/6')
      .when(venue('RequestRejected', 1, { clOrdId: 'Z' }))
      .leadsTo('ReplaceRejected VENUE_REJECTED #1 New 6/0/6')
      .when(cancel('', 'X', 6))
      .leadsTo('CancelRejected ORDER_QUANTITY_INVALID #1 New 6/0/6')
      .when(massCancel)
      .leadsTo('MassCancelDone');
  });

  it('down to a quantity keeps no cancel of all out, before its answer or after', () => {
    const { shard } = given(...live, cancel('', 'X', 6));
    expect(massCancel(shard)).toEqual(['CancelRequested #1 New', 'MassCancelDone']);
    expect(massCancel(shard)).toEqual(['MassCancelDone']);
    expect(shard.restart()).toBe(true);
    expect(venue('Canceled', 1, { quantity: 6 })(shard)).toEqual(['OrderCanceled #1 New 6/0/6']);
    expect(massCancel(shard)).toEqual(['MassCancelDone']);
    expect(venue('RequestRejected', 1)(shard)).toEqual([
      'CancelRejected VENUE_REJECTED #1 New 6/0/6',
    ]);
    expect(massCancel(shard)).toEqual(['CancelRequested #1 New', 'MassCancelDone']);
    expect(venue('Canceled', 1)(shard)).toEqual(['OrderCanceled #1 Canceled 6/0/0']);
  });

  it('is not what a refusal of an answered request speaks of', () => {
    given(...live, cancel('Y', 'X'), venue('RequestRejected', 1, { clOrdId: 'Y' }), massCancel)
      .when(venue('RequestRejected', 1, { clOrdId: 'Y' }))
      .leadsTo('CommandRefused VENUE_REPORT_STALE')
      .when(venue('Canceled', 1))
      .leadsTo('OrderCanceled #1 Canceled 10/0/0');
  });
});

describe('a replace', () => {
  it('that the venue answers with a cancel ends the order, and is not pending any more', () => {
    const { shard } = given(
      ...live,
      replace('Y', 'X', 6),
      venue('PendingReplace', 1, { clOrdId: 'Y' }),
    )
      .when(venue('Canceled', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderCanceled #1 Canceled 10/0/0');
    expect(shard.state.orders.pendingReplaces[1]).toBe(0);
    expect(shard.openBuy(1)).toBe(0);
  });

  it('is too late for a day order that is done for the day, not for a good-till one', () => {
    given(...live, venue('DoneForDay', 1))
      .when(replace('Y', 'X', 20))
      .leadsTo('ReplaceRejected ORDER_TOO_LATE #1 DoneForDay 10/0/0');
    given(newOrder('X', 10, { timeInForce: 'GoodTillCancel' }), ack, venue('DoneForDay', 1))
      .when(replace('Y', 'X', 20))
      .leadsTo('ReplaceRequested #1 DoneForDay');
  });

  it.each([
    [10, 'ReplaceRejected ORDER_TOO_LATE #1 Filled 10/10/0'],
    [11, 'ReplaceRequested #1 Filled'],
  ])('of a filled order to %d of 10', (quantity, line) => {
    given(...live, fill(1, 'E1', 10))
      .when(replace('Y', 'X', quantity))
      .leadsTo(line);
  });

  it('waits among at most 16', () => {
    const { shard } = given(...live);
    for (let i = 1; i <= 16; i += 1) {
      expect(replace(`Y${i}`, 'X', 10 + i)(shard)).toEqual(['ReplaceRequested #1 New']);
    }
    expect(replace('Y17', 'X', 20)(shard)).toEqual([
      'ReplaceRejected ORDER_ALREADY_PENDING #1 New 10/0/10',
    ]);
  });
});

describe('stop price and displayed quantity of a replace', () => {
  /** What the order has, and what OrderReplaced said last. */
  const shown = (shard: Shard) => {
    const { displayQuantity, stopPrice } = shard.state.orders;
    return [displayQuantity[1], stopPrice[1]];
  };
  const answered = (shard: Shard, clOrdId: string, data: CommandData<'VenueReport'> = {}) => {
    const terms = { report: 'Replaced', orderId: 1, account: 1, clOrdId, ...data } as const;
    const told = shard.decide('VenueReport', terms).find(({ type }) => type === 'OrderReplaced');
    if (told?.type !== 'OrderReplaced') throw new Error('not replaced');
    expect(shown(shard)).toEqual([told.data.displayQuantity, told.data.stopPrice]);
    return told.data;
  };

  it('hold when the venue grants it, not before, and over a restart in between', () => {
    const { shard } = given(...live, replace('Y', 'X', 12, 101, { displayQuantity: 3 }));
    expect(shown(shard)).toEqual([0, 0]);
    expect(shard.restart()).toBe(true);
    expect(answered(shard, 'Y').displayQuantity).toBe(3);
    expect(shard.restart()).toBe(true);
    expect(shown(shard)).toEqual([3, 0]);
  });

  it('are in the image that a snapshot stores while the request is under way', () => {
    const { shard } = given(...live, replace('Y', 'X', 12, 101, { displayQuantity: 3 }));
    const { state } = shard;
    const values = JSON.parse(JSON.stringify(imageValues(state))) as ImageValues;
    const restored = new ShardState(state.capacity, 9);
    const targets = imageTargets(restored, values);
    imagePieces(state).forEach(({ bytes }, i) => {
      targets[i]?.bytes.set(bytes);
    });
    finishImage(restored, values);
    expect([...restored.clientIds.further.values()]).toEqual([
      { stopPrice: 0, displayQuantity: 3 },
    ]);
    expect(stateHash(restored)).toBe(stateHash(state));
    restored.clientIds.further.clear();
    expect(stateHash(restored)).not.toBe(stateHash(state));
  });

  it('stay as they were when it is refused, here or there', () => {
    const { shard } = given(...live, replace('Y', 'X', 12, 101, { displayQuantity: 3 }));
    answered(shard, 'Y');
    replace('Z', 'Y', 12, 101, { displayQuantity: 5 })(shard);
    venue('RequestRejected', 1, { clOrdId: 'Z' })(shard);
    expect(shown(shard)).toEqual([3, 0]);
    expect(replace('A', 'Y', 12, 101, { displayQuantity: 13 })(shard)[0]).toContain('QUANTITY');
    expect(shown(shard)).toEqual([3, 0]);
    expect(shard.restart()).toBe(true);
  });

  it('are those of the request that is answered, when several are under way', () => {
    const { shard } = given(
      ...live,
      replace('A', 'X', 12, 101, { displayQuantity: 3 }),
      replace('B', 'A', 13, 101),
      replace('C', 'B', 14, 101, { displayQuantity: 5 }),
    );
    expect(answered(shard, 'B').displayQuantity).toBe(0);
    expect(answered(shard, 'C').displayQuantity).toBe(5);
    expect(shard.restart()).toBe(true);
    expect(answered(shard, 'A').displayQuantity).toBe(3);
  });

  it('are what the venue states, asked for or not', () => {
    const { shard } = given(...live, replace('Y', 'X', 12, 101, { displayQuantity: 3 }));
    expect(answered(shard, 'Y', { displayQuantity: 4 }).displayQuantity).toBe(4);
    const unsolicited = answered(shard, '', { quantity: 12, displayQuantity: 2 });
    expect(unsolicited.displayQuantity).toBe(2);
    expect(answered(shard, '', { quantity: 11 }).displayQuantity).toBe(2);
    expect(shard.restart()).toBe(true);
  });

  it('follow their id when those of ended orders before it are forgotten', () => {
    const terms = { timeInForce: 'GoodTillCancel' } as const;
    const { shard } = given(
      ...live,
      newOrder('G', 10, terms),
      venue('Acknowledged', 2),
      replace('H', 'G', 12, 101, { displayQuantity: 3 }),
      venue('Canceled', 1),
    );
    for (let day = DAY; day < DAY + 5; day += 1) {
      shard.decide('CloseTradingDay', { tradingDay: day });
      shard.decide('OpenTradingDay', { tradingDay: day + 1 });
    }
    expect(shard.state.clientIds.count).toBe(2);
    expect(venue('Replaced', 2, { clOrdId: 'H' })(shard)).toEqual(['OrderReplaced #2 New 12/0/12']);
    expect(shard.state.orders.displayQuantity[2]).toBe(3);
    expect(shard.restart()).toBe(true);
  });

  it('are forgotten with their id, whose row another one takes', () => {
    const { shard } = given(...live, replace('Y', 'X', 12, 101, { displayQuantity: 3 }));
    answered(shard, 'Y');
    venue('Canceled', 1)(shard);
    for (let day = DAY; day < DAY + 5; day += 1) {
      shard.decide('CloseTradingDay', { tradingDay: day });
      shard.decide('OpenTradingDay', { tradingDay: day + 1 });
    }
    expect(shard.state.clientIds.count).toBe(0);
    for (const clOrdId of ['P', 'Q']) newOrder(clOrdId, 10)(shard);
    const [orderId] = shard.state.orders.orderId.subarray(1);
    replace('R', 'P', 12)(shard);
    const told = shard.decide('VenueReport', {
      report: 'Replaced',
      orderId: orderId!,
      clOrdId: 'R',
    });
    expect(told[0]?.data).toMatchObject({ displayQuantity: 0, stopPrice: 0 });
    expect(shard.restart()).toBe(true);
  });

  it.each([
    [11, 'ReplaceRequested #1 New'],
    [12, 'ReplaceRequested #1 New'],
    [13, 'ReplaceRejected ORDER_QUANTITY_INVALID #1 New 10/0/10'],
    [-1, 'ReplaceRejected ORDER_QUANTITY_INVALID #1 New 10/0/10'],
  ])('%d of 12 lots shown', (displayQuantity, line) => {
    given(...live)
      .when(replace('Y', 'X', 12, 101, { displayQuantity }))
      .leadsTo(line);
  });

  it('a stop price is for what is a stop, or was one', () => {
    given(...live)
      .when(replace('Y', 'X', 12, 101, { stopPrice: 100 }))
      .leadsTo('ReplaceRejected ORDER_TERMS_INVALID #1 New 10/0/10');
    const triggered: Told = (shard) =>
      spoken(shard.decide('MarkPrice', { instrument: INSTRUMENT, price: 105 }));
    const { shard } = given(
      newOrder('X', 10, { ordType: 'StopLimit', stopPrice: 105, price: 106 }),
      triggered,
      ack,
      replace('Y', 'X', 12, 107, { stopPrice: 104 }),
    );
    expect(answered(shard, 'Y').stopPrice).toBe(104);
    expect(shard.restart()).toBe(true);
  });

  it.each([
    [1, 'OrderReplaced'],
    [0, 'OrderReplaced'],
    [-1, 'ReplaceRejected ORDER_PRICE_INVALID'],
  ])('a stop price of %d', (stopPrice, line) => {
    const { shard } = given(newOrder('X', 10, { ordType: 'Stop', stopPrice: 105, price: 0 }));
    const lines = replace('Y', 'X', 12, 0, { stopPrice, displayQuantity: 2 })(shard);
    expect(lines.at(-1)).toContain(line);
    const granted = line === 'OrderReplaced';
    expect(shown(shard)).toEqual([granted ? 2 : 0, granted && stopPrice !== 0 ? stopPrice : 105]);
    expect(shard.restart()).toBe(true);
  });

  it('of a stop that waits for its parent hold once it waits for its price', () => {
    const list = { listId: 7, contingency: 'OneTriggersOther' } as const;
    const child = { ...list, listIndex: 1, side: 'Sell', ordType: 'Stop', price: 0 } as const;
    const { shard } = given(
      newOrder('P', 10, list),
      newOrder('C', 10, { ...child, stopPrice: 90 }),
      replace('D', 'C', 10, 0, { stopPrice: 95 }),
      fill(1, 'E1', 10),
    );
    expect(shard.state.orders.stopPrice[2]).toBe(95);
    const mark = (price: number) =>
      spoken(shard.decide('MarkPrice', { instrument: INSTRUMENT, price }));
    expect(mark(96)).toEqual(['PriceMarked #undefined']);
    expect(mark(95)[1]).toContain('OrderTriggered #2');
    expect(shard.restart()).toBe(true);
  });
});

describe('a restatement', () => {
  it('changes CumQty for a corporate action only: else it is the sum of the fills', () => {
    given(...live, fill(1, 'E1', 4))
      .when(venue('Restated', 1, { restatement: 'VerbalChange', quantity: 8, cumQuantity: 1 }))
      .leadsTo('OrderRestated #1 PartiallyFilled 8/4/4')
      .when(
        venue('Restated', 1, { restatement: 'GtCorporateAction', quantity: 16, cumQuantity: 8 }),
      )
      .leadsTo('OrderRestated #1 PartiallyFilled 16/8/8');
  });

  it('never opens what has ended, and never takes executed lots off', () => {
    given(...live, fill(1, 'E1', 4), venue('Canceled', 1))
      .when(venue('Restated', 1, { restatement: 'GtRenewal', quantity: 20 }))
      .leadsTo('OrderRestated #1 Canceled 20/4/0');
    given(...live, fill(1, 'E1', 4))
      .when(venue('Restated', 1, { restatement: 'VerbalChange', quantity: 3 }))
      .leadsTo('OrderRestated #1 Filled 4/4/0');
  });
});

describe('a trade', () => {
  it.each([
    ['no execution id', { lastQuantity: 1 }],
    ['no quantity', { execId: 'E1' }],
    ['a negative quantity', { execId: 'E1', lastQuantity: -1 }],
  ])('with %s is refused on record', (_, data) => {
    given(...live)
      .when(venue('Filled', 1, { lastPrice: 100, ...data }))
      .leadsTo('CommandRefused ORDER_QUANTITY_INVALID');
  });

  it('corrected to nothing is refused: that would be a bust', () => {
    given(...live, fill(1, 'E1', 4))
      .when(venue('TradeCorrected', 1, { execId: 'C', execRefId: 'E1', lastPrice: 100 }))
      .leadsTo('CommandRefused ORDER_QUANTITY_INVALID');
  });
});
