/**
 * One random life of a shard. A sequence is a list of whole numbers; each seeds one step, which chooses
 * among what has been sent so far, so that any part of a sequence is a sequence again and shrinks well.
 */
import { RETENTION_DAYS } from '../../src/commands/evolve/purge.js';
import type { CommandData } from '../../src/domain/commands.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { ExecutionReports } from '../../src/domain/execution-reports.js';
import { EXEC_INST } from '../../src/domain/order-terms.js';
import { CURRENCIES, MoneyModel, PAIRS } from './money-model.js';
import { type ModelOrder, ReferenceModel, type Side, type TimeInForce } from './reference-model.js';
import { DAY, FIRST_MARK, INSTRUMENT, Shard, spoken, VENUE } from './shard.js';

/** MaxPosition, lots: a few orders reach it. */
const LIMIT_LOTS = 40;
const ACCOUNTS = [1, 2];
/** One sequence in so many is started again at its end. */
const RESTARTED_OF = 4;

/** Events with OrigClOrdID: in those of a venue's answer, the id that is answered is beside it. */
const CHAINED = new Set([
  'CancelRequested',
  'ReplaceRequested',
  'CancelRejected',
  'ReplaceRejected',
]);

type VenueReport = CommandData<'VenueReport'>;
/** A step: what the shard is told, and what the model says must follow. */
type Step = readonly [what: string, shard: () => string[], model: () => string[]];

/** Numbers of one step: mulberry32, so that each depends on the step's seed alone. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  /** A whole number in [0, sides). */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  }
  chance(percent: number): boolean {
    return this.roll(100) < percent;
  }
  pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.roll(from.length)];
  }
}

export class Sequence {
  readonly #shard: Shard;
  readonly #model = new ReferenceModel(LIMIT_LOTS);
  readonly #reports = new ExecutionReports();
  /** Reports of venues so far, to be repeated late. */
  readonly #said: Step[] = [];
  readonly #told: string[] = [];
  #ids = 0;
  #execs = 0;
  #day = DAY;

  /** @param money with limits of money, and marks, rates and base currencies that change */
  constructor(money = false) {
    this.#shard = new Shard(LIMIT_LOTS, money);
    if (!money) return;
    this.#model.money = new MoneyModel(this.#model, FIRST_MARK);
    this.#take(this.#markPair(this.#model.money, 0, 12_500));
  }

  /** @throws when shard and model differ, with all steps so far */
  run(seeds: readonly number[]): void {
    for (const seed of seeds) {
      const dice = new Dice(seed);
      if (dice.chance(2)) this.#restart();
      else if (dice.chance(3)) this.#nextDay();
      else this.#take(this.#choose(dice));
      this.#check();
    }
    // Costs as much as all steps together, and each has its own chance of one: for a part of the sequences,
    // chosen so that a failing one stays among them while its numbers shrink.
    if ((seeds[0] ?? 0) % RESTARTED_OF !== 0) return;
    this.#restart();
    this.#check();
  }

