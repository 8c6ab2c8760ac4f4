/**
 * One phase of bench recovery, on a thread of its own as a process of its own would be: its state is
 * the only one, and its memory is free again when it ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { evolveBatch, lastTime } from '../src/commands/recovery.js';
import { type Capacity, DEFAULT_CAPACITY } from '../src/commands/state/capacity.js';
import { assert } from '../src/lib/assert.js';
import { nativeAddon } from '../src/lib/native-addon.js';
import { nodeFileSystem } from '../src/log/file-system.js';
import { FileDurableEnd } from '../src/log/journal/durable-mark.js';
import { JournalReader } from '../src/log/journal/journal-reader.js';
import { newState } from '../src/operations/new-state.js';
import { recoverState, type TakenSnapshot, takeSnapshot } from '../src/operations/snapshots.js';
import { OrderLog, START } from './order-log.js';

/** Orders of a box for such a day, which keeps each until the day is purged. */
export const ORDERS_MAX = 6_000_000;
const CAPACITY: Capacity = { ...DEFAULT_CAPACITY, orders: ORDERS_MAX, clientIds: 2 * ORDERS_MAX };
/** More than the pages that a state of so many orders touches. */
export const FRESH_BYTES = 2.5 * 1024 ** 3;
const PAGE_BYTES = 4096;
/** Of the log, before the snapshot is taken. */
const BEFORE_SNAPSHOT = 0.95;

export interface PhaseData {
  readonly phase: 'write' | 'memory' | 'replay' | 'restart';
  readonly directory: string;
  readonly orders: number;
}

export interface PhaseResult {
  /** Sequence after the last event. */
  readonly events: number;
  readonly seconds: number;
  readonly anchor: number;
  readonly taken?: TakenSnapshot;
}

function write({ directory, orders }: PhaseData): PhaseResult {
  const started = performance.now();
  const flow = new OrderLog(directory, CAPACITY);
  const before = Math.floor(orders * BEFORE_SNAPSHOT);
  flow.enter(before);
  const taken = takeSnapshot(flow.state, START, directory);
  flow.enter(orders - before);
  flow.close();
  const events = flow.state.nextSequence;
  return { events, seconds: since(started), anchor: taken.anchor, taken };
}

/** Touches memory as a state does: on large pages where they are to be had. */
function memory(): PhaseResult {
  const bytes = new Uint8Array(FRESH_BYTES);
  nativeAddon()?.useHugePages(bytes, 0);
  const started = performance.now();
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) bytes[at] = 1;
  return { events: 0, seconds: since(started), anchor: -1 };
}

function replay({ directory }: PhaseData): PhaseResult {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const started = performance.now();
  const state = newState(CAPACITY, 1);
  const reader = new JournalReader(directory, { from: 0, end, ahead: true });
  let time = 0n;
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    evolveBatch(state, batch);
    time = lastTime(batch);
  }
  const seconds = since(started);
  reader.close();
  end.close();
  assert(time >= START, 'time goes on');
  return { events: state.nextSequence, seconds, anchor: -1 };
}

function restart({ directory }: PhaseData): PhaseResult {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const started = performance.now();
  const { state, anchor } = recoverState(directory, 0, end, () => newState(CAPACITY, 1));
  const seconds = since(started);
  end.close();
  return { events: state.nextSequence, seconds, anchor };
}

const since = (started: number) => (performance.now() - started) / 1000;

const data = workerData as PhaseData | null;
if (parentPort !== null && data?.phase !== undefined) {
  parentPort.postMessage({ write, memory, replay, restart }[data.phase](data));
}
