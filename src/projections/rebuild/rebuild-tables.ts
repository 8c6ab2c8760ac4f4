import type pg from 'pg';
import { factPlans } from '../database/fact-tables.js';
import { createHypertable, detectTimescale, type RunSql } from '../database/timescale.js';
import { type ReadModel, SCHEMA_OF } from '../projector/read-model.js';

/**
 * Makes sure that the tables of a rebuild are there, shaped like the live ones.
 *
 * What an earlier run of the same version left is kept with its checkpoints: the rebuild goes on
 * from there. Anything else is dropped first.
 *
 * @returns whether it goes on from an earlier run
 */
export async function prepareTables(client: pg.ClientBase, model: ReadModel): Promise<boolean> {
  const run: RunSql = async (sql, parameters) => (await client.query(sql, parameters)).rows;
  await run('BEGIN');
  try {
    const resumed = await isUnfinished(run, model);
    if (!resumed) await createTables(run, model);
    await run('COMMIT');
    return resumed;
  } catch (error) {
    await run('ROLLBACK');
    throw error;
  }
}

async function isUnfinished(run: RunSql, model: ReadModel): Promise<boolean> {
  const [checkpoint] = (await run(
    `SELECT bool_and(version = $2) AS same FROM daybook.projection_checkpoints
      WHERE build = 'rebuild' AND model = $1`,
    [model.name, model.version],
  )) as readonly { same: boolean | null }[];
  const [tables] = (await run(
    'SELECT bool_and(to_regclass($1 || $2 || t) IS NOT NULL) AS there FROM unnest($3::text[]) t',
    [SCHEMA_OF.rebuild, '.', model.tables],
  )) as readonly { there: boolean | null }[];
  return checkpoint?.same === true && tables?.there === true;
}

async function createTables(run: RunSql, model: ReadModel): Promise<void> {
  const support = await detectTimescale(run);
  const plans = factPlans(SCHEMA_OF.rebuild);
  for (const table of model.tables) {
    const rebuilt = `${SCHEMA_OF.rebuild}.${table}`;
    await run(`DROP TABLE IF EXISTS ${rebuilt}`);
    await run(`CREATE TABLE ${rebuilt} (LIKE ${SCHEMA_OF.live}.${table} INCLUDING ALL)`);
    const plan = plans.find((candidate) => candidate.table === rebuilt);
    if (plan !== undefined) await createHypertable(run, support, plan);
  }
  await run("DELETE FROM daybook.projection_checkpoints WHERE build = 'rebuild' AND model = $1", [
    model.name,
  ]);
}
