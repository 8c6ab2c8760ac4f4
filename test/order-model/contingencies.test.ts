/**
 * Random lives of contingency groups and of orders that Daybook holds, against a venue that does what it
 * is asked, with restarts, halts, limits of rates and breakers. Always: nothing goes to the venue that is
 * over or while trading is halted, nothing twice; a cancel of an open order passes, whatever the state.
 * Once the venue has answered everything: no request is under way, the venue holds what the shard thinks,
 * what one order of a group traded is gone from the others, no child waits for a parent that is over.
 *
 * `DAYBOOK_SEED` repeats a run.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANCELS_UNDER_WAY_MAX, requestsUnderWay } from '../../src/commands/decide/cancel-order.js';
import { waitsForParent } from '../../src/commands/evolve/held-orders.js';
import { RETENTION_DAYS } from '../../src/commands/evolve/purge.js';
import { tradingState } from '../../src/commands/risk/order-checks.js';
import { ORDER_FLAG } from '../../src/commands/state/order-table.js';
import type { CommandData } from '../../src/domain/commands.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { CONTINGENCY, SIDE, TRADING_STATE } from '../../src/domain/order-terms.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { HonestVenue } from './honest-venue.js';
import { Dice } from './sequence.js';
import { DAY, INSTRUMENT, Shard, spoken } from './shard.js';

const SEQUENCES = 2500;
const SEED = Number(process.env.DAYBOOK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ORDERS_MAX = 24;
const ACCOUNT = 1;
const QUANTITY = 10;

type NewOrder = CommandData<'NewOrder'>;

class Life {
  readonly #shard = new Shard();
  readonly #venue = new HonestVenue();
  readonly #told: (() => string)[] = [];
  readonly #over = new Set<number>();
  #ids = 0;
  #lists = 0;
  #day = DAY;

  run(seeds: readonly number[]): void {
    this.#send('MarkPrice', { instrument: INSTRUMENT, price: 100 });
    const first = new Dice(seeds[0] as number);
    const tight = ['OrderRate', 'CancelRate', 'BreakerRejects', 'BreakerMessages'] as const;
    for (const limit of first.chance(40) ? tight : []) {
      const value = 1 + first.roll(6);
      this.#send('ChangeLimit', { limit: LIMIT[limit], scope: 'Account', scopeId: ACCOUNT, value });
    }
    for (const seed of seeds) this.#step(new Dice(seed));
    this.#settle(first.chance(50));
  }

  #step(dice: Dice): void {
    if (dice.chance(4)) this.#restart();
    const { orders } = this.#shard.state;
    const chosen = 1 + dice.roll(Math.max(1, orders.count));
    const actions = [
      [18, () => orders.count < ORDERS_MAX && this.#group(dice)],
      [22, () => this.#fill(dice)],
      [24, () => this.#answer(dice)],
      [8, () => this.#cancel(chosen, dice)],
      [6, () => this.#replace(chosen, dice)],
      [3, () => this.#massCancel(dice)],
      [8, () => this.#send('MarkPrice', { instrument: INSTRUMENT, price: 90 + dice.roll(21) })],
      [7, () => this.#setState(dice)],
      [2, () => this.#end(dice)],
      [2, () => this.#nextDay()],
    ] as const;
    let roll = dice.roll(100);
    for (const [weight, act] of actions) {
      roll -= weight;
      if (roll < 0) {
        act();
        return;
      }
    }
  }

  #fail(why: string): never {
    throw new Error([why, ...this.#told.map((say) => say())].join('\n  '));
  }

  #restart(): void {
    this.#told.push(() => 'restart');
    if (!this.#shard.restart()) this.#fail('another state after the restart');
  }

  #send(...[name, data]: Parameters<Shard['decide']>): DaybookEvent[] {
    const { state } = this.#shard;
    const halted = () =>
      tradingState(state, ACCOUNT, INSTRUMENT) === TRADING_STATE.Halted &&
      name !== 'SetTradingState';
    const before = halted();
    const events = this.#shard.decide(name, data);
    const routed = events.flatMap(({ type, data }) =>
      type === 'OrderRouted' ? [(data as { orderId: number }).orderId] : [],
    );
    // Said only if it fails: saying takes longer than deciding.
    this.#told.push(
      () => `${name} ${JSON.stringify(data)} -> ${spoken(events).join('; ')} routed ${routed}`,
    );
    const quantityOf = (id: number) => state.orders.quantity[state.orders.rowOf(id)] as number;
    for (const event of events) {
      const id = (event.data as { orderId?: number }).orderId ?? 0;
      if (event.type === 'OrderRouted' || event.type === 'OrderTriggered') {
        if (this.#over.has(id)) this.#fail(`order ${id} goes on after its end`);
        if (before && halted() && event.type === 'OrderRouted') this.#fail('routed in a halt');
        if (event.type === 'OrderRouted' && this.#venue.orders.has(id)) this.#fail('routed twice');
      }
      const left = (event.data as { leavesQuantity?: number }).leavesQuantity;
      if (left === 0 && id !== 0) this.#over.add(id);
      if (left !== undefined && left > 0) this.#over.delete(id);
      this.#venue.hear(event, quantityOf);
    }
    return events;
  }

  /** A group, its orders one after another; what risk refuses is missing from it. */
  #group(dice: Dice): void {
    this.#lists += 1;
    const listId = this.#lists;
    const contingency = dice.pick(['OneCancelsOther', 'OneTriggersOther', 'Bracket'] as const)!;
    const size = 2 + dice.roll(2);
    for (let listIndex = 0; listIndex < size; listIndex += 1) {
      this.#order(dice, { listId, contingency, listIndex, side: listIndex === 0 ? 'Buy' : 'Sell' });
      // Something may happen before the next one comes.
      if (dice.chance(15)) this.#fill(dice);
      if (dice.chance(5)) this.#restart();
    }
  }

  #order(dice: Dice, group: NewOrder): void {
    this.#ids += 1;
    const ordType = dice.pick(['Limit', 'Limit', 'Stop', 'StopLimit', 'TrailingStop'] as const)!;
    const stopped = ordType === 'Stop' || ordType === 'StopLimit';
    this.#send('NewOrder', {
      ...group,
      account: ACCOUNT,
      instrument: INSTRUMENT,
      clOrdId: `C${this.#ids}`,
      quantity: QUANTITY,
      ordType,
      price: ordType === 'Limit' || ordType === 'StopLimit' ? 100 : 0,
      stopPrice: stopped ? 90 + dice.roll(21) : 0,
      offset: ordType === 'TrailingStop' ? 3 : 0,
      timeInForce: dice.chance(60) ? 'GoodTillCancel' : 'Day',
    });
  }

  #fill(dice: Dice): void {
    const order = dice.pick(this.#venue.open);
    if (order !== undefined) this.#send('VenueReport', this.#venue.fill(order, dice));
  }

  #end(dice: Dice): void {
    const order = dice.pick(this.#venue.open);
    if (order !== undefined) this.#send('VenueReport', this.#venue.end(order));
  }

  #answer(dice: Dice): void {
    const order = dice.pick(this.#venue.waiting);
    if (order !== undefined) this.#send('VenueReport', this.#venue.answer(order));
  }

  /** Whole or in part, with an id or without: an open order's cancel passes. */
  #cancel(orderId: number, dice: Dice): void {
    const { state } = this.#shard;
    const row = state.orders.rowOf(orderId);
    if (row === 0) return;
    this.#ids += 1;
    const clOrdId = dice.chance(30) ? '' : `X${this.#ids}`;
    const left = state.orders.leavesQuantity[row] as number;
    const cut = dice.chance(40) ? (state.orders.quantity[row] as number) - 1 : 0;
    const room = requestsUnderWay(state, row) < CANCELS_UNDER_WAY_MAX;
    const quantity = Math.max(0, cut);
    const events = this.#send('CancelOrder', { account: ACCOUNT, clOrdId, orderId, quantity });
    const passed = events.some(({ type }) => type === 'CancelRequested');
    if (left > 0 && room && !passed) this.#fail('a cancel of an open order did not pass');
  }

  #replace(orderId: number, dice: Dice): void {
    this.#ids += 1;
    const terms = { quantity: 1 + dice.roll(2 * QUANTITY), price: 100 };
    this.#send('ReplaceOrder', { account: ACCOUNT, clOrdId: `R${this.#ids}`, orderId, ...terms });
  }

  #massCancel(dice: Dice): void {
    const side = dice.pick([0, 1, 2]) as number;
    this.#send('MassCancel', { account: ACCOUNT, instrument: INSTRUMENT, side });
    const { orders } = this.#shard.state;
    for (let row = 1; row < orders.used; row += 1) {
      if (side !== 0 && orders.side[row] !== side) continue;
      const asked = (orders.flags[row] as number) & ORDER_FLAG.CancelForced;
      if ((orders.leavesQuantity[row] as number) > 0 && !asked)
        this.#fail('a mass cancel left one');
    }
  }

  #setState(dice: Dice): void {
    const state = dice.pick(['Active', 'Active', 'Reducing', 'Halted'] as const)!;
    this.#send('SetTradingState', { ...dice.pick(SCOPES), state });
  }

  /** Before the first order is purged: then its row is another's. */
  #nextDay(): void {
    if (this.#day - DAY === RETENTION_DAYS) return;
    this.#send('CloseTradingDay', { tradingDay: this.#day });
    this.#day += 1;
    this.#send('OpenTradingDay', { tradingDay: this.#day });
  }

  /** Trading goes on, the venue answers everything, and then all must fit. */
  #settle(restarted: boolean): void {
    for (const scope of SCOPES) this.#send('SetTradingState', { ...scope, state: 'Active' });
    // A restart looks at everything again, so it would hide what was forgotten.
    if (restarted) this.#restart();
    this.#send('MarkPrice', { instrument: INSTRUMENT, price: 100 });
    for (let answers = 0; this.#venue.waiting.length > 0; answers += 1) {
      if (answers > 1000) this.#fail('requests without end');
      this.#send('VenueReport', this.#venue.answer(this.#venue.waiting[0]!));
    }
    const { state } = this.#shard;
    const { orders, lists } = state;
    const forced = ORDER_FLAG.CancelForced | ORDER_FLAG.CutForced;
    for (let row = 1; row < orders.used; row += 1) {
      const id = orders.orderId[row] as number;
      const left = orders.leavesQuantity[row] as number;
      const atVenue = this.#venue.orders.get(id);
      const held = ((orders.flags[row] as number) & ORDER_FLAG.Held) !== 0;
      const there = atVenue?.open ? atVenue.quantity - atVenue.cum : 0;
      if (!held && left !== there) this.#fail(`order ${id}: ${left} here, ${there} at the venue`);
      const cum = orders.cumQuantity[row] as number;
      if (cum !== (atVenue?.cum ?? 0)) this.#fail(`order ${id}: CumQty ${cum}`);
      if (left === 0) continue;
      if (held && !waitsForParent(state, row) && this.#isReached(row))
        this.#fail(`stop ${id} waits`);
      if ((orders.flags[row] as number) & forced)
        this.#fail(`order ${id}: a cancel without answer`);
      if (requestsUnderWay(state, row) > 0) this.#fail(`order ${id}: a request without answer`);
      this.#checkGroup(row, lists.of(ACCOUNT, orders.listId[row] as number));
    }
  }

  /** Whether the mark is at the stop of a held order or beyond it. */
  #isReached(row: number): boolean {
    const { orders, instruments } = this.#shard.state;
    const away = (instruments.mark[INSTRUMENT] as number) - (orders.stopPrice[row] as number);
    return SIDE.Buy === orders.side[row] ? away >= 0 : away <= 0;
  }

  /** @param row an open order */
  #checkGroup(row: number, group: readonly number[]): void {
    const { state } = this.#shard;
    const { orders } = state;
    const id = orders.orderId[row] as number;
    const cancels = (each: number) =>
      orders.contingency[each] === CONTINGENCY.OneCancelsOther ||
      (orders.contingency[each] === CONTINGENCY.Bracket && orders.listIndex[each] !== 0);
    const parent = group.find((each) => orders.listIndex[each] === 0) as number;
    if (waitsForParent(state, row) && (orders.leavesQuantity[parent] as number) === 0) {
      this.#fail(`order ${id} waits for a parent that is over`);
    }
    for (const other of group) {
      const cum = orders.cumQuantity[other] as number;
      if (other === row || !cancels(row) || !cancels(other) || cum === 0) continue;
      const rest = (orders.quantity[other] as number) - cum;
      if ((orders.leavesQuantity[row] as number) > rest) {
        this.#fail(
          `order ${id} has more than the ${rest} that order ${orders.orderId[other]} left`,
        );
      }
    }
  }
}

const SCOPES = [
  { scope: 'Account', scopeId: ACCOUNT },
  { scope: 'Instrument', scopeId: INSTRUMENT },
  { scope: 'Firm', scopeId: 0 },
] as const;

describe(`contingencies (DAYBOOK_SEED=${SEED})`, () => {
  it(`hold in ${SEQUENCES} random sequences`, { timeout: 600_000 }, () => {
    const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    const steps = fc.array(seed, { minLength: 4, maxLength: 40, size: 'max' });
    fc.assert(
      fc.property(steps, (seeds) => new Life().run(seeds)),
      { numRuns: SEQUENCES, seed: SEED, endOnFailure: false },
    );
    expect(SEQUENCES).toBeGreaterThan(0);
  });
});
