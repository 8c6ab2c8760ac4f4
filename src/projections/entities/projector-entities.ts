/** Rows of the projector's own tables. */
import { EntitySchema } from 'typeorm';
import * as C from './entity-columns.js';

export interface ProjectionCheckpointEntity {
  readonly model: string;
  readonly shard: number;
  readonly build: string;
  readonly version: number;
  readonly generation: number;
  readonly nextSequence: number;
  readonly eventTimeNs: bigint;
  readonly updatedAt: Date;
}

export const projectionCheckpointEntity = new EntitySchema<ProjectionCheckpointEntity>({
  name: 'ProjectionCheckpoint',
  tableName: 'projection_checkpoints',
  columns: {
    model: C.key(C.text),
    shard: C.key(C.integer),
    build: C.key(C.text),
    version: C.integer,
    generation: C.integer,
    nextSequence: C.safeInteger,
    eventTimeNs: C.nanoseconds,
    updatedAt: C.timestamp,
  },
});

export interface ProjectionDeadLetterEntity {
  readonly model: string;
  readonly version: number;
  readonly shard: number;
  readonly sequence: number;
  readonly eventNumber: number;
  readonly reason: string;
  readonly record: Buffer;
  readonly raisedAt: Date;
}

export const projectionDeadLetterEntity = new EntitySchema<ProjectionDeadLetterEntity>({
  name: 'ProjectionDeadLetter',
  tableName: 'projection_dead_letters',
  columns: {
    model: C.key(C.text),
    version: C.key(C.integer),
    shard: C.key(C.integer),
    sequence: C.key(C.safeInteger),
    eventNumber: C.small,
    reason: C.text,
    record: C.bytes,
    raisedAt: C.timestamp,
  },
});
