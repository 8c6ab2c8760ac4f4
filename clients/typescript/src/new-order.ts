import type { NewOrder } from './generated/daybook/v1/order.gen.js';

type Needed = 'clientOrderId' | 'account' | 'instrument' | 'side' | 'type' | 'quantity';

/** An order, with only what it needs; the rest is as docs/api.md says. */
export type NewOrderInput = Pick<NewOrder, Needed> & Partial<Omit<NewOrder, Needed>>;

export function newOrder(order: NewOrderInput): NewOrder {
  return {
    timeInForce: 0,
    capacity: 0,
    selfTradePrevention: 0,
    postOnly: false,
    reduceOnly: false,
    strategy: 0,
    locate: 0,
    ...order,
  };
}
