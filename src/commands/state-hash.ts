/**
 * SHA-256 over everything that evolving determines: the same after a live run, a restart, a replay
 * and on another machine. Hash seeds, indexes and the room that is not used are no part of it.
 */
import { createHash, type Hash } from 'node:crypto';
import { ROW } from './state/position-table.js';
import type { ShardState } from './state/shard-state.js';

type Column = Float64Array | Int32Array | Uint16Array | Uint8Array;

function addColumns(hash: Hash, table: object, from: number, to: number): void {
  for (const [name, column] of Object.entries(table) as [string, unknown][]) {
    if (!ArrayBuffer.isView(column) || name === 'index' || name === 'keys') continue;
    const part = (column as Column).subarray(from, to);
    hash.update(`${name}:`);
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
}

/** @returns hexadecimal text */
export function stateHash(state: ShardState): string {
  const hash = createHash('sha256');
  const { orders, clientIds, executions, positions, accounts, instruments, limits } = state;
  const numbers = [
    state.nextSequence,
    state.epoch,
    state.shard,
    state.firmState,
    state.tradingDay,
    state.lastTradingDay,
    state.fillsUnmatched,
    orders.used,
    orders.free,
    orders.count,
    orders.open,
  ];
  hash.update(JSON.stringify(numbers));
  addColumns(hash, orders, 1, orders.used);
  for (const table of [clientIds, executions]) {
    addColumns(hash, table, 0, table.count);
    const words = table.count * table.width;
    hash.update(new Uint8Array(table.keys.buffer, 0, words * 4));
  }
  addColumns(hash, instruments, 1, instruments.count);
  addColumns(hash, accounts, 1, Math.max(accounts.count, accounts.groups.size + 1));
  hash.update(new Uint8Array(positions.rows.buffer, ROW * 8, (positions.count - 1) * ROW * 8));
  hash.update(new Uint8Array(positions.account.buffer, 4, (positions.count - 1) * 4));
  hash.update(new Uint8Array(positions.instrument.buffer, 4, (positions.count - 1) * 4));
  hash.update(JSON.stringify([instruments.terms, accounts.terms, [...accounts.groups]]));
  hash.update(JSON.stringify([...limits.values].sort(([a], [b]) => (a < b ? -1 : 1))));
  return hash.digest('hex');
}
