/**
 * A shard and its venue in one thread and in memory, to be cut at any event: the writer's deciding,
 * a log that is a buffer, and the venue behind a real ring.
 */

import { CommandPort } from '../../src/commands/command-port.js';
import { decide } from '../../src/commands/decide/decide.js';
import { Emitter } from '../../src/commands/emitter.js';
import { evolveBatch } from '../../src/commands/recovery.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { decodeCommand, encodeCommand } from '../../src/domain/command-codec.js';
import {
  COMMAND,
  COMMAND_SLOT_BYTES,
  type CommandData,
  type CommandName,
} from '../../src/domain/commands.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { REASON } from '../../src/domain/reject-reasons.js';
import { Doorbell } from '../../src/lib/doorbell.js';
import { SpscRing } from '../../src/lib/ring.js';
import { SimulatedVenue } from '../../src/venues/simulated/simulated-venue.js';
import { VenueOrders } from '../../src/venues/simulated/venue-orders.js';
import { VenueRecovery } from '../../src/venues/simulated/venue-recovery.js';
import { VenueReports } from '../../src/venues/simulated/venue-reports.js';

const LOG_BYTES = 1024 * 1024;
const RING_SLOTS = 2048;
const PRODUCERS = 2 ** 32;
export const VENUE = 1;
const LIMITS = { ordersMax: 256, levelsMax: 64 };

export class MemoryShard {
  readonly log = new RecordBuffer(LOG_BYTES);
  /** Byte offset of each event. */
  readonly offsets: number[] = [];
  readonly #state: ShardState;
  readonly #emitter: Emitter;
  readonly #command = new RecordBuffer(COMMAND_SLOT_BYTES);
  readonly #ring = SpscRing.create({ slots: RING_SLOTS, slotBytes: COMMAND_SLOT_BYTES });
  readonly #slots: RecordBuffer;
  readonly #venue: SimulatedVenue;
  #commands = 0;
  /** Bytes of the log that the venue has read. */
  #read = 0;

  /** @param crashed the log of a shard that crashed, whole events; undefined a new one */
  constructor(epoch: number, crashed?: Uint8Array) {
    const capacity = { orders: 500, clientIds: 2000, executions: 2000, positions: 20 };
    this.#state = new ShardState({ ...capacity, accounts: 8, instruments: 8 }, 1);
    this.#emitter = new Emitter(this.#state, this.log);
    this.#emitter.setTime(1_000_000_000n * BigInt(epoch));
    this.#slots = new RecordBuffer(this.#ring.shared.byteLength, this.#ring.shared);
    const port = new CommandPort(this.#ring, Doorbell.create(), epoch);
    const orders = new VenueOrders(4);
    this.#venue = new SimulatedVenue(orders, new VenueReports(port, orders, VENUE), VENUE, LIMITS);
    if (crashed === undefined) return;
    this.log.bytes.set(crashed);
    this.log.length = crashed.length;
    evolveBatch(this.#state, this.log);
    this.#index(0);
    const recovery = new VenueRecovery(orders, VENUE);
    recovery.take(this.log);
    this.#read = this.log.length;
    recovery.finish(this.#venue);
  }

  /** The log as it was before the event with `sequence`. */
  cut(sequence: number): Uint8Array {
    return this.log.bytes.slice(0, this.offsets[sequence] ?? this.log.length);
  }

  submit<N extends CommandName>(name: N, data: CommandData<N>): void {
    this.#commands += 1;
    const header = { received: 0n, command: this.#commands, actor: 0, session: 0 };
    encodeCommand(name, header, data, this.#command.bytes);
    this.#decide(this.#command, 0);
  }

  /** The venue reads what is new in the log. */
  venueReads(): void {
    const end = this.log.length;
    this.#venue.take(this.log, this.#read);
    this.#read = end;
  }

  /** The writer takes what the venue reported, `most` reports of it. @returns how many */
  writerReads(most = Number.POSITIVE_INFINITY): number {
    const count = Math.min(most, this.#ring.available());
    for (let i = 0; i < count; i += 1) this.#decide(this.#slots, this.#ring.at(i));
    this.#ring.release(count);
    return count;
  }

  /** Until nothing is left to be said. */
  settle(): void {
    do this.venueReads();
    while (this.writerReads() > 0);
  }

  events(): DaybookEvent[] {
    return this.offsets.map((at) => decodeEvent(this.log.bytes, at));
  }

  #decide(command: RecordBuffer, at: number): void {
    const before = this.log.length;
    decide(this.#emitter, command, at);
    this.#index(before);
  }

  #index(from: number): void {
    for (let at = from; at < this.log.length; at += this.log.u16[(at + HEADER.length) >> 1] ?? 0) {
      this.offsets.push(at);
    }
  }
}

/** What the venue said, in order, one line each; marks left out. */
export function reportsIn(events: readonly DaybookEvent[]): string[] {
  return events
    .filter((event) => event.command >= PRODUCERS && event.type !== 'PriceMarked')
    .map((event) => {
      switch (event.type) {
        case 'OrderAcknowledged':
        case 'OrderRejected':
        case 'OrderExpired':
          return `${event.type.slice('Order'.length)} ${event.data.orderId}`;
        case 'OrderFilled': {
          const { orderId, execId, lastQuantity, lastPrice, liquidity } = event.data;
          return `Filled ${orderId} ${execId} ${lastQuantity}@${lastPrice} ${liquidity}`;
        }
        case 'OrderCanceled':
          return `Canceled ${event.data.orderId} ${event.data.clOrdId} ${event.data.reason}`;
        case 'CancelRejected':
        case 'ReplaceRejected':
          return `RequestRejected ${event.data.orderId} ${event.data.clOrdId} ${event.data.reason}`;
        case 'OrderReplaced':
          return `Replaced ${event.data.orderId} ${event.data.clOrdId} ${event.data.price}`;
        default:
          return JSON.stringify(event, (_, value) =>
            typeof value === 'bigint' ? `${value}` : value,
          );
      }
    });
}

/** All that a venue says that hears the requests in `log` for the first time. */
export function reportsTo(log: Uint8Array): string[] {
  const batch = new RecordBuffer(LOG_BYTES);
  batch.bytes.set(log);
  batch.length = log.length;
  const ring = SpscRing.create({ slots: RING_SLOTS, slotBytes: COMMAND_SLOT_BYTES });
  const port = new CommandPort(ring, Doorbell.create(), 1);
  const orders = new VenueOrders(4);
  new SimulatedVenue(orders, new VenueReports(port, orders, VENUE), VENUE, LIMITS).take(batch);
  const lines: string[] = [];
  const reports = ring.available();
  for (let i = 0; i < reports; i += 1) {
    const at = ring.at(i);
    if (ring.u8[at + HEADER.number] !== COMMAND.VenueReport) continue;
    const { report, ...data } = decodeCommand('VenueReport', ring.u8, at);
    const fill = `${data.execId} ${data.lastQuantity}@${data.lastPrice} ${data.liquidity}`;
    // The writer records every refusal of a cancel of its own, which has no id, under one reason.
    const refusal = data.clOrdId === '' ? REASON.VENUE_REJECTED : data.reason;
    const rest: Readonly<Record<string, string>> = {
      Filled: ` ${fill}`,
      Canceled: ` ${data.clOrdId} ${data.reason}`,
      RequestRejected: ` ${data.clOrdId} ${refusal}`,
      Replaced: ` ${data.clOrdId} ${data.price}`,
    };
    lines.push(`${report} ${data.orderId}${rest[report] ?? ''}`);
  }
  return lines;
}
