import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REASON } from '../../domain/reject-reasons.js';
import { desk, idOf, only, reasonOf, type Spec, types } from '../risk/spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
  const terms = { currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1 };
  spec.when('ListInstrument', {
    ...terms,
    symbol: 'VEN',
    multiplierMantissa: 1,
    venue: 1,
    open: 1,
  });
  spec.mark(10_000, 3);
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

const at3 = { instrument: 3 } as const;

describe('stops', () => {
  it.each([
    ['Buy', 10_099, false],
    ['Buy', 10_100, true],
    ['Buy', 10_101, true],
  ] as const)('a %s stop at 10100 and a mark of %d', (side, mark, triggers) => {
    const order = spec.order({ ...at3, side, ordType: 'Stop', stopPrice: 10_100 });
    expect(types(order)).toEqual(['RiskDecided', 'OrderAccepted']);
    const events = spec.mark(mark, 3);
    expect(types(events)).toEqual(
      triggers ? ['PriceMarked', 'OrderTriggered', 'OrderRouted'] : ['PriceMarked'],
    );
    if (!triggers) return;
    expect(only(events, 'OrderTriggered').data).toMatchObject({
      orderId: idOf(order),
      ordType: 'Market',
      mark,
      price: 0,
    });
    expect(types(spec.mark(mark, 3))).toEqual(['PriceMarked']);
  });

  it.each([
    [9_901, false],
    [9_900, true],
    [9_899, true],
  ])('a sell stop limit at 9900 and a mark of %d becomes a limit order', (mark, triggers) => {
    spec.order({ ...at3, side: 'Sell', ordType: 'StopLimit', stopPrice: 9_900, price: 9_890 });
    const events = spec.mark(mark, 3);
    expect(types(events).includes('OrderTriggered')).toBe(triggers);
    if (!triggers) return;
    expect(only(events, 'OrderTriggered').data).toMatchObject({ ordType: 'Limit', price: 9_890 });
  });

  it('triggers at once when the mark is there already', () => {
    const events = spec.order({ ...at3, ordType: 'Stop', stopPrice: 10_000 });
    expect(types(events)).toEqual([
      'RiskDecided',
      'OrderAccepted',
      'OrderTriggered',
      'OrderRouted',
    ]);
  });

  it('is canceled and replaced here, without the venue', () => {
    const id = idOf(spec.order({ ...at3, ordType: 'Stop', stopPrice: 10_100 }));
    const moved = spec.when('ReplaceOrder', {
      account: 1,
      orderId: id,
      clOrdId: 'm',
      quantity: 2,
      stopPrice: 10_050,
    });
    expect(only(moved, 'OrderReplaced').data).toMatchObject({
      stopPrice: 10_050,
      orderQuantity: 2,
    });
    expect(types(spec.mark(10_049, 3))).toEqual(['PriceMarked']);
    expect(types(spec.cancel(id))).toEqual(['CancelRequested', 'OrderCanceled']);
    expect(types(spec.mark(10_500, 3))).toEqual(['PriceMarked']);
  });

  it('waits while trading is halted, and triggers when it resumes', () => {
    spec.order({ ...at3, ordType: 'Stop', stopPrice: 10_100 });
    spec.when('SetTradingState', { scope: 'Instrument', scopeId: 3, state: 'Halted' });
    expect(types(spec.mark(10_200, 3))).toEqual(['PriceMarked']);
    const resumed = spec.when('SetTradingState', {
      scope: 'Instrument',
      scopeId: 3,
      state: 'Active',
    });
    expect(types(resumed)).toEqual(['TradingResumed', 'OrderTriggered', 'OrderRouted']);
  });

  it('does not trade with its own account when it triggers', () => {
    spec.order({ ...at3, side: 'Sell', price: 11_000 });
    const stop = { ordType: 'Stop', stopPrice: 10_100 } as const;
    spec.order({ ...at3, ...stop, selfTradePrevention: 'CancelNewest' });
    const events = spec.mark(10_100, 3);
    expect(types(events)).not.toContain('OrderRouted');
    expect(only(events, 'CancelRequested').data.reason).toBe(REASON.RISK_SELF_TRADE);
  });

  it.each([
    { ordType: 'Stop' },
    { ordType: 'Stop', stopPrice: 10_100, price: 1 },
    { ordType: 'Stop', stopPrice: 10_100, offset: 5 },
    { ordType: 'StopLimit', stopPrice: 10_100 },
    { ordType: 'TrailingStop' },
    { ordType: 'TrailingStop', offset: -1 },
    { ordType: 'TrailingStopLimit', offset: 5, price: 10_000 },
    { ordType: 'Limit', stopPrice: 10_100 },
    { ordType: 'Pegged' },
    { ordType: 'Limit', peg: 'Primary' },
    { ordType: 'Limit', displayQuantity: 2 },
    { ordType: 'Limit', minQuantity: 2 },
    { ordType: 'Limit', timeInForce: 'GoodTillDate' },
    { ordType: 'Limit', expireTime: 5 },
    { ordType: 'Limit', listId: 5 },
    { ordType: 'Limit', contingency: 'OneCancelsOther' },
    { ordType: 'Limit', listId: 5, contingency: 'OneTriggersOther', listIndex: 1 },
    { ordType: 'Market', execInst: 1 },
    { ordType: 'Limit', execInst: 1, timeInForce: 'ImmediateOrCancel' },
  ] as const)('refuses terms that do not go together: %o', (data) => {
    expect(reasonOf(spec.order({ ...data }))).not.toBe(0);
  });
});

