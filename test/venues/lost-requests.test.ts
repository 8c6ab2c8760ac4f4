/**
 * A venue whose link loses messages: what was asked of it is asked again, by a restart's reconciliation
 * or when its answer is overdue, a bounded number of times, and then people are told.
 *
 * `DAYBOOK_SEED` repeats a run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VENUE_ASKED_MAX } from '../../src/commands/decide/repeat-requests.js';
import { orderStatus } from '../../src/commands/state/order-status.js';
import { ORDER_FLAG } from '../../src/commands/state/order-table.js';
import type { CommandData, CommandName } from '../../src/domain/commands.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { EXEC_INST, ORD_STATUS } from '../../src/domain/order-terms.js';
import { OurOrders } from '../../src/venues/reconciliation/our-orders.js';
import { reconcileVenue } from '../../src/venues/reconciliation/reconcile-venue.js';
import {
  ORDERS_PER_LOOK_MAX,
  REQUEST_TIMEOUT_NS,
  RequestWatch,
} from '../../src/venues/reconciliation/request-watch.js';
import { Dice } from '../order-model/sequence.js';
import { INSTRUMENT, Shard, VENUE } from '../order-model/shard.js';
import { LossyVenue } from './lossy-venue.js';

const SEED = Number(process.env.DAYBOOK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SEQUENCES = 400;

class Link {
  readonly shard = new Shard();
  readonly venue: LossyVenue;
  readonly events: DaybookEvent[] = [];
  /** What is lost, of both directions; undefined nothing. */
  loses: (what: 'in' | 'out') => boolean = () => false;
  #ours = new OurOrders(VENUE);
  #read = 0;
  #ids = 0;
  readonly watch: RequestWatch;

  constructor() {
    this.venue = new LossyVenue((what) => this.loses(what));
    this.watch = this.#watch();
  }

  #watch(): RequestWatch {
    const submit = async <N extends CommandName>(name: N, data: CommandData<N>) => {
      this.hear();
      this.send(name, data);
    };
    return new RequestWatch({ venue: VENUE, status: this.venue, ours: this.#ours, submit });
  }

  send<N extends CommandName>(name: N, data: CommandData<N>): DaybookEvent[] {
    const events = this.shard.decide(name, data);
    this.events.push(...events);
    this.#ours.take(this.shard.log, this.#read);
    this.#read = this.shard.log.length;
    this.venue.take(events);
    return events;
  }

  /** The writer takes what the venue reported. */
  hear(): void {
    for (let r = this.venue.reports.shift(); r !== undefined; r = this.venue.reports.shift()) {
      this.send('VenueReport', r);
    }
  }

  order(terms: CommandData<'NewOrder'> = {}): number {
    this.#ids += 1;
    this.send('NewOrder', {
      ...{ account: 1, instrument: INSTRUMENT, side: 'Buy', ordType: 'Limit', timeInForce: 'Day' },
      ...{ quantity: 10, price: 100, clOrdId: `o${this.#ids}`, ...terms },
    });
    return this.shard.state.orders.used - 1;
  }

  cancel(orderId: number, quantity = 0): string {
    this.#ids += 1;
    this.send('CancelOrder', { account: 1, orderId, clOrdId: `c${this.#ids}`, quantity });
    return `c${this.#ids}`;
  }

  replace(orderId: number, quantity: number, price: number): void {
    this.#ids += 1;
    const clOrdId = `r${this.#ids}`;
    this.send('ReplaceOrder', { account: 1, orderId, clOrdId, quantity, price });
  }

  /** As long as it takes until an answer is overdue, and the watch looks. */
  async overdue(times = 1): Promise<number> {
    let asked = 0;
    for (let i = 0; i < times; i += 1) {
      this.shard.wait(REQUEST_TIMEOUT_NS);
      asked += await this.watch.look(this.shard.now);
      this.hear();
    }
    return asked;
  }

  async restart(): Promise<void> {
    expect(this.shard.restart()).toBe(true);
    this.venue.reports.length = 0;
    this.send('BeginReconciliation', { venue: VENUE });
    const submit = async <N extends CommandName>(name: N, data: CommandData<N>) => {
      this.send(name, data);
    };
    const common = { venue: VENUE, status: this.venue, ours: this.#ours, submit } as const;
    await reconcileVenue({ ...common, policy: 'Raise', asked: this.shard.now });
    this.hear();
  }

  count(type: string): number {
    return this.events.filter((event) => event.type === type).length;
  }

  differences(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'VenueDifferenceFound'
        ? `${event.data.difference} ${event.data.action} #${event.data.orderId}`
        : [],
    );
  }
}

