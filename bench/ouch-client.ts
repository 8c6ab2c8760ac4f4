/**
 * The OUCH clients of `bench/gateway.ts`, in a process of their own. Orders are prepared bytes with
 * the UserRefNum patched in; of the answers only the frames and the UserRefNums are read, so that as
 * little as can be of the machine goes to the clients.
 *
 * `closed`: each connection keeps a window of orders in flight. `open`: orders are sent when they are
 * due, whatever is answered, and each latency counts from when it was due.
 */
import { connect, type Socket } from 'node:net';
import { build, type Histogram } from 'hdr-histogram-js';
import { OUCH } from '../src/gateways/ouch/catalogue.js';
import { encodeSoupPacket } from '../src/gateways/soupbintcp/packets.js';
import { encodeMessage } from '../src/gateways/wire/message-codec.js';

export interface OuchClientTask {
  readonly port: number;
  /** One connection each. */
  readonly users: readonly string[];
  readonly password: string;
  readonly symbols: readonly string[];
  readonly mode: 'closed' | 'open';
  /** Orders in flight on a connection (closed), orders a second in all (open). */
  readonly window: number;
  readonly rate: number;
  readonly seconds: number;
  /** First UserRefNum less one. */
  readonly from: number;
}

export interface OuchClientResult {
  readonly perSecond: number;
  readonly answered: number;
  /** Answers that are no Accepted. */
  readonly refused: number;
  /** Latest that an order was sent after it was due, us. */
  readonly lateUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

const WARM_UP = 0.25;
const ORDER_BYTES = 3 + 47;
const HEADER_BYTES = 3;
const ACCEPTED = 0x41;
const SEQUENCED = 0x53;
const BURST = 512;
/** Open loop: between looks at the clock and at what came. */
const SLEEP_MS = 0.02;
/** Times when orders were due are kept for this many orders in flight. */
const DUE_SLOTS = 1 << 20;

let counting = false;
let answered = 0;
let refused = 0;

class BenchClient {
  readonly socket: Socket;
  readonly ready: Promise<void>;
  readonly due = new Float64Array(DUE_SLOTS);
  readonly #orders: Buffer;
  readonly #histogram: Histogram;
  readonly #window: number;
  #userRef: number;
  #inFlight = 0;
  #rest: Buffer = Buffer.alloc(0);
  #loggedIn = false;

