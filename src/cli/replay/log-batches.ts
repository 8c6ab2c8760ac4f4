/** The journal for a replay: its batches, one pass at a time, in memory that does not grow. */

import { evolve } from '../../commands/evolve/evolve.js';
import { evolveBatch } from '../../commands/recovery.js';
import { copyOf, isEnd } from '../../commands/replay/decide-again.js';
import { commandAt, lengthAt, numberAt } from '../../commands/replay/event-groups.js';
import type { Capacity } from '../../commands/state/capacity.js';
import type { ShardState } from '../../commands/state/shard-state.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { nodeFileSystem } from '../../log/file-system.js';
import { FileDurableEnd } from '../../log/journal/durable-mark.js';
import { JournalReader } from '../../log/journal/journal-reader.js';
import { newState } from '../../operations/new-state.js';

/** Hash seed of states that nobody else can reach. */
const SEED = 1;

/** Runs of whole commits from the one that holds `from` on, to the durable end of now. */
export function* logBatches(directory: string, from = 0): Generator<RecordBuffer> {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const reader = new JournalReader(directory, { from, end });
  try {
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) yield batch;
  } finally {
    reader.close();
    end.close();
  }
}

/** The next sequence that the journal will give out. */
export function nextSequence(directory: string): number {
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  try {
    end.read(position);
    return position.nextSequence;
  } finally {
    end.close();
  }
}

/** The state before `sequence`, evolved from the log alone. */
export function stateBefore(directory: string, capacity: Capacity, sequence: number): ShardState {
  const state = newState(capacity, SEED);
  if (sequence === 0) return state;
  for (const batch of logBatches(directory)) {
    const last = state.nextSequence + batch.count;
    if (last <= sequence) evolveBatch(state, batch);
    else
      evolveUntil(
        state,
        batch,
        (at) => (batch.f64[(at + HEADER.sequence) >> 3] as number) < sequence,
      );
    if (last >= sequence) break;
  }
  return state;
}

/** Evolves the records of a batch as long as they are wanted. @returns whether all of them were */
export function evolveUntil(
  state: ShardState,
  batch: RecordBuffer,
  wanted: (at: number) => boolean,
): boolean {
  for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
    if (!wanted(at)) return false;
    evolve(state, batch, at);
  }
  return true;
}

/** The end of a command that spans commits, copied: at or after `sequence`. */
export function findEnd(
  directory: string,
  command: number,
  sequence: number,
): RecordBuffer | undefined {
  for (const batch of logBatches(directory, sequence)) {
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      if (commandAt(batch, at) === command && isEnd(numberAt(batch, at))) return copyOf(batch, at);
    }
  }
  return undefined;
}
