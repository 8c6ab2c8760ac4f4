/** A shard with every check switched on, and an endless flow of orders and cancels fed from memory. */

import type { Capacity } from '../src/commands/state/capacity.js';
import { ShardState } from '../src/commands/state/shard-state.js';
import { Writer } from '../src/commands/writer.js';
import { encodeCommand } from '../src/domain/command-codec.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandName,
  commandLayouts,
} from '../src/domain/commands.js';
import { RecordBuffer } from '../src/domain/event-record.js';
import { LIMIT } from '../src/domain/risk-catalogue.js';
import { assert } from '../src/lib/assert.js';
import { nativeAddon } from '../src/lib/native-addon.js';
import { SpscRing } from '../src/lib/ring.js';
import { Clock, nativeTime } from '../src/lib/time.js';
import { useHugePages } from '../src/operations/huge-pages.js';

const ACCOUNTS = 100;
const INSTRUMENTS = 10;
/** Orders of one flow: then its tables are full. */
export const ORDERS = 4_000_000;
/** Slots of the ring, each prepared with a command; ids are made unique as they are used. */
export const SLOTS = 1024;
/** Digits of the counter in an id. */
const DIGITS = 13;
const ZERO = 0x30;
const NINE = 0x39;
const HEADER = { received: 0n, command: 1, actor: 1, session: 1 };

const newOrder = commandLayouts.NewOrder.offsets;
const cancelOrder = commandLayouts.CancelOrder.offsets;

/** Limits of each account: every check computes, none refuses. */
export const LIMITS = {
  MaxOrderQuantity: 10_000,
  MaxOrderNotional: 10_000_000_000_000,
  PriceCollar: 2000,
  MaxPosition: 1_000_000_000,
  MaxOpenOrders: 1_000_000_000,
  MaxGrossExposure: 4_000_000_000_000_000,
  MaxNetExposure: 4_000_000_000_000_000,
  OrderRate: 1_000_000_000,
  CancelRate: 1_000_000_000,
  MaxDailyLoss: 4_000_000_000_000_000,
  BuyingPower: 4_000_000_000_000_000,
  RepeatedOrders: 1_000_000_000,
  OrderToTradeRatio: 1_000_000_000,
  MarkAge: 1_000_000_000,
  BreakerPriceMove: 1_000_000,
  BreakerLoss: 4_000_000_000_000_000,
  BreakerRejects: 1_000_000_000,
  BreakerMessages: 1_000_000_000,
} as const satisfies Partial<Record<keyof typeof LIMIT, number>>;

export class CoreFlow {
  readonly state: ShardState;
  readonly writer: Writer;
  readonly #ring = SpscRing.create({ slots: SLOTS, slotBytes: COMMAND_SLOT_BYTES });
  #claimed = 0;
  /** The id at hand, and the digits of its counter. Written by words: feeding is not what is measured. */
  readonly #id = new Uint8Array(16);
  readonly #idWords = new Uint32Array(this.#id.buffer);
  readonly #digits = this.#id.subarray(1, 1 + DIGITS).fill(ZERO);

