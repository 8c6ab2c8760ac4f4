/** Recovery: the same evolving as live, over the events that the log holds. */
import { HEADER, type RecordBuffer } from '../domain/event-record.js';
import { evolve } from './evolve/evolve.js';
import type { ShardState } from './state/shard-state.js';

/** Evolves every record of a batch. */
export function evolveBatch(state: ShardState, batch: RecordBuffer): void {
  const end = batch.length;
  for (let at = 0; at < end; at += batch.u16[(at + HEADER.length) >> 1] as number) {
    evolve(state, batch, at);
  }
}

/** Time of the last record of a batch, ns since 1970. */
export function lastTime(batch: RecordBuffer): bigint {
  let last = 0;
  for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
    last = at;
  }
  const word = (last + HEADER.time) >> 2;
  return (BigInt(batch.i32[word + 1] as number) << 32n) | BigInt(batch.u32[word] as number);
}
