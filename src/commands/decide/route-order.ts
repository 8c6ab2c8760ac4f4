/** OrderRouted for an order that was held: it goes to its venue as soon as the record is durable. */
import { eventLayouts } from '../../domain/events.js';
import { EXEC_INST } from '../../domain/order-terms.js';
import { type Emitter, recordOf } from '../emitter.js';
import { beginOrderEvent } from './order-event.js';

const routed = eventLayouts.OrderRouted.offsets;
const ORDER_ROUTED = recordOf('OrderRouted');

export function routeOrder(e: Emitter, row: number): void {
  const { orders } = e.state;
  const venue = orders.venue[row] as number;
  const manual = ((orders.execInst[row] as number) & EXEC_INST.Manual) !== 0;
  if (venue === 0 || manual) return;
  const at = beginOrderEvent(e, ORDER_ROUTED, row);
  e.out.u16[(at + routed.venue) >> 1] = venue;
  e.end(at);
}
