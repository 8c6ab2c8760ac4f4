/** The positions of a state, for the read side to compare with. */
import { type HeldPosition, heldPosition } from '../domain/positions-hash.js';
import { ROW } from './state/position-table.js';
import type { ShardState } from './state/shard-state.js';

export function* positionsOfState({ positions }: ShardState): Generator<HeldPosition> {
  for (let row = 1; row < positions.count; row += 1) {
    const account = positions.account[row] as number;
    yield heldPosition(account, positions.instrument[row] as number, positions.rows, row * ROW);
  }
}
