/**
 * A venue with a memory of its own, over a socket: it outlives the processes that trade with it. One
 * JSON object a line: `new` and `cancel` come in, `report` goes out, and questions are answered.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { VenueExecution, VenueOrder } from '../../src/venues/venue-status.js';

type Terms = Pick<VenueOrder, 'orderId' | 'account' | 'instrument' | 'quantity' | 'price' | 'side'>;
type Message =
  | ({ readonly kind: 'new'; readonly clOrdId: string } & Terms)
  | { readonly kind: 'cancel'; readonly orderId: number; readonly clOrdId: string }
  | { readonly kind: 'cancel-stray'; readonly venueOrderId: string }
  | { readonly kind: 'ask'; readonly id: number; readonly what: string; readonly orderId?: number };

type Standing = { -readonly [K in keyof VenueOrder]: VenueOrder[K] };

export class ExternalVenue {
  readonly orders = new Map<number, Standing>();
  readonly executions: VenueExecution[] = [];
  /** Orders canceled at the venue's own id, as the policy asks for. */
  readonly straysCanceled: string[] = [];
  /** Messages that came in, by kind. */
  readonly received: string[] = [];
  /** Answers wait until it is let go. */
  #answering: Promise<void> = Promise.resolve();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
      const lines = createInterface({ input: socket });
      // A process that is killed resets its connection; readline hands that on as its own.
      lines.on('error', () => lines.close());
      lines.on('line', (line) => this.#take(socket, JSON.parse(line) as Message));
    });
  }

  static async start(): Promise<ExternalVenue> {
    const venue = new ExternalVenue();
    await new Promise<void>((resolve) => venue.#server.listen(0, '127.0.0.1', resolve));
    return venue;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** @returns lets the answers go */
  holdAnswers(): () => void {
    let letGo = (): void => undefined;
    this.#answering = new Promise((resolve) => {
      letGo = resolve;
    });
    return letGo;
  }

  /** Trades: in its own books, and reported to whoever is connected. */
  fill(orderId: number, lots: number, execId: string): void {
    const order = this.orders.get(orderId);
    if (order === undefined) throw new Error(`no order ${orderId}`);
    order.cumQuantity += lots;
    if (order.cumQuantity >= order.quantity) order.report = 'Filled';
    const { account, instrument, side, clOrdId, price } = order;
    const execution: VenueExecution = {
      ...{ orderId, account, instrument, side, clOrdId, execId, liquidity: 'Added' },
      ...{ lastQuantity: lots, lastPrice: price },
    };
    this.executions.push(execution);
    for (const socket of this.#sockets) say(socket, { report: 'Filled', ...execution });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(socket: Socket, message: Message): void {
    this.received.push(message.kind === 'ask' ? `ask ${message.what}` : message.kind);
    switch (message.kind) {
      case 'new': {
        const { kind: _kind, ...terms } = message;
        const venueOrderId = `X${message.orderId}`;
        this.orders.set(message.orderId, {
          ...terms,
          ...{ cumQuantity: 0, venueOrderId, report: 'Open' },
        });
        const { orderId, account, instrument } = message;
        say(socket, { report: 'Acknowledged', orderId, account, instrument, venueOrderId });
        return;
      }
      case 'cancel': {
        const order = this.orders.get(message.orderId);
        if (order?.report === 'Open') order.report = 'Canceled';
        const { orderId, clOrdId } = message;
        const report = order === undefined ? 'RequestRejected' : 'Canceled';
        say(socket, { report, orderId, clOrdId, account: order?.account ?? 0 });
        return;
      }
      case 'cancel-stray':
        this.straysCanceled.push(message.venueOrderId);
        for (const order of this.orders.values()) {
          if (order.venueOrderId === message.venueOrderId) order.report = 'Canceled';
        }
        return;
      case 'ask':
        void this.#answering.then(() => {
          say(socket, { id: message.id, answer: this.#answer(message.what, message.orderId) });
        });
    }
  }

  #answer(what: string, orderId = 0): unknown {
    if (what === 'executions') return this.executions;
    if (what === 'order') return this.orders.get(orderId) ?? null;
    return [...this.orders.values()].filter(({ report }) => report === 'Open');
  }
}

function say(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
