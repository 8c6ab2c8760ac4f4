/** The budget of the design: an open order takes 256 bytes at most. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ClientIds } from '../../src/commands/state/client-ids.js';
import { Executions } from '../../src/commands/state/executions.js';
import { OrderTable } from '../../src/commands/state/order-table.js';

/** A power of two, for which the index of a key table has no more places than it needs. */
const ROWS = 2 ** 16;

function bytesPerRow(table: object): number {
  const views = Object.values(table).filter((value) => ArrayBuffer.isView(value));
  return Math.round(views.reduce((sum, view) => sum + view.byteLength, 0) / ROWS);
}

describe('memory of an order', () => {
  const order = bytesPerRow(new OrderTable(ROWS));
  const clientId = bytesPerRow(new ClientIds(ROWS, 1));

  it('is within its budget, client order id included', () => {
    expect(order + clientId).toBeLessThanOrEqual(256);
  });

  it('is what docs/architecture.md says', () => {
    const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
    const execution = bytesPerRow(new Executions(ROWS, 1));
    expect(page).toContain(`${order} bytes in the order table`);
    expect(page).toContain(`and ${clientId} for its client order id`);
    expect(page).toContain(`each fill ${execution} bytes`);
  });
});