/** Of both directions. */
const ALL = () => true;
const OUT = (what: 'in' | 'out') => what === 'out';

describe('a cancel of our own that the venue never got is asked for again', () => {
  const ways: [string, (link: Link) => void][] = [
    ['mass cancel', (link) => link.send('MassCancel', { account: 1 })],
    [
      'cancel on disconnect',
      (link) => link.send('MassCancel', { ofSession: 1, onlyOnDisconnect: 1 }),
    ],
    [
      'self-trade prevention, cancel oldest',
      (link) => link.order({ side: 'Sell', selfTradePrevention: 'CancelOldest', clOrdId: 'x' }),
    ],
    [
      'the other of an OCO traded',
      (link) => {
        link.loses = () => false;
        const other = link.shard.state.orders.used;
        link.order({ listId: 7, contingency: 'OneCancelsOther', listIndex: 1 });
        link.hear();
        link.loses = (what) => what === 'in';
        for (let i = 0; i < 10; i += 1) link.venue.fill(other);
        link.hear();
      },
    ],
  ];
  it.each(ways)('%s: by the reconciliation after a restart', async (_way, lose) => {
    const link = new Link();
    link.order({
      listId: 7,
      contingency: 'OneCancelsOther',
      execInst: EXEC_INST.CancelOnDisconnect,
      selfTradePrevention: 'CancelOldest',
    });
    link.hear();
    link.loses = ALL;
    lose(link);
    link.loses = () => false;
    expect(link.venue.orders.get(1)?.report).toBe('Open');
    await link.restart();
    expect(link.venue.orders.get(1)?.report).toBe('Canceled');
    expect(
      link.events.find((e) => e.type === 'OrderCanceled' && e.data.orderId === 1),
    ).toBeDefined();
    expect(link.shard.restart()).toBe(true);
  });

  it.each(ways)('%s: when the answer is overdue', async (_way, lose) => {
    const link = new Link();
    link.order({
      listId: 7,
      contingency: 'OneCancelsOther',
      execInst: EXEC_INST.CancelOnDisconnect,
      selfTradePrevention: 'CancelOldest',
    });
    link.hear();
    link.loses = ALL;
    lose(link);
    link.loses = () => false;
    await link.overdue();
    expect(link.venue.orders.get(1)?.report).toBe('Canceled');
    expect(link.count('RequestRepeated')).toBe(1);
    expect(await link.overdue(3)).toBe(0);
  });

  it('a part: down to the quantity of the first time', async () => {
    const link = new Link();
    link.order({ listId: 7, contingency: 'OneCancelsOther' });
    link.order({ listId: 7, contingency: 'OneCancelsOther', listIndex: 1 });
    link.hear();
    link.loses = (what) => what === 'in';
    for (let i = 0; i < 4; i += 1) link.venue.fill(2);
    link.hear();
    link.loses = () => false;
    await link.restart();
    expect(link.venue.orders.get(1)).toMatchObject({ report: 'Open', quantity: 6 });
    const { orders } = link.shard.state;
    expect([orders.quantity[1], orders.leavesQuantity[1]]).toEqual([6, 6]);
    expect(orders.unanswered.size).toBe(0);
  });
});

