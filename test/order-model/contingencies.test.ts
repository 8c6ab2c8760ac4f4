/**
 * Random lives of contingency groups and of orders that Daybook holds, against a venue that does what it
 * is asked, with restarts, halts, limits of rates and breakers. Always: nothing goes to the venue that is
 * over or while trading is halted, nothing twice; a cancel of an open order passes, whatever the state.
 * Once the venue has answered everything: no request is under way, the venue holds what the shard thinks,
 * what one order of a group traded is gone from the others, no child waits for a parent that is over.
 *
 * Orders are of every type and time in force, with displayed and minimum quantities, reduce-only and
 * post-only: a trailing stop follows one way and at its offset, what may only close goes out for no more
 * than there is to close, and nothing goes out after its time or its day.
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
import {
  CONTINGENCY,
  EXEC_INST,
  ORD_TYPE,
  SIDE,
  TRADING_STATE,
} from '../../src/domain/order-terms.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { HonestVenue, type VenueTerms } from './honest-venue.js';
import { Dice } from './sequence.js';
import { DAY, INSTRUMENT, Shard, spoken } from './shard.js';

const SEQUENCES = 2500;
const SEED = Number(process.env.DAYBOOK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ORDERS_MAX = 24;
const ACCOUNT = 1;
const QUANTITY = 10;

type NewOrder = CommandData<'NewOrder'>;

/** What was met in all lives: types that were accepted, the rest of what went out. */
const met = new Set<string>();

interface Accepted {
  readonly reduceOnly: boolean;
  /** Trading days that had closed when it came. */
  readonly day: number;
}

