/**
 * A shard that is sent anything: every command, every kind of report, sensible or not, in an order
 * drawn from a seed; its batches are kept as a log would have them.
 */
import { decide } from '../../src/commands/decide/decide.js';
import { Emitter } from '../../src/commands/emitter.js';
import { evolveBatch } from '../../src/commands/recovery.js';
import { copyOf, isEnd } from '../../src/commands/replay/decide-again.js';
import {
  commandAt,
  lengthAt,
  numberAt,
  sequenceAt,
} from '../../src/commands/replay/event-groups.js';
import type { Capacity } from '../../src/commands/state/capacity.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { ACTOR_KIND } from '../../src/domain/actor.js';
import { encodeCommand } from '../../src/domain/command-codec.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandName,
  VENUE_REPORT,
} from '../../src/domain/commands.js';
import { HEADER, RecordBuffer } from '../../src/domain/event-record.js';
import { REASON } from '../../src/domain/reject-reasons.js';
import { LIMIT, type LimitName } from '../../src/domain/risk-catalogue.js';

export const ANY_CAPACITY: Capacity = {
  orders: 2000,
  clientIds: 6000,
  executions: 4000,
  positions: 64,
  accounts: 8,
  instruments: 8,
};

const ACCOUNTS = 4;
const INSTRUMENTS = 2;
const BATCH_BYTES = 200_000;
const LIMITS = Object.keys(LIMIT) as LimitName[];
const KINDS = Object.keys(ACTOR_KIND) as (keyof typeof ACTOR_KIND)[];
const REPORTS = Object.keys(VENUE_REPORT) as (keyof typeof VENUE_REPORT)[];

export class AnyFlow {
  state = new ShardState(ANY_CAPACITY, 7);
  readonly batches: RecordBuffer[] = [];
  readonly #out = new RecordBuffer(BATCH_BYTES);
  readonly #emitter = new Emitter(this.state, this.#out);
  readonly #slot = new RecordBuffer(COMMAND_SLOT_BYTES);
  #random: number;
  #time = 1_790_000_000_000_000_000n;
  #commands = 0;
  #names = 0;

  constructor(seed: number) {
    this.#random = seed >>> 0;
  }