  #take([what, shard, model]: Step): void {
    this.#model.ms = this.#shard.nextMs;
    const expected = model().sort().join('; ');
    const actual = shard().sort().join('; ');
    this.#told.push(`${what} -> ${actual}`);
    if (actual !== expected) this.#fail(`expected ${expected}`);
  }

  #fail(why: string): never {
    throw new Error(`${why}\n  ${this.#told.join('\n  ')}`);
  }

  #daysPassed = 0;

  #restart(): void {
    this.#told.push('restart');
    if (!this.#shard.restart()) this.#fail('another state after the restart');
  }

  /** Up to the day that purges the first: then rows and ids are used again, tested by the purge's own. */
  #nextDay(): void {
    if (this.#daysPassed === RETENTION_DAYS) return;
    this.#daysPassed += 1;
    this.#told.push('next day');
    this.#send('CloseTradingDay', { tradingDay: this.#day });
    this.#day += 1;
    this.#send('OpenTradingDay', { tradingDay: this.#day });
    this.#model.openDay();
  }

  #send(...[name, data]: Parameters<Shard['decide']>): string[] {
    const events = this.#shard.decide(name, data);
    for (const event of events) {
      this.#checkChain(event);
      this.#reports.apply(event);
    }
    return spoken(events);
  }

  /** What is asked and refused names the last accepted id of its order, whatever the client named. */
  #checkChain({ type, data }: DaybookEvent): void {
    if (!CHAINED.has(type)) return;
    const { orderId, origClOrdId } = data as { orderId: number; origClOrdId: string };
    const told = this.#reports.statusOf(orderId);
    if (told === undefined || told.clOrdId === origClOrdId) return;
    this.#fail(`${type} of order ${orderId} names ${origClOrdId}, not ${told.clOrdId}`);
  }

  /** What must be true after every step, whatever the events said. */
  #check(): void {
    const { state } = this.#shard;
    const model = this.#model;
    for (const account of ACCOUNTS) {
      const same =
        this.#shard.position(account) === model.position(account) &&
        this.#shard.suspense(account) === model.suspense(account) &&
        this.#shard.openBuy(account) === model.open(account, 'Buy') &&
        this.#shard.openSell(account) === model.open(account, 'Sell');
      if (!same) this.#fail(`position or exposure of account ${account} differs`);
    }
    if (model.money !== undefined) this.#checkMoney(model.money);
    for (const order of model.orders) {
      const leaves = model.leaves(order);
      const cum = model.cum(order);
      if (leaves > 0 && order.quantity !== cum + leaves)
        this.#fail('OrderQty = CumQty + LeavesQty');
      if (state.orders.leavesQuantity[order.id] !== leaves) this.#fail('LeavesQty of the state');
      if (state.orders.displayQuantity[order.id] !== order.display) this.#fail('MaxFloor');
      const told = this.#reports.statusOf(order.id);
      const same =
        told?.orderQty === order.quantity &&
        told.cumQty === cum &&
        told.leavesQty === leaves &&
        told.clOrdId === order.clOrdId &&
        told.ordStatus === model.status(order);
      if (!same) this.#fail(`the client was told otherwise of order ${order.id}`);
    }
  }

  /** Sums of account, group and firm, in the base currency of each. */
  #checkMoney(money: MoneyModel): void {
    for (const scope of ['Firm', 'Group', ...ACCOUNTS] as const) {
      const { long, short, gross, pnl } = money.sums(scope);
      const expected = { long, short, gross, pnl, pnlAtOpen: money.atOpen(scope) };
      for (const [name, value] of Object.entries(expected)) {
        const actual = this.#shard.sum(scope, name as keyof typeof expected);
        // -0 is 0: what is compared are amounts.
        if (actual + 0 !== value + 0) this.#fail(`${name} of ${scope}: ${actual}, not ${value}`);
      }
    }
  }

  #choose(dice: Dice): Step {
    if (this.#model.money !== undefined && dice.chance(25)) {
      return this.#moneyMoves(dice, this.#model.money);
    }
    const repeated = dice.chance(8) ? dice.pick(this.#said) : undefined;
    if (repeated !== undefined) return repeated;
    if (dice.chance(this.#model.orders.length < 2 ? 60 : 15)) return this.#newOrder(dice);
    if (dice.chance(35)) return this.#request(dice);
    const step = this.#venueReport(dice);
    this.#said.push(step);
    return step;
  }

  /** The mark of the instrument or of a currency pair, or another base currency. */
  #moneyMoves(dice: Dice, money: MoneyModel): Step {
    if (dice.chance(25)) {
      const price = 95 + dice.roll(11);
      return [
        `mark ${price}`,
        () => this.#send('MarkPrice', { instrument: INSTRUMENT, price }),
        () => {
          money.mark(price);
          return ['PriceMarked #undefined'];
        },
      ];
    }
    if (dice.chance(70)) {
      const price = dice.pick([8000, 10_000, 12_500, 9999, 13_337]) as number;
      return this.#markPair(money, dice.roll(PAIRS.length), price);
    }
    const scope = dice.chance(50) ? 'Firm' : 'Group';
    const scopeId = scope === 'Firm' ? 0 : 1;
    const currency = dice.pick(CURRENCIES) as (typeof CURRENCIES)[number];
    return [
      `base of ${scope} ${currency}`,
      () => this.#send('SetBaseCurrency', { scope, scopeId, currency }),
      () => money.setBase(scope, currency),
    ];
  }

  #markPair(money: MoneyModel, n: number, price: number): Step {
    const pair = PAIRS[n] as (typeof PAIRS)[number];
    return [
      `mark ${pair} ${price}`,
      () => this.#send('MarkPrice', { instrument: INSTRUMENT + 1 + n, price }),
      () => {
        money.markPair(pair, price, this.#model.ms);
        return ['PriceMarked #undefined'];
      },
    ];
  }

  /** A new client order id, now and then one that is in use. */
  #clOrdId(dice: Dice): string {
    const used = dice.chance(6) ? dice.pick(this.#model.requests)?.clOrdId : undefined;
    if (used !== undefined) return used;
    this.#ids += 1;
    return `C${this.#ids}`;
  }

  #newOrder(dice: Dice): Step {
    const account = dice.pick(ACCOUNTS) as number;
    const clOrdId = this.#clOrdId(dice);
    const side: Side = dice.chance(60) ? 'Buy' : 'Sell';
    const quantity = 1 + dice.roll(15);
    const price = 100 + dice.roll(3);
    const timeInForce = dice.pick<TimeInForce>(['Day', 'GoodTillCancel', 'ImmediateOrCancel'])!;
    const terms = { account, instrument: INSTRUMENT, clOrdId, side, quantity, price, timeInForce };
    return [
      `NewOrder ${account} ${clOrdId} ${side} ${quantity} at ${price} ${timeInForce}`,
      () => this.#send('NewOrder', { ...terms, ordType: 'Limit' }),
      () => this.#model.newOrder(account, clOrdId, side, quantity, price, timeInForce),
    ];
  }

  #request(dice: Dice): Step {
    const model = this.#model;
    const account = dice.pick(ACCOUNTS) as number;
    if (dice.chance(8)) {
      return [
        `MassCancel ${account}`,
        () => this.#send('MassCancel', { account }),
        () => model.massCancel(account),
      ];
    }
    const named = dice.pick(model.requests);
    const owner = named?.order?.account ?? account;
    const origClOrdId = dice.chance(4) ? 'nothing' : (named?.clOrdId ?? 'nothing');
    const clOrdId = this.#clOrdId(dice);
    const resend = dice.chance(30);
    const execInst = resend ? EXEC_INST.PossResend : 0;
    const ids = { account: owner, clOrdId, origClOrdId, execInst };
    if (dice.chance(50)) {
      const downTo = dice.chance(25) ? 1 + dice.roll(15) : 0;
      const own = dice.chance(15) ? '' : clOrdId;
      return [
        `CancelOrder ${own},${origClOrdId} down to ${downTo}${resend ? ' resent' : ''}`,
        () => this.#send('CancelOrder', { ...ids, clOrdId: own, quantity: downTo }),
        () => model.cancel(owner, own, origClOrdId, downTo, resend),
      ];
    }
    const quantity = 1 + dice.roll(20);
    const price = 100 + dice.roll(3);
    const display = dice.chance(30) ? 1 + dice.roll(quantity + 2) : 0;
    const stop = dice.chance(3) ? price : 0;
    const terms = { quantity, price, displayQuantity: display, stopPrice: stop };
    return [
      `ReplaceOrder ${clOrdId},${origClOrdId} ${JSON.stringify(terms)}${resend ? ' resent' : ''}`,
      () => this.#send('ReplaceOrder', { ...ids, ...terms }),
      () => model.replace(owner, clOrdId, origClOrdId, quantity, price, { display, stop, resend }),
    ];
  }

  #venueReport(dice: Dice): Step {
    const model = this.#model;
    const order = dice.pick(model.orders);
    if (order === undefined || dice.chance(3)) return this.#fill(dice, undefined);
    if (dice.chance(35)) return this.#fill(dice, order);
    if (dice.chance(12)) return this.#correct(dice);
    const named = dice.pick(dice.chance(80) ? model.underWay(order) : model.requests);
    const clOrdId = named === undefined || dice.chance(10) ? '' : named.clOrdId;
    const quantity = 1 + dice.roll(20);
    const stated = dice.chance(30) ? 1 + dice.roll(quantity) : 0;
    const say = (report: VenueReport, expected: () => string[]): Step => [
      `venue: ${report.report} #${order.id} ${report.clOrdId ?? ''} ${report.quantity ?? ''}`,
      () => this.#venue({ orderId: order.id, ...report }),
      expected,
    ];
    switch (dice.roll(16)) {
      case 0:
      case 1:
        return say({ report: 'Acknowledged' }, () => model.acknowledged(order, 0));
      case 2:
        return say({ report: 'Acknowledged', quantity }, () => model.acknowledged(order, quantity));
      case 3:
        return say({ report: 'Rejected' }, () => model.rejected(order));
      case 4:
        return say({ report: 'PendingCancel', clOrdId }, () =>
          model.pending(order, clOrdId, 'Cancel'),
        );
      case 5:
        return say({ report: 'PendingReplace', clOrdId }, () =>
          model.pending(order, clOrdId, 'Replace'),
        );
      case 6:
        return say({ report: 'Canceled', clOrdId }, () => model.canceled(order, clOrdId, 0));
      case 12:
        return say({ report: 'Canceled', clOrdId, quantity }, () =>
          model.canceled(order, clOrdId, quantity),
        );
      case 7:
        return say({ report: 'Replaced', clOrdId }, () => model.replaced(order, clOrdId, 0, 0));
      case 8:
        return say({ report: 'Replaced', clOrdId, quantity, displayQuantity: stated }, () =>
          model.replaced(order, clOrdId, quantity, stated),
        );
      case 9:
        return say({ report: 'RequestRejected', clOrdId }, () =>
          model.requestRejected(order, clOrdId),
        );
      case 10:
        return say({ report: 'Restated', restatement: 'VerbalChange', quantity }, () =>
          model.restated(order, quantity),
        );
      case 11:
        return say({ report: 'Stopped', lastQuantity: 1, lastPrice: 100 }, () =>
          model.stoppedAt(order),
        );
      default: {
        const how = dice.pick(['Expired', 'DoneForDay', 'Calculated', 'Suspended'] as const)!;
        return say({ report: how }, () => model.over(order, how));
      }
    }
  }

  #venue(report: VenueReport): string[] {
    return this.#send('VenueReport', { venue: VENUE, instrument: INSTRUMENT, ...report });
  }

  #execId(dice: Dice): string {
    const used = dice.chance(10) ? dice.pick([...this.#model.executions.keys()]) : undefined;
    if (used !== undefined) return used;
    this.#execs += 1;
    return `E${this.#execs}`;
  }

  #fill(dice: Dice, order: ModelOrder | undefined): Step {
    const execId = this.#execId(dice);
    // Mostly within what is left; beyond it, and after the end, trades are booked too.
    const left = order === undefined ? 0 : this.#model.leaves(order);
    const quantity = 1 + dice.roll(left > 0 && dice.chance(90) ? left : 12);
    const price = 99 + dice.roll(4);
    const account = order?.account ?? (dice.pick(ACCOUNTS) as number);
    // An order is named by our id or by its own; one that nobody knows by an id of nobody.
    const byClientId = dice.chance(20);
    const name: VenueReport =
      order === undefined
        ? { clOrdId: 'nobody' }
        : byClientId
          ? { clOrdId: order.clOrdId }
          : { orderId: order.id };
    const report: VenueReport = {
      ...name,
      report: 'Filled',
      account,
      execId,
      side: order?.side ?? 'Buy',
      lastQuantity: quantity,
      lastPrice: price,
    };
    return [
      `venue: Filled #${order?.id ?? 0} ${execId} ${quantity} at ${price}`,
      () => this.#venue(report),
      () => this.#model.filled(order, account, execId, quantity, price),
    ];
  }

  #correct(dice: Dice): Step {
    const execRefId = dice.pick([...this.#model.executions.keys()]) ?? 'E0';
    const execId = this.#execId(dice);
    const bust = dice.chance(40);
    const quantity = bust ? 0 : 1 + dice.roll(12);
    const price = bust ? 0 : 99 + dice.roll(4);
    return [
      `venue: ${bust ? 'bust' : 'correct'} ${execRefId} by ${execId} to ${quantity}`,
      () =>
        this.#venue({
          report: bust ? 'TradeBusted' : 'TradeCorrected',
          execId,
          execRefId,
          lastQuantity: quantity,
          lastPrice: price,
        }),
      () => this.#model.corrected(execRefId, execId, quantity, price),
    ];
  }
}
