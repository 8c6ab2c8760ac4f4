/**
 * The thread of the simulated venue: rebuild from the log, say what was left unsaid, then follow the
 * durable end for ever.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../lib/assert.js';
import { SpscRing } from '../lib/ring.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
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
const reports = new VenueReports(openPort(data.port), orders, data.venue, writerIsGone);
const venue = new SimulatedVenue(orders, reports, data.venue);

try {
  recover();
  follow();
} catch (error) {
  // The writer stopped first: what could not be said is in the log as a request without an answer.
  if (!(error instanceof VenueCutOffError && end.state() === 'closed')) throw error;
}
waitForReports();
reader.close();
say({ kind: 'stopped', reports: reports.count, waits: reports.waits });

function recover(): void {
  const started = performance.now();
  // Of an earlier venue of this process: the log has to hold them before it is read.
  waitForReports();
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  const recovery = new VenueRecovery(orders, data.venue);
  while (reader.nextSequence < position.nextSequence) {
    const batch = reader.read();
    assert(batch !== undefined, 'the log reads up to its durable end');
    recovery.take(batch);
  }
  const { working, unanswered } = recovery.finish(venue);
  const seconds = (performance.now() - started) / 1000;
  say({ kind: 'ready', working, unanswered, recoverySeconds: seconds });
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
