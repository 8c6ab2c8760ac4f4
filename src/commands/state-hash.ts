/**
 * SHA-256 over everything that evolving determines: the same after a live run, a restart, a replay
 * and on another machine. Hash seeds, indexes and the room that is not used are no part of it.
 */
import { createHash, type Hash } from 'node:crypto';
import { RISK_ROW, ROW } from './state/position-table.js';
import { REPEATED_WIDTH, SCOPED_WIDTH } from './state/risk-scopes.js';
import type { ShardState } from './state/shard-state.js';
import { WINDOW_CELLS, type WindowTable } from './state/window-table.js';

type Column = Float64Array | Int32Array | Uint16Array | Uint8Array;

function addColumns(hash: Hash, table: object, from: number, to: number): void {
  for (const [name, column] of Object.entries(table) as [string, unknown][]) {
    if (!ArrayBuffer.isView(column) || name === 'index' || name === 'keys') continue;
    const part = (column as Column).subarray(from, to);
    hash.update(`${name}:`);
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
}

function addRows(hash: Hash, column: Column, width: number, from: number, to: number): void {
  const part = column.subarray(from * width, to * width);
  hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
}

function addWindows(hash: Hash, table: WindowTable, from: number, to: number): void {
  addRows(hash, table.stamps, WINDOW_CELLS, from, to);
  addRows(hash, table.values, WINDOW_CELLS, from, to);
}

/** Firm and groups, then accounts: where those start depends on the capacity, the hash does not. */
function addScopes(hash: Hash, state: ShardState): void {
  const { scopes, accounts } = state;
  const ranges = [
    [0, accounts.groups.size + 1],
    [scopes.first + 1, scopes.first + accounts.count],
  ] as const;
  for (const [from, to] of ranges) {
    addRows(hash, scopes.rows, SCOPED_WIDTH, from, to);
    addRows(hash, scopes.own, 1, from, to);
    for (const table of [scopes.highestPnl, scopes.refusals, scopes.messages]) {
      addWindows(hash, table, from, to);
    }
  }
  addRows(hash, scopes.repeated, REPEATED_WIDTH, 1, accounts.count);
}

/** @returns hexadecimal text */
export function stateHash(state: ShardState): string {
  const hash = createHash('sha256');
  const { orders, clientIds, executions, positions, accounts, instruments, limits, scopes } = state;
  const actors = state.actors.list();
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
    scopes.valued,
    state.days,
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
  hash.update(
    new Uint8Array(positions.risk.buffer, RISK_ROW * 8, (positions.count - 1) * RISK_ROW * 8),
  );
  const { account, instrument, openBuys, openSells, nextOfAccount, nextOfInstrument } = positions;
  const lists = { account, instrument, openBuys, openSells, nextOfAccount, nextOfInstrument };
  addColumns(hash, lists, 1, positions.count);
  addScopes(hash, state);
  for (const table of [instruments.highs, instruments.lows]) {
    addWindows(hash, table, 1, instruments.count);
  }
  hash.update(JSON.stringify([instruments.terms, accounts.terms, [...accounts.groups], actors]));
  hash.update(JSON.stringify([...state.reconciling].sort((a, b) => a - b)));
  hash.update(JSON.stringify([...limits.values].sort(([a], [b]) => (a < b ? -1 : 1))));
  return hash.digest('hex');
}
