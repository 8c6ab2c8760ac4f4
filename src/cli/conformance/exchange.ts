/**
 * Both sides of one run: requests go through a command port into a real writer, the sell side's acts
 * come as venue reports, and what the client is told is folded from the events that the writer commits.
 */
import { randomInt } from 'node:crypto';
import { CommandPort, RESERVED_SLOTS } from '../../commands/command-port.js';
import { evolveBatch } from '../../commands/recovery.js';
import type { Capacity } from '../../commands/state/capacity.js';
import { ShardState } from '../../commands/state/shard-state.js';
import { stateHash } from '../../commands/state-hash.js';
import { type BatchLog, Writer, type WriterClock } from '../../commands/writer.js';
import { COMMAND_SLOT_BYTES, type CommandData, type CommandName } from '../../domain/commands.js';
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent } from '../../domain/events.js';
import type { Report } from '../../domain/execution-report.js';
import { ExecutionReports } from '../../domain/execution-reports.js';
import { assert } from '../../lib/assert.js';
import { Doorbell } from '../../lib/doorbell.js';
import { SpscRing } from '../../lib/ring.js';
import { highWord, lowWord } from '../../lib/time.js';

const CAPACITY: Capacity = {
  orders: 256,
  clientIds: 1024,
  executions: 1024,
  positions: 16,
  accounts: 4,
  instruments: 4,
};

/** 2026-01-05T09:00Z; each command is a millisecond later. */
const START = 1_767_603_600_000_000_000n;
const FIRST_DAY = 20_260_105;
const SESSION = 1;

/** The account, instrument, venue and mark (ticks) of every run. */
export const ACCOUNT = 1;
export const INSTRUMENT = 1;
export const VENUE = 1;
export const MARK = 100;

export class Exchange implements BatchLog, WriterClock {
  readonly reports = new ExecutionReports();
  /** Reports that no row has claimed yet, in their order. */
  readonly queue: Report[] = [];
  readonly events: DaybookEvent[] = [];
  readonly #records: RecordBuffer[] = [];
  readonly #writer: Writer;
  readonly #port: CommandPort;
  #now = START;
  #day = 1;

  constructor() {
    const ring = SpscRing.create({ slots: RESERVED_SLOTS * 2, slotBytes: COMMAND_SLOT_BYTES });
    const state = new ShardState(CAPACITY, randomInt(2 ** 31));
    this.#writer = new Writer(state, this, this, [ring]);
    this.#port = new CommandPort(ring, Doorbell.create(), 1);
    this.submit('OpenTradingDay', { tradingDay: FIRST_DAY });
    this.submit('ListInstrument', {
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
    this.submit('OpenAccount', { name: 'client', currency: 'EUR', open: 1 });
    this.submit('MarkPrice', { instrument: INSTRUMENT, price: MARK });
  }

  /** The clock's side: a millisecond passes for each command. */
  tick(): void {
    this.#now += 1_000_000n;
  }

  get low(): number {
    return lowWord(this.#now);
  }

  get high(): number {
    return highWord(this.#now);
  }

  /** The log's side: a batch is durable as soon as it is decoded. */
  append(batch: RecordBuffer): void {
    const copy = new RecordBuffer(batch.length);
    copy.bytes.set(batch.bytes.subarray(0, batch.length));
    copy.length = batch.length;
    copy.count = batch.count;
    this.#records.push(copy);
    for (let at = 0; at < copy.length; at += copy.u16[(at + HEADER.length) >> 1] as number) {
      const event = decodeEvent(copy.bytes, at);
      this.events.push(event);
      const report = this.reports.apply(event);
      if (report !== undefined) this.queue.push(report);
    }
  }

  submit<N extends CommandName>(name: N, data: CommandData<N>): void {
    const header = { received: this.#now, actor: 1, session: SESSION };
    const command = this.#port.submit(name, header, data);
    assert(command >= 0, 'the ring is drained after each command');
    while (this.#writer.run());
  }

  /** Closes the trading day and opens later ones up to `day`. */
  advanceTo(day: number): void {
    while (this.#day < day) {
      this.submit('CloseTradingDay', { tradingDay: FIRST_DAY + this.#day - 1 });
      this.#day += 1;
      this.submit('OpenTradingDay', { tradingDay: FIRST_DAY + this.#day - 1 });
    }
  }

  /** Whether a fresh state, evolved from the committed records, is the writer's. */
  replays(): boolean {
    const fresh = new ShardState(CAPACITY, randomInt(2 ** 31));
    for (const batch of this.#records) evolveBatch(fresh, batch);
    return stateHash(fresh) === stateHash(this.#writer.state);
  }
}