it.each([
  [-1, 'OrderTriggered'],
  [0, 'OrderExpired'],
  [1, 'OrderExpired'],
])('a stop that is reached %d ms after its time', (ms, type) => {
  const dated = { timeInForce: 'GoodTillDate', expireTime: 1_767_603_600_000 + 1000 } as const;
  spec.order({ ...at3, ...dated, ordType: 'Stop', stopPrice: 10_100 });
  expect(types(spec.after(1000 + ms).mark(10_100, 3))).toContain(type);
});

describe('trailing stops', () => {
  it('follow the mark one way and trigger when it turns by the offset', () => {
    spec.order({ ...at3, side: 'Sell', ordType: 'TrailingStop', offset: 100 });
    expect(types(spec.mark(10_500, 3))).toEqual(['PriceMarked']);
    expect(types(spec.mark(10_401, 3))).toEqual(['PriceMarked']);
    expect(types(spec.mark(10_400, 3))).toContain('OrderTriggered');
  });

  it('a replace leaves none further from the mark than its offset', () => {
    const side = 'Sell' as const;
    const stop = only(
      spec.order({ ...at3, side, ordType: 'TrailingStop', offset: 100, clOrdId: 'trails' }),
      'OrderAccepted',
    );
    const { orderId, quantity } = stop.data;
    spec.mark(10_500, 3);
    spec.when('ReplaceOrder', {
      ...{ account: stop.data.account, orderId, clOrdId: 'back', quantity, stopPrice: 10_000 },
    });
    expect(types(spec.mark(10_401, 3))).toEqual(['PriceMarked']);
    expect(types(spec.mark(10_400, 3))).toContain('OrderTriggered');
  });

  it('keep the distance of their limit', () => {
    spec.order({
      ...at3,
      ordType: 'TrailingStopLimit',
      offset: 100,
      stopPrice: 10_100,
      price: 10_120,
    });
    spec.mark(9_500, 3);
    const events = spec.mark(9_600, 3);
    expect(only(events, 'OrderTriggered').data).toMatchObject({ ordType: 'Limit', price: 9_620 });
  });
});

describe('types and times that a venue works', () => {
  it.each([
    { displayQuantity: 1 },
    { minQuantity: 1 },
    { timeInForce: 'AtTheOpening' },
    { timeInForce: 'AtTheClose', ordType: 'Market' },
    { timeInForce: 'GoodTillDate', expireTime: 1_800_000_000_000 },
    { timeInForce: 'FillOrKill' },
    { ordType: 'Pegged', peg: 'Midpoint', offset: -2 },
    { execInst: 1 },
  ] as const)('are routed: %o', (data) => {
    const events = spec.order({ ...at3, ...data });
    expect(types(events)).toEqual(['RiskDecided', 'OrderAccepted', 'OrderRouted']);
  });

  it.each([
    [-1, REASON.ORDER_EXPIRED],
    [0, REASON.ORDER_EXPIRED],
    [1, 0],
  ])('good till %d ms from now', (ms, reason) => {
    const expireTime = 1_767_603_600_000 + ms;
    expect(reasonOf(spec.order({ timeInForce: 'GoodTillDate', expireTime }))).toBe(reason);
  });
});

