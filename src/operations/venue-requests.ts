/**
 * Looks after what a connected venue was asked and does not answer, for as long as it is connected: reads
 * the log, and asks from time to time (`venues/reconciliation/request-watch.ts`).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandPort } from '../commands/command-port.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { OurOrders } from '../venues/reconciliation/our-orders.js';
import type { Submit } from '../venues/reconciliation/reconcile-venue.js';
import { RequestWatch } from '../venues/reconciliation/request-watch.js';
import type { VenueStatus } from '../venues/venue-status.js';
import { FollowedLog } from './venue-reconciliation.js';

/** Between two looks, ms. */
const LOOK_MS = 250;

export interface VenueRequests {
  readonly directory: string;
  readonly durableEnd: DurableEnd;
  /** The one that the venue's reports go through: what it said before its answer is decided before. */
  readonly port: CommandPort;
  readonly venue: number;
  readonly status: VenueStatus;
  /** How long the venue may take to answer, ns; REQUEST_TIMEOUT_NS where nothing is said. */
  readonly timeoutNs?: bigint;
  /** Ends it: the connection was lost, or the shard stops. */
  readonly signal: AbortSignal;
  /** Called when an order joins, or leaves, those that the venue was asked about in vain: an alarm. */
  readonly onUnresolved: (orders: readonly number[]) => void;
}

/**
 * Resolves when the signal ends it.
 * @throws what `status` throws, and JournalError
 */
export async function watchVenueRequests(options: VenueRequests): Promise<void> {
  const { directory, durableEnd, port, venue, status, timeoutNs, signal, onUnresolved } = options;
  const ours = new OurOrders(venue);
  const log = new FollowedLog(directory, durableEnd, (batch) => ours.take(batch));
  const submit: Submit = async (name, command) => {
    await log.submit(port, name, command);
  };
  const timed = timeoutNs === undefined ? {} : { timeoutNs };
  const watch = new RequestWatch({ venue, status, ours, submit, ...timed });
  let told = '';
  try {
    while (!signal.aborted) {
      log.readOn();
      await watch.look(BigInt(Date.now()) * 1_000_000n);
      const unresolved = watch.unresolved;
      if (told !== unresolved.join()) onUnresolved(unresolved);
      told = unresolved.join();
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    log.close();
  }
}
