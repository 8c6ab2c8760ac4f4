/**
 * A seeded flow of events as a writer would record them: for the benchmark and the tests of the
 * read side. Orders are accepted, routed, acknowledged, filled in parts, replaced, canceled; now and
 * then a fill is corrected, busted, or fits no order.
 */
import { encodeEvent } from '../src/domain/event-codec.js';
import { RECORD_BYTES_MAX, RecordBuffer } from '../src/domain/event-record.js';
import type { DaybookEvent, EventName, EventOf } from '../src/domain/events.js';

export interface FlowOptions {
  readonly seed: number;
  /** Events in all; the last order may add a few. */
  readonly events: number;
  /** Events per batch. */
  readonly batch: number;
  readonly accounts?: number;
  readonly instruments?: number;
  /** Time of the first event, ns since 1970. */
  readonly startNs?: bigint;
  /** After so many steps up to a minute and a half passes; every tenth time a trading day ends. */
  readonly pauseEvery?: number;
  /** Is given each batch, which is then not kept: for flows that do not fit into memory. */
  readonly take?: (batch: RecordBuffer) => void;
}

const START_NS = 1_703_462_400_123_456_789n;

interface OpenOrder {
  readonly orderId: number;
  readonly account: number;
  readonly instrument: number;
  readonly side: 'Buy' | 'Sell';
  readonly strategy: number;
  quantity: number;
  cum: number;
  value: number;
  price: number;
  clOrdId: string;
  last?: { readonly execId: string; readonly quantity: number; readonly price: number };
}

type Data<N extends EventName> = EventOf<N>['data'];

