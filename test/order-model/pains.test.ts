/**
 * What users of trading systems suffer (the table of trading-lessons.md, one test or more each, under
 * its name). Pains of the journal and of snapshots are tested here as far as the order model has a part
 * in them; `src/log/journal` and `test/journal` break disks and processes.
 */
import { describe, expect, it } from 'vitest';
import { EXEC_INST } from '../../src/domain/order-terms.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { Clock } from '../../src/lib/time.js';
import { bust, cancel, fill, given, newOrder, replace, venue } from './spec.js';

const ack = venue('Acknowledged', 1);
const live = [newOrder('X', 10), ack] as const;

describe('fill crosses cancel; cancel reject treated as terminal', () => {
  it('a rejected cancel does not overwrite Filled', () => {
    given(...live, cancel('Y', 'X'), fill(1, 'E1', 10))
      .when(venue('RequestRejected', 1, { clOrdId: 'Y' }))
      .leadsTo('CancelRejected VENUE_REJECTED #1 Filled 10/10/0');
  });

  it('a rejected cancel leaves the order working: it can be filled and canceled again', () => {
    given(...live, cancel('Y', 'X'), venue('RequestRejected', 1, { clOrdId: 'Y' }))
      .when(fill(1, 'E1', 4))
      .leadsTo('OrderFilled #1 PartiallyFilled 10/4/6')
      .when(cancel('Z', 'X'))
      .leadsTo('CancelRequested #1 PartiallyFilled');
  });

  it('an order pending cancel is still fillable, and stays pending', () => {
    given(...live, cancel('Y', 'X'), venue('PendingCancel', 1, { clOrdId: 'Y' }))
      .when(fill(1, 'E1', 10))
      .leadsTo('OrderFilled #1 PendingCancel 10/10/0')
      .when(venue('RequestRejected', 1, { clOrdId: 'Y' }))
      .leadsTo('CancelRejected VENUE_REJECTED #1 Filled 10/10/0');
  });

  it('a fill that arrives after the cancel went out is booked once, and only the rest is canceled', () => {
    const { shard } = given(...live, cancel('Y', 'X'), fill(1, 'E1', 3))
      .when(venue('Canceled', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderCanceled #1 Canceled 10/3/0');
    expect(shard.position(1)).toBe(3);
  });
});

describe('fill after cancel / terminal then reopened', () => {
  const canceled = [...live, cancel('Y', 'X'), venue('Canceled', 1, { clOrdId: 'Y' })] as const;

  it('books the quantity, keeps the status, opens nothing', () => {
    const { shard } = given(...canceled)
      .when(fill(1, 'E1', 4))
      .leadsTo('OrderFilled #1 Canceled 10/4/0 overfill');
    expect(shard.position(1)).toBe(4);
    expect(shard.openBuy(1)).toBe(0);
    expect(shard.state.orders.open).toBe(0);
  });

  it.each(['Acknowledged', 'Rejected', 'Replaced', 'Expired', 'Suspended', 'DoneForDay'] as const)(
    '%s after the end changes nothing and is on record',
    (report) => {
      given(...canceled)
        .when(venue(report, 1, { quantity: 20 }))
        .leadsTo('CommandRefused VENUE_REPORT_STALE');
    },
  );

  it('no request reaches an order that has ended', () => {
    given(...canceled)
      .when(replace('Z', 'X', 20))
      .leadsTo('ReplaceRejected ORDER_TOO_LATE #1 Canceled 10/0/0')
      .when(cancel('W', 'X'))
      .leadsTo('CancelRejected ORDER_TOO_LATE #1 Canceled 10/0/0');
  });
});

describe('duplicate fills / replays', () => {
  it('an execution is booked once, however often it is reported', () => {
    const { shard } = given(...live, fill(1, 'E1', 4))
      .when(fill(1, 'E1', 4))
      .leadsTo('CommandRefused VENUE_FILL_DUPLICATE');
    expect(shard.position(1)).toBe(4);
  });

  it('also past the end of the order, and after a restart', () => {
    const { shard } = given(...live, fill(1, 'E1', 4), fill(1, 'E2', 6))
      .when(fill(1, 'E1', 4))
      .leadsTo('CommandRefused VENUE_FILL_DUPLICATE');
    expect(shard.restart()).toBe(true);
    expect(fill(1, 'E2', 6)(shard)).toEqual(['CommandRefused VENUE_FILL_DUPLICATE']);
    expect(shard.position(1)).toBe(10);
  });

  it('new, fill, new, fill: the second new is late and the second fill a repeat', () => {
    given(...live, fill(1, 'E1', 4))
      .when(ack)
      .leadsTo('CommandRefused VENUE_REPORT_STALE')
      .when(fill(1, 'E1', 4))
      .leadsTo('CommandRefused VENUE_FILL_DUPLICATE');
  });

  it('a fill beyond the order is booked and raised, not refused and no crash', () => {
    const { shard } = given(...live, fill(1, 'E1', 9))
      .when(fill(1, 'E2', 5))
      .leadsTo('OrderFilled #1 Filled 10/14/0 overfill');
    expect(shard.position(1)).toBe(14);
    expect(shard.openBuy(1)).toBe(0);
  });

  it('a fill of an order that nobody knows goes to suspense, once', () => {
    const stray = venue('Filled', 99, {
      execId: 'E9',
      lastQuantity: 7,
      lastPrice: 100,
      side: 'Buy',
    });
    const { shard } = given(...live)
      .when(stray)
      .leadsTo('FillUnmatched')
      .when(stray)
      .leadsTo('CommandRefused VENUE_FILL_DUPLICATE');
    expect(shard.position(1)).toBe(0);
    expect(shard.suspense(1)).toBe(7);
  });

  it('a bust is booked once, and never busted itself', () => {
    const { shard } = given(...live, fill(1, 'E1', 4), bust(1, 'B1', 'E1'))
      .when(bust(1, 'B1', 'E1'))
      .leadsTo('CommandRefused VENUE_FILL_DUPLICATE')
      .when(bust(1, 'B2', 'E1'))
      .leadsTo('CommandRefused VENUE_REPORT_STALE')
      .when(bust(1, 'B3', 'B1'))
      .leadsTo('CommandRefused VENUE_REPORT_STALE');
    expect(shard.position(1)).toBe(0);
  });
});

describe('status overwritten by a late one', () => {
  it('Filled is not overwritten by an acknowledgement', () => {
    given(newOrder('X', 10), fill(1, 'E1', 10))
      .when(ack)
      .leadsTo('OrderAcknowledged #1 Filled 10/10/0');
  });

  it('PartiallyFilled is not overwritten by a rejection or an acknowledgement', () => {
    given(...live, fill(1, 'E1', 4))
      .when(ack)
      .leadsTo('CommandRefused VENUE_REPORT_STALE')
      .when(venue('Rejected', 1))
      .leadsTo('CommandRefused VENUE_REPORT_STALE');
  });

  it('a late "pending" does not bring a canceled order back', () => {
    given(...live, cancel('Y', 'X'), replace('Z', 'X', 20), venue('Canceled', 1, { clOrdId: 'Y' }))
      .when(venue('PendingCancel', 1, { clOrdId: 'Y' }))
      .leadsTo('CommandRefused VENUE_REPORT_STALE')
      .when(venue('PendingReplace', 1, { clOrdId: 'Z' }))
      .leadsTo('CommandRefused VENUE_REPORT_STALE');
  });

  it('a repeated Replaced does not undo the replace after it', () => {
    given(
      ...live,
      replace('Y', 'X', 20),
      venue('Replaced', 1, { clOrdId: 'Y' }),
      replace('Z', 'Y', 30),
      venue('Replaced', 1, { clOrdId: 'Z' }),
    )
      .when(venue('Replaced', 1, { clOrdId: 'Y', quantity: 20 }))
      .leadsTo('CommandRefused VENUE_REPORT_STALE');
  });

  it('a repeated Canceled of a reduction does not cancel the rest', () => {
    given(...live, cancel('Y', 'X', 6), venue('Canceled', 1, { clOrdId: 'Y' }))
      .when(venue('Canceled', 1, { clOrdId: 'Y' }))
      .leadsTo('CommandRefused VENUE_REPORT_STALE')
      .when(fill(1, 'E1', 6))
      .leadsTo('OrderFilled #1 Filled 6/6/0');
  });
});

describe('modify in flight with fill', () => {
  const pending = [
    ...live,
    replace('Y', 'X', 20),
    venue('PendingReplace', 1, { clOrdId: 'Y' }),
  ] as const;

  it('the fill is a report of its own, under the old terms; the replace keeps what was filled', () => {
    const { shard } = given(...pending)
      .when(fill(1, 'E1', 4))
      .leadsTo('OrderFilled #1 PendingReplace 10/4/6')
      .when(venue('Replaced', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderReplaced #1 PartiallyFilled 20/4/16');
    expect(shard.position(1)).toBe(4);
  });

  it('a replace below what was filled meanwhile ends the order as Filled', () => {
    given(...live, replace('Y', 'X', 5), fill(1, 'E1', 7))
      .when(venue('Replaced', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderReplaced #1 Filled 7/7/0');
  });

  it('what a replace may still bring counts in the position limit until it is answered', () => {
    const { shard } = given(...pending)
      .when(fill(1, 'E1', 4))
      .leadsTo('OrderFilled #1 PendingReplace 10/4/6');
    expect(shard.openBuy(1)).toBe(16);
    venue('RequestRejected', 1, { clOrdId: 'Y' })(shard);
    expect(shard.openBuy(1)).toBe(6);
  });
});

describe('stuck PENDING_CANCEL', () => {
  it('a request that was only sent is not pending, let alone canceled', () => {
    given(...live)
      .when(cancel('Y', 'X'))
      .leadsTo('CancelRequested #1 New')
      .when(fill(1, 'E1', 4))
      .leadsTo('OrderFilled #1 PartiallyFilled 10/4/6');
  });

  const pending = [...live, cancel('Y', 'X'), venue('PendingCancel', 1, { clOrdId: 'Y' })] as const;

  it.each([
    ['Canceled', 'OrderCanceled #1 Canceled 10/0/0'],
    ['RequestRejected', 'CancelRejected VENUE_REJECTED #1 New 10/0/10'],
  ] as const)('%s ends it', (report, line) => {
    given(...pending)
      .when(venue(report, 1, { clOrdId: 'Y' }))
      .leadsTo(line);
  });

  it('another cancel can be sent meanwhile, up to a limit', () => {
    const { shard } = given(...pending);
    for (let i = 2; i <= 32; i += 1) {
      expect(cancel(`Y${i}`, 'X')(shard)).toEqual(['CancelRequested #1 PendingCancel']);
    }
    expect(cancel('Y33', 'X')(shard)).toEqual([
      'CancelRejected ORDER_ALREADY_PENDING #1 PendingCancel 10/0/10',
    ]);
    expect(venue('Canceled', 1, { clOrdId: 'Y32' })(shard)).toEqual([
      'OrderCanceled #1 Canceled 10/0/0',
    ]);
  });

  it('replaces in flight do not use up the room of cancels', () => {
    const { shard } = given(...live);
    for (let i = 1; i <= 16; i += 1) replace(`R${i}`, 'X', 20 + i)(shard);
    expect(replace('R17', 'X', 50)(shard)[0]).toContain('ORDER_ALREADY_PENDING');
    expect(cancel('Y', 'X')(shard)).toEqual(['CancelRequested #1 New']);
  });
});

describe('restart and recovery', () => {
  it('goes on where it was, with requests in flight, and repeats nothing', () => {
    const { shard } = given(...live, fill(1, 'E1', 4), replace('Y', 'X', 20), cancel('Z', 'Y'));
    expect(shard.restart()).toBe(true);
    expect(venue('Replaced', 1, { clOrdId: 'Y' })(shard)).toEqual([
      'OrderReplaced #1 PartiallyFilled 20/4/16',
    ]);
    expect(newOrder('X', 10)(shard)[0]).toContain('ORDER_DUPLICATE_CLIENT_ID');
    expect(shard.restart()).toBe(true);
    expect(shard.position(1)).toBe(4);
  });
});

describe('snapshot bugs', () => {
  it('the state as of any event, with the events after it, is the state', () => {
    const { shard } = given(...live, fill(1, 'E1', 4), cancel('Y', 'X'), bust(1, 'B1', 'E1'));
    for (let anchor = 0; anchor <= shard.records; anchor += 1) {
      expect(shard.restartFrom(anchor)).toBe(true);
    }
  });
});

describe('journal corruption', () => {
  it('an event that is not the next in sequence stops the shard', () => {
    const { shard } = given(...live, fill(1, 'E1', 4));
    expect(() => shard.replayWithout(3)).toThrow('not the next in sequence');
  });
});

describe('FIX sequence / resend', () => {
  it('a resent order that was seen is answered with its state and entered once', () => {
    const resent = newOrder('X', 10, { execInst: EXEC_INST.PossResend });
    given(...live, fill(1, 'E1', 4))
      .when(resent)
      .leadsTo('OrderDenied ORDER_DUPLICATE_CLIENT_ID #1 PartiallyFilled 10/4/6');
  });

  it('a resent order that was not seen is new', () => {
    given()
      .when(newOrder('X', 10, { execInst: EXEC_INST.PossResend }))
      .leadsTo('OrderAccepted #1');
  });
});

describe('FIX resend of cancels and replaces', () => {
  const again = { execInst: EXEC_INST.PossResend } as const;

  it('one that was seen is answered with its state and sent once, whatever order it names', () => {
    given(...live, replace('Y', 'X', 20), newOrder('A', 5))
      .when(replace('Y', 'A', 20, 101, again))
      .leadsTo('ReplaceRejected ORDER_DUPLICATE_CLIENT_ID #1 New 10/0/10')
      .when(cancel('Y', 'A', 0, again))
      .leadsTo('CancelRejected ORDER_DUPLICATE_CLIENT_ID #1 New 10/0/10')
      .when(replace('Y', 'A', 20))
      .leadsTo('ReplaceRejected ORDER_DUPLICATE_CLIENT_ID #2 PendingNew 5/0/5')
      .when(venue('Replaced', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderReplaced #1 New 20/0/20');
  });

  it('one that was not seen is new', () => {
    const { shard } = given(...live)
      .when(replace('Y', 'X', 20, 101, again))
      .leadsTo('ReplaceRequested #1 New')
      .when(cancel('Z', 'X', 0, again))
      .leadsTo('CancelRequested #1 New')
      .when(venue('Canceled', 1, { clOrdId: 'Z' }))
      .leadsTo('OrderCanceled #1 Canceled 10/0/0')
      .when(cancel('Z', 'X', 0, again))
      .leadsTo('CancelRejected ORDER_DUPLICATE_CLIENT_ID #1 Canceled 10/0/0');
    expect(shard.restart()).toBe(true);
  });

  it('many of them after a disconnect trip no breaker of refusals', () => {
    const { shard } = given(...live, cancel('Y', 'X'));
    const limit = { limit: LIMIT.BreakerRejects, scope: 'Account', scopeId: 1, value: 2 } as const;
    shard.decide('ChangeLimit', limit);
    for (let i = 0; i < 4; i += 1) {
      expect(cancel('Y', 'X', 0, again)(shard)).toHaveLength(1);
      expect(replace('Y', 'X', 5, 101, again)(shard)).toHaveLength(1);
      expect(newOrder('X', 10, again)(shard)).toHaveLength(1);
    }
    const refused = [1, 2, 3].flatMap(() => cancel('Y', 'X')(shard));
    expect(refused.join()).toContain('CircuitBreakerTripped');
  });
});

describe('duplicate or reused ClOrdID', () => {
  it('is refused over orders, cancels and replaces alike, with the state of the first', () => {
    given(...live, cancel('Y', 'X'))
      .when(newOrder('X', 5))
      .leadsTo('OrderDenied ORDER_DUPLICATE_CLIENT_ID #1 New 10/0/10')
      .when(newOrder('Y', 5))
      .leadsTo('OrderDenied ORDER_DUPLICATE_CLIENT_ID #1 New 10/0/10')
      .when(replace('X', 'X', 20))
      .leadsTo('ReplaceRejected ORDER_DUPLICATE_CLIENT_ID #1 New 10/0/10')
      .when(cancel('Y', 'X'))
      .leadsTo('CancelRejected ORDER_DUPLICATE_CLIENT_ID #1 New 10/0/10');
  });

  it('survives a restart and the end of the order', () => {
    const { shard } = given(...live, fill(1, 'E1', 10));
    shard.restart();
    expect(newOrder('X', 10)(shard)).toEqual([
      'OrderDenied ORDER_DUPLICATE_CLIENT_ID #1 Filled 10/10/0',
    ]);
  });

  it('another account may use the same id', () => {
    given(...live)
      .when(newOrder('X', 10, { account: 2 }))
      .leadsTo('OrderAccepted #2');
  });

  it('the id in a refused cancel of an unknown order is not used up', () => {
    given(cancel('Y', 'X')).when(newOrder('X', 10)).leadsTo('OrderAccepted #1');
  });
});

describe('status of part-filled then canceled', () => {
  it('is Canceled with CumQty; Filled only when CumQty is OrderQty', () => {
    given(...live, fill(1, 'E1', 9))
      .when(venue('Canceled', 1))
      .leadsTo('OrderCanceled #1 Canceled 10/9/0');
    given(...live, fill(1, 'E1', 9))
      .when(fill(1, 'E2', 1))
      .leadsTo('OrderFilled #1 Filled 10/10/0');
  });

  it('an immediate order that the venue calls expired is canceled', () => {
    given(newOrder('X', 10, { timeInForce: 'ImmediateOrCancel' }), ack, fill(1, 'E1', 3))
      .when(venue('Expired', 1))
      .leadsTo('OrderCanceled #1 Canceled 10/3/0');
  });
});

describe('time', () => {
  it('sequence orders: a clock that jumps back changes no decision', () => {
    const { shard } = given(...live);
    shard.setBack(3_600_000_000_000n);
    expect(fill(1, 'E1', 4)(shard)).toEqual(['OrderFilled #1 PartiallyFilled 10/4/6']);
    expect(cancel('Y', 'X')(shard)).toEqual(['CancelRequested #1 PartiallyFilled']);
    expect(shard.restart()).toBe(true);
  });

  it('the clock of the writer does not go back', () => {
    let wall = 1_767_603_600_000;
    let monotonic = 0;
    const clock = new Clock({
      originMs: wall,
      readMonotonic: (into) => {
        into[0] = monotonic;
      },
      wallMs: () => wall + monotonic,
    });
    let last = clock.ns();
    for (const jump of [0, -5000, 10, -3_600_000, 20]) {
      wall += jump;
      monotonic += 2000;
      clock.tick();
      expect(clock.ns()).toBeGreaterThanOrEqual(last);
      last = clock.ns();
    }
  });
});

describe('ClOrdID chaining at gateways', () => {
  it('a request may name any id of the chain, also one that is not accepted yet', () => {
    given(...live, replace('Y', 'X', 20))
      .when(replace('Z', 'Y', 30))
      .leadsTo('ReplaceRequested #1 New')
      .when(venue('RequestRejected', 1, { clOrdId: 'Y' }))
      .leadsTo('ReplaceRejected VENUE_REJECTED #1 New 10/0/10')
      .when(venue('Replaced', 1, { clOrdId: 'Z' }))
      .leadsTo('OrderReplaced #1 New 30/0/30')
      .when(cancel('W', 'Z'))
      .leadsTo('CancelRequested #1 New');
  });

  it('a report cannot answer the request of another order', () => {
    given(...live, newOrder('B', 10), venue('Acknowledged', 2), replace('Y', 'X', 20))
      .when(venue('Replaced', 2, { clOrdId: 'Y' }))
      .leadsTo('CommandRefused VENUE_REPORT_UNKNOWN')
      .when(venue('Replaced', 1, { clOrdId: 'Y' }))
      .leadsTo('OrderReplaced #1 New 20/0/20');
  });
});
