import type { EntitySchema } from 'typeorm';
import { marketEntities } from './market-entities.js';
import { fillEntity, orderEntity, orderEventEntity, riskDecisionEntity } from './order-entities.js';
import { pnlEntities } from './pnl-entities.js';
import { projectionCheckpointEntity, projectionDeadLetterEntity } from './projector-entities.js';
import {
  accountEntity,
  instrumentEntity,
  limitEntity,
  markEntity,
  positionEntity,
  tradingStateEntity,
} from './reference-entities.js';
import { riskEntities } from './risk-entities.js';

/** Every entity of the read side. A test holds them against the tables. */
export const entities: readonly EntitySchema[] = [
  orderEntity,
  orderEventEntity,
  fillEntity,
  riskDecisionEntity,
  positionEntity,
  instrumentEntity,
  accountEntity,
  limitEntity,
  markEntity,
  tradingStateEntity,
  projectionCheckpointEntity,
  projectionDeadLetterEntity,
  ...pnlEntities,
  ...marketEntities,
  ...riskEntities,
];
