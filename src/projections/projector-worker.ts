/**
 * The thread that projects one shard's journal: `ProjectionService` starts it. It follows the journal
 * as a reader, needs nothing of the writer, and may be killed at any moment.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../lib/assert.js';
import { nodeFileSystem } from '../log/file-system.js';
import { FileDurableEnd } from '../log/journal/durable-mark.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import { type ConnectionSettings, connect } from './database/connection-settings.js';
import { type FollowProgress, followJournal } from './projector/follow.js';
import { type DeadLetter, Projector } from './projector/projector.js';
import { projectorLanes } from './read-models.js';

export interface ProjectorTask {
  readonly shard: number;
  readonly database: ConnectionSettings;
  /** Directory of the shard's journal. */
  readonly journal: string;
  /** Of the writer's SharedDurableEnd; without it the journal's mark file is watched. */
  readonly durableEnd: SharedArrayBuffer | undefined;
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
  const end =
    task.durableEnd === undefined
      ? new FileDurableEnd(nodeFileSystem, task.journal)
      : new SharedDurableEnd(task.durableEnd);
  const projector = new Projector({
    models: projectorLanes[lane] ?? [],
    shard: task.shard,
    build: 'live',
    connect: () => connect(task.database, `daybook projector ${task.shard}.${lane}`),
    onDeadLetter: (letter) => tell({ type: 'dead-letter', letter }),
  });
  try {
    await followJournal({
      projector,
      journal: task.journal,
      end,
      signal: stop.signal,
      onProgress: (progress) => tell({ type: 'progress', lane, ...progress }),
      onRetry: (error) => tell({ type: 'retry', lane, reason: error.message }),
    });
  } finally {
    end.close();
  }
}

// An error ends the worker with that error: whoever started it must know, and stop too.
await Promise.all(projectorLanes.map((_, lane) => followLane(lane)));
port.close();
