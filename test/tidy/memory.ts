/** What the tables that grow with orders take, measured on the tables themselves. */
import { ClientIds } from '../../src/commands/state/client-ids.js';
import { Executions } from '../../src/commands/state/executions.js';
import { OrderTable } from '../../src/commands/state/order-table.js';

/** A power of two, for which the index of a key table has no more places than it needs. */
const ROWS = 2 ** 16;

function bytesPerRow(table: object): number {
  const views = Object.values(table).filter((value) => ArrayBuffer.isView(value));
  return Math.round(views.reduce((sum, view) => sum + view.byteLength, 0) / ROWS);
}

/** Bytes per row. */
export function memoryOfAnOrder(): { order: number; clientId: number; execution: number } {
  return {
    order: bytesPerRow(new OrderTable(ROWS)),
    clientId: bytesPerRow(new ClientIds(ROWS, 1)),
    execution: bytesPerRow(new Executions(ROWS, 1)),
  };
}
