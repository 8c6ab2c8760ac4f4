/**
 * A file of order state scenarios: what is read, and the runs that each scenario stands for.
 *
 * ```
 *   { "scenarios": [ { "id": "B.1.a", "title": "...", "rows": [
 *       { "t": 1, "dir": ">", "msg": "NewOrder", "ids": "X", "execType": null, "ordStatus": null,
 *         "orderQty": 10000, "cumQty": null, "leavesQty": null, "lastQty": null,
 *         "flag": "", "comment": "" }, ... ] } ] }
 * ```
 *
 * `dir` is `>` for a request, `<` for a report, `*` for an event without a message. `flag` holds `alt`
 * (an alternative that ends the run), `cross` (the rows of this time cross on the wire) or `?` (a value
 * in doubt). What is null is not compared.
 */
import { z } from 'zod';

const quantity = z.number().int().nonnegative().nullish();

const rowSchema = z.object({
  t: z.union([z.number(), z.string()]),
  dir: z.enum(['>', '<', '*']),
  msg: z.string().default(''),
  ids: z.string().nullish(),
  execType: z.string().nullish(),
  ordStatus: z.string().nullish(),
  orderQty: quantity,
  cumQty: quantity,
  leavesQty: quantity,
  lastQty: quantity,
  flag: z.string().nullish(),
  comment: z.string().nullish(),
});

const fileSchema = z.object({
  scenarios: z
    .array(
      z.object({
        id: z.string().min(1),
        title: z.string().default(''),
        rows: z.array(rowSchema).min(1),
      }),
    )
    .min(1),
});

export type Row = z.infer<typeof rowSchema>;
export type Scenario = z.infer<typeof fileSchema>['scenarios'][number];

/** The file is not one of scenarios. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly code = 'SCENARIO_INVALID';
}

/** @throws ScenarioError */
export function parseScenarios(text: string): Scenario[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ScenarioError(`not JSON: ${(error as Error).message}`);
  }
  const parsed = fileSchema.safeParse(Array.isArray(value) ? { scenarios: value } : value);
  if (parsed.success) return parsed.data.scenarios;
  const [first] = parsed.error.issues;
  throw new ScenarioError(`${first?.path.join('.')}: ${first?.message}`);
}

/** The two ids of a row; '-' and nothing mean that there is none. */
export interface Ids {
  readonly clOrdId: string;
  readonly origClOrdId: string;
}

/** `Y,X` is ClOrdID and OrigClOrdID; `X|Y,X` are alternatives of which the source is not sure. */
export function idsOf(row: Row): readonly Ids[] {
  return (row.ids ?? '').split('|').map((pair) => {
    const [clOrdId = '', origClOrdId = ''] = pair.split(',').map((id) => id.trim());
    return { clOrdId: clOrdId === '-' ? '' : clOrdId, origClOrdId };
  });
}

export const isAlternative = (row: Row) => (row.flag ?? '').includes('alt');
export const isCrossing = (row: Row) => (row.flag ?? '').includes('cross');
export const isDoubtful = (row: Row) => (row.flag ?? '').includes('?');

/** The trading day of a row: the whole part of times such as 2.1, else 1. */
export function dayOf(row: Row): number {
  const match = /^(\d+)\.\d+$/.exec(String(row.t));
  return match ? Number(match[1]) : 1;
}

/** One way through a scenario. */
export interface Run {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** In which order rows that cross on the wire reach the sell side. */
export type CrossingOrder = 'reports first' | 'requests first';

/**
 * The main path, and one run for each alternative: the rows before its time, what was asked at its
 * time, then the alternative in place of the main row, and the end.
 */
export function runsOf(scenario: Scenario, order: CrossingOrder = 'reports first'): Run[] {
  const main = scenario.rows.filter((row) => !isAlternative(row));
  const runs: Run[] = [{ name: 'main', rows: crossed(main, order) }];
  scenario.rows.forEach((row, index) => {
    if (!isAlternative(row)) return;
    const before = scenario.rows.filter(
      (other, at) =>
        at < index && !isAlternative(other) && (other.t !== row.t || other.dir !== '<'),
    );
    const earlier = runs.filter((run) => run.name.startsWith(`alt t=${row.t}`)).length;
    const name = `alt t=${row.t}${earlier > 0 ? ` #${earlier + 1}` : ''}`;
    runs.push({ name, rows: [...crossed(before, order), row] });
  });
  return runs;
}

/** What crosses a request on the wire was sent before the request arrived, so it comes first. */
function crossed(rows: readonly Row[], order: CrossingOrder): Row[] {
  const result: Row[] = [];
  for (let i = 0; i < rows.length; ) {
    const row = rows[i] as Row;
    let end = i + 1;
    if (isCrossing(row)) {
      while (end < rows.length && rows[end]?.t === row.t && isCrossing(rows[end] as Row)) end += 1;
    }
    const group = rows.slice(i, end);
    const isFirst = (each: Row) => (each.dir === '<') === (order === 'reports first');
    if (group.length === 1) result.push(row);
    else result.push(...group.filter(isFirst), ...group.filter((each) => !isFirst(each)));
    i = end;
  }
  return result;
}
