import { type ReadModels, ReadModelsUnavailable } from './application/read-models.js';

const refuse = (): Promise<never> => Promise.reject(new ReadModelsUnavailable());

/** A read side that is not there: orders pass, queries are answered with VIEW_UNAVAILABLE. */
export const unavailableReadModels: ReadModels = {
  reached: refuse,
  asOf: refuse,
  order: refuse,
  orderByClientId: refuse,
  orders: refuse,
  fills: refuse,
  positions: refuse,
  pnl: refuse,
  positionHistory: refuse,
  pnlHistory: refuse,
  pnlDays: refuse,
  scopeTotals: refuse,
};
