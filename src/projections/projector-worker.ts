/**
 * The thread that projects one shard's log: `ProjectionService` starts it. It follows the log as a
 * reader, needs nothing of the writer, and may be killed at any moment.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../lib/assert.js';
import { type ConnectionSettings, connect } from './database/connection-settings.js';
import { type FollowProgress, followLog } from './projector/follow.js';
import { type LogSourceSettings, openLogSource } from './projector/log-source.js';
import { type DeadLetter, Projector } from './projector/projector.js';
import { projectorLanes } from './read-models.js';

export interface ProjectorTask {
  readonly shard: number;
  readonly database: ConnectionSettings;
  readonly log: LogSourceSettings;
}

export type ProjectorMessage =
  | ({ readonly type: 'progress'; readonly lane: number } & FollowProgress)
  | { readonly type: 'dead-letter'; readonly letter: DeadLetter }
  | { readonly type: 'retry'; readonly lane: number; readonly reason: string };

const port = parentPort;
assert(port !== null, 'the projector runs as a worker');
const task = workerData as ProjectorTask;
const stop = new AbortController();
port.on('message', () => stop.abort());
const tell = (message: ProjectorMessage): void => port.postMessage(message);

async function followLane(lane: number): Promise<void> {
  const source = openLogSource(task.log, task.shard);
  const projector = new Projector({
    models: projectorLanes[lane] ?? [],
    shard: task.shard,
    build: 'live',
    connect: () => connect(task.database, `daybook projector ${task.shard}.${lane}`),
    onDeadLetter: (letter) => tell({ type: 'dead-letter', letter }),
  });
  try {
    await followLog({
      ...{ projector, source },
      signal: stop.signal,
      onProgress: (progress) => tell({ type: 'progress', lane, ...progress }),
      onRetry: (error) => tell({ type: 'retry', lane, reason: error.message }),
    });
  } finally {
    await source.close();
  }
}

// An error ends the worker with that error: whoever started it must know, and stop too.
await Promise.all(projectorLanes.map((_, lane) => followLane(lane)));
port.close();
