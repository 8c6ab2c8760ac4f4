/**
 * What a shard's writer committed, once: the rounds put it into journals on faulty disks, and know
 * for every commit which state it leads to.
 */
import { evolveBatch } from '../../src/commands/recovery.js';
import type { Capacity } from '../../src/commands/state/capacity.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import { HEADER, RecordBuffer } from '../../src/domain/event-record.js';
import { EVENT, eventLayouts } from '../../src/domain/events.js';
import { AnyFlow } from '../replay/any-flow.js';

/** As small as the flow lets it be: every life of a round makes a few states of this capacity. */
export const CAPACITY: Capacity = {
  orders: 96,
  clientIds: 192,
  executions: 96,
  positions: 16,
  accounts: 8,
  instruments: 8,
};

export const newState = (): ShardState => new ShardState(CAPACITY, 3);

export interface RecordedFlow {
  readonly shard: number;
  /** The events of one command each. */
  readonly batches: readonly RecordBuffer[];
  /** Before each batch, and after the last: the next sequence, and the hash of the state. */
  readonly sequences: readonly number[];
  readonly hashes: readonly string[];
}

/** @param commands sent after the reference data is there */
export function recordFlow(seed: number, commands: number, shard = 0): RecordedFlow {
  const flow = new AnyFlow(seed).begin();
  for (let i = 0; i < commands; i += 1) flow.step();
  const { batches } = flow;
  if (shard !== 0) for (const batch of batches) makeForeign(batch, shard);
  const state = newState();
  const sequences = [0];
  const hashes = [stateHash(state)];
  for (const batch of batches) {
    evolveBatch(state, batch);
    sequences.push(state.nextSequence);
    hashes.push(stateHash(state));
  }
  return { shard, batches, sequences, hashes };
}

/** Several batches as one, as the writer commits what several commands came to. */
export function joined(batches: readonly RecordBuffer[]): RecordBuffer {
  const length = batches.reduce((sum, batch) => sum + batch.length, 0);
  const all = new RecordBuffer(length);
  for (const batch of batches) {
    all.bytes.set(batch.bytes.subarray(0, batch.length), all.length);
    all.length += batch.length;
    all.count += batch.count;
  }
  return all;
}

/** The same events, to the byte as long, of another shard and a second later: easily mistaken. */
function makeForeign(batch: RecordBuffer, shard: number): void {
  const view = new DataView(batch.bytes.buffer);
  for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2] as number) {
    const time = view.getBigInt64(at + HEADER.time, true);
    view.setBigInt64(at + HEADER.time, time + 1_000_000_000n, true);
    if (batch.bytes[at + HEADER.number] !== EVENT.WriterStarted) continue;
    view.setUint32(at + eventLayouts.WriterStarted.offsets.shard, shard, true);
  }
}
