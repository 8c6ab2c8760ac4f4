/** A real writer and the simulated venue in threads of their own, with a few accounts to trade. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandData, CommandName } from '../../src/domain/commands.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import type { DaybookEvent, EventName, EventOf } from '../../src/domain/events.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { type RunningShard, startShard } from '../../src/operations/shard.js';
import { type RunningVenue, startSimulatedVenue } from '../../src/operations/simulated-venue.js';

export const CAPACITY = {
  orders: 262_144,
  clientIds: 524_288,
  executions: 524_288,
  positions: 64,
  accounts: 16,
  instruments: 16,
};
export const VENUE = 1;
const HEADER_FIELDS = { received: 0n, actor: 0, session: 0 };

type NewOrder = CommandData<'NewOrder'>;

export class VenueShard {
  readonly directory: string;
  readonly shard: RunningShard;
  venue: RunningVenue | undefined;
  readonly events: DaybookEvent[] = [];
  readonly #reader: JournalReader;

  private constructor(directory: string, shard: RunningShard) {
    this.directory = directory;
    this.shard = shard;
    this.#reader = new JournalReader(directory, { from: 0, end: shard.durableEnd });
  }

  static async start(options: { directory?: string; venue?: boolean } = {}): Promise<VenueShard> {
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'daybook-venue-'));
    const producers = ['client', 'venue'];
    const shard = await startShard({ directory, producers, capacity: CAPACITY });
    const running = new VenueShard(directory, shard);
    if (shard.recoveredEvents === 0) running.#seed();
    if (options.venue !== false) await running.startVenue();
    return running;
  }

  async startVenue(): Promise<RunningVenue> {
    this.venue = await startSimulatedVenue(this.shard, VENUE, 'venue');
    return this.venue;
  }

  #seed(): void {
    for (const symbol of ['AAA', 'BBB']) {
      this.submit('ListInstrument', {
        ...{ symbol, currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1, lotScale: 0 },
        ...{ multiplierMantissa: 1, multiplierScale: 0, open: 1, venue: VENUE },
      });
    }
    for (const name of ['maker', 'taker']) {
      this.submit('OpenAccount', { name, currency: 'USD', open: 1 });
    }
  }

  submit<N extends CommandName>(name: N, data: CommandData<N>): number {
    const command = this.shard.port('client').submit(name, HEADER_FIELDS, data);
    if (command < 0) throw new Error('the ring is full');
    return command;
  }

  /** A day limit order of account 1 in instrument 1, unless it says otherwise. */
  order(clOrdId: string, side: 'Buy' | 'Sell', quantity: number, price: number, more?: NewOrder) {
    return this.submit('NewOrder', {
      ...{ account: 1, instrument: 1, ordType: 'Limit', timeInForce: 'Day' },
      ...{ clOrdId, side, quantity, price },
      ...more,
    });
  }

  /** Reads on until `found` says so of what was read. */
  async until(found: (events: readonly DaybookEvent[]) => boolean): Promise<void> {
    while (!found(this.events)) {
      const batch = this.#reader.read();
      if (batch === undefined) {
        await this.shard.durableEnd.wait(this.#reader.nextSequence);
        continue;
      }
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
        this.events.push(decodeEvent(batch.bytes, at));
      }
    }
  }

  of<N extends EventName>(type: N, orderId?: number): EventOf<N>[] {
    return this.events.filter(
      (event) =>
        event.type === type &&
        (orderId === undefined || (event.data as { orderId?: number }).orderId === orderId),
    ) as unknown as EventOf<N>[];
  }

  /** Waits until the log holds `count` events of a type, and returns them. */
  async wait<N extends EventName>(type: N, count = 1): Promise<EventOf<N>[]> {
    await this.until(() => this.of(type).length >= count);
    return this.of(type);
  }

  async stop(): Promise<void> {
    await this.venue?.stop();
    await this.shard.stop();
    this.#reader.close();
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
