/**
 * Reads the journal behind its durable end, once for all of the API: reference data, recent orders
 * and the outcomes that requests wait for come from this one pass.
 */

import { HEADER, type RecordBuffer } from '../domain/event-record.js';
import { EVENT } from '../domain/events.js';
import type { Outcomes } from './outcomes.js';
import type { RecentClientIds } from './reference/recent-client-ids.js';
import type { RecentOrders } from './reference/recent-orders.js';
import type { ReferenceData } from './reference/reference-data.js';
import type { StreamHub } from './streams/stream-hub.js';

/** What is followed: a `JournalReader` from sequence 0. */
export interface LogSource {
  /** Whole commits in their order, the buffer valid until the next; ends when the writer closed. */
  follow(signal?: AbortSignal): AsyncIterable<RecordBuffer>;
}

export interface LogReaders {
  readonly reference: ReferenceData;
  readonly recentOrders: RecentOrders;
  readonly recentClientIds: RecentClientIds;
  readonly outcomes: Outcomes;
  readonly hub: Pick<StreamHub, 'take'>;
}

export type FollowerState = 'following' | 'ended' | 'failed';

export class LogFollower {
  readonly #readers: LogReaders;
  readonly #aborted = new AbortController();
  #sequence = -1;
  #state: FollowerState = 'following';
  #failure: unknown;
  #run: Promise<void> = Promise.resolve();

  constructor(readers: LogReaders) {
    this.#readers = readers;
  }

  /** The last sequence that was read; -1 none. */
  get sequence(): number {
    return this.#sequence;
  }
  get state(): FollowerState {
    return this.#state;
  }
  /** Why it failed. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Follows `source` until it ends, fails or `stop` is called. Resolves then, and never rejects. */
  start(source: LogSource): Promise<void> {
    this.#run = this.#follow(source);
    return this.#run;
  }

  async stop(): Promise<void> {
    this.#aborted.abort();
    await this.#run;
  }

  /** Takes the whole commits in `batch`. */
  take(batch: RecordBuffer): void {
    const { reference, recentOrders, recentClientIds, outcomes, hub } = this.#readers;
    const { bytes, u16, f64 } = batch;
    const end = batch.length;
    let last = 0;
    for (let at = 0; at < end; at += u16[(at + HEADER.length) / 2] as number) {
      const number = bytes[at + HEADER.number] as number;
      if (number === EVENT.OrderAccepted) {
        recentOrders.take(batch, at);
        recentClientIds.take('accepted', batch, at);
      } else if (number === EVENT.ReplaceRequested) recentClientIds.take('requested', batch, at);
      else if (number === EVENT.OrderReplaced) recentClientIds.take('replaced', batch, at);
      else reference.take(batch, at);
      outcomes.offer(batch, at);
      last = at;
    }
    if (end > 0) this.#sequence = f64[(last + HEADER.sequence) / 8] as number;
    hub.take(batch);
    outcomes.commitEnd();
  }

  async #follow(source: LogSource): Promise<void> {
    try {
      for await (const batch of source.follow(this.#aborted.signal)) {
        this.take(batch);
        // Batches that are there already come without a turn of the event loop in between: while
        // catching up, sockets and timers must have theirs.
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.#state = 'ended';
      this.#readers.outcomes.fail('Daybook is stopping.');
    } catch (error) {
      this.#state = 'failed';
      this.#failure = error;
      this.#readers.outcomes.fail('The log cannot be read.');
    }
  }
}