describe('Alpaca-API#111, nautilus#4787: an order stuck in PENDING_CANCEL', () => {
  it('its cancel is repeated under its own id, and what it says then is the end', async () => {
    const link = new Link();
    const orderId = link.order();
    link.hear();
    link.loses = OUT;
    const clOrdId = link.cancel(orderId);
    link.loses = () => false;
    await link.overdue();
    // The venue had canceled it: the status says so, and nothing needs to be repeated.
    expect(link.differences()).toEqual(['EndedAtVenue Canceled #1']);
    expect(link.venue.received).toEqual([clOrdId]);
  });

  it.each([VENUE_ASKED_MAX - 1, VENUE_ASKED_MAX, VENUE_ASKED_MAX + 1])(
    'a venue that says nothing is asked %i times',
    async (times) => {
      const link = new Link();
      const orderId = link.order();
      link.hear();
      link.loses = ALL;
      const clOrdId = link.cancel(orderId);
      await link.overdue(times);
      const repeated = link.events.filter((event) => event.type === 'RequestRepeated');
      expect(repeated.map(({ data }) => [data.clOrdId, data.attempt])).toEqual(
        Array.from({ length: Math.min(times, VENUE_ASKED_MAX) }, (_, n) => [clOrdId, n + 1]),
      );
      const raised = times > VENUE_ASKED_MAX;
      expect(link.differences().includes('RequestUnanswered Raised #1')).toBe(raised);
      expect(link.watch.unresolved).toEqual(raised ? [orderId] : []);
      if (!raised) return;
      // People were told: it goes on no more by itself, and nothing is believed to be canceled.
      expect(await link.overdue(3)).toBe(0);
      expect(link.shard.state.orders.leavesQuantity[orderId]).toBe(10);
      // A connection that is made anew begins again.
      link.loses = () => false;
      await link.restart();
      expect(link.venue.orders.get(orderId)?.report).toBe('Canceled');
      expect(link.watch.unresolved).toEqual([]);
    },
  );

  it('a venue that has it pending is not sent it again, but waited for, and raised', async () => {
    const link = new Link();
    const orderId = link.order();
    link.hear();
    link.venue.silent = true;
    link.cancel(orderId);
    link.send('VenueReport', { orderId, clOrdId: 'c2', report: 'PendingCancel', venue: VENUE });
    expect(orderStatus(link.shard.state.orders, orderId)).toBe(ORD_STATUS.PendingCancel);
    await link.overdue(VENUE_ASKED_MAX + 2);
    expect(link.differences()).toEqual([
      ...Array.from({ length: VENUE_ASKED_MAX }, () => 'RequestUnanswered Awaited #1'),
      'RequestUnanswered Raised #1',
    ]);
    expect(link.count('RequestRepeated')).toBe(0);
    // Its answer, however late, is the end of it.
    link.send('VenueReport', { orderId, clOrdId: 'c2', report: 'RequestRejected', venue: VENUE });
    expect(link.watch.unresolved).toEqual([]);
    expect(orderStatus(link.shard.state.orders, orderId)).toBe(ORD_STATUS.New);
  });

  it('one that filled meanwhile and shows PENDING_CANCEL gets its answer as well', async () => {
    const link = new Link();
    const orderId = link.order({ quantity: 1 });
    link.hear();
    link.loses = ALL;
    link.cancel(orderId);
    link.send('VenueReport', { orderId, clOrdId: 'c2', report: 'PendingCancel', venue: VENUE });
    link.loses = () => false;
    link.venue.fill(orderId);
    link.hear();
    expect(orderStatus(link.shard.state.orders, orderId)).toBe(ORD_STATUS.PendingCancel);
    await link.overdue();
    expect(link.count('CancelRejected')).toBe(1);
    expect(orderStatus(link.shard.state.orders, orderId)).toBe(ORD_STATUS.Filled);
  });

  it('a replace is repeated with all that it asked for', async () => {
    const link = new Link();
    const orderId = link.order();
    link.hear();
    link.loses = ALL;
    link.replace(orderId, 12, 101);
    link.loses = () => false;
    await link.overdue();
    expect(link.events.find(({ type }) => type === 'OrderReplaced')?.data).toMatchObject({
      ...{ orderQuantity: 12, price: 101, leavesQuantity: 12 },
    });
  });

  it('is asked at the limit of time, not one before', async () => {
    const link = new Link();
    const orderId = link.order();
    link.hear();
    link.loses = ALL;
    link.cancel(orderId);
    const since = link.shard.now;
    expect(await link.watch.look(since + REQUEST_TIMEOUT_NS - 1n)).toBe(0);
    expect(await link.watch.look(since + REQUEST_TIMEOUT_NS)).toBe(1);
  });

  it('an order that nobody acknowledged is told to its client, and not sent again', async () => {
    const link = new Link();
    link.loses = ALL;
    const orderId = link.order();
    await link.overdue();
    expect(link.differences()).toEqual([`UnknownToVenue Rejected #${orderId}`]);
    expect(link.count('OrderRejected')).toBe(1);
  });

  it('asks about a bounded number of orders in one look', async () => {
    expect(ORDERS_PER_LOOK_MAX).toBeGreaterThan(0);
    const link = new Link();
    link.loses = ALL;
    for (let i = 0; i < 5; i += 1) link.order();
    link.shard.wait(REQUEST_TIMEOUT_NS);
    expect(await link.watch.look(link.shard.now)).toBe(5);
  });
});

