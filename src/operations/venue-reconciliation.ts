/**
 * Asks a venue how orders stand, at the start of whatever connects to it: from the log alone, and
 * through a port of its own. The simulated venue, which has its memory from the log, does the same in
 * its thread (`venue-thread.ts`).
 */
import type { CommandPort } from '../commands/command-port.js';
import type { CommandData, CommandName } from '../domain/commands.js';
import { HEADER, type RecordBuffer } from '../domain/event-record.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { OurOrders } from '../venues/reconciliation/our-orders.js';
import {
  type Reconciled,
  reconcileVenue,
  type StrayOrderPolicy,
} from '../venues/reconciliation/reconcile-venue.js';
import type { VenueStatus } from '../venues/venue-status.js';

export interface ReconciliationAtStart {
  readonly directory: string;
  readonly durableEnd: DurableEnd;
  /** Through it the venue's reports go, too: what it says first is decided first. */
  readonly port: CommandPort;
  readonly venue: number;
  readonly status: VenueStatus;
  /** What becomes of orders that are open there and not here. */
  readonly policy: StrayOrderPolicy;
}

/**
 * Resolves when the reconciliation is durable. From its first event to its last the writer refuses
 * new orders to the venue with VENUE_RECONCILING; cancels pass. A venue that does not answer leaves
 * it there: the next start begins again.
 *
 * @returns undefined for a venue that nothing was ever sent to
 * @throws what `status` throws, and JournalError
 */
export async function reconcileAtStart(
  options: ReconciliationAtStart,
): Promise<Reconciled | undefined> {
  const { directory, durableEnd, port, venue, status, policy } = options;
  const ours = new OurOrders(venue);
  const log = new FollowedLog(directory, durableEnd, (batch) => ours.take(batch));
  try {
    log.readOn();
    if (ours.routed === 0) return undefined;
    let last = -1;
    const submit = async <N extends CommandName>(name: N, command: CommandData<N>) => {
      last = await log.submit(port, name, command);
    };
    await submit('BeginReconciliation', { venue });
    await log.until(last);
    const asked = BigInt(Date.now()) * 1_000_000n;
    const reconciled = await reconcileVenue({ venue, status, ours, submit, policy, asked });
    await log.until(last);
    return reconciled;
  } finally {
    log.close();
  }
}

/** The log up to a command that was handed over. */
export class FollowedLog {
  readonly #reader: JournalReader;
  readonly #end: DurableEnd;
  readonly #take: (batch: RecordBuffer) => void;
  /** Commands handed over, and the last of them that is on record. */
  readonly #waited = new Set<number>();
  #command = -1;

  constructor(directory: string, end: DurableEnd, take: (batch: RecordBuffer) => void) {
    this.#reader = new JournalReader(directory, { from: 0, end });
    this.#end = end;
    this.#take = take;
  }

  readOn(): void {
    for (let batch = this.#reader.read(); batch !== undefined; batch = this.#reader.read()) {
      this.#take(batch);
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
        const command = batch.f64[(at + HEADER.command) >> 3] as number;
        if (this.#waited.delete(command)) this.#command = command;
      }
    }
  }

  /** @returns the id of the command */
  async submit<N extends CommandName>(
    port: CommandPort,
    name: N,
    command: CommandData<N>,
  ): Promise<number> {
    const header = { received: 0n, actor: 0, session: 0 };
    for (;;) {
      const id = port.submit(name, header, command);
      if (id >= 0) {
        this.#waited.add(id);
        return id;
      }
      // The writer gives room back when what the ring holds is durable.
      await this.#end.wait(this.#reader.nextSequence);
      this.readOn();
    }
  }

  async until(command: number): Promise<void> {
    this.readOn();
    while (this.#command < command) {
      await this.#end.wait(this.#reader.nextSequence);
      this.readOn();
    }
  }

  close(): void {
    this.#reader.close();
  }
}