  constructor(capacity: Partial<Capacity> = {}) {
    this.state = new ShardState(
      {
        orders: ORDERS,
        clientIds: ORDERS * 2 + (ORDERS >> 1),
        executions: 1000,
        positions: 10_000,
        accounts: 1000,
        instruments: 100,
        ...capacity,
      },
      1,
    );
    // As the writer's thread has it.
    const addon = nativeAddon();
    const clock = new Clock(addon && nativeTime(addon));
    this.writer = new Writer(this.state, { append: () => undefined }, clock, [this.#ring]);
    if (addon !== undefined) useHugePages(addon, [this.state, this.#ring], true);
    touch(this.state.orders);
    touch(this.state.clientIds);
    this.#reference();
    this.#prepare();
  }

  /** Commands that still fit. */
  get left(): number {
    return (ORDERS - this.state.orders.count) * 2 - 2;
  }

  #reference(): void {
    for (let i = 1; i <= INSTRUMENTS; i += 1) {
      this.#control('ListInstrument', {
        symbol: `SYM${i}`,
        currency: 'USD',
        tickMantissa: 1,
        tickScale: 2,
        lotMantissa: 1,
        lotScale: 0,
        multiplierMantissa: 1,
        multiplierScale: 0,
        open: 1,
      });
      this.#control('MarkPrice', { instrument: i, price: 10_000 });
    }
    for (let i = 1; i <= ACCOUNTS; i += 1) {
      this.#control('OpenAccount', { name: `A${i}`, currency: 'USD', open: 1 });
      for (const [name, value] of Object.entries(LIMITS)) {
        const limit = LIMIT[name as keyof typeof LIMITS];
        this.#control('ChangeLimit', { limit, scope: 'Account', scopeId: i, value });
      }
      this.#trade(i);
    }
  }

  /** One fill each: without any, the order-to-trade ratio stops an account at its 1000th order. */
  #trade(account: number): void {
    const clOrdId = 'first';
    this.#control('NewOrder', {
      ...{ account, instrument: 1, clOrdId, quantity: 1, price: 10_000 },
      ...{ side: 'Buy', ordType: 'Limit', timeInForce: 'Day' },
    });
    this.#control('VenueReport', {
      ...{ account, clOrdId, report: 'Filled', lastQuantity: 1, lastPrice: 10_000 },
      execId: `first-${account}`,
    });
  }

  #control<N extends CommandName>(name: N, data: CommandData<N>): void {
    const command = new RecordBuffer(COMMAND_SLOT_BYTES);
    encodeCommand(name, HEADER, data, command.bytes);
    this.writer.runOne(command, 0);
  }

  /** Pairs: an order, then the cancel of that order. A slot keeps its command from turn to turn. */
  #prepare(): void {
    for (let i = 0; i < SLOTS; i += 2) {
      const pair = i / 2;
      const account = (pair % ACCOUNTS) + 1;
      const order: CommandData<'NewOrder'> = {
        account,
        instrument: (pair % INSTRUMENTS) + 1,
        clOrdId: '00000000000000',
        quantity: (pair % 100) + 1,
        price: 10_000 + (pair % 7),
        side: pair % 2 === 0 ? 'Buy' : 'Sell',
        ordType: 'Limit',
        timeInForce: 'Day',
      };
      encodeCommand('NewOrder', HEADER, order, this.#ring.u8, this.#ring.claim());
      const cancel = { account, clOrdId: '10000000000000', origClOrdId: '00000000000000' };
      encodeCommand('CancelOrder', HEADER, cancel, this.#ring.u8, this.#ring.claim());
    }
    this.#ring.abandon();
  }

  /** Feeds and decides the next `count` commands, even, at most SLOTS; there is no log here. */
  run(count: number): void {
    for (let i = 0; i < count; i += 1) this.#feed();
    this.#ring.publish();
    const before = this.state.orders.count;
    this.writer.run();
    assert(this.state.orders.count - before === count / 2, 'a check refused: the flow is wrong');
  }

  /** Claims the next slot and makes the ids of its command new. */
  #feed(): void {
    const at = this.#ring.claim();
    const slot = this.#claimed & (SLOTS - 1);
    const isOrder = (slot & 1) === 0;
    // Each account is a client that counts its own orders.
    if (isOrder && (slot >> 1) % ACCOUNTS === 0) this.#count();
    const own = at + (isOrder ? newOrder.clOrdId : cancelOrder.clOrdId);
    this.#writeId(own, isOrder ? 0x6f : 0x63);
    if (!isOrder) this.#writeId(at + cancelOrder.origClOrdId, 0x6f);
    this.#claimed += 1;
  }

  /** An id as clients make them: a letter for the kind of request and a decimal counter. */
  #writeId(at: number, kind: number): void {
    this.#id[0] = kind;
    const { u32 } = this.#ring;
    const words = this.#idWords;
    const to = at >> 2;
    u32[to] = words[0] as number;
    u32[to + 1] = words[1] as number;
    u32[to + 2] = words[2] as number;
    u32[to + 3] = words[3] as number;
  }

  /** Adds one to the counter. */
  #count(): void {
    const digits = this.#digits;
    let i = DIGITS - 1;
    while (digits[i] === NINE) {
      digits[i] = ZERO;
      i -= 1;
    }
    digits[i] = (digits[i] as number) + 1;
  }
}

/** Makes the operating system back the memory of a table now, not within the measurement. */
function touch(table: object): void {
  for (const column of Object.values(table)) if (ArrayBuffer.isView(column)) touchArray(column);
}

function touchArray(column: ArrayBufferView): void {
  const bytes = new Uint8Array(column.buffer);
  for (let at = 0; at < bytes.length; at += 4096) bytes[at] = 0;
}
