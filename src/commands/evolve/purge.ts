/**
 * Ended orders leave the tables when a trading day opens, `RETENTION_DAYS` after the day on which they
 * ended, with their client order ids and executions. FIX asks for ids that are unique within a day; a
 * correction or bust of an older trade finds no execution any more and is refused on record.
 *
 * A part of evolving, so a replay frees the same rows in the same order and gives them out again alike.
 */
import type { KeyTable } from '../../lib/key-table.js';
import { ORDER_FLAG } from '../state/order-table.js';
import type { ShardState } from '../state/shard-state.js';

/** Trading days after which an ended order, its ids and its executions are forgotten. */
export const RETENTION_DAYS = 3;

/** Called when the day was counted. */
export function purgeEnded(state: ShardState): void {
  const { orders, clientIds, executions } = state;
  const oldest = state.days - RETENTION_DAYS;
  if (oldest <= 0) return;
  const gone = new Uint8Array(orders.used);
  for (let row = 1; row < orders.used; row += 1) {
    if (orders.account[row] === 0) continue;
    const over = orders.leavesQuantity[row] === 0 && orders.requests[row] === 0;
    if (over && (orders.day[row] as number) < oldest) gone[row] = 1;
  }
  const keeps = (order: number, day: number) => (order === 0 ? day >= oldest : gone[order] === 0);
  const idMoves = compact(clientIds, keeps, [
    clientIds.kind,
    clientIds.state,
    clientIds.quantity,
    clientIds.price,
    clientIds.userRef,
    clientIds.next,
  ]);
  for (let id = 0; id < clientIds.count; id += 1) follow(clientIds.next, id, idMoves);
  const further = [...clientIds.further];
  clientIds.further.clear();
  for (const [id, terms] of further) clientIds.further.set(idMoves[id] as number, terms);
  const fillMoves = compact(executions, keeps, [
    executions.quantity,
    executions.price,
    executions.fee,
    executions.replacedBy,
  ]);
  for (let id = 0; id < executions.count; id += 1) follow(executions.replacedBy, id, fillMoves);
  for (let row = orders.used - 1; row > 0; row -= 1) {
    if (orders.account[row] === 0) continue;
    if (gone[row] === 1) {
      forget(state, row);
      continue;
    }
    follow(orders.requests, row, idMoves);
    const id = orders.clientId[row] as number;
    if (id >= 0) orders.clientId[row] = idMoves[id] as number;
  }
}

/** Frees a row; the lowest is given out first. */
function forget(state: ShardState, row: number): void {
  const { orders, lists } = state;
  if (((orders.flags[row] as number) & ORDER_FLAG.Special) !== 0) {
    lists.remove(orders.account[row] as number, orders.listId[row] as number, row);
  }
  orders.clear(row);
  orders.next[row] = orders.free;
  orders.previous[row] = 0;
  orders.free = row;
  orders.count -= 1;
}

/** A reference is a row + 1, 0 none. What it named may be gone. */
function follow(column: Int32Array, at: number, moves: Int32Array): void {
  const reference = column[at] as number;
  if (reference !== 0) column[at] = (moves[reference - 1] as number) + 1;
}

type Column = Float64Array | Int32Array | Uint16Array | Uint8Array;

/**
 * Moves the rows that stay together, in their order, and builds the index anew.
 * @returns the new row of each old one, -1 gone
 */
function compact(
  table: KeyTable & { readonly order: Int32Array; readonly day: Uint16Array },
  keeps: (order: number, day: number) => boolean,
  columns: readonly Column[],
): Int32Array {
  const { width, keys, scopes, order, day } = table;
  const moves = new Int32Array(table.count).fill(-1);
  let to = 0;
  for (let from = 0; from < table.count; from += 1) {
    if (!keeps(order[from] as number, day[from] as number)) continue;
    moves[from] = to;
    if (to !== from) {
      keys.copyWithin(to * width, from * width, (from + 1) * width);
      scopes[to] = scopes[from] as number;
      order[to] = order[from] as number;
      day[to] = day[from] as number;
      for (const column of columns) column[to] = column[from] as number;
    }
    to += 1;
  }
  // What is added later finds zeroes, as it did the first time.
  for (const column of [order, day, ...columns]) column.fill(0, to, table.count);
  table.reindex(to);
  return moves;
}
