/**
 * The tables of orders and positions against the state of the writer: two computations of the same
 * log by different code.
 */
import type pg from 'pg';
import { orderStatus } from '../commands/state/order-status.js';
import { ROW } from '../commands/state/position-table.js';
import type { ShardState } from '../commands/state/shard-state.js';
import { POSITION } from '../domain/position.js';
import type { CheckFinding } from './findings.js';

const PAGE_ROWS = 10_000;
const FINDINGS_MAX = 100;
/** A sum of the state is in two parts: whole, and billionths. */
const PARTS = 10n ** 9n;

/** @returns what differs, at most FINDINGS_MAX */
export async function checkTablesAgainstState(
  client: pg.Client,
  state: ShardState,
): Promise<CheckFinding[]> {
  const findings: CheckFinding[] = [];
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await checkOrders(client, state, findings);
  await checkPositions(client, state, findings);
  await client.query('COMMIT');
  return findings;
}

const differs = (file: string, sequence: number, reason: string): CheckFinding => ({
  ...{ file, offset: 0, sequence, code: 'TABLE_DIFFERS', reason },
});

interface OrderRow {
  readonly id: string;
  readonly sequence: string;
  readonly status: number;
  readonly cum: string;
  readonly leaves: string;
  readonly value: string;
}

/** Every order that the state still holds; those that ended on days before are gone from it. */
async function checkOrders(
  client: pg.Client,
  state: ShardState,
  findings: CheckFinding[],
): Promise<void> {
  const { orders } = state;
  let held = 0;
  await client.query(
    `DECLARE check_orders CURSOR FOR
       SELECT order_id AS id, sequence, status, cum_quantity AS cum,
              leaves_quantity AS leaves, cum_value AS value
         FROM daybook.orders WHERE shard = ${state.shard}`,
  );
  for (;;) {
    const { rows } = await client.query<OrderRow>(`FETCH ${PAGE_ROWS} FROM check_orders`);
    for (const found of rows) {
      const row = orders.rowOf(Number(found.id));
      if (row === 0) continue;
      held += 1;
      const wanted = {
        ...{ status: orderStatus(orders, row), cum: String(orders.cumQuantity[row]) },
        ...{ leaves: String(orders.leavesQuantity[row]), value: String(orders.cumValue[row]) },
      };
      const { status, cum, leaves, value } = found;
      const table = { status: Number(status), cum, leaves, value };
      if (JSON.stringify(table) === JSON.stringify(wanted)) continue;
      if (findings.length === FINDINGS_MAX) return;
      const reason = `order ${found.id} is ${JSON.stringify(table)}, the writer has ${JSON.stringify(wanted)}`;
      findings.push(differs('table orders', Number(found.sequence), reason));
    }
    if (rows.length === 0) break;
  }
  if (held === orders.count) return;
  const reason = `${held} of the ${orders.count} orders that the writer holds`;
  findings.push(differs('table orders', 0, reason));
}

interface PositionRow {
  readonly account: string;
  readonly instrument: string;
  readonly sequence: string;
  readonly quantity: string;
  readonly cost: string;
  readonly realized: string;
}

async function checkPositions(
  client: pg.Client,
  state: ShardState,
  findings: CheckFinding[],
): Promise<void> {
  const { positions } = state;
  const { rows } = await client.query<PositionRow>(
    `SELECT account, instrument, sequence, quantity, cost::text, realized::text
       FROM daybook.positions WHERE shard = ${state.shard}`,
  );
  for (const found of rows) {
    const base = positions.find(Number(found.account), Number(found.instrument)) * ROW;
    const at = (place: number): number => positions.rows[base + place] as number;
    const sum = (place: number): string =>
      String(BigInt(at(place)) * PARTS + BigInt(at(place + 1)));
    const wanted = {
      quantity: String(at(POSITION.quantity)),
      ...{ cost: sum(POSITION.cost), realized: sum(POSITION.realized) },
    };
    const digits = (text: string): string => BigInt(text.replace('.', '')).toString();
    const table = {
      quantity: found.quantity,
      ...{ cost: digits(found.cost), realized: digits(found.realized) },
    };
    if (JSON.stringify(table) === JSON.stringify(wanted)) continue;
    if (findings.length === FINDINGS_MAX) return;
    const { account, instrument, sequence } = found;
    const reason = `account ${account}, instrument ${instrument} is ${JSON.stringify(table)}, the writer has ${JSON.stringify(wanted)}`;
    findings.push(differs('table positions', Number(sequence), reason));
  }
}