/** xorshift32: small, seeded, good enough to mix cases. */
function newRandom(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export class ProjectionFlow {
  readonly batches: RecordBuffer[] = [];
  #batch: RecordBuffer;
  #sequence = 0;
  #timeNs: bigint;
  #orders = 0;
  #executions = 0;
  #pauses = 0;
  #day = 20_231_225;
  readonly #options: FlowOptions;
  readonly #random: (below: number) => number;
  readonly #open: OpenOrder[] = [];

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#random = newRandom(options.seed);
    this.#timeNs = options.startNs ?? START_NS;
    this.#batch = newBatch(options.batch);
    this.#listReference();
    for (let step = 1; this.#sequence < options.events; step++) {
      this.#step();
      if (step % (options.pauseEvery ?? Number.POSITIVE_INFINITY) === 0) this.#pause();
    }
    if (this.#batch.count > 0) this.#endBatch();
  }

  get events(): number {
    return this.#sequence;
  }

  #emit<N extends EventName>(type: N, data: Partial<Data<N>>): void {
    this.#timeNs += BigInt(this.#random(50_000) + 1);
    const event = {
      type,
      sequence: this.#sequence,
      time: this.#timeNs,
      received: this.#timeNs - 700n,
      command: this.#sequence,
      actor: 1,
      session: 7,
      data,
    } as unknown as DaybookEvent;
    this.#batch.length += encodeEvent(event, this.#batch.bytes, this.#batch.length);
    this.#batch.count++;
    this.#sequence++;
    if (this.#batch.count === this.#options.batch) this.#endBatch();
  }

  #endBatch(): void {
    const { take, batch } = this.#options;
    if (take === undefined) this.batches.push(this.#batch);
    else take(this.#batch);
    this.#batch = newBatch(batch);
  }

  #listReference(): void {
    this.#emit('WriterStarted', { epoch: 1, shard: 0, shards: 1, software: 'flow' });
    const instruments = this.#options.instruments ?? 4;
    for (let instrument = 1; instrument <= instruments; instrument++) {
      this.#emit('InstrumentListed', {
        tickMantissa: 25,
        tickScale: 2,
        lotMantissa: 1,
        multiplierMantissa: 50,
        instrument,
        venue: 1,
        symbol: `FLOW${instrument}`,
        currency: instrument === 4 ? 'EUR' : 'USD',
        open: 1,
      });
      this.#emit('PriceMarked', { price: 19_000, instrument, source: 1 });
    }
    this.#listPair(instruments + 1);
    const accounts = this.#options.accounts ?? 10;
    for (let account = 1; account <= accounts; account++) {
      const name = `flow-${account}`;
      const self = 'CancelNewest' as const;
      this.#emit('AccountOpened', {
        account,
        group: account % 3,
        name,
        groupName: account % 3 === 0 ? '' : `desk-${account % 3}`,
        currency: account % 4 === 0 ? 'EUR' : 'USD',
        selfTradePrevention: self,
        open: 1,
      });
    }
    this.#emit('LimitChanged', { value: 500, previous: -1, limit: 1, scope: 'Firm' });
    const halt = { scope: 'Account', scopeId: 1, text: 'drill' } as const;
    this.#emit('TradingHalted', { ...halt, state: 'Halted', previous: 'Active' });
    this.#emit('TradingResumed', { ...halt, state: 'Active', previous: 'Halted' });
    this.#emit('TradingDayOpened', { tradingDay: this.#day });
  }

  /** Its marks are the rates of euros in dollars. */
  #listPair(instrument: number): void {
    this.#emit('InstrumentListed', {
      ...{ tickMantissa: 1, tickScale: 5, lotMantissa: 1, multiplierMantissa: 1, instrument },
      ...{ venue: 1, symbol: 'EUR/USD', currency: 'USD', open: 1 },
    });
    this.#emit('PriceMarked', { price: 110_000, instrument, source: 1 });
  }

  #pause(): void {
    this.#pauses++;
    this.#timeNs += BigInt(1 + this.#random(90)) * 1_000_000_000n;
    if (this.#pauses % 10 !== 0) return;
    this.#emit('TradingDayClosed', { tradingDay: this.#day });
    this.#day++;
    this.#emit('TradingDayOpened', { tradingDay: this.#day });
  }

  #mark(): void {
    const { instruments = 4 } = this.#options;
    const instrument = 1 + this.#random(instruments + 1);
    const price =
      instrument > instruments ? 110_000 + this.#random(500) : 19_000 + this.#random(40);
    this.#emit('PriceMarked', { price, instrument, source: 1 });
  }

  #step(): void {
    const dice = this.#random(100);
    const order = this.#open[this.#random(Math.max(1, this.#open.length))];
    if (order === undefined || dice < 30 || this.#open.length < 20) this.#accept();
    else if (dice < 65) this.#fill(order);
    else if (dice < 80) this.#replace(order);
    else if (dice < 92) this.#cancel(order);
    else if (dice < 95) this.#correct(order);
    else if (dice < 97) this.#deny();
    else if (dice < 98) this.#unmatched();
    else this.#mark();
  }

  #accept(): void {
    const { accounts = 10, instruments = 4 } = this.#options;
    const order: OpenOrder = {
      orderId: 2 ** 27 * 3 + ++this.#orders,
      account: 1 + this.#random(accounts),
      instrument: 1 + this.#random(instruments),
      side: this.#random(2) === 0 ? 'Buy' : 'Sell',
      // Every other order is of a strategy.
      strategy: Math.max(0, this.#random(6) - 2),
      quantity: 1 + this.#random(20),
      cum: 0,
      value: 0,
      price: 19_000 + this.#random(200) - 100,
      clOrdId: `c-${this.#orders}`,
    };
    this.#risk(order, true);
    this.#emit('OrderAccepted', { ...termsOf(order), ...this.#long() });
    this.#emit('OrderRouted', { ...keyOf(order), venue: 1 });
    const venueOrderId = `v${order.orderId}`;
    this.#emit('OrderAcknowledged', {
      ...afterOf(order),
      ordStatus: 'New',
      venueOrderId,
      venue: 1,
    });
    this.#open.push(order);
  }

  /** Now and then the optional fields of an order are there. */
  #long(): Partial<Data<'OrderAccepted'>> {
    if (this.#random(10) !== 0) return {};
    return { stopPrice: 18_990, minQuantity: 1, displayQuantity: 1, expireTime: 1_703_548_800_000 };
  }

  #risk(order: OpenOrder, passed: boolean): void {
    const decision = passed ? { passed: 1 } : { passed: 0, check: 5, reason: 20 };
    this.#emit('RiskDecided', {
      ...keyOf(order),
      limit: 500,
      value: order.quantity,
      checks: 2 ** 21 - 1,
      ...decision,
    });
  }

  #fill(order: OpenOrder): void {
    const quantity = 1 + this.#random(order.quantity - order.cum);
    const price = order.price + this.#random(3) - 1;
    const execId = `x${++this.#executions}`;
    order.cum += quantity;
    order.value += quantity * price;
    order.last = { execId, quantity, price };
    this.#emit('OrderFilled', {
      ...afterOf(order),
      lastQuantity: quantity,
      lastPrice: price,
      cumValue: order.value,
      fee: 1_250_000 * quantity,
      execId,
      ordStatus: statusOf(order),
      side: order.side,
      strategy: order.strategy,
      liquidity: 'Added',
    });
    if (order.cum === order.quantity) this.#close(order);
  }

  #replace(order: OpenOrder): void {
    const clOrdId = `${order.clOrdId.split('/')[0]}/${this.#sequence}`;
    const quantity = order.cum + 1 + this.#random(20);
    const price = order.price + this.#random(5) - 2;
    this.#emit('ReplaceRequested', {
      ...keyOf(order),
      clOrdId,
      origClOrdId: order.clOrdId,
      quantity,
      price,
      ordStatus: statusOf(order),
    });
    order.quantity = quantity;
    order.price = price;
    order.clOrdId = clOrdId;
    const ordStatus = statusOf(order);
    this.#emit('OrderReplaced', { ...afterOf(order), clOrdId, price, ordStatus });
  }

  #cancel(order: OpenOrder): void {
    const clOrdId = `${order.clOrdId}-x`;
    this.#emit('CancelRequested', {
      ...keyOf(order),
      clOrdId,
      origClOrdId: order.clOrdId,
      ordStatus: statusOf(order),
    });
    this.#emit('OrderCanceled', {
      ...afterOf(order),
      leavesQuantity: 0,
      clOrdId,
      canceledQuantity: order.quantity - order.cum,
      ordStatus: 'Canceled',
    });
    this.#close(order);
  }

  #correct(order: OpenOrder): void {
    const { last } = order;
    if (last === undefined) return;
    const busted = this.#random(2) === 0;
    const price = busted ? 0 : last.price + 1;
    const quantity = busted ? 0 : last.quantity;
    order.cum += quantity - last.quantity;
    order.value += quantity * price - last.quantity * last.price;
    delete order.last;
    this.#emit(busted ? 'FillBusted' : 'FillCorrected', {
      ...afterOf(order),
      lastQuantity: quantity,
      lastPrice: price,
      previousQuantity: last.quantity,
      previousPrice: last.price,
      cumValue: order.value,
      fee: busted ? -1_250_000 * last.quantity : 0,
      execId: `x${++this.#executions}`,
      execRefId: last.execId,
      ordStatus: statusOf(order),
      side: order.side,
      strategy: order.strategy,
    });
  }

  #deny(): void {
    const order: OpenOrder = {
      ...{ orderId: 0, account: 1, instrument: 1, side: 'Buy', quantity: 900, cum: 0, value: 0 },
      ...{ price: 19_000, clOrdId: `d-${this.#sequence}`, strategy: 0 },
    } as const;
    this.#risk(order, false);
    this.#emit('OrderDenied', { ...termsOf(order), reason: 20, ordStatus: 'Rejected' });
  }

  #unmatched(): void {
    this.#emit('FillUnmatched', {
      lastQuantity: 1 + this.#random(5),
      lastPrice: 19_000,
      account: 0,
      instrument: 1,
      execId: `u${this.#sequence}`,
      side: this.#random(2) === 0 ? 'Buy' : 'SellShort',
      venue: 1,
    });
  }

  #close(order: OpenOrder): void {
    const at = this.#open.indexOf(order);
    const last = this.#open.pop() as OpenOrder;
    if (last !== order) this.#open[at] = last;
  }
}

function newBatch(events: number): RecordBuffer {
  return new RecordBuffer(Math.min(events, 64000) * 320 + RECORD_BYTES_MAX);
}

const keyOf = (order: OpenOrder) => ({
  orderId: order.orderId,
  account: order.account,
  instrument: order.instrument,
});

const afterOf = (order: OpenOrder) => ({
  ...keyOf(order),
  orderQuantity: order.quantity,
  cumQuantity: order.cum,
  leavesQuantity: order.quantity - order.cum,
});

const termsOf = (order: OpenOrder) => ({
  ...keyOf(order),
  clOrdId: order.clOrdId,
  quantity: order.quantity,
  price: order.price,
  side: order.side,
  ordType: 'Limit' as const,
  timeInForce: 'Day' as const,
  capacity: 'Agency' as const,
  venue: 1,
  strategy: order.strategy,
});

function statusOf(order: OpenOrder): 'New' | 'PartiallyFilled' | 'Filled' {
  if (order.cum === 0) return 'New';
  return order.cum === order.quantity ? 'Filled' : 'PartiallyFilled';
}
