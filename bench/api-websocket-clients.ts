/**
 * Many WebSocket clients of one topic: each proves that it misses nothing, message by message; the time
 * from an event's record to each client is measured for one client in ten.
 *
 * A message that is the same bytes as one that was checked before needs no second check.
 */
import { build } from 'hdr-histogram-js';
import WebSocket from 'ws';

export interface WebSocketTask {
  readonly url: string;
  readonly clients: number;
  readonly topic: string;
}

export interface WebSocketResult {
  /** Events over all clients, from `counted` to the end. */
  readonly events: number;
  readonly gaps: number;
  readonly repeats: number;
  readonly lagged: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

interface Message {
  readonly type: string;
  readonly after: number;
  readonly to: number;
  readonly events: readonly { readonly sequence: number; readonly time: string }[];
}

const TIMED_ONE_IN = 10;

export class WebSocketClients {
  readonly #task: WebSocketTask;
  readonly #sockets: WebSocket[] = [];
  readonly #positions: number[] = [];
  #histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  #bytes: Buffer = Buffer.alloc(0);
  #message: Message | undefined;
  #events = 0;
  #gaps = 0;
  #repeats = 0;
  #lagged = 0;

  constructor(task: WebSocketTask) {
    this.#task = task;
  }

  /** Resolves when every client is at the live end. */
  async open(): Promise<void> {
    const { url, clients, topic } = this.#task;
    const opened: Promise<unknown>[] = [];
    for (let client = 0; client < clients; client += 1) {
      const socket = new WebSocket(url, 'daybook.v1', { perMessageDeflate: false });
      this.#sockets.push(socket);
      this.#positions.push(-1);
      opened.push(new Promise((resolve) => socket.once('message', resolve)));
      socket.on('open', () => socket.send(JSON.stringify({ subscribe: topic })));
      socket.on('message', (data) => this.#take(client, data as Buffer));
    }
    await Promise.all(opened);
  }

  /** From here on it counts. */
  count(): void {
    this.#events = 0;
    this.#histogram = build({
      highestTrackableValue: 60_000_000,
      numberOfSignificantValueDigits: 3,
    });
  }

  /** Resolves once every client has everything up to `sequence`. */
  async reached(sequence: number): Promise<void> {
    while (this.#positions.some((position) => position < sequence)) {
      await new Promise((resolve) => {
        setTimeout(resolve, 10);
      });
    }
  }

  close(): WebSocketResult {
    for (const socket of this.#sockets) socket.terminate();
    return {
      events: this.#events,
      gaps: this.#gaps,
      repeats: this.#repeats,
      lagged: this.#lagged,
      p50Us: this.#histogram.getValueAtPercentile(50),
      p99Us: this.#histogram.getValueAtPercentile(99),
      p999Us: this.#histogram.getValueAtPercentile(99.9),
    };
  }

  #take(client: number, data: Buffer): void {
    if (this.#message === undefined || !data.equals(this.#bytes)) {
      this.#bytes = data;
      this.#message = JSON.parse(data.toString('latin1')) as Message;
      this.#checkOrder(this.#message);
    }
    const { type, after, to, events } = this.#message;
    if (type !== 'events') {
      this.#lagged += 1;
      return;
    }
    const position = this.#positions[client] as number;
    if (position >= 0 && after > position) this.#gaps += 1;
    const [first] = events;
    if (first !== undefined && first.sequence <= position) this.#repeats += 1;
    this.#positions[client] = to;
    this.#events += events.length;
    if (client % TIMED_ONE_IN === 0) this.#time(events);
  }

  #checkOrder({ type, after, to, events }: Message): void {
    if (type !== 'events') return;
    let last = after;
    for (const { sequence } of events) {
      if (sequence <= last || sequence > to) this.#repeats += 1;
      last = sequence;
    }
  }

  #time(events: Message['events']): void {
    const nowUs = (performance.timeOrigin + performance.now()) * 1000;
    for (const { time } of events) {
      const wholeMs = Date.parse(`${time.slice(0, 23)}Z`);
      const us = wholeMs * 1000 + Number(time.slice(23, 29)) / 1000;
      this.#histogram.recordValue(Math.max(1, Math.round(nowUs - us)));
    }
  }
}
