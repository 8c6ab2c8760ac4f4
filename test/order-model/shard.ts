/** A small shard for tests: commands in, events out, and the same state evolved again from the records. */
import { decide } from '../../src/commands/decide/decide.js';
import { Emitter } from '../../src/commands/emitter.js';
import { evolveBatch } from '../../src/commands/recovery.js';
import type { Capacity } from '../../src/commands/state/capacity.js';
import { EXPOSURE, ROW } from '../../src/commands/state/position-table.js';
import { SCOPED, SCOPED_WIDTH } from '../../src/commands/state/risk-scopes.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { encodeCommand } from '../../src/domain/command-codec.js';
import {
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandName,
} from '../../src/domain/commands.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { POSITION, SUSPENSE } from '../../src/domain/position.js';
import { rejectCode } from '../../src/domain/reject-reasons.js';
import { LIMIT, type LimitName } from '../../src/domain/risk-catalogue.js';
import { ACCOUNTS, MONEY_LIMITS, PAIRS, type Scope } from './money-model.js';

const CAPACITY: Capacity = {
  orders: 64,
  clientIds: 128,
  executions: 128,
  positions: 8,
  accounts: 3,
  instruments: 2,
};
/** With the currency pairs. */
const MONEY_CAPACITY: Capacity = { ...CAPACITY, instruments: 2 + PAIRS.length };
const START = 1_767_603_600_000_000_000n;
/** Between two decisions. */
const STEP_NS = 1_000_000n;

export const INSTRUMENT = 1;
export const VENUE = 1;
export const DAY = 20_260_105;

/** Shared by all shards of a thread: one is at work at a time, and 512 KB each would be slow. */
const records = new RecordBuffer(512 * 1024);
const slot = new RecordBuffer(COMMAND_SLOT_BYTES);

/** The mark that a shard with limits of money begins with, ticks. */
export const FIRST_MARK = 100;

interface Prepared {
  readonly records: Uint8Array;
  readonly commands: number;
}

/** Records of the reference data by limits: deciding them for each of 100,000 shards would be slow. */
const preparedFor = new Map<string, Prepared>();

export class Shard {
  readonly #capacity: Capacity;
  state: ShardState;
  #emitter: Emitter;
  #now = START;
  #command = 0;

  /**
   * @param maxPosition limit of the firm, lots; 0 none
   * @param money whether there are limits of money, and accounts and scopes of several currencies
   */
  constructor(maxPosition = 0, money = false) {
    this.#capacity = money ? MONEY_CAPACITY : CAPACITY;
    this.state = new ShardState(this.#capacity, 1);
    this.#emitter = new Emitter(this.state, records);
    records.clear();
    const key = `${maxPosition} ${money}`;
    const prepared = preparedFor.get(key);
    if (prepared === undefined) {
      this.#prepare(maxPosition, money);
      const commands = this.#command;
      preparedFor.set(key, { records: records.bytes.slice(0, records.length), commands });
      return;
    }
    records.bytes.set(prepared.records);
    records.length = prepared.records.length;
    this.#command = prepared.commands;
    this.#now += BigInt(prepared.commands) * STEP_NS;
    evolveBatch(this.state, records);
  }

  #prepare(maxPosition: number, money: boolean): void {
    this.decide('OpenTradingDay', { tradingDay: DAY });
    this.decide('ListInstrument', {
      symbol: 'ANY',
      currency: 'EUR',
      tickMantissa: 1,
      tickScale: 2,
      lotMantissa: 1,
      lotScale: 0,
      multiplierMantissa: 1,
      multiplierScale: 0,
      venue: VENUE,
      open: 1,
    });
    ['one', 'two'].forEach((name, n) => {
      const terms = { name, open: 1, selfTradePrevention: 'Allow' } as const;
      const currency = (money ? ACCOUNTS[n] : 'EUR') as string;
      this.decide('OpenAccount', { ...terms, currency, groupName: money ? 'both' : '' });
    });
    if (maxPosition > 0) {
      this.decide('ChangeLimit', { limit: LIMIT.MaxPosition, scope: 'Firm', value: maxPosition });
    }
    if (money) this.#prepareMoney();
  }

