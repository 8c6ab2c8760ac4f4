/**
 * Turns a recorded order flow into what a client and a venue did: commands for the writer, fills for
 * the recorded venue. For each order it keeps what the feed shows (`book`) and what is ours
 * (`leaves`), as the recording's rules have it.
 */
import type { CommandPort } from '../../commands/command-port.js';
import type { CommandData, CommandName } from '../../domain/commands.js';
import { decimalToSteps, type Step } from '../../lib/decimal.js';
import { FlowError, type FlowLine } from '../../venues/recorded/order-flow.js';
import type { RecordedVenue } from '../../venues/recorded/recorded-venue.js';

interface FlowOrder {
  /** Client order id of the entry: the recording's id, and the line when it comes again. */
  readonly clientId: string;
  readonly account: number;
  /** What the feed shows, what is ours, what is filled, in lots; price in ticks. */
  book: number;
  leaves: number;
  filled: number;
  price: number;
  /** Requests sent: the entry, replaces, cancels; and how many of them have their answer. */
  requests: number;
  answered: number;
}

/** Requests of one order without an answer at a time, as a careful client has it. */
const IN_FLIGHT_MAX = 8;

export interface FlowTarget {
  readonly instrument: number;
  readonly tick: Step;
  /** Index of the account for the last digit of an order id. */
  readonly accounts: readonly number[];
}

export class FlowDriver {
  /** Lines that concern no order of ours. */
  unknown = 0;
  trades = 0;
  /** Of what was sent: entries, and all requests; replaces that only take quantity off. */
  entered = 0;
  requests = 0;
  reductions = 0;
  fills = 0;
  readonly #port: CommandPort;
  readonly #venue: RecordedVenue;
  readonly #target: FlowTarget;
  readonly #orders = new Map<string, FlowOrder>();
  readonly #byClientId = new Map<string, FlowOrder>();
  readonly #byOrderId = new Map<number, FlowOrder>();
  readonly #now: () => bigint;

  constructor(port: CommandPort, venue: RecordedVenue, target: FlowTarget, now: () => bigint) {
    this.#port = port;
    this.#venue = venue;
    this.#target = target;
    this.#now = now;
  }

  /** Whether the line can be taken now: room in the ring, and its order not too far ahead. */
  ready(line: FlowLine): boolean {
    const order = this.#orders.get(line.orderId);
    if (order !== undefined && order.requests - order.answered >= IN_FLIGHT_MAX) return false;
    return this.#port.open;
  }

  /** The order that a client order id entered has its id. */
  accepted(clientId: string, orderId: number): void {
    const order = this.#byClientId.get(clientId);
    if (order) this.#byOrderId.set(orderId, order);
  }

  /** One of the order's requests has been answered. */
  answer(orderId: number): void {
    const order = this.#byOrderId.get(orderId);
    if (order) order.answered += 1;
  }

  /** Takes the next line; call it only when `ready`. */
  take(line: FlowLine): void {
    if (line.action === 'T') return this.#trade(line);
    const order = this.#orders.get(line.orderId);
    if (line.action === 'A') {
      if (order !== undefined && order.book > 0) this.unknown += 1;
      else this.#add(line, order);
      return;
    }
    if (order === undefined) {
      this.unknown += 1;
      return;
    }
    if (line.action === 'M') this.#modify(line, order);
    else if (line.action === 'C') this.#cancel(line, order);
    else this.#fill(line, order);
  }

  #ticks(line: FlowLine): number {
    try {
      return decimalToSteps({ digits: line.price, scale: 9 }, this.#target.tick);
    } catch (error) {
      throw new FlowError(line.line, (error as Error).message);
    }
  }

  #send<N extends CommandName>(name: N, data: CommandData<N>): void {
    const header = { received: this.#now(), actor: 0, session: 0 };
    if (this.#port.submit(name, header, data) < 0) throw new Error('the ring was full');
  }

  #trade(line: FlowLine): void {
    this.trades += 1;
    const { instrument } = this.#target;
    this.#send('MarkPrice', { instrument, price: this.#ticks(line), source: 0 });
  }

  #add(line: FlowLine, before: FlowOrder | undefined): void {
    const digit = Number(line.orderId.at(-1));
    if (line.side !== 'B' && line.side !== 'A') {
      throw new FlowError(line.line, `an order has side B or A, not ${line.side}`);
    }
    const order: FlowOrder = {
      clientId: before === undefined ? line.orderId : `${line.orderId}@${line.line}`,
      account: this.#target.accounts[digit] as number,
      book: line.size,
      leaves: line.size,
      filled: 0,
      price: this.#ticks(line),
      requests: 1,
      answered: 0,
    };
    this.#orders.set(line.orderId, order);
    this.#byClientId.set(order.clientId, order);
    this.entered += 1;
    this.requests += 1;
    this.#send('NewOrder', {
      account: order.account,
      instrument: this.#target.instrument,
      clOrdId: order.clientId,
      quantity: line.size,
      price: order.price,
      side: line.side === 'B' ? 'Buy' : 'Sell',
      ordType: 'Limit',
      timeInForce: 'Day',
    });
  }

  #modify(line: FlowLine, order: FlowOrder): void {
    const price = this.#ticks(line);
    // Modified to nothing is a cancel.
    if (line.size === 0) return this.#cancel({ ...line, size: order.book }, order);
    order.book = line.size;
    if (order.leaves === line.size && order.price === price) return;
    this.#replace(order, line.size, price, 'r');
  }

  #replace(order: FlowOrder, leaves: number, price: number, kind: string): void {
    order.leaves = leaves;
    order.price = price;
    this.#send('ReplaceOrder', {
      account: order.account,
      clOrdId: this.#requestId(order, kind),
      origClOrdId: order.clientId,
      quantity: order.filled + leaves,
      price,
    });
  }

  #cancel(line: FlowLine, order: FlowOrder): void {
    order.book = Math.max(0, order.book - line.size);
    if (order.leaves <= order.book) return;
    if (order.book > 0) {
      this.reductions += 1;
      this.#replace(order, order.book, order.price, 'd');
      return;
    }
    order.leaves = 0;
    this.#send('CancelOrder', {
      account: order.account,
      clOrdId: this.#requestId(order, 'c'),
      origClOrdId: order.clientId,
    });
  }

  #requestId(order: FlowOrder, kind: string): string {
    order.requests += 1;
    this.requests += 1;
    return `${order.clientId}${kind}${order.requests}`;
  }

  #fill(line: FlowLine, order: FlowOrder): void {
    this.fills += 1;
    order.leaves = Math.max(0, order.leaves - line.size);
    order.filled += line.size;
    this.#venue.script(order.clientId, {
      after: order.requests,
      lots: line.size,
      ticks: this.#ticks(line),
      execId: `F${line.line}`,
    });
  }
}
