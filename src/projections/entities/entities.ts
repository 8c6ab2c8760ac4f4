import type { EntitySchema } from 'typeorm';
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
];
