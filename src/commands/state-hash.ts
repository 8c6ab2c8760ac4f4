/**
 * SHA-256 over everything that evolving determines: the same after a live run, a restart, a replay
 * and on another machine. Hash seeds, indexes and the room that is not used are no part of it.
 *
 * Of the tables it takes the hash of their memory (lib/piece-hashes.ts), which is computed on two
 * processors, and while a snapshot is read.
 */
import { createHash } from 'node:crypto';
import type { LeafThreads } from '../lib/leaf-hashes.js';
import { hashOfPieces, pieceDigest } from '../lib/piece-hashes.js';
import type { ShardState } from './state/shard-state.js';
import { imagePieces } from './state-image.js';

/**
 * @param memory hash of the state's pieces, where it was computed a moment ago
 * @returns hexadecimal text
 */
export function stateHash(state: ShardState, memory = memoryHash(state)): string {
  const { orders, clientIds, executions, positions, accounts, instruments, limits, scopes } = state;
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
    clientIds.count,
    executions.count,
    positions.count,
    accounts.count,
    instruments.count,
    scopes.valued,
    state.rates.mixed,
    state.days,
  ];
  const hash = createHash('sha256').update(memory).update(JSON.stringify(numbers));
  const names = [[...accounts.groups], state.rates.names];
  hash.update(JSON.stringify([instruments.terms, accounts.terms, names, state.actors.list()]));
  hash.update(JSON.stringify([...state.reconciling].sort((a, b) => a - b)));
  hash.update(JSON.stringify([...clientIds.further].sort(([a], [b]) => a - b)));
  hash.update(JSON.stringify([...orders.unanswered].sort(([a], [b]) => a - b)));
  hash.update(JSON.stringify([...limits.values].sort(([a], [b]) => (a < b ? -1 : 1))));
  return hash.digest('hex');
}

/** Hash of the memory of a state's tables, rows in use, hexadecimal. */
export function memoryHash(state: ShardState, threads: LeafThreads = 2): string {
  const pieces = imagePieces(state);
  return hashOfPieces(
    pieces.map((piece) => ({ ...piece, digest: pieceDigest(piece.bytes, threads) })),
  );
}
