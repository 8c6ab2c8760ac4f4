/**
 * Given commands, when a command, then events: the form of the write side's tests. Every spec can
 * check that replaying its events gives the same state to the last bit.
 */
import { encodeCommand } from '../../domain/command-codec.js';
import { COMMAND_SLOT_BYTES, type CommandData, type CommandName } from '../../domain/commands.js';
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent, EventName, EventOf } from '../../domain/events.js';
import type { LimitName } from '../../domain/risk-catalogue.js';
import { LIMIT } from '../../domain/risk-catalogue.js';
import { decide } from '../decide/decide.js';
import { Emitter } from '../emitter.js';
import { evolveBatch } from '../recovery.js';
import { ShardState } from '../state/shard-state.js';
import { stateHash } from '../state-hash.js';

const CAPACITY = {
  orders: 5000,
  clientIds: 20_000,
  executions: 5000,
  positions: 200,
  accounts: 20,
  instruments: 20,
};
/** 2026-01-05T09:00Z. */
const START_MS = 1_767_603_600_000;

type Scope = CommandData<'ChangeLimit'>['scope'] & string;

export class Spec {
  state = new ShardState(CAPACITY, 1);
  readonly #journal = new RecordBuffer(16 * 1024 * 1024);
  readonly #batch = new RecordBuffer(256 * 1024);
  #emitter = new Emitter(this.state, this.#batch);
  #ms = START_MS;
  #ids = 0;

  constructor() {
    this.#emitter.setTime(BigInt(this.#ms) * 1_000_000n);
  }

  /** Time passes until the next command. */
  after(ms: number): this {
    this.#ms += ms;
    this.#emitter.setTime(BigInt(this.#ms) * 1_000_000n);
    return this;
  }

  /** Decides a command, over as many batches as it takes. @returns its events */
  when<N extends CommandName>(name: N, data: CommandData<N>): DaybookEvent[] {
    const command = new RecordBuffer(COMMAND_SLOT_BYTES);
    const header = { received: 0n, command: 1, actor: 1, session: 1 };
    encodeCommand(name, header, data, command.bytes);
    const decided: DaybookEvent[] = [];
    for (let done = false; !done; ) {
      done = decide(this.#emitter, command, 0);
      decided.push(...this.#commit());
    }
    return decided;
  }

  #commit(): DaybookEvent[] {
    const batch = this.#batch;
    const decoded: DaybookEvent[] = [];
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      decoded.push(decodeEvent(batch.bytes, at));
    }
    this.#journal.bytes.set(batch.bytes.subarray(0, batch.length), this.#journal.length);
    this.#journal.length += batch.length;
    batch.clear();
    return decoded;
  }

  /** A limit on account 1, or on another scope. */
  limit(limit: LimitName, value: number, scope: Scope = 'Account', instrument = 0): this {
    const scopeId = scope === 'Firm' ? 0 : 1;
    this.when('ChangeLimit', { limit: LIMIT[limit], scope, scopeId, instrument, value });
    return this;
  }

  /** An order of account 1 in instrument 1: buy 1 at 100.00 unless told. */
  order(data: CommandData<'NewOrder'> = {}): DaybookEvent[] {
    this.#ids += 1;
    return this.when('NewOrder', {
      account: 1,
      instrument: 1,
      clOrdId: `o${this.#ids}`,
      quantity: 1,
      price: data.ordType === undefined || data.ordType === 'Limit' ? 10_000 : 0,
      side: 'Buy',
      ordType: 'Limit',
      timeInForce: 'Day',
      ...data,
    });
  }

  cancel(orderId: number, account = 1): DaybookEvent[] {
    this.#ids += 1;
    return this.when('CancelOrder', { account, orderId, clOrdId: `c${this.#ids}` });
  }

  replace(orderId: number, quantity: number, price = 10_000, account = 1): DaybookEvent[] {
    this.#ids += 1;
    const clOrdId = `r${this.#ids}`;
    return this.when('ReplaceOrder', { account, orderId, clOrdId, quantity, price });
  }

  fill(orderId: number, lastQuantity: number, lastPrice = 10_000): DaybookEvent[] {
    this.#ids += 1;
    const execId = `x${this.#ids}`;
    return this.when('VenueReport', { report: 'Filled', orderId, execId, lastQuantity, lastPrice });
  }

  mark(price: number, instrument = 1): DaybookEvent[] {
    return this.when('MarkPrice', { instrument, price });
  }

  /** Goes on with a state that was built from the events alone, as after a crash. */
  restart(): this {
    this.state = new ShardState(CAPACITY, 3);
    evolveBatch(this.state, this.#journal);
    this.#emitter = new Emitter(this.state, this.#batch);
    return this.after(0);
  }

  /** Hash of the state as it is, and of one that only saw the events. */
  hashes(): { readonly live: string; readonly replayed: string } {
    const replayed = new ShardState(CAPACITY, 7);
    evolveBatch(replayed, this.#journal);
    return { live: stateHash(this.state), replayed: stateHash(replayed) };
  }
}

/**
 * Accounts 1 and 2 in group 1, account 3 alone; instruments 1 and 2 of 0.01 a tick and 1 a lot, marked
 * at 100.00: one lot is 100 million micros.
 */
export function desk(): Spec {
  const spec = new Spec();
  for (const symbol of ['ABC', 'XYZ']) {
    spec.when('ListInstrument', {
      symbol,
      currency: 'USD',
      tickMantissa: 1,
      tickScale: 2,
      lotMantissa: 1,
      lotScale: 0,
      multiplierMantissa: 1,
      multiplierScale: 0,
      open: 1,
    });
  }
  for (const name of ['A1', 'A2', 'A3']) {
    const groupName = name === 'A3' ? '' : 'G';
    spec.when('OpenAccount', { name, groupName, currency: 'USD', open: 1 });
  }
  spec.mark(10_000, 1);
  spec.mark(10_000, 2);
  return spec;
}

/** Micros of `lots` at 100.00. */
export const dollars = (amount: number) => amount * 1_000_000;

/** The first event of a type; throws when there is none. */
export function only<N extends EventName>(events: DaybookEvent[], type: N): EventOf<N> {
  const found = events.find((event) => event.type === type);
  if (found === undefined) throw new Error(`no ${type} among ${events.map((e) => e.type)}`);
  return found as unknown as EventOf<N>;
}

/** Id of the order that was accepted. */
export const idOf = (events: DaybookEvent[]) => only(events, 'OrderAccepted').data.orderId;

/** What risk said: the reason number, 0 passed. */
export const reasonOf = (events: DaybookEvent[]) => only(events, 'RiskDecided').data.reason;

export const types = (events: DaybookEvent[]) => events.map((event) => event.type);
