/**
 * A venue that plays the fills of a recording, in the order of the recording. It answers every
 * request, and each fill comes after the requests, and before the answers, that it came between:
 *
 * ```
 *   recording of order 1     A        M        F        C
 *   the log says             routed   replace           cancel
 *   the venue reports        ack      replaced  filled  canceled
 * ```
 *
 * It follows the log, so it knows a request only when its event is durable. Fills of all orders are
 * played in one line, because average cost depends on the order of an account's fills. Nothing can
 * wait for itself: a fill waits for requests that are earlier in the recording, a request for fills
 * that are.
 */
import type { CommandPort } from '../../commands/command-port.js';
import type { CommandData } from '../../domain/commands.js';
import type { DaybookEvent } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import type { VenueExecution, VenueOrder, VenueStatus } from '../venue-status.js';

interface ScriptedFill {
  /** Requests of the order that the recording has before the fill. */
  readonly after: number;
  readonly lots: number;
  readonly ticks: number;
  readonly execId: string;
}

interface PlayedOrder {
  orderId: number;
  account: number;
  instrument: number;
  /** Requests answered. */
  answered: number;
  quantity: number;
  filled: number;
  leaves: number;
  /** Requests that are durable and wait for the fills before them. */
  readonly asked: Request[];
  /** `after` of the fills that are still to be played. */
  readonly fillsAfter: number[];
}

/** What answers a request, and what becomes of the order then. */
interface Request {
  readonly report: Report;
  /** OrderQty from then on; 0 canceled. */
  readonly quantity: number;
}

type Report = CommandData<'VenueReport'>;

/** Reports that wait for room in the ring at most; the driver pauses at half of it. */
export const OUTBOX_MAX = 65_536;

export class RecordedVenue implements VenueStatus {
  readonly #port: CommandPort;
  readonly #venue: number;
  readonly #byClientId = new Map<string, PlayedOrder>();
  readonly #byOrderId = new Map<number, PlayedOrder>();
  /** Reports for which the ring had no room yet, in order. */
  readonly #outbox: Report[] = [];
  /** Fills to be played, in the order of the recording. */
  readonly #fills: { readonly order: PlayedOrder; readonly fill: ScriptedFill }[] = [];
  #nextFill = 0;

  constructor(port: CommandPort, venue: number) {
    this.#port = port;
    this.#venue = venue;
  }

  /** Reports that wait for room in the ring. */
  get waiting(): number {
    return this.#outbox.length;
  }

  /**
   * Scripts a fill of the order that was entered with a client order id.
   * @param after requests of that order that come before the fill
   */
  script(clientId: string, fill: ScriptedFill): void {
    const order = this.#order(clientId);
    order.fillsAfter.push(fill.after);
    this.#fills.push({ order, fill });
    this.#play();
  }

  async openOrders(): Promise<readonly VenueOrder[]> {
    const open = [...this.#byOrderId.values()].filter(
      ({ answered, leaves }) => answered > 0 && leaves > 0,
    );
    return open.map((order) => orderAt(order));
  }

  async order(orderId: number): Promise<VenueOrder | undefined> {
    const order = this.#byOrderId.get(orderId);
    return order === undefined || order.answered === 0 ? undefined : orderAt(order);
  }

  /** What it has played is in the ring, or waits for it: there is no more to tell. */
  async executions(): Promise<readonly VenueExecution[]> {
    return [];
  }