describe('one cancels the other', () => {
  const oco = { ...at3, listId: 7, contingency: 'OneCancelsOther' } as const;

  it('a fill cancels the other', () => {
    const first = idOf(spec.order({ ...oco, price: 9_900 }));
    const other = idOf(spec.order({ ...oco, ordType: 'Stop', stopPrice: 10_200 }));
    const events = spec.fill(first, 1);
    expect(types(events)).toEqual(['OrderFilled', 'CancelRequested', 'OrderCanceled']);
    expect(only(events, 'OrderCanceled').data).toMatchObject({
      orderId: other,
      reason: REASON.ORDER_CONTINGENCY,
    });
  });

  it('a part of it cuts the other down to the rest', () => {
    const first = idOf(spec.order({ ...oco, quantity: 10, price: 9_900 }));
    spec.order({ ...oco, quantity: 10, ordType: 'Stop', stopPrice: 10_200 });
    const events = spec.fill(first, 4);
    expect(only(events, 'OrderCanceled').data).toMatchObject({ leavesQuantity: 6 });
    expect(types(spec.fill(first, 6))).toContain('OrderCanceled');
  });

  it('asks the venue when the other works there, once', () => {
    const first = idOf(spec.order({ ...oco, price: 9_900 }));
    spec.order({ ...oco, price: 9_950 });
    expect(types(spec.fill(first, 1))).toEqual(['OrderFilled', 'CancelRequested']);
    expect(types(spec.mark(10_001, 3))).toEqual(['PriceMarked']);
  });

  it('a fill while the cut is under way cancels the other, and does not wait for the answer', () => {
    const first = idOf(spec.order({ ...oco, quantity: 10 }));
    const second = idOf(spec.order({ ...oco, quantity: 10, price: 9_900 }));
    const asked = (events: ReturnType<typeof spec.fill>) =>
      events
        .filter((event) => event.type === 'CancelRequested')
        .map((event) => [event.data.orderId, event.data.quantity]);
    expect(asked(spec.fill(first, 4))).toEqual([[second, 6]]);
    expect(asked(spec.restart().fill(first, 6))).toEqual([[second, 0]]);
    const answer = (quantity: number) =>
      spec.when('VenueReport', { report: 'Canceled', orderId: second, quantity });
    expect(types(answer(6))).toEqual(['OrderCanceled']);
    expect(only(answer(0), 'OrderCanceled').data).toMatchObject({ ordStatus: 'Canceled' });
  });

  it('a cut that the venue refuses is asked for once more, not for ever', () => {
    const first = idOf(spec.order({ ...oco, quantity: 10 }));
    const second = idOf(spec.order({ ...oco, quantity: 10, price: 9_900 }));
    const refused = () =>
      types(spec.when('VenueReport', { report: 'RequestRejected', orderId: second }));
    expect(types(spec.fill(first, 4))).toEqual(['OrderFilled', 'CancelRequested']);
    expect(refused()).toEqual(['CancelRejected', 'CancelRequested']);
    expect(refused()).toEqual(['CancelRejected']);
    expect(types(spec.mark(10_001, 3))).toEqual(['PriceMarked']);
    expect(types(spec.fill(first, 1))).toEqual(['OrderFilled', 'CancelRequested']);
  });

  it('parts of both that cross their cuts leave both together what the group has left', () => {
    const first = idOf(spec.order({ ...oco, quantity: 10 }));
    const second = idOf(spec.order({ ...oco, quantity: 10, price: 9_900 }));
    const wanted = new Map<number, number>();
    const note = (events: ReturnType<typeof spec.fill>) => {
      for (const { type, data } of events) {
        if (type === 'CancelRequested') wanted.set(data.orderId, data.quantity);
      }
    };
    // The venue does what it was asked for last, and fills come between.
    const answer = (orderId: number) => {
      const quantity = wanted.get(orderId);
      if (quantity === undefined) return;
      wanted.delete(orderId);
      note(spec.restart().when('VenueReport', { report: 'Canceled', orderId, quantity }));
    };
    note(spec.fill(second, 3));
    note(spec.fill(first, 4));
    for (let round = 0; wanted.size > 0 && round < 10; round += 1) {
      answer(first);
      answer(second);
    }
    const { orders } = spec.state;
    const leaves = (id: number) => orders.leavesQuantity[orders.rowOf(id)];
    expect([leaves(first), leaves(second)]).toEqual([3, 3]);
  });

  it('a cancel leaves the other', () => {
    const first = idOf(spec.order({ ...oco, ordType: 'Stop', stopPrice: 10_100 }));
    spec.order({ ...oco, ordType: 'Stop', stopPrice: 10_200 });
    expect(types(spec.cancel(first))).toEqual(['CancelRequested', 'OrderCanceled']);
    expect(types(spec.mark(10_200, 3))).toContain('OrderTriggered');
  });
});

