/**
 * A venue that does what it is asked, in the order in which it was asked, as late as the dice say; fills
 * come in between. What it holds is its own: the shard is told by reports alone.
 */
import type { CommandData } from '../../src/domain/commands.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import type { Dice } from './sequence.js';

type VenueReport = CommandData<'VenueReport'>;

interface Asked {
  readonly kind: 'Cancel' | 'Replace';
  readonly clOrdId: string;
  /** Down to, or wanted; 0 cancels all. */
  readonly quantity: number;
}

type TimeInForce = NonNullable<CommandData<'NewOrder'>['timeInForce']>;

/** What it is routed with, beside the quantity. */
export interface VenueTerms {
  readonly timeInForce: TimeInForce;
  /** MinQty: of the first trade. */
  readonly minQuantity: number;
  /** ms since 1970; 0 none. */
  readonly expireTime: number;
  readonly pegged: boolean;
}

export interface VenueOrder {
  readonly id: number;
  readonly terms: VenueTerms;
  quantity: number;
  cum: number;
  open: boolean;
  readonly asked: Asked[];
}

export class HonestVenue {
  readonly orders = new Map<number, VenueOrder>();
  #executions = 0;

  /** @param of an order that is routed */
  hear(
    event: DaybookEvent,
    of: (id: number) => { readonly quantity: number; readonly terms: VenueTerms },
  ): void {
    if (event.type === 'OrderRouted') {
      const id = event.data.orderId;
      this.orders.set(id, { id, ...of(id), cum: 0, open: true, asked: [] });
    }
    if (event.type === 'CancelRequested' && event.data.forced === 0) {
      const { orderId, clOrdId, quantity } = event.data;
      this.orders.get(orderId)?.asked.push({ kind: 'Cancel', clOrdId, quantity });
    }
    if (event.type === 'ReplaceRequested') {
      const { orderId, clOrdId, quantity } = event.data;
      this.orders.get(orderId)?.asked.push({ kind: 'Replace', clOrdId, quantity });
    }
    // The day is over at the venue as well.
    if (event.type === 'OrderExpired') {
      const order = this.orders.get(event.data.orderId);
      if (order !== undefined) order.open = false;
    }
  }

  get waiting(): VenueOrder[] {
    return [...this.orders.values()].filter(({ asked }) => asked.length > 0);
  }

  get open(): VenueOrder[] {
    return [...this.orders.values()].filter(({ open }) => open);
  }

  /** Answers the oldest request of the order. */
  answer(order: VenueOrder): VenueReport {
    const { kind, clOrdId, quantity } = order.asked.shift() as Asked;
    const about = { orderId: order.id, clOrdId };
    if (!order.open) return { ...about, report: 'RequestRejected' };
    if (kind === 'Replace') {
      order.quantity = Math.max(quantity, order.cum);
      order.open = order.quantity > order.cum;
      return { ...about, report: 'Replaced', quantity };
    }
    if (quantity >= order.quantity) return { ...about, report: 'RequestRejected' };
    if (quantity <= order.cum) {
      order.open = false;
      return { ...about, report: 'Canceled' };
    }
    order.quantity = quantity;
    return { ...about, report: 'Canceled', quantity };
  }

  fill(order: VenueOrder, dice: Dice): VenueReport {
    const left = order.quantity - order.cum;
    const { timeInForce, minQuantity } = order.terms;
    const least = order.cum > 0 ? 1 : Math.max(1, Math.min(minQuantity, left));
    const lots = timeInForce === 'FillOrKill' ? left : least + dice.roll(left - least + 1);
    order.cum += lots;
    order.open = order.cum < order.quantity;
    this.#executions += 1;
    const execId = `E${this.#executions}`;
    return { report: 'Filled', orderId: order.id, execId, lastQuantity: lots, lastPrice: 100 };
  }

  /** IOC and FOK: what did not trade at once; to be looked at before anything else is said of it. */
  get immediate(): VenueOrder[] {
    return this.open.filter(({ terms }) => IMMEDIATE.has(terms.timeInForce));
  }

  /** Good till a date that is over. */
  overdue(nowMs: number): VenueOrder[] {
    return this.open.filter(({ terms }) => terms.expireTime !== 0 && terms.expireTime <= nowMs);
  }

  /** Ends with the day. */
  get ofToday(): VenueOrder[] {
    return this.open.filter(({ terms }) => !GOOD_TILL.has(terms.timeInForce));
  }

  expire(order: VenueOrder): VenueReport {
    order.open = false;
    return { report: 'Expired', orderId: order.id };
  }

  /** A peg follows its reference. */
  reprice(order: VenueOrder, price: number): VenueReport {
    return { report: 'Restated', restatement: 'Repricing', orderId: order.id, price };
  }

  end(order: VenueOrder): VenueReport {
    order.open = false;
    return { report: order.cum === 0 ? 'Rejected' : 'Canceled', orderId: order.id };
  }
}

const IMMEDIATE: ReadonlySet<TimeInForce> = new Set(['ImmediateOrCancel', 'FillOrKill']);
const GOOD_TILL: ReadonlySet<TimeInForce> = new Set(['GoodTillCancel', 'GoodTillDate']);
