/**
 * How the clients of `bench/api.ts` press: closed loop for throughput, each answer brings the next
 * request; open loop for latency, each request is due at a fixed moment and timed from then.
 */
import { build } from 'hdr-histogram-js';

/** A transport, with connections of its own. */
export interface Driver {
  /** Ready to send. */
  open(answered: Answered): Promise<void>;
  /** Sends one request, of `unit` orders. @param dueMs handed back with its answer */
  send(dueMs: number): void;
  close(): void;
}

/** @param orders that were answered; @param refused of these */
export type Answered = (orders: number, refused: number, dueMs: number) => void;

export interface LoadTask {
  readonly seconds: number;
  /** Requests in flight of the closed loop. */
  readonly window: number;
  /** Requests a second of the open loop; 0 closed loop. */
  readonly rate: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly refused: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

/** The first part of the run, while code is compiled and connections are made: not counted. */
const WARM_UP = 0.3;

export async function press(driver: Driver, task: LoadTask): Promise<LoadResult> {
  const histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  let counting = false;
  let stopped = false;
  let orders = 0;
  let refusals = 0;
  await driver.open((answered, refused, dueMs) => {
    const now = performance.now();
    orders += answered;
    refusals += refused;
    if (counting) histogram.recordValue(Math.max(1, Math.round((now - dueMs) * 1000)));
    if (task.rate === 0 && !stopped) driver.send(now);
  });
  const stop = task.rate === 0 ? closedLoop(driver, task.window) : openLoop(driver, task.rate);
  await pause(task.seconds * WARM_UP);
  counting = true;
  const start = performance.now();
  orders = 0;
  await pause(task.seconds * (1 - WARM_UP));
  const seconds = (performance.now() - start) / 1000;
  counting = false;
  stopped = true;
  stop();
  const result = {
    perSecond: orders / seconds,
    refused: refusals,
    p50Us: histogram.getValueAtPercentile(50),
    p99Us: histogram.getValueAtPercentile(99),
    p999Us: histogram.getValueAtPercentile(99.9),
  };
  driver.close();
  return result;
}

function closedLoop(driver: Driver, window: number): () => void {
  for (let i = 0; i < window; i += 1) driver.send(performance.now());
  return () => undefined;
}

function openLoop(driver: Driver, rate: number): () => void {
  const startMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startMs) * rate) / 1000;
    for (; sent < due; sent += 1) driver.send(startMs + (sent * 1000) / rate);
  }, 1);
  return () => clearInterval(timer);
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
}