  /** Takes the next event of the log. */
  take(event: DaybookEvent): void {
    switch (event.type) {
      case 'OrderAccepted': {
        if (event.data.venue !== this.#venue) return;
        const order = this.#order(event.data.clOrdId);
        order.orderId = event.data.orderId;
        order.account = event.data.account;
        order.instrument = event.data.instrument;
        order.quantity = event.data.quantity;
        order.leaves = event.data.quantity;
        this.#byOrderId.set(order.orderId, order);
        return;
      }
      case 'OrderRouted': {
        const order = this.#byOrderId.get(event.data.orderId);
        if (order)
          this.#ask(order, { report: { report: 'Acknowledged' }, quantity: order.quantity });
        return;
      }
      case 'ReplaceRequested': {
        const { orderId, clOrdId, quantity, price } = event.data;
        const order = this.#byOrderId.get(orderId);
        const report: Report = { report: 'Replaced', clOrdId, quantity, price };
        if (order) this.#ask(order, { report, quantity });
        return;
      }
      case 'CancelRequested': {
        const order = this.#byOrderId.get(event.data.orderId);
        const report: Report = { report: 'Canceled', clOrdId: event.data.clOrdId };
        if (order) this.#ask(order, { report, quantity: 0 });
        return;
      }
    }
  }

  /** Sends what waits, as far as the ring has room. */
  flush(): void {
    let sent = 0;
    while (sent < this.#outbox.length && this.#submit(this.#outbox[sent] as Report)) sent += 1;
    this.#outbox.splice(0, sent);
  }

  #order(clientId: string): PlayedOrder {
    let order = this.#byClientId.get(clientId);
    if (!order) {
      order = {
        orderId: 0,
        account: 0,
        instrument: 0,
        answered: 0,
        quantity: 0,
        filled: 0,
        leaves: 0,
        asked: [],
        fillsAfter: [],
      };
      this.#byClientId.set(clientId, order);
    }
    return order;
  }

  #ask(order: PlayedOrder, request: Request): void {
    order.asked.push(request);
    this.#answer(order);
    this.#play();
  }

  /** Answers the requests of an order up to the next fill that comes before one of them. */
  #answer(order: PlayedOrder): void {
    while (order.asked.length > 0) {
      const nextFill = order.fillsAfter[0];
      if (nextFill !== undefined && nextFill <= order.answered) return;
      const { report, quantity } = order.asked.shift() as Request;
      order.answered += 1;
      order.quantity = Math.max(quantity, order.filled);
      order.leaves = order.quantity - order.filled;
      this.#send(order, report);
    }
  }

  /** Plays the fills whose turn it is. A fill beyond what is left was hidden quantity. */
  #play(): void {
    for (;;) {
      const next = this.#fills[this.#nextFill];
      if (next === undefined || next.fill.after > next.order.answered) break;
      this.#nextFill += 1;
      this.#fill(next.order, next.fill);
      this.#answer(next.order);
    }
    // What was played is let go now and then, not one by one.
    if (this.#nextFill >= 1024) {
      this.#fills.splice(0, this.#nextFill);
      this.#nextFill = 0;
    }
  }

  #fill(order: PlayedOrder, { lots, ticks, execId }: ScriptedFill): void {
    order.fillsAfter.shift();
    if (lots > order.leaves) {
      order.quantity = order.filled + lots;
      this.#send(order, { report: 'Restated', quantity: order.quantity, restatement: 'Other' });
    }
    order.filled += lots;
    order.leaves = order.quantity - order.filled;
    this.#send(order, {
      report: 'Filled',
      lastQuantity: lots,
      lastPrice: ticks,
      execId,
      liquidity: 'Added',
    });
  }

  #send(order: PlayedOrder, report: Report): void {
    const { orderId, account, instrument } = order;
    const whole = { ...report, orderId, account, instrument, venue: this.#venue };
    if (this.#outbox.length === 0 && this.#submit(whole)) return;
    assert(
      this.#outbox.length < OUTBOX_MAX,
      'the venue is asked faster than its reports are taken',
    );
    this.#outbox.push(whole);
  }

  #submit(report: Report): boolean {
    const header = { received: 0n, actor: 0, session: 0 };
    return this.#port.submit('VenueReport', header, report) >= 0;
  }
}

/** Prices and sides are the recording's own affair: what is not said is not compared. */
function orderAt({
  orderId,
  account,
  instrument,
  quantity,
  filled,
  leaves,
}: PlayedOrder): VenueOrder {
  const ended = filled >= quantity ? 'Filled' : 'Canceled';
  return {
    ...{ orderId, account, instrument, quantity, price: 0, cumQuantity: filled },
    ...{ clOrdId: '', venueOrderId: String(orderId), side: 'Buy' },
    report: leaves > 0 ? 'Open' : ended,
  };
}