describe('one triggers the other', () => {
  const list = { ...at3, listId: 9, contingency: 'OneTriggersOther' } as const;
  const child = { ...list, listIndex: 1, side: 'Sell', price: 10_200 } as const;

  it('the child waits until the parent is filled', () => {
    const parent = idOf(spec.order({ ...list, quantity: 10 }));
    const held = spec.order({ ...child, quantity: 10 });
    expect(types(held)).toEqual(['RiskDecided', 'OrderAccepted']);
    expect(types(spec.fill(parent, 4))).toEqual(['OrderFilled']);
    expect(types(spec.fill(parent, 6))).toEqual(['OrderFilled', 'OrderTriggered', 'OrderRouted']);
  });

  it.each([
    ['Account', 1],
    ['Instrument', 3],
    ['Firm', 0],
  ] as const)(
    'the child of a parent that fills in a halt of %s waits until it is over',
    (scope, scopeId) => {
      const set = (state: 'Active' | 'Reducing' | 'Halted') =>
        spec.when('SetTradingState', { scope, scopeId, state });
      const parent = idOf(spec.order({ ...list, quantity: 10 }));
      const held = idOf(spec.order({ ...child, quantity: 10 }));
      set('Halted');
      expect(types(spec.fill(parent, 10))).toEqual(['OrderFilled']);
      expect(types(spec.mark(10_001, 3))).toEqual(['PriceMarked']);
      const resumed = set('Active');
      expect(types(resumed)).toEqual(['TradingResumed', 'OrderTriggered', 'OrderRouted']);
      expect(only(resumed, 'OrderRouted').data.orderId).toBe(held);
      expect(types(spec.restart().mark(10_000, 3))).toEqual(['PriceMarked']);
    },
  );

  it('the child that waits in a halt is canceled like any other order', () => {
    const parent = idOf(spec.order({ ...list, quantity: 10 }));
    const held = idOf(spec.order({ ...child, quantity: 10 }));
    spec.when('SetTradingState', { scope: 'Account', scopeId: 1, state: 'Halted' });
    spec.fill(parent, 10);
    expect(types(spec.cancel(held))).toEqual(['CancelRequested', 'OrderCanceled']);
    const resumed = spec.when('SetTradingState', { scope: 'Account', scopeId: 1, state: 'Active' });
    expect(types(resumed)).toEqual(['TradingResumed']);
  });

  it.each([
    ['a cancel', (_: number, held: number) => spec.cancel(held)],
    ['a mass cancel', () => spec.when('MassCancel', { account: 1 })],
    [
      'the end of its day',
      () => {
        spec.when('OpenTradingDay', { tradingDay: 20_260_105 });
        return spec.when('CloseTradingDay', { tradingDay: 20_260_105 });
      },
    ],
  ] as const)('the child is not sent to its venue after %s, though its parent fills', (_, end) => {
    const parent = idOf(spec.order({ ...list, quantity: 10, timeInForce: 'GoodTillCancel' }));
    const held = idOf(spec.order({ ...child, quantity: 10 }));
    const ended = end(parent, held).filter(
      ({ type }) => type === 'OrderCanceled' || type === 'OrderExpired',
    );
    expect(ended.map(({ data }) => (data as { orderId: number }).orderId)).toEqual([held]);
    expect(types(spec.restart().fill(parent, 10))).toEqual(['OrderFilled']);
  });

  it('a parent that ends without a trade takes the child with it', () => {
    const parent = idOf(spec.order(list));
    const id = idOf(spec.order(child));
    const events = spec.when('VenueReport', { report: 'Canceled', orderId: parent });
    const gone = events.filter((event) => event.type === 'OrderCanceled');
    expect(gone.map((event) => event.data.orderId)).toEqual([parent, id]);
  });

  it('a parent that traded in part releases the child for that part', () => {
    const parent = idOf(spec.order({ ...list, quantity: 10 }));
    spec.order({ ...child, quantity: 10 });
    spec.fill(parent, 4);
    const events = spec.when('VenueReport', { report: 'Canceled', orderId: parent });
    expect(only(events, 'OrderTriggered').data).toMatchObject({ orderQuantity: 4 });
    expect(types(events)).toContain('OrderRouted');
  });

  it('a child that comes after the fill goes at once, after the end not at all', () => {
    const parent = idOf(spec.order(list));
    spec.fill(parent, 1);
    expect(types(spec.order(child))).toContain('OrderRouted');
    const other = { ...list, listId: 10 };
    const ended = idOf(spec.order(other));
    spec.when('VenueReport', { report: 'Canceled', orderId: ended });
    const late = spec.order({ ...other, listIndex: 1, side: 'Sell' });
    expect(reasonOf(late)).toBe(REASON.ORDER_CONTINGENCY);
  });
});

