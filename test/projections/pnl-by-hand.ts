/**
 * P&L the slow way, from decoded events with maps and loops, to compare the tables with. Knows the
 * instruments of `ProjectionFlow`: tick 0.25, multiplier 50, instrument 4 in euros, the rest in dollars.
 */
import type { DaybookEvent, EventOf } from '../../src/domain/events.js';
import { applyFill, POSITION, POSITION_WIDTH, SUSPENSE } from '../../src/domain/position.js';

export interface HandPosition {
  readonly account: number;
  readonly strategy: number;
  readonly instrument: number;
  readonly row: Float64Array;
  changedMinute: number;
}

/** Amounts in 1e-10 of the currency; base in micros, null without a rate. */
export interface HandSum {
  realized: bigint;
  unrealized: bigint;
  fees: bigint;
  base: [bigint, bigint, bigint] | null;
  baseCurrency: string;
}

export interface HandMinute {
  readonly minute: number;
  readonly sequence: number;
  /** By scope/id/strategy/currency: those that changed. */
  readonly sums: Map<string, HandSum>;
  /** By account/strategy/instrument: those that changed. */
  readonly positions: Map<string, Float64Array>;
}

export class PnlByHand {
  readonly minutes: HandMinute[] = [];
  readonly positions = new Map<string, HandPosition>();
  readonly marks = new Map<number, { price: number; minute: number }>();
  readonly accounts = new Map<number, { group: number; currency: string }>();
  readonly pair: number;
  minute = -1;
  sequence = -1;

  /** @param pair the instrument whose marks are dollars for a euro, in 1e-5 */
  constructor(events: Iterable<DaybookEvent>, pair: number) {
    this.pair = pair;
    for (const event of events) this.#take(event);
  }

  /** The minute that has not ended, as if it did now. */
  get open(): HandMinute {
    return this.#summary();
  }

  #take(event: DaybookEvent): void {
    switch (event.type) {
      case 'AccountOpened':
        this.accounts.set(event.data.account, event.data);
        return;
      case 'PriceMarked':
        this.#advance(event);
        this.marks.set(event.data.instrument, { price: event.data.price, minute: this.minute });
        return;
      case 'OrderFilled':
      case 'FillCorrected':
      case 'FillBusted':
        this.#advance(event);
        for (const strategy of new Set([0, event.data.strategy])) this.#book(event, strategy);
        return;
      case 'FillUnmatched': {
        this.#advance(event);
        const { account, instrument, side, lastQuantity, lastPrice } = event.data;
        const lots = side === 'Buy' ? lastQuantity : -lastQuantity;
        applyFill(this.#row(SUSPENSE + account, 0, instrument), 0, lots, lastPrice, 0);
      }
    }
  }

  #book(event: EventOf<'OrderFilled' | 'FillCorrected' | 'FillBusted'>, strategy: number): void {
    const { account, instrument, side, lastQuantity, lastPrice, fee } = event.data;
    const row = this.#row(account, strategy, instrument);
    const sign = side === 'Buy' ? 1 : -1;
    if (event.type === 'OrderFilled') {
      applyFill(row, 0, sign * lastQuantity, lastPrice, fee);
      return;
    }
    const { previousQuantity, previousPrice } = event.data;
    applyFill(row, 0, -sign * previousQuantity, previousPrice, fee);
    if (lastQuantity > 0) applyFill(row, 0, sign * lastQuantity, lastPrice, 0);
  }

  #row(account: number, strategy: number, instrument: number): Float64Array {
    const key = `${account}/${strategy}/${instrument}`;
    const found = this.positions.get(key) ?? {
      ...{ account, strategy, instrument, row: new Float64Array(POSITION_WIDTH) },
      changedMinute: -1,
    };
    found.changedMinute = this.minute;
    this.positions.set(key, found);
    return found.row;
  }

  #advance(event: DaybookEvent): void {
    const minute = Number(event.time / 60_000_000_000n);
    if (minute > this.minute) {
      if (this.minute >= 0) this.minutes.push(this.#summary());
      this.minute = minute;
    }
    this.sequence = event.sequence;
  }

  #summary(): HandMinute {
    const sums = new Map<string, HandSum>();
    const positions = new Map<string, Float64Array>();
    const changed = new Set<string>();
    const rateMoved = this.marks.get(this.pair)?.minute === this.minute;
    for (const [key, position] of this.positions) {
      const mark = this.marks.get(position.instrument);
      const open = position.row[POSITION.quantity] !== 0;
      const moved =
        position.changedMinute === this.minute || (open && mark?.minute === this.minute);
      if (moved) positions.set(key, position.row.slice());
      const currency = position.instrument === 4 ? 'EUR' : 'USD';
      for (const [scope, baseCurrency] of this.#scopesOf(position)) {
        const sum = sums.get(`${scope}/${currency}`) ?? {
          ...{ realized: 0n, unrealized: 0n, fees: 0n, base: null, baseCurrency },
        };
        sums.set(`${scope}/${currency}`, sum);
        this.#add(sum, position, mark?.price ?? 0);
        if (moved || (rateMoved && currency !== baseCurrency)) changed.add(scope);
      }
    }
    for (const key of sums.keys()) {
      if (!changed.has(key.slice(0, key.lastIndexOf('/')))) sums.delete(key);
    }
    for (const [key, sum] of sums) sum.base = this.#inBase(sum, key.slice(-3));
    return { minute: this.minute, sequence: this.sequence, sums, positions };
  }

  *#scopesOf(position: HandPosition): Generator<[string, string]> {
    const { account, strategy, instrument } = position;
    const of = this.accounts.get(account % SUSPENSE);
    // The first account of the flow is in dollars, and so is the first one of each desk.
    yield [`0/0/${strategy}`, 'USD'];
    yield [`2/${account}/${strategy}`, of?.currency ?? 'USD'];
    if (strategy !== 0) return;
    yield [`3/${instrument}/0`, 'USD'];
    if (account < SUSPENSE && of !== undefined && of.group !== 0) {
      yield [`1/${of.group}/0`, 'USD'];
    }
  }

  #add(sum: HandSum, { row }: HandPosition, mark: number): void {
    const billion = 1_000_000_000n;
    const amount = (at: number) => BigInt(row[at]!) * billion + BigInt(row[at + 1]!);
    const value = BigInt(row[POSITION.quantity]!) * BigInt(mark) * billion;
    // A billionth of a tick x lot is 12.5e-9.
    sum.realized += amount(POSITION.realized) * 125n;
    sum.unrealized += (value - amount(POSITION.cost)) * 125n;
    sum.fees += BigInt(row[POSITION.fees]!);
  }

  #inBase(sum: HandSum, currency: string): [bigint, bigint, bigint] {
    const rate = BigInt(this.marks.get(this.pair)!.price);
    let [up, down] = [1n, 1n];
    if (currency === 'EUR' && sum.baseCurrency === 'USD') [up, down] = [rate, 100_000n];
    if (currency === 'USD' && sum.baseCurrency === 'EUR') [up, down] = [100_000n, rate];
    const convert = (tenths: bigint) => halfEven(tenths * up, 10_000n * down);
    return [convert(sum.realized), convert(sum.unrealized), halfEven(sum.fees * up, down)];
  }
}

function halfEven(a: bigint, b: bigint): bigint {
  const floor = a / b - (a % b < 0n ? 1n : 0n);
  const twice = 2n * (a - floor * b);
  if (twice === b) return floor % 2n === 0n ? floor : floor + 1n;
  return twice > b ? floor + 1n : floor;
}
