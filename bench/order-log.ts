/** A log of orders for benches, as a busy day writes them: decided by the real core, large commits. */
import { decide } from '../src/commands/decide/decide.js';
import { Emitter } from '../src/commands/emitter.js';
import type { Capacity } from '../src/commands/state/capacity.js';
import type { ShardState } from '../src/commands/state/shard-state.js';
import { BATCH_BYTES_MAX } from '../src/commands/writer.js';
import { catalogueFingerprint } from '../src/domain/catalogue-fingerprint.js';
import { encodeCommand } from '../src/domain/command-codec.js';
import { COMMAND_SLOT_BYTES, type CommandData, type CommandName } from '../src/domain/commands.js';
import { RecordBuffer } from '../src/domain/event-record.js';
import { JournalWriter } from '../src/log/journal/journal-writer.js';
import { newState } from '../src/operations/new-state.js';

const ACCOUNTS = 100;
/** Time of the log before its first command, ns since 1970. */
export const START = 1_790_000_000_000_000_000n;

/** Orders of 100 accounts; each is acknowledged, half of them trade, half are canceled. */
export class OrderLog {
  readonly state: ShardState;
  readonly #batch = new RecordBuffer(BATCH_BYTES_MAX);
  readonly #emitter: Emitter;
  readonly #slot = new RecordBuffer(COMMAND_SLOT_BYTES);
  readonly #journal: JournalWriter;
  #commands = 0;
  #orders = 0;

  constructor(directory: string, capacity: Capacity) {
    this.state = newState(capacity, 1);
    this.#emitter = new Emitter(this.state, this.#batch);
    this.#journal = JournalWriter.open(directory, { shard: 0, catalogue: catalogueFingerprint() });
    this.#send('StartWriter', { shard: 0, shards: 1, software: 'bench' });
    const terms = { tickMantissa: 1, tickScale: 2, lotMantissa: 1, multiplierMantissa: 1 };
    this.#send('ListInstrument', { symbol: 'S', currency: 'USD', open: 1, venue: 1, ...terms });
    this.#send('MarkPrice', { instrument: 1, price: 10_000 });
    for (let i = 1; i <= ACCOUNTS; i += 1) {
      this.#send('OpenAccount', { name: `A${i}`, currency: 'USD', open: 1 });
    }
  }

  enter(orders: number): void {
    for (let i = 0; i < orders; i += 1) this.#order();
    this.#commit();
  }

  close(): void {
    this.#journal.close();
  }

  #order(): void {
    this.#orders += 1;
    const n = this.#orders;
    const account = 1 + (n % ACCOUNTS);
    const orderId = this.state.orders.nextId();
    this.#send('NewOrder', {
      ...{ account, instrument: 1, clOrdId: `C${n}`, quantity: 10, price: 10_000 + (n % 7) },
      ...{ side: account % 2 === 0 ? 'Buy' : 'Sell', ordType: 'Limit', timeInForce: 'Day' },
    });
    this.#send('VenueReport', { orderId, report: 'Acknowledged', venueOrderId: `V${n}`, venue: 1 });
    if (n % 2 === 0) {
      const fill = { lastQuantity: 10, lastPrice: 10_000, execId: `E${n}`, venue: 1 };
      this.#send('VenueReport', { orderId, report: 'Filled', ...fill });
      return;
    }
    const clOrdId = `X${n}`;
    this.#send('CancelOrder', { account, orderId, clOrdId });
    this.#send('VenueReport', { orderId, report: 'Canceled', clOrdId, venue: 1 });
  }

  #send<N extends CommandName>(name: N, data: CommandData<N>): void {
    if (!this.#emitter.room) this.#commit();
    this.#commands += 1;
    const received = START + BigInt(this.#commands) * 1000n;
    const header = { received, command: this.#commands, actor: 1, session: 1 };
    encodeCommand(name, header, data, this.#slot.bytes);
    this.#emitter.setTime(received);
    decide(this.#emitter, this.#slot, 0);
  }

  #commit(): void {
    if (this.#batch.length === 0) return;
    this.#journal.append(this.#batch);
    this.#batch.clear();
  }
}
