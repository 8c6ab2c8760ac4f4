import { decide } from '../../src/commands/decide/decide.js';
import { Emitter } from '../../src/commands/emitter.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { encodeCommand } from '../../src/domain/command-codec.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandName,
} from '../../src/domain/commands.js';
import { RecordBuffer } from '../../src/domain/event-record.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';

export const FLOW_CAPACITY = {
  orders: 20_000,
  clientIds: 60_000,
  executions: 20_000,
  positions: 1_000,
  accounts: 100,
  instruments: 100,
};

const ACCOUNTS = 5;
const INSTRUMENTS = 3;

/**
 * A shard that decides real commands: orders that pass and that risk denies, replaces, cancels, and
 * what a venue says of them, in an order drawn from `seed`. Each step is a batch as the writer has it.
 */
export class OrderFlow {
  readonly state = new ShardState(FLOW_CAPACITY, 1);
  readonly #batch = new RecordBuffer(4 * 1024 * 1024);
  readonly #emitter = new Emitter(this.state, this.#batch);
  readonly #command = new RecordBuffer(COMMAND_SLOT_BYTES);
  #random: number;
  #commands = 0;
  #time = 1_790_000_000_000_000_000n;
  #orders = 0;

  constructor(seed: number) {
    this.#random = seed >>> 0;
  }

  /** What opens the day: the writer's start, instruments, marks, accounts and limits. */
  begin(): RecordBuffer {
    this.#batch.clear();
    this.#decide('StartWriter', { epoch: 1, shard: 0, shards: 1, software: 'test "\\ 1' });
    for (let i = 1; i <= INSTRUMENTS; i += 1) {
      const scales = { tickMantissa: 1, tickScale: 2, lotMantissa: 1, multiplierMantissa: 1 };
      this.#decide('ListInstrument', { symbol: `SYM${i}`, currency: 'USD', open: 1, ...scales });
      this.#decide('MarkPrice', { instrument: i, price: 10_000 });
    }
    for (let i = 1; i <= ACCOUNTS; i += 1) {
      this.#decide('OpenAccount', { name: `A${i}`, currency: 'USD', open: 1 });
      const limit = { scope: 'Account', scopeId: i, limit: LIMIT.MaxOrderQuantity } as const;
      this.#decide('ChangeLimit', { ...limit, value: 90 });
    }
    return this.#batch;
  }

  step(commands: number): RecordBuffer {
    this.#batch.clear();
    for (let i = 0; i < commands; i += 1) this.#one();
    return this.#batch;
  }

  #one(): void {
    const kind = this.#draw(6);
    if (kind < 2 || this.#orders === 0) this.#newOrder();
    else if (kind === 2) this.#request('CancelOrder');
    else if (kind === 3) this.#request('ReplaceOrder');
    else this.#venueReport();
  }

  #newOrder(): void {
    this.#orders += 1;
    this.#decide('NewOrder', {
      account: 1 + this.#draw(ACCOUNTS),
      instrument: 1 + this.#draw(INSTRUMENTS),
      clOrdId: `N${this.#orders}`,
      quantity: 1 + this.#draw(100),
      price: 9_950 + this.#draw(100),
      side: this.#draw(2) === 0 ? 'Buy' : 'Sell',
      ordType: 'Limit',
      timeInForce: 'Day',
    });
  }

  #request(name: 'CancelOrder' | 'ReplaceOrder'): void {
    const orderId = 1 + this.#draw(this.#orders);
    const terms = { account: 1 + this.#draw(ACCOUNTS), orderId, clOrdId: `R${this.#commands}` };
    if (name === 'CancelOrder') this.#decide(name, terms);
    else this.#decide(name, { ...terms, quantity: 1 + this.#draw(80), price: 9_990 });
  }

  #venueReport(): void {
    const reports = ['Acknowledged', 'Filled', 'Filled', 'Filled', 'Canceled', 'Rejected'] as const;
    const report = reports[this.#draw(reports.length)]!;
    this.#decide('VenueReport', {
      orderId: 1 + this.#draw(this.#orders),
      report,
      lastQuantity: report === 'Filled' ? 1 + this.#draw(20) : 0,
      lastPrice: report === 'Filled' ? 9_990 + this.#draw(20) : 0,
      // Now and then an execution that was reported before.
      execId: `E${this.#commands - (this.#draw(20) === 0 ? 1 : 0)}`,
      venueOrderId: `V${this.#commands}`,
      venue: 1,
    });
  }

  #decide<N extends CommandName>(name: N, data: CommandData<N>): void {
    this.#commands += 1;
    this.#time += BigInt(1 + this.#draw(1_000_000));
    const header = { received: this.#time - 500n, command: this.#commands, actor: 1, session: 2 };
    this.#command.bytes.fill(0);
    encodeCommand(name, header, data, this.#command.bytes);
    this.#emitter.setTime(this.#time);
    decide(this.#emitter, this.#command, 0);
  }

  #draw(below: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * below);
  }
}
