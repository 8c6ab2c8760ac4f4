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

export interface VenueOrder {
  readonly id: number;
  quantity: number;
  cum: number;
  open: boolean;
  readonly asked: Asked[];
}

export class HonestVenue {
  readonly orders = new Map<number, VenueOrder>();
  #executions = 0;

  /** @param quantityOf OrderQty of an order that is routed */
  hear(event: DaybookEvent, quantityOf: (id: number) => number): void {
    if (event.type === 'OrderRouted') {
      const id = event.data.orderId;
      this.orders.set(id, { id, quantity: quantityOf(id), cum: 0, open: true, asked: [] });
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
    const lots = 1 + dice.roll(order.quantity - order.cum);
    order.cum += lots;
    order.open = order.cum < order.quantity;
    this.#executions += 1;
    const execId = `E${this.#executions}`;
    return { report: 'Filled', orderId: order.id, execId, lastQuantity: lots, lastPrice: 100 };
  }

  end(order: VenueOrder): VenueReport {
    order.open = false;
    return { report: order.cum === 0 ? 'Rejected' : 'Canceled', orderId: order.id };
  }
}