describe('random lives over a link that loses', () => {
  it(`${SEQUENCES} of them end as their venue has them (seed ${SEED})`, async () => {
    const seeds = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), {
      minLength: 5,
      maxLength: 40,
    });
    const live = fc.asyncProperty(seeds, (each) => run(each));
    await fc.assert(live, { numRuns: SEQUENCES, seed: SEED });
  }, 120_000);
});

async function run(seeds: readonly number[]): Promise<void> {
  const link = new Link();
  const loss = new Dice(seeds[0] as number);
  link.loses = () => loss.chance(35);
  const { state } = link.shard;
  for (const seed of seeds) {
    const dice = new Dice(seed);
    const orderId = 1 + dice.roll(Math.max(1, state.orders.used - 1));
    const chosen = dice.roll(100);
    if (chosen < 30 && state.orders.used < 20) {
      const grouped = dice.chance(50);
      link.order(grouped ? { listId: 1 + dice.roll(2), contingency: 'OneCancelsOther' } : {});
    } else if (chosen < 50) link.venue.fill(orderId);
    else if (chosen < 62) link.cancel(orderId, dice.chance(30) ? 1 + dice.roll(9) : 0);
    else if (chosen < 74) link.replace(orderId, 1 + dice.roll(14), 99 + dice.roll(3));
    else if (chosen < 78) link.send('MassCancel', { account: 1 });
    else if (chosen < 88) link.hear();
    else if (chosen < 95) await link.overdue();
    else await link.restart();
  }
  link.loses = () => false;
  await link.restart();
  await link.overdue(VENUE_ASKED_MAX + 2);
  await link.restart();
  agree(link);
}

/** Nothing waits, and both sides hold the same. */
function agree(link: Link): void {
  const { orders } = link.shard.state;
  expect(link.watch.unresolved).toEqual([]);
  for (let row = 1; row < orders.used; row += 1) {
    const theirs = link.venue.orders.get(orders.orderId[row] as number);
    const flags = orders.flags[row] as number;
    const open = (orders.leavesQuantity[row] as number) > 0;
    expect([row, open]).toEqual([row, theirs?.report === 'Open']);
    expect([row, orders.cumQuantity[row]]).toEqual([row, theirs?.cumQuantity ?? 0]);
    if (!open) continue;
    expect(orders.quantity[row]).toBe(theirs?.quantity);
    expect(orders.requests[row]).toBe(0);
    expect(flags & (ORDER_FLAG.CancelForced | ORDER_FLAG.CutForced)).toBe(0);
  }
}
