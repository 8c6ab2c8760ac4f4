import { fills } from './fills/fills.js';
import { orderEvents } from './order-events/order-events.js';
import { orders } from './orders/orders.js';
import { pnl } from './pnl/pnl.js';
import { positions } from './positions/positions.js';
import type { ReadModel } from './projector/read-model.js';
import { reference } from './reference/reference.js';
import { riskDecisions } from './risk-decisions/risk-decisions.js';

/** Every read model. */
export const readModels: readonly ReadModel[] = [
  ...[reference, orders, positions, fills, orderEvents, riskDecisions, pnl],
];

/**
 * The models by the connection that projects them: each lane is one transaction per batch, and two
 * lanes of about the same work keep two cores busy. What queries show side by side is in one lane, so always as of one
 * sequence.
 */
export const projectorLanes: readonly (readonly ReadModel[])[] = [
  [reference, orders, positions, fills],
  [orderEvents, riskDecisions, pnl],
];
