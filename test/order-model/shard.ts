/** A small shard for tests: commands in, events out, and the same state evolved again from the records. */
import { decide } from '../../src/commands/decide/decide.js';
import { Emitter } from '../../src/commands/emitter.js';
import { evolveBatch } from '../../src/commands/recovery.js';
import type { Capacity } from '../../src/commands/state/capacity.js';
import { EXPOSURE, ROW } from '../../src/commands/state/position-table.js';
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
import { LIMIT } from '../../src/domain/risk-catalogue.js';

const CAPACITY: Capacity = {
  orders: 64,
  clientIds: 128,
  executions: 128,
  positions: 8,
  accounts: 3,
  instruments: 2,
};
const START = 1_767_603_600_000_000_000n;

export const INSTRUMENT = 1;
export const VENUE = 1;
export const DAY = 20_260_105;

/** Shared by all shards of a thread: one is at work at a time, and 512 KB each would be slow. */
const records = new RecordBuffer(512 * 1024);
const slot = new RecordBuffer(COMMAND_SLOT_BYTES);

/** Records of the reference data by limit: deciding them for each of 100,000 shards would be slow. */
const preparedFor = new Map<number, Uint8Array>();

export class Shard {
  state = new ShardState(CAPACITY, 1);
  #emitter = new Emitter(this.state, records);
  #now = START;
  #command = 0;

  /** @param maxPosition limit of the firm, lots; 0 none */
  constructor(maxPosition = 0) {
    records.clear();
    const prepared = preparedFor.get(maxPosition);
    if (prepared === undefined) {
      this.#prepare(maxPosition);
      preparedFor.set(maxPosition, records.bytes.slice(0, records.length));
      return;
    }
    records.bytes.set(prepared);
    records.length = prepared.length;
    evolveBatch(this.state, records);
  }

  #prepare(maxPosition: number): void {
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
    for (const name of ['one', 'two']) {
      this.decide('OpenAccount', { name, currency: 'EUR', open: 1, selfTradePrevention: 'Allow' });
    }
    if (maxPosition > 0) {
      this.decide('ChangeLimit', { limit: LIMIT.MaxPosition, scope: 'Firm', value: maxPosition });
    }
  }

  /** Decides a command. @returns its events */
  decide<N extends CommandName>(name: N, data: CommandData<N>): DaybookEvent[] {
    this.#command += 1;
    this.#now += 1_000_000n;
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
    this.state = new ShardState(CAPACITY, 2);
    evolveBatch(this.state, records);
    this.#emitter = new Emitter(this.state, records);
    return stateHash(this.state) === before;
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
    const state = new ShardState(CAPACITY, 3);
    const [head, tail] = parted(anchor);
    evolveBatch(state, head);
    evolveBatch(state, tail);
    return stateHash(state) === stateHash(this.state);
  }

  /** Replays with one record missing. */
  replayWithout(sequence: number): void {
    const state = new ShardState(CAPACITY, 3);
    const [head] = parted(sequence);
    const [, tail] = parted(sequence + 1);
    evolveBatch(state, head);
    evolveBatch(state, tail);
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
  const id = type === 'OrderDenied' ? data.firstOrderId : data.orderId;
  const status = data.ordStatus === undefined ? '' : ` ${data.ordStatus}`;
  const quantities =
    data.orderQuantity === undefined
      ? ''
      : ` ${data.orderQuantity}/${data.cumQuantity}/${data.leavesQuantity}`;
  const over = data.overfill === 1 ? ' overfill' : '';
  return `${type}${reason} #${id}${status}${quantities}${over}`;
}
