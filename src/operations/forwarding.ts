/**
 * The shard's events on their way into EventStoreDB, and what that means for new orders: the gate is
 * shut until this writer's WriterStarted is stored (from then on the one before is fenced), and
 * whenever the store is too far behind.
 */

import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { SharedGate } from '../lib/shared-gate.js';
import { EventStoreDbLog } from '../log/eventstoredb/event-log.js';
import type { ForwardLag, ForwardProblem } from '../log/eventstoredb/forward-lag.js';
import { ForwarderProcess } from '../log/eventstoredb/forwarder-process.js';
import type { StoreAddress } from '../log/eventstoredb/store-address.js';
import { StoreError } from '../log/eventstoredb/store-errors.js';
import { nodeFileSystem } from '../log/file-system.js';
import { findJournalEnd } from '../log/journal/recovery.js';
import type { RunningShard } from './shard.js';

/** Between looks at the lag, ms: the gate shuts this late at most, plus what the rings hold. */
const LOOK_MS = 20;
/** How long a start waits for the store to have the writer's first event, ms; then it is ready without. */
const FENCE_MS_MAX = 3_000;
/** What the store still gets after the writer has closed, ms; then the next start sends the rest. */
const DRAIN_MS_MAX = 10_000;
/** For the question where the store stands, before the writer begins. */
const ASK_LIMITS = { deadlineMs: 5_000, attempts: 4 };

export interface ForwardingOptions {
  readonly connectionString: StoreAddress;
  /** Lag in events above which new orders are refused. */
  readonly lagEventsMax: number;
  readonly gate: SharedGate;
  /** Told when the store is lost for a reason of another kind, and (without one) when it is back. */
  readonly onProblem?: (problem: ForwardProblem | undefined) => void;
}

export interface RunningForwarding {
  /** Whether new orders are taken. */
  readonly takesOrders: boolean;
  /** Whether this writer's first event is stored. */
  readonly fenced: boolean;
  readonly connected: boolean;
  /** Why the store is not connected, as the last attempt had it. */
  readonly problem: ForwardProblem | undefined;
  readonly storedSequence: number;
  readonly sessions: number;
  /** How often its process had to be started again. */
  readonly restarts: number;
  lag(): ForwardLag;
  /** Resolves once new orders are taken, forwarding has failed, or a start has waited long enough. */
  begun(): Promise<void>;
  /** Rejects with why when the store cannot be the record of this journal: the process must end. */
  readonly failed: Promise<never>;
  /** After the shard has stopped: sends the rest within a bound. Before: stops where it is. */
  stop(): Promise<void>;
}

/**
 * A writer begins only where the store has no events that the journal lacks: otherwise this box has
 * lost some, or another one has taken over, and what it would write belongs to nobody.
 *
 * A store that cannot be asked keeps a new journal from being begun. One that has events is taken up:
 * its orders wait at the gate for the store all the same, and its cancels and fills need not.
 *
 * @throws StoreError EVENTSTOREDB_AHEAD, EVENTSTOREDB_UNAVAILABLE, or that the store denies access
 */
export async function checkAgainstStore(
  directory: string,
  connectionString: StoreAddress,
): Promise<void> {
  const held = existsSync(directory)
    ? (findJournalEnd(nodeFileSystem, directory, 0)?.position.nextSequence ?? 0)
    : 0;
  const log = new EventStoreDbLog({ connectionString, shard: 0, limits: ASK_LIMITS });
  try {
    const head = await log.head();
    if (head <= held) return;
    const message =
      `EventStoreDB holds ${head} events of this shard, the journal ${held}: another box has ` +
      `written them, or this one has lost them (then: daybook rebuild --from eventstoredb)`;
    throw new StoreError('EVENTSTOREDB_AHEAD', message);
  } catch (error) {
    const mayPass = error instanceof StoreError && error.retry;
    if (!mayPass || held === 0) throw error;
  } finally {
    await log.close();
  }
}

/** Starts forwarding; the gate is shut until the store has this writer's first event. */
export function startForwarding(
  shard: RunningShard,
  options: ForwardingOptions,
): RunningForwarding {
  const { connectionString, lagEventsMax, gate } = options;
  const { directory, durableEnd } = shard;
  const forwarder = new ForwarderProcess({
    ...{ directory, shard: 0, durableEnd, connectionString },
    lagLimit: { events: lagEventsMax },
  });
  const fenced = (): boolean => forwarder.storedSequence > shard.recoveredEvents;
  let hasFailed = false;
  let told: string | undefined;
  const look = (): void => {
    gate.set(!hasFailed && fenced() && !forwarder.overloaded);
    const { problem } = forwarder;
    if (problem?.code === told) return;
    told = problem?.code;
    options.onProblem?.(problem);
  };
  look();
  const looking = setInterval(look, LOOK_MS);
  const failed = forwarder.ended.then(
    () => new Promise<never>(() => undefined),
    (error: unknown) => {
      hasFailed = true;
      look();
      throw error;
    },
  );
  // Observed by whoever races it.
  failed.catch(() => undefined);
  return {
    get takesOrders() {
      return gate.isOpen;
    },
    get fenced() {
      return fenced();
    },
    get connected() {
      return forwarder.connected;
    },
    get problem() {
      return forwarder.problem;
    },
    get storedSequence() {
      return forwarder.storedSequence;
    },
    get sessions() {
      return forwarder.sessions;
    },
    get restarts() {
      return forwarder.restarts;
    },
    lag: () => forwarder.lag(),
    async begun() {
      const until = performance.now() + FENCE_MS_MAX;
      while (!gate.isOpen && !hasFailed && performance.now() < until) await delay(LOOK_MS);
    },
    failed,
    async stop() {
      clearInterval(looking);
      gate.set(false);
      if (hasFailed) return;
      if (durableEnd.state() === 'closed') await within(forwarder.ended, DRAIN_MS_MAX);
      await forwarder.stop();
    },
  };
}

/** Waits for `work`, but no longer than that. */
async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
