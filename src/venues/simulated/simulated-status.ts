/** The simulated venue's answer when it is asked how orders stand: from its own rows. */
import { SIDE } from '../../domain/order-terms.js';
import type { VenueExecution, VenueOrder, VenueStatus } from '../venue-status.js';
import { VENUE_ORDER, type VenueOrders } from './venue-orders.js';

const SIDES = Object.fromEntries(Object.entries(SIDE).map(([name, value]) => [value, name]));

export class SimulatedStatus implements VenueStatus {
  readonly #orders: VenueOrders;

  constructor(orders: VenueOrders) {
    this.#orders = orders;
  }

  async openOrders(): Promise<readonly VenueOrder[]> {
    const open: VenueOrder[] = [];
    for (let row = 1; row < this.#orders.rows; row += 1) {
      if (this.#orders.state[row] === VENUE_ORDER.Working) open.push(this.#order(row));
    }
    return open;
  }

  async order(orderId: number): Promise<VenueOrder | undefined> {
    const row = this.#orders.find(orderId);
    if (row === 0 || this.#orders.state[row] === VENUE_ORDER.Accepted) return undefined;
    return this.#order(row);
  }

  /** What it traded and had not reported, it has reported before it is asked: there is no more. */
  async executions(): Promise<readonly VenueExecution[]> {
    return [];
  }

  #order(row: number): VenueOrder {
    const orders = this.#orders;
    const orderId = orders.orderId[row] as number;
    const state = orders.state[row];
    const ended = state === VENUE_ORDER.Filled ? 'Filled' : 'Canceled';
    return {
      orderId,
      account: orders.account[row] as number,
      instrument: orders.instrument[row] as number,
      quantity: orders.quantity[row] as number,
      price: orders.price[row] as number,
      cumQuantity: orders.filled[row] as number,
      clOrdId: '',
      venueOrderId: String(orderId),
      side: SIDES[orders.side[row] as number] as VenueOrder['side'],
      report: state === VENUE_ORDER.Working ? 'Open' : ended,
    };
  }
}
