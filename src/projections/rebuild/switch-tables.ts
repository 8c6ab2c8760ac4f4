import type pg from 'pg';
import { derivedViews } from '../database/derived-views.js';
import { detectTimescale, type RunSql } from '../database/timescale.js';
import { type ReadModel, SCHEMA_OF } from '../projector/read-model.js';

/**
 * Puts the rebuilt tables of a model in the place of the live ones. Part of the caller's transaction:
 * a query sees the old tables or the new ones, and waits only while the names change hands.
 *
 * A view that Daybook did not make keeps its table from being dropped; the switch then fails and
 * changes nothing.
 */
export async function switchTables(client: pg.ClientBase, model: ReadModel): Promise<void> {
  const run: RunSql = async (sql, parameters) => (await client.query(sql, parameters)).rows;
  const support = await detectTimescale(run);
  const live = model.tables.map((table) => `${SCHEMA_OF.live}.${table}`);
  // All locks at once and in one order, so that it cannot meet a query half-way.
  await run(`LOCK TABLE ${live.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  const views = derivedViews.filter((view) => view.tables.some((t) => model.tables.includes(t)));
  for (const view of views) await view.drop(run, support);
  for (const table of model.tables) {
    await run(`DROP TABLE ${SCHEMA_OF.live}.${table}`);
    await run(`ALTER TABLE ${SCHEMA_OF.rebuild}.${table} SET SCHEMA ${SCHEMA_OF.live}`);
  }
  for (const view of views) await view.create(run, support);
}

/**
 * Materialises the continuous aggregates over the model's tables, which were made anew. Not part of a
 * transaction; until then queries compute them from the tables.
 */
export async function fillAggregates(client: pg.ClientBase, model: ReadModel): Promise<void> {
  const run: RunSql = async (sql, parameters) => (await client.query(sql, parameters)).rows;
  if ((await detectTimescale(run)).edition !== 'community') return;
  const read = (table: string) => model.tables.includes(table);
  if (derivedViews.some((view) => view.isAggregate && view.tables.some(read))) {
    await run('CALL daybook.refresh_aggregates()');
  }
}