  constructor(task: OuchClientTask, user: string, histogram: Histogram) {
    this.#histogram = histogram;
    this.#window = task.mode === 'closed' ? task.window : Number.POSITIVE_INFINITY;
    this.#userRef = task.from;
    this.#orders = prepared(task.symbols);
    this.socket = connect({ port: task.port, host: '127.0.0.1', noDelay: true });
    this.ready = new Promise((resolve, reject) => {
      this.socket.once('error', reject);
      this.socket.on('data', (chunk: Buffer) => {
        this.#take(chunk);
        if (this.#loggedIn) resolve();
      });
    });
    const fields = {
      username: user,
      password: task.password,
      requestedSession: '',
      requestedSequenceNumber: 0,
    };
    this.socket.write(encodeSoupPacket('in', { type: 'L', fields }));
  }

  /** Sends `count` orders, due at `now` or as told before in `due`. */
  send(count: number): void {
    for (let left = count; left > 0; ) {
      const part = Math.min(left, BURST);
      const bytes = Buffer.allocUnsafe(part * ORDER_BYTES);
      this.#orders.copy(bytes, 0, 0, bytes.length);
      for (let i = 0; i < part; i += 1) {
        this.#userRef += 1;
        bytes.writeUInt32BE(this.#userRef, i * ORDER_BYTES + HEADER_BYTES + 1);
      }
      this.socket.write(bytes);
      this.#inFlight += part;
      left -= part;
    }
  }

  /** Remembers when the next order is due, `ahead` orders from now. */
  setDue(ahead: number, time: number): void {
    this.due[(this.#userRef + ahead) % DUE_SLOTS] = time;
  }

  /** Orders that the window lets out. */
  refill(): void {
    const room = this.#window - this.#inFlight;
    if (room >= Math.min(BURST, this.#window)) this.send(room);
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    let accepted = 0;
    const now = performance.now();
    while (at + HEADER_BYTES <= bytes.length) {
      const length = 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
      if (at + length > bytes.length) break;
      const type = bytes[at + 2];
      if (type === SEQUENCED) {
        if (bytes[at + HEADER_BYTES] !== ACCEPTED) refused += 1;
        else accepted += 1;
        if (counting && this.#window === Number.POSITIVE_INFINITY) {
          const userRef = bytes.readUInt32BE(at + HEADER_BYTES + 9);
          const us = (now - this.due[userRef % DUE_SLOTS]!) * 1000;
          this.#histogram.recordValue(Math.max(1, Math.round(us)));
        }
      } else if (type === ACCEPTED) this.#loggedIn = true;
      at += length;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at);
    answered += accepted;
    this.#inFlight -= accepted;
    if (this.#window !== Number.POSITIVE_INFINITY && accepted > 0) this.refill();
  }
}

/** A burst of orders whose symbols take turns. */
function prepared(symbols: readonly string[]): Buffer {
  const all = Buffer.alloc(BURST * ORDER_BYTES);
  for (let i = 0; i < BURST; i += 1) {
    const fields = {
      userRefNum: 0,
      side: i % 2 === 0 ? 'B' : 'S',
      quantity: 100 + (i % 9),
      symbol: symbols[i % symbols.length]!,
      price: '100.2500',
      timeInForce: '0',
      display: 'Y',
      capacity: 'A',
      interMarketSweepEligibility: 'N',
      crossType: 'N',
      clOrdID: `bench-${i}`,
    };
    const message = encodeMessage(OUCH, 'in', { type: 'O', fields, appendage: [] });
    all.writeUInt16BE(message.length + 1, i * ORDER_BYTES);
    all[i * ORDER_BYTES + 2] = 0x55;
    all.set(message, i * ORDER_BYTES + HEADER_BYTES);
  }
  return all;
}

process.once('message', (task: OuchClientTask) => void main(task));

async function main(task: OuchClientTask): Promise<void> {
  const histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  const clients = task.users.map((user) => new BenchClient(task, user, histogram));
  await Promise.all(clients.map((client) => client.ready));
  let lateUs = 0;
  if (task.mode === 'closed') for (const client of clients) client.refill();
  else
    openLoop(task, clients, (late) => {
      lateUs = Math.max(lateUs, late);
    });
  await new Promise((resolve) => setTimeout(resolve, task.seconds * 1000 * WARM_UP));
  counting = true;
  lateUs = 0;
  answered = 0;
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, task.seconds * 1000 * (1 - WARM_UP)));
  const seconds = (performance.now() - start) / 1000;
  const result: OuchClientResult = {
    perSecond: answered / seconds,
    answered,
    refused,
    lateUs,
    p50Us: histogram.getValueAtPercentile(50),
    p99Us: histogram.getValueAtPercentile(99),
    p999Us: histogram.getValueAtPercentile(99.9),
    maxUs: histogram.maxValue,
  };
  process.send?.(result, () => process.exit(0));
}

const bed = new Int32Array(new SharedArrayBuffer(4));

/** Sends what is due at each turn of the event loop. */
function openLoop(
  task: OuchClientTask,
  clients: readonly BenchClient[],
  onLate: (us: number) => void,
): void {
  const every = 1000 / task.rate;
  let next = performance.now() + every;
  let turn = 0;
  const step = () => {
    const now = performance.now();
    if (next <= now) {
      const client = clients[turn % clients.length]!;
      turn += 1;
      onLate((now - next) * 1000);
      let count = 0;
      while (next <= now && count < BURST) {
        count += 1;
        client.setDue(count, next);
        next += every;
      }
      client.send(count);
    }
    // Sleeps a moment instead of spinning: the two cores belong to gateway and writer. What is sent
    // late for it counts, since latency is from when an order was due.
    Atomics.wait(bed, 0, 0, SLEEP_MS);
    setImmediate(step);
  };
  step();
}