class Life {
  readonly #shard = new Shard();
  readonly #venue = new HonestVenue();
  readonly #told: (() => string)[] = [];
  readonly #over = new Set<number>();
  readonly #terms = new Map<number, VenueTerms & Accepted>();
  /** Stop prices of trailing stops before the command at hand, by row. */
  readonly #trails = new Map<number, number>();
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
      [22, () => this.#answer(dice)],
      [8, () => this.#cancel(chosen, dice)],
      [6, () => this.#replace(chosen, dice)],
      [3, () => this.#massCancel(dice)],
      [8, () => this.#send('MarkPrice', { instrument: INSTRUMENT, price: 90 + dice.roll(21) })],
      [7, () => this.#setState(dice)],
      [1, () => this.#end(dice)],
      [2, () => this.#expire(dice, 70)],
      [1, () => this.#reprice(dice)],
      [2, () => this.#nextDay(dice)],
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
    const of = (id: number) => ({ quantity: quantityOf(id), terms: this.#termsOf(id) });
    for (const event of events) {
      if (event.type === 'OrderAccepted') this.#accepted(event.data);
      if (event.type === 'OrderRouted') this.#checkRouted(event.data.orderId);
      const id = (event.data as { orderId?: number }).orderId ?? 0;
      if (event.type === 'OrderRouted' || event.type === 'OrderTriggered') {
        if (this.#over.has(id)) this.#fail(`order ${id} goes on after its end`);
        if (before && halted() && event.type === 'OrderRouted') this.#fail('routed in a halt');
        if (event.type === 'OrderRouted' && this.#venue.orders.has(id)) this.#fail('routed twice');
      }
      const left = (event.data as { leavesQuantity?: number }).leavesQuantity;
      if (left === 0 && id !== 0) this.#over.add(id);
      if (left !== undefined && left > 0) this.#over.delete(id);
      this.#venue.hear(event, of);
    }
    this.#checkTrails(events.some(({ type }) => type === 'OrderReplaced'));
    return events;
  }

  #accepted(data: Extract<DaybookEvent, { type: 'OrderAccepted' }>['data']): void {
    const { timeInForce, minQuantity, expireTime, ordType, execInst, orderId } = data;
    const reduceOnly = (execInst & EXEC_INST.ReduceOnly) !== 0;
    const pegged = ordType === 'Pegged';
    const terms = { timeInForce, minQuantity, expireTime, pegged, reduceOnly, day: this.#day };
    met.add(ordType);
    this.#terms.set(orderId, terms);
  }

  #termsOf(id: number): VenueTerms & Accepted {
    return this.#terms.get(id) ?? this.#fail(`order ${id} was never accepted`);
  }

  /** As it goes out, with all that its command did. */
  #checkRouted(id: number): void {
    const { expireTime, timeInForce, day, reduceOnly, minQuantity } = this.#termsOf(id);
    const { orders } = this.#shard.state;
    met.add(timeInForce);
    if (reduceOnly) met.add('reduce-only');
    if (minQuantity > 0) met.add('minimum quantity');
    if ((orders.displayQuantity[orders.rowOf(id)] as number) > 0) met.add('displayed quantity');
    const now = this.#shard.nextMs - 1;
    if (expireTime !== 0 && expireTime <= now) this.#fail(`order ${id} goes out after its time`);
    const goodTill = timeInForce === 'GoodTillCancel' || timeInForce === 'GoodTillDate';
    if (!goodTill && day !== this.#day) this.#fail(`order ${id} goes out after its day`);
    const row = orders.rowOf(id);
    const held = this.#shard.position(ACCOUNT) * (orders.side[row] === SIDE.Buy ? -1 : 1);
    const left = orders.leavesQuantity[row] as number;
    if (reduceOnly && left > Math.max(0, held)) this.#fail(`order ${id} does not only close`);
  }

  /** @param replaced a replace may set a stop price back */
  #checkTrails(replaced: boolean): void {
    const { orders, instruments } = this.#shard.state;
    const mark = instruments.mark[INSTRUMENT] as number;
    for (let row = 1; row < orders.used; row += 1) {
      const trails = orders.ordType[row] === ORD_TYPE.TrailingStop || isTrailingLimit(orders, row);
      if (!trails || orders.watched[row] !== 1 || orders.leavesQuantity[row] === 0) {
        this.#trails.delete(row);
        continue;
      }
      const sign = orders.side[row] === SIDE.Buy ? -1 : 1;
      const stop = orders.stopPrice[row] as number;
      const before = this.#trails.get(row);
      const back = before !== undefined && sign * (stop - before) < 0;
      if (back && !replaced) this.#fail(`stop ${orders.orderId[row]} goes back`);
      const follows = mark - sign * (orders.offset[row] as number);
      if (sign * (stop - follows) < 0) {
        this.#fail(`stop ${orders.orderId[row]} at ${stop} is left behind by ${mark}`);
      }
      this.#trails.set(row, stop);
    }
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
    const ordType = dice.pick(ORD_TYPES)!;
    const timeInForce = dice.pick(TIMES)!;
    const stopped = ordType === 'Stop' || ordType === 'StopLimit';
    const trails = ordType === 'TrailingStop' || ordType === 'TrailingStopLimit';
    const limited = ordType.endsWith('Limit');
    const immediate = timeInForce === 'ImmediateOrCancel' || timeInForce === 'FillOrKill';
    const postOnly = ordType === 'Limit' && !immediate && dice.chance(20);
    const reduceOnly = dice.chance(20);
    this.#send('NewOrder', {
      ...group,
      account: ACCOUNT,
      instrument: INSTRUMENT,
      clOrdId: `C${this.#ids}`,
      quantity: QUANTITY,
      ordType,
      price: limited ? 100 : 0,
      stopPrice: stopped || ordType === 'TrailingStopLimit' ? 90 + dice.roll(21) : 0,
      offset: trails ? 1 + dice.roll(4) : 0,
      peg:
        ordType === 'Pegged'
          ? dice.pick(['Primary', 'Market', 'Midpoint', 'Last'] as const)!
          : 'None',
      timeInForce,
      expireTime: timeInForce === 'GoodTillDate' ? this.#shard.nextMs + 1 + dice.roll(40) : 0,
      displayQuantity: dice.chance(20) ? 1 + dice.roll(QUANTITY) : 0,
      minQuantity: dice.chance(20) ? 1 + dice.roll(QUANTITY) : 0,
      execInst: (postOnly ? EXEC_INST.PostOnly : 0) | (reduceOnly ? EXEC_INST.ReduceOnly : 0),
    });
    // What trades at once or not at all is over when the next thing happens, or trades first.
    if (dice.chance(70)) this.#immediate(dice);
  }

  #fill(dice: Dice): void {
    const order = dice.pick(this.#venue.open);
    if (order !== undefined) this.#send('VenueReport', this.#venue.fill(order, dice));
  }

  #immediate(dice: Dice): void {
    for (const order of this.#venue.immediate) {
      if (dice.chance(50)) this.#send('VenueReport', this.#venue.fill(order, dice));
      if (!order.open) continue;
      this.#send(
        'VenueReport',
        dice.chance(50) ? this.#venue.expire(order) : this.#venue.end(order),
      );
    }
  }

  /** Venues end what is over, sooner or later. */
  #expire(dice: Dice, percent: number): void {
    for (const order of this.#venue.overdue(this.#shard.nextMs)) {
      if (dice.chance(percent)) this.#send('VenueReport', this.#venue.expire(order));
    }
  }

  #reprice(dice: Dice): void {
    const order = dice.pick(this.#venue.open.filter(({ terms }) => terms.pegged));
    if (order === undefined) return;
    this.#send('VenueReport', this.#venue.reprice(order, 95 + dice.roll(11)));
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
    // What a restart left to be looked at comes first: an order whose time is over expires by it.
    const passed = events.some(({ type }) => type === 'CancelRequested' || type === 'OrderExpired');
    if (left > 0 && room && !passed) this.#fail('a cancel of an open order did not pass');
  }

  #replace(orderId: number, dice: Dice): void {
    this.#ids += 1;
    const quantity = 1 + dice.roll(2 * QUANTITY);
    const displayQuantity = dice.chance(20) ? 1 + dice.roll(quantity) : 0;
    const stopPrice = dice.chance(15) ? 90 + dice.roll(21) : 0;
    const terms = { quantity, price: 100, displayQuantity, stopPrice };
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
  #nextDay(dice: Dice): void {
    if (this.#day - DAY === RETENTION_DAYS) return;
    // Before the close, or not at all: then the opening does it.
    for (const order of this.#venue.ofToday) {
      if (dice.chance(50)) this.#send('VenueReport', this.#venue.expire(order));
    }
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
    const dice = new Dice(1);
    for (let answers = 0; !this.#isQuiet(); answers += 1) {
      if (answers > 1000) this.#fail('requests without end');
      // What trades now may ask for more.
      this.#immediate(dice);
      this.#expire(dice, 100);
      const asked = this.#venue.waiting[0];
      if (asked !== undefined) this.#send('VenueReport', this.#venue.answer(asked));
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
      if (left !== (orders.quantity[row] as number) - cum) this.#fail(`order ${id}: quantities`);
      if (held && !waitsForParent(state, row) && this.#isReached(row))
        this.#fail(`stop ${id} waits`);
      if ((orders.flags[row] as number) & forced)
        this.#fail(`order ${id}: a cancel without answer`);
      if (requestsUnderWay(state, row) > 0) this.#fail(`order ${id}: a request without answer`);
      this.#checkGroup(row, lists.of(ACCOUNT, orders.listId[row] as number));
    }
  }

  /** Whether the venue has nothing left to say. */
  #isQuiet(): boolean {
    const { waiting, immediate } = this.#venue;
    return waiting.length + immediate.length + this.#venue.overdue(this.#shard.nextMs).length === 0;
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

const ORD_TYPES = [
  ...(['Limit', 'Limit', 'Limit', 'Stop', 'StopLimit', 'TrailingStop'] as const),
  ...(['TrailingStopLimit', 'Market', 'Pegged'] as const),
] as const;
const TIMES = [
  ...(['GoodTillCancel', 'GoodTillCancel', 'Day', 'Day', 'GoodTillDate', 'GoodTillDate'] as const),
  ...(['AtTheOpening', 'AtTheClose', 'ImmediateOrCancel', 'FillOrKill'] as const),
] as const;

function isTrailingLimit({ ordType }: { readonly ordType: Uint8Array }, row: number): boolean {
  return ordType[row] === ORD_TYPE.TrailingStopLimit;
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
    const others = ['reduce-only', 'minimum quantity', 'displayed quantity'];
    for (const each of [...ORD_TYPES, ...TIMES, ...others]) expect(met).toContain(each);
  });
});