it('a bracket: the fill releases target and stop, and one cancels the other', () => {
  const list = { ...at3, listId: 11, contingency: 'Bracket' } as const;
  const parent = idOf(spec.order({ ...list, quantity: 5 }));
  const target = idOf(
    spec.order({ ...list, listIndex: 1, side: 'Sell', price: 10_500, quantity: 5 }),
  );
  const protect = { ordType: 'Stop', stopPrice: 9_500 } as const;
  const stop = idOf(spec.order({ ...list, ...protect, listIndex: 2, side: 'Sell', quantity: 5 }));
  const released = spec.fill(parent, 5);
  expect(types(released)).toEqual([
    'OrderFilled',
    'OrderTriggered',
    'OrderRouted',
    'OrderTriggered',
  ]);
  expect(only(released, 'OrderRouted').data.orderId).toBe(target);
  const triggered = spec.mark(9_500, 3);
  expect(only(triggered, 'OrderRouted').data.orderId).toBe(stop);
  const filled = spec.fill(stop, 5, 9_500);
  expect(only(filled, 'CancelRequested').data).toMatchObject({
    orderId: target,
    reason: REASON.ORDER_CONTINGENCY,
  });
});

it('a restart at any moment does nothing twice and forgets nothing', () => {
  const list = { ...at3, listId: 11, contingency: 'Bracket' } as const;
  const parent = idOf(spec.order({ ...list, quantity: 5 }));
  spec.restart().order({ ...list, listIndex: 1, side: 'Sell', price: 10_500, quantity: 5 });
  const protect = { ordType: 'Stop', stopPrice: 9_500 } as const;
  spec.restart();
  const stop = idOf(spec.order({ ...list, ...protect, listIndex: 2, side: 'Sell', quantity: 5 }));
  const quiet = () => types(spec.restart().mark(10_000, 1));
  expect(quiet()).toEqual(['PriceMarked']);
  expect(types(spec.restart().fill(parent, 5))).toHaveLength(4);
  expect(quiet()).toEqual(['PriceMarked']);
  expect(types(spec.restart().mark(9_400, 3))).toContain('OrderTriggered');
  expect(quiet()).toEqual(['PriceMarked']);
  expect(types(spec.restart().fill(stop, 5, 9_400))).toEqual(['OrderFilled', 'CancelRequested']);
  expect(quiet()).toEqual(['PriceMarked']);
});

it('stops beyond the room of a batch trigger with the next command, each once', () => {
  for (let i = 0; i < 2000; i += 1) spec.order({ ...at3, ordType: 'Stop', stopPrice: 10_100 });
  const count = (list: readonly string[]) =>
    list.filter((type) => type === 'OrderTriggered').length;
  let triggered = count(types(spec.mark(10_100, 3)));
  expect(triggered).toBeLessThan(2000);
  triggered += count(types(spec.mark(10_000, 1)));
  expect(triggered).toBe(2000);
});

it.each([
  [4, 0],
  [5, 0],
  [6, REASON.RISK_REDUCE_ONLY],
])('a reduce-only child of %d closes what its parent of 5 opens', (quantity, reason) => {
  const list = { ...at3, listId: 12, contingency: 'OneTriggersOther' } as const;
  spec.order({ ...list, quantity: 5 });
  const child = { ...list, listIndex: 1, price: 10_500, quantity, execInst: 2 } as const;
  expect(reasonOf(spec.order({ ...child, side: 'Sell' }))).toBe(reason);
  expect(reasonOf(spec.order({ ...child, side: 'Buy' }))).toBe(REASON.RISK_REDUCE_ONLY);
});

it.each([
  [5, 0],
  [6, REASON.RISK_SHORT_SALE],
])(
  'where short sales are refused, a child may sell %d of the 5 its parent buys',
  (quantity, reason) => {
    spec.limit('ShortSale', 0);
    const list = { ...at3, listId: 13, contingency: 'Bracket' } as const;
    spec.order({ ...list, quantity: 5 });
    const child = { ...list, side: 'Sell', price: 10_500, quantity } as const;
    expect(reasonOf(spec.order({ ...child, listIndex: 1 }))).toBe(reason);
    expect(reasonOf(spec.order({ ...child, listIndex: 2 }))).toBe(reason);
  },
);