  draw(below: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * below);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.draw(from.length)] as T;
  }

  /** Decides one command; its events become a commit, or several where the batch was full. */
  send<N extends CommandName>(name: N, data: CommandData<N>): void {
    this.#commands += 1;
    const header = {
      received: this.#time,
      command: name === 'StartWriter' ? 0 : this.#commands,
      actor: 1 + this.draw(3),
      session: this.draw(4),
    };
    encodeCommand(name, header, data, this.#slot.bytes);
    let done = false;
    while (!done) {
      this.#time += BigInt(1 + this.draw(40_000_000));
      this.#emitter.setTime(this.#time);
      done = decide(this.#emitter, this.#slot, 0);
      this.#commit();
    }
  }

  #commit(): void {
    const copy = new RecordBuffer(this.#out.length);
    copy.bytes.set(this.#out.bytes.subarray(0, this.#out.length));
    copy.length = this.#out.length;
    copy.count = this.#out.count;
    this.batches.push(copy);
    this.#out.clear();
  }

  begin(): this {
    this.send('StartWriter', { shard: 0, shards: 1, software: 'test' });
    for (let i = 1; i <= INSTRUMENTS; i += 1) {
      const terms = { tickMantissa: 1, tickScale: 2, lotMantissa: 1, multiplierMantissa: 1 };
      // The last instrument has no venue: its orders are answered here.
      const venue = i === INSTRUMENTS ? 0 : 1;
      this.send('ListInstrument', { symbol: `S${i}`, currency: 'EUR', open: 1, venue, ...terms });
      this.send('MarkPrice', { instrument: i, price: 1000 });
    }
    const modes = ['Allow', 'CancelNewest', 'CancelOldest', 'Decrement'] as const;
    for (let i = 0; i < ACCOUNTS; i += 1) {
      const selfTradePrevention = modes[i % modes.length] as (typeof modes)[number];
      const terms = { currency: 'EUR', open: 1, groupName: i % 2 === 0 ? 'G' : '' };
      this.send('OpenAccount', { name: `A${i}`, selfTradePrevention, ...terms });
    }
    this.send('OpenTradingDay', { tradingDay: 20_260_105 });
    return this;
  }

  step(): void {
    const kind = this.draw(100);
    if (kind < 32) this.#newOrder();
    else if (kind < 42) this.#cancel();
    else if (kind < 55) this.#replace();
    else if (kind < 90) this.#report();
    else if (kind < 94)
      this.send('MarkPrice', { instrument: this.draw(4), price: 990 + this.draw(20) });
    else this.#control();
  }

  #id(): string {
    // Now and then one that was used before.
    if (this.draw(12) === 0 && this.#names > 0) return `C${1 + this.draw(this.#names)}`;
    this.#names += 1;
    return `C${this.#names}`;
  }

  #known = () => `C${1 + this.draw(Math.max(1, this.#names))}`;
  #orderId = () => this.draw(Math.max(2, this.state.orders.used + 2));

  #newOrder(): void {
    const type = this.draw(20);
    const stop = type === 1 || type === 2;
    const list = this.draw(4) === 0 ? { listId: 1 + this.draw(40), ...this.#place() } : {};
    const cash = this.draw(15) === 0 ? 50_000_000 + this.draw(1000) : 0;
    const market = type === 0;
    this.send('NewOrder', {
      account: 1 + this.draw(ACCOUNTS + (this.draw(20) === 0 ? 1 : 0)),
      instrument: 1 + this.draw(INSTRUMENTS + (this.draw(20) === 0 ? 1 : 0)),
      clOrdId: this.draw(30) === 0 ? '' : this.#id(),
      quantity: cash === 0 ? this.draw(100) : 0,
      price: market || type === 1 ? 0 : 990 + this.draw(20),
      side: this.#pick(['Buy', 'Sell', 'SellShort']),
      ordType: market ? 'Market' : type === 1 ? 'Stop' : stop ? 'StopLimit' : 'Limit',
      stopPrice: stop ? 990 + this.draw(20) : 0,
      ...list,
      timeInForce: this.#pick(['Day', 'Day', 'GoodTillCancel', 'ImmediateOrCancel']),
      execInst: this.draw(20) === 0 ? this.draw(64) : 0,
      venue: this.draw(10) === 0 ? 2 : 0,
      userRef: this.draw(1000),
      cashQuantity: cash,
    });
  }

  #place(): Pick<CommandData<'NewOrder'>, 'contingency' | 'listIndex'> {
    const contingency = this.#pick(['OneCancelsOther', 'OneTriggersOther', 'Bracket'] as const);
    return { contingency, listIndex: this.draw(3) };
  }

  /** The venue takes a request of an order that is there, or says that it works on it. */
  #pending(): void {
    const account = 1 + this.draw(ACCOUNTS);
    const orderId = this.#orderId();
    const clOrdId = `P${this.#commands}`;
    const cancel = this.draw(2) === 0;
    if (cancel) this.send('CancelOrder', { account, orderId, clOrdId });
    else this.send('ReplaceOrder', { account, orderId, clOrdId, quantity: 120, price: 1000 });
    if (this.draw(2) === 0) {
      // Asked again, with the answer under way.
      this.send('ReconcileOrder', { account, orderId, report: 'Open', overdue: 1, venue: 1 });
    }
    this.send('VenueReport', {
      account,
      orderId,
      clOrdId,
      report: cancel ? 'PendingCancel' : 'PendingReplace',
      venue: 1,
    });
    const answers = cancel
      ? (['Canceled', 'RequestRejected'] as const)
      : (['Replaced', 'RequestRejected'] as const);
    if (this.draw(2) === 0)
      this.send('VenueReport', {
        account,
        orderId,
        clOrdId,
        report: this.#pick(answers),
        venue: 1,
      });
  }

  #cancel(): void {
    if (this.draw(2) === 0) return this.#pending();
    const byId = this.draw(2) === 0;
    this.send('CancelOrder', {
      account: 1 + this.draw(ACCOUNTS + 1),
      orderId: byId ? this.#orderId() : 0,
      origClOrdId: byId && this.draw(2) === 0 ? '' : this.#known(),
      clOrdId: this.draw(5) === 0 ? '' : this.#id(),
      quantity: this.draw(3) === 0 ? this.draw(90) : 0,
      userRef: this.draw(10),
      execInst: this.draw(4) === 0 ? 4 : 0,
    });
  }

  #replace(): void {
    const byId = this.draw(2) === 0;
    this.send('ReplaceOrder', {
      account: 1 + this.draw(ACCOUNTS + 1),
      orderId: byId ? this.#orderId() : 0,
      origClOrdId: byId && this.draw(2) === 0 ? '' : this.#known(),
      clOrdId: this.draw(12) === 0 ? '' : this.#id(),
      quantity: this.draw(120),
      price: 985 + this.draw(30),
      execInst: this.draw(4) === 0 ? 4 : 0,
      userRef: this.draw(10),
      stopPrice: this.draw(8) === 0 ? 990 + this.draw(20) : 0,
      displayQuantity: this.draw(3) === 0 ? this.draw(60) : 0,
    });
  }

  #report(): void {
    const kinds = [
      'Acknowledged',
      'Acknowledged',
      'Filled',
      'Filled',
      'Filled',
      'Canceled',
    ] as const;
    const report = this.draw(2) === 0 ? this.#pick(kinds) : this.#pick(REPORTS);
    const byId = this.draw(6) !== 0;
    const named = this.draw(3) === 0 ? '' : this.#known();
    this.send('VenueReport', {
      report,
      orderId: byId ? this.#orderId() : 0,
      account: 1 + this.draw(ACCOUNTS),
      instrument: this.draw(3),
      clOrdId: report === 'Filled' ? '' : named,
      quantity: this.draw(4) === 0 ? this.draw(80) : 0,
      price: this.draw(4) === 0 ? 985 + this.draw(30) : 0,
      cumQuantity: this.draw(4) === 0 ? this.draw(50) : 0,
      lastQuantity: this.draw(30),
      lastPrice: 990 + this.draw(20),
      execId: this.draw(20) === 0 ? '' : `E${this.draw(this.#commands)}`,
      execRefId: `E${this.draw(this.#commands)}`,
      venueOrderId: `V${this.#commands}`,
      side: this.#pick(['Buy', 'Sell']),
      liquidity: this.#pick(['Unknown', 'Added', 'Removed']),
      stopPrice: this.draw(12) === 0 ? 990 + this.draw(20) : 0,
      displayQuantity: this.draw(8) === 0 ? this.draw(60) : 0,
      restatement: this.#pick(['GtCorporateAction', 'GtRenewal', 'Other']),
      reason: this.draw(5) === 0 ? this.#pick(Object.values(REASON)) : 0,
      venue: this.draw(3),
    });
  }

  #control(): void {
    const kind = this.draw(12);
    const scope = this.#pick(['Firm', 'Group', 'Account'] as const);
    const scopeId = scope === 'Firm' ? 0 : this.draw(4);
    if (kind < 2) {
      const limit = this.#pick(LIMITS);
      const value = this.draw(3) === 0 ? -1 : this.draw(this.draw(2) === 0 ? 50 : 100_000_000);
      const instrument = this.draw(3) === 0 ? this.draw(3) : 0;
      this.send('ChangeLimit', { limit: LIMIT[limit], scope, scopeId, value, instrument });
    } else if (kind === 2) {
      const state = this.#pick(['Active', 'Active', 'Reducing', 'Halted'] as const);
      this.send('SetTradingState', { scope, scopeId, state, text: 'because' });
      // Now and then one without a rate, which refuses what adds risk until the next.
      const currency = this.#commands % 4 === 0 ? 'USD' : 'EUR';
      this.send('SetBaseCurrency', { scope, scopeId, currency });
    } else if (kind === 3) {
      this.send('MassCancel', {
        account: this.draw(3),
        instrument: this.draw(2),
        ofSession: this.draw(3) === 0 ? 1 : 0,
        onlyOnDisconnect: this.draw(2),
      });
    } else if (kind === 4) {
      this.send('StartWriter', { shard: 0, shards: 1, software: 'again' });
      this.send('StartWriter', { shard: 0, shards: 1, software: 'again' });
    } else if (kind === 5) {
      const day = this.state.tradingDay || 20_260_105 + this.#commands;
      this.send('CloseTradingDay', { tradingDay: day });
      this.send('OpenTradingDay', { tradingDay: day + 1 });
    } else if (kind === 6) {
      const terms = { tickMantissa: 1, tickScale: 2, lotMantissa: 1, multiplierMantissa: 1 };
      const instrument = 1 + this.draw(3);
      this.send('ListInstrument', {
        instrument,
        symbol: `S${instrument}`,
        currency: 'EUR',
        open: 1,
        venue: 1,
        ...terms,
      });
    } else if (kind === 7) {
      const terms = { scope: 'Account', scopeId: 1 + this.draw(4) } as const;
      this.send('ChangeLimit', { limit: LIMIT.BreakerRejects, value: 1, ...terms });
      this.send('ChangeLimit', { limit: LIMIT.BreakerWindow, value: 60_000, ...terms });
      const value = this.draw(2) === 0 ? -1 : 100;
      this.send('ChangeLimit', { limit: LIMIT.BreakerCoolDown, value, ...terms });
    } else if (kind === 8) {
      for (const scopeId of [1, 2, 3, 4]) {
        this.send('SetTradingState', { scope: 'Account', scopeId, state: 'Active', text: 'go' });
      }
      this.send('SetTradingState', { scope: 'Firm', state: 'Active' });
    } else if (kind === 9) {
      const hash = 'ab'.repeat(32);
      this.send('RecordSnapshot', { anchor: 7, bytes: 9, stateHash: hash, contentHash: hash });
      this.#reconcile();
      this.send('RequestApproval', { expires: 9n, value: 1, commandNumber: 23, text: 'please' });
      this.send('DecideApproval', { approval: 9, decision: 'Approved' });
      this.send('RecordReconciliation', { openOrders: 1, differences: 2, asked: 3n, venue: 1 });
    } else if (kind === 10) {
      // Known and new subjects, now and then none, now and then an index that is another's.
      const subject = this.draw(9).toString(16).padStart(32, '0');
      const sealed = this.draw(256).toString(16).padStart(480, '0');
      const actor = this.draw(3) === 0 ? this.draw(9) : 0;
      this.send('RegisterActor', { actor, subject, kind: this.#pick(KINDS), sealed });
    } else {
      const account = 1 + this.draw(3);
      this.send('OpenAccount', {
        account,
        name: `A${account - 1}`,
        currency: 'EUR',
        open: this.draw(3) ? 1 : 0,
      });
    }
  }

  /** A venue is asked, and answers anything. */
  #reconcile(): void {
    if (this.draw(2) === 0) this.send('BeginReconciliation', { venue: this.draw(3) });
    for (let i = this.draw(6); i > 0; i -= 1) {
      this.send('ReconcileOrder', {
        orderId: this.#orderId(),
        account: 1 + this.draw(ACCOUNTS),
        quantity: this.draw(2) * this.draw(80),
        price: this.draw(2) * (985 + this.draw(30)),
        cumQuantity: this.draw(2) * this.draw(30),
        side: this.#pick(['Buy', 'Sell']),
        report: this.#pick([
          'Unknown',
          'Open',
          'Open',
          'PendingCancel',
          'Filled',
          'Canceled',
          'Rejected',
        ]),
        overdue: this.draw(2),
        policy: this.#pick(['Raise', 'CancelAtVenue']),
        venue: this.draw(3),
      });
    }
    if (this.draw(2) === 0) this.send('RecordReconciliation', { venue: 1 });
  }

  /** The state that the log alone gives before `sequence`. */
  stateBefore(sequence: number): ShardState {
    const state = new ShardState(ANY_CAPACITY, 3);
    for (const batch of this.batches) {
      if ((batch.f64[HEADER.sequence >> 3] as number) >= sequence) break;
      evolveBatch(state, batch);
    }
    return state;
  }

  findEnd(command: number, sequence: number): RecordBuffer | undefined {
    for (const batch of this.batches) {
      for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
        const wanted = sequenceAt(batch, at) >= sequence && commandAt(batch, at) === command;
        if (wanted && isEnd(numberAt(batch, at))) return copyOf(batch, at);
      }
    }
    return undefined;
  }
}
