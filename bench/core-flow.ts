/** A shard with every check switched on, and an endless flow of orders and cancels fed from memory. */

import { decide } from '../src/commands/decide/decide.js';
import { Emitter } from '../src/commands/emitter.js';
import type { Capacity } from '../src/commands/state/capacity.js';
import { ShardState } from '../src/commands/state/shard-state.js';
import { encodeCommand } from '../src/domain/command-codec.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandName,
  commandLayouts,
} from '../src/domain/commands.js';
import { RecordBuffer } from '../src/domain/event-record.js';
import { LIMIT } from '../src/domain/risk-catalogue.js';

const ACCOUNTS = 100;
const INSTRUMENTS = 10;
/** Orders of one flow: then its tables are full, and a new flow goes on. */
export const ORDERS = 4_000_000;
/** Commands prepared in memory; ids are made unique as they are used. */
const PREPARED = 8192;
const HEADER = { received: 0n, command: 1, actor: 1, session: 1 };

const newOrder = commandLayouts.NewOrder.offsets;
const cancelOrder = commandLayouts.CancelOrder.offsets;

export class CoreFlow {
  readonly state: ShardState;
  readonly batch = new RecordBuffer(4 * 1024 * 1024);
  readonly emitter: Emitter;
  readonly #commands = new RecordBuffer(PREPARED * COMMAND_SLOT_BYTES);
  #next = 0;
  #id = 0;

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
    this.emitter = new Emitter(this.state, this.batch);
    this.emitter.setTime(1_700_000_000_000_000_000n);
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
      const set = (limit: number, value: number) =>
        this.#control('ChangeLimit', { limit, scope: 'Account', scopeId: i, value });
      set(LIMIT.MaxOrderQuantity, 10_000);
      set(LIMIT.MaxOrderNotional, 10_000_000_000_000);
      set(LIMIT.PriceCollar, 2000);
      set(LIMIT.MaxPosition, 1_000_000_000);
    }
  }

  #control<N extends CommandName>(name: N, data: CommandData<N>): void {
    encodeCommand(name, HEADER, data, this.#commands.bytes);
    decide(this.emitter, this.#commands, 0);
    this.batch.clear();
  }

  /** Pairs: an order, then the cancel of that order. */
  #prepare(): void {
    for (let i = 0; i < PREPARED; i += 2) {
      const pair = i / 2;
      const account = (pair % ACCOUNTS) + 1;
      encodeCommand(
        'NewOrder',
        HEADER,
        {
          account,
          instrument: (pair % INSTRUMENTS) + 1,
          clOrdId: '00000000000000',
          quantity: (pair % 100) + 1,
          price: 10_000 + (pair % 7),
          side: pair % 2 === 0 ? 'Buy' : 'Sell',
          ordType: 'Limit',
          timeInForce: 'Day',
        },
        this.#commands.bytes,
        i * COMMAND_SLOT_BYTES,
      );
      encodeCommand(
        'CancelOrder',
        HEADER,
        { account, clOrdId: '10000000000000', origClOrdId: '00000000000000' },
        this.#commands.bytes,
        (i + 1) * COMMAND_SLOT_BYTES,
      );
    }
  }

  /** Decides the next `count` commands; a full batch is dropped, there is no log here. */
  run(count: number): void {
    const { i32 } = this.#commands;
    for (let i = 0; i < count; i += 1) {
      const at = this.#next * COMMAND_SLOT_BYTES;
      // The number of the pair goes into the ids as seven bits a byte, kept printable by a high bit.
      const low =
        0x20202020 | (this.#id & 0x1f) | ((this.#id & 0x3e0) << 3) | ((this.#id & 0x7c00) << 6);
      const high = 0x20202020 | ((this.#id >>> 15) & 0x1f) | (((this.#id >>> 20) & 0x1f) << 8);
      const top = 0x20202020 | ((this.#id >>> 25) & 0x1f);
      if (this.#next % 2 === 0) {
        const word = (at + newOrder.clOrdId) >> 2;
        i32[word] = low;
        i32[word + 1] = high;
        i32[word + 2] = top;
      } else {
        const own = (at + cancelOrder.clOrdId) >> 2;
        const orig = (at + cancelOrder.origClOrdId) >> 2;
        i32[own] = low;
        i32[own + 1] = high;
        i32[own + 2] = top | 0x40000000;
        i32[orig] = low;
        i32[orig + 1] = high;
        i32[orig + 2] = top;
        this.#id += 1;
      }
      if (!this.emitter.room) this.batch.clear();
      decide(this.emitter, this.#commands, at);
      this.#next = (this.#next + 1) % PREPARED;
    }
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