  #prepareMoney(): void {
    for (const symbol of PAIRS) {
      const terms = { symbol, currency: symbol.slice(4), venue: VENUE, open: 1 };
      const tick = { tickMantissa: 1, tickScale: 4, lotMantissa: 1, multiplierMantissa: 1 };
      this.decide('ListInstrument', { ...terms, ...tick });
    }
    this.decide('MarkPrice', { instrument: INSTRUMENT, price: FIRST_MARK });
    const limit = (name: LimitName, scope: 'Firm' | 'Group' | 'Account', value: number) => {
      for (const scopeId of { Firm: [0], Group: [1], Account: [1, 2] }[scope]) {
        this.decide('ChangeLimit', { limit: LIMIT[name], scope, scopeId, value });
      }
    };
    const { notional, gross, dailyLoss, rateAge } = MONEY_LIMITS;
    limit('MaxOrderNotional', 'Firm', notional.Firm);
    limit('MaxOrderNotional', 'Group', notional.Group);
    limit('MaxGrossExposure', 'Firm', gross.Firm);
    limit('MaxGrossExposure', 'Group', gross.Group);
    limit('MaxGrossExposure', 'Account', gross.Account);
    limit('MaxDailyLoss', 'Firm', dailyLoss);
    limit('RateAge', 'Firm', rateAge);
  }

  /** Time of the next decision, ms. */
  get nextMs(): number {
    return Number((this.#now + STEP_NS) / 1_000_000n);
  }

  /** Decides a command. @returns its events */
  decide<N extends CommandName>(name: N, data: CommandData<N>): DaybookEvent[] {
    this.#command += 1;
    this.#now += STEP_NS;
    const header = { received: this.#now, command: this.#command, actor: 1, session: 1 };
    encodeCommand(name, header, data, slot.bytes);
    this.#emitter.setTime(this.#now);
    const events: DaybookEvent[] = [];
    let at = records.length;
    decide(this.#emitter, slot, 0);
    for (; at < records.length; at += records.u16[(at + HEADER.length) >> 1] as number) {
      events.push(decodeEvent(records.bytes, at));
    }
    return events;
  }

  /** Starts again from the records. @returns whether the state is the same as before */
  restart(): boolean {
    const before = stateHash(this.state);
    // Another seed: the state may not depend on how its tables are hashed.
    this.state = new ShardState(this.#capacity, 2);
    evolveBatch(this.state, records);
    this.#emitter = new Emitter(this.state, records);
    return stateHash(this.state) === before;
  }

  /** All records, of this shard until the next is made. */
  get log(): RecordBuffer {
    return records;
  }

  /** Time of the last decision, ns. */
  get now(): bigint {
    return this.#now;
  }

  /** Time passes, and nothing is decided. */
  wait(ns: bigint): void {
    this.#now += ns;
  }

  /** Records so far. */
  get records(): number {
    return this.state.nextSequence;
  }

  /** Sets the clock back. */
  setBack(ns: bigint): void {
    this.#now -= ns;
  }

  /** Stops after `anchor` records and goes on from there. @returns whether it ends in the same state */
  restartFrom(anchor: number): boolean {
    const state = new ShardState(this.#capacity, 3);
    const [head, tail] = parted(anchor);
    evolveBatch(state, head);
    evolveBatch(state, tail);
    return stateHash(state) === stateHash(this.state);
  }

  /** Replays with one record missing. */
  replayWithout(sequence: number): void {
    const state = new ShardState(this.#capacity, 3);
    const [head] = parted(sequence);
    const [, tail] = parted(sequence + 1);
    evolveBatch(state, head);
    evolveBatch(state, tail);
  }

  /** A sum of the firm, of the group that both accounts are in, or of an account; micros. */
  sum(scope: Scope, column: keyof typeof SCOPED): number {
    const { scopes } = this.state;
    const row = typeof scope === 'number' ? scopes.first + scope : scope === 'Firm' ? 0 : 1;
    return scopes.rows[row * SCOPED_WIDTH + SCOPED[column]] as number;
  }

  #column(account: number, column: number): number {
    const row = this.state.positions.find(account, INSTRUMENT);
    return row === 0 ? 0 : (this.state.positions.rows[row * ROW + column] as number);
  }

  /** Lots held, negative when short. */
  position(account: number): number {
    return this.#column(account, POSITION.quantity);
  }

  suspense(account: number): number {
    return this.#column(SUSPENSE + account, POSITION.quantity);
  }

  openBuy(account: number): number {
    return this.#column(account, EXPOSURE.openBuy);
  }

  openSell(account: number): number {
    return this.#column(account, EXPOSURE.openSell);
  }
}

/** The records before and from a sequence on. */
function parted(sequence: number): [RecordBuffer, RecordBuffer] {
  let at = 0;
  while (at < records.length && (records.f64[(at + HEADER.sequence) >> 3] as number) < sequence) {
    at += records.u16[(at + HEADER.length) >> 1] as number;
  }
  const copy = (from: number, to: number): RecordBuffer => {
    const part = new RecordBuffer(to - from);
    part.bytes.set(records.bytes.subarray(from, to));
    part.length = to - from;
    return part;
  };
  return [copy(0, at), copy(at, records.length)];
}

/** The other records of a decision: what happened to an order is told by the rest. */
const UNSAID = new Set(['RiskDecided', 'OrderRouted', 'TradingDayOpened', 'TradingDayClosed']);

/** Events in the words of the reference model. */
export function spoken(events: readonly DaybookEvent[]): string[] {
  return events.filter(({ type }) => !UNSAID.has(type)).map(sayEvent);
}

/** Events whose reason tells what kind of refusal it is. */
const saysReason = new Set(['OrderDenied', 'CancelRejected', 'ReplaceRejected', 'CommandRefused']);

const codeOf = (reason: number) => rejectCode(reason) ?? String(reason);

function sayEvent(event: DaybookEvent): string {
  const data = event.data as Partial<Record<string, string | number | bigint>>;
  const { type } = event;
  const reason = saysReason.has(type) ? ` ${codeOf(Number(data.reason))}` : '';
  if (type === 'CommandRefused' || type === 'MassCancelDone' || type === 'FillUnmatched') {
    return `${type}${reason}`;
  }
  if (type === 'BaseCurrencyChanged') return `${type} ${data.scope} ${data.currency}`;
  const id = type === 'OrderDenied' ? data.firstOrderId : data.orderId;
  const status = data.ordStatus === undefined ? '' : ` ${data.ordStatus}`;
  const quantities =
    data.orderQuantity === undefined
      ? ''
      : ` ${data.orderQuantity}/${data.cumQuantity}/${data.leavesQuantity}`;
  const over = data.overfill === 1 ? ' overfill' : '';
  return `${type}${reason} #${id}${status}${quantities}${over}`;
}
