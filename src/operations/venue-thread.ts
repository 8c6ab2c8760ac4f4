/**
 * The thread of the simulated venue: rebuild from the log, say what was left unsaid, be asked how
 * orders stand as any venue is after a restart, then follow the durable end for ever.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { CommandData, CommandName } from '../domain/commands.js';
import type { RecordBuffer } from '../domain/event-record.js';
import { assert } from '../lib/assert.js';
import { SpscRing } from '../lib/ring.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import { OurOrders } from '../venues/reconciliation/our-orders.js';
import { reconcileVenue } from '../venues/reconciliation/reconcile-venue.js';
import { SimulatedStatus } from '../venues/simulated/simulated-status.js';
import { SimulatedVenue } from '../venues/simulated/simulated-venue.js';
import { VenueOrders } from '../venues/simulated/venue-orders.js';
import { VenueRecovery } from '../venues/simulated/venue-recovery.js';
import { VenueCutOffError, VenueReports } from '../venues/simulated/venue-reports.js';
import { openPort } from './shard.js';
import type { VenueThreadData, VenueThreadMessage } from './simulated-venue.js';

/** Longest wait for the log without looking at the stop flag, ms. */
const WAIT_MS_MAX = 50;
/** Between looks at a ring that is being emptied, ms. */
const DRAIN_LOOK_MS = 1;

const data = workerData as VenueThreadData;
assert(parentPort !== null, 'the venue runs in a thread of its own');
const parent = parentPort;
const say = (message: VenueThreadMessage) => parent.postMessage(message);

const stop = new Int32Array(data.stop);
const bed = new Int32Array(new SharedArrayBuffer(4));
const end = new SharedDurableEnd(data.durableEnd);
const reader = new JournalReader(data.directory, { from: 0, end });
const orders = new VenueOrders();
const writerIsGone = () => end.state() !== 'open';
const port = openPort(data.port);
const reports = new VenueReports(port, orders, data.venue, writerIsGone);
const venue = new SimulatedVenue(orders, reports, data.venue);
const ours = new OurOrders(data.venue);

try {
  await recover();
  follow();
} catch (error) {
  // The writer stopped first: what could not be said is in the log as a request without an answer.
  if (!(error instanceof VenueCutOffError && end.state() === 'closed')) throw error;
}
waitForReports();
reader.close();
say({ kind: 'stopped', reports: reports.count, waits: reports.waits });

async function recover(): Promise<void> {
  const started = performance.now();
  // Of an earlier venue of this process: the log has to hold them before it is read.
  waitForReports();
  const recovery = new VenueRecovery(orders, data.venue);
  const learn = (batch: RecordBuffer): void => {
    recovery.take(batch);
    ours.take(batch);
  };
  readOn(learn);
  // A venue that nothing ever went to has nothing to be asked.
  const asks = ours.routed > 0;
  if (asks) {
    await submit('BeginReconciliation', { venue: data.venue });
    waitForReports();
    readOn(learn);
  }
  const { working, unanswered } = recovery.finish(venue);
  const differences = asks ? await reconcile() : 0;
  const seconds = (performance.now() - started) / 1000;
  say({ kind: 'ready', working, unanswered, differences, recoverySeconds: seconds });
}

/** What the venue had left to say is durable, so that both sides are compared as of one moment. */
async function reconcile(): Promise<number> {
  waitForReports();
  readOn((batch) => {
    ours.take(batch);
    venue.take(batch);
  });
  const status = new SimulatedStatus(orders);
  const asked = BigInt(Date.now()) * 1_000_000n;
  const common = { venue: data.venue, status, ours, submit, asked } as const;
  const { differences } = await reconcileVenue({ ...common, policy: 'Raise' });
  waitForReports();
  return differences;
}

/** Reads up to what is durable now. */
function readOn(take: (batch: RecordBuffer) => void): void {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  while (reader.nextSequence < position.nextSequence) {
    const batch = reader.read();
    assert(batch !== undefined, 'the log reads up to its durable end');
    take(batch);
  }
}

/** Into the venue's own ring, behind its reports. */
async function submit<N extends CommandName>(name: N, command: CommandData<N>): Promise<void> {
  const header = { received: 0n, actor: 0, session: 0 };
  while (port.submit(name, header, command) < 0) {
    if (writerIsGone()) throw new VenueCutOffError('the writer stopped with its ring full');
    Atomics.wait(bed, 0, 0, DRAIN_LOOK_MS);
  }
}

function follow(): void {
  while (Atomics.load(stop, 0) === 0) {
    const batch = reader.readBlocking(WAIT_MS_MAX);
    if (batch !== undefined) venue.take(batch);
    else if (end.state() === 'closed') return;
  }
}

/** Until the writer gave back all slots, which it does when they are durable, or is gone. */
function waitForReports(): void {
  const ring = () => SpscRing.attach(data.port.ring);
  while (!writerIsGone() && ring().free() < ring().slots) Atomics.wait(bed, 0, 0, DRAIN_LOOK_MS);
}
