import { POSITION } from '../../domain/position.js';

/** Where a position's figures stand in memory (`domain/position.ts`), and their columns in the tables. */
export const POSITION_COLUMNS: readonly (readonly [number, string])[] = [
  [POSITION.quantity, 'quantity'],
  [POSITION.bought, 'bought'],
  [POSITION.sold, 'sold'],
  [POSITION.boughtValue, 'bought_value'],
  [POSITION.soldValue, 'sold_value'],
  [POSITION.fees, 'fees'],
  [POSITION.cost, 'cost'],
  [POSITION.costParts, 'cost_parts'],
  [POSITION.realized, 'realized'],
  [POSITION.realizedParts, 'realized_parts'],
];
