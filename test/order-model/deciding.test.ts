/** Deciding, case by case: what random sequences reach seldom, and limits at, below and above. */
import { describe, expect, it } from 'vitest';
import { spoken } from './shard.js';
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
