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
 * in doubt). What is null or left out is not compared. ExecType and OrdStatus may be FIX's codes, quantities
 * text; `names.ts` lists the words.
 */
import { z } from 'zod';
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import { execTypeOf, ordStatusOf } from './names.js';

/** Last trading day of a scenario: each is closed and opened. */
export const SCENARIO_DAYS_MAX = 1000;
/** Faults of a file that are told at a time. */
const FAULTS_TOLD_MAX = 5;

/** Whole lots; also as text. A cell that is empty is null. */
const quantity = z.preprocess(
  (cell) => (typeof cell === 'string' && /^\s*\d*\s*$/.test(cell) ? numberIn(cell) : cell),
  z.number().int().nonnegative().nullish(),
);
const numberIn = (cell: string) => (cell.trim() === '' ? null : Number(cell));

/** Ids as FIX has them here: printable, at most 40 characters each. */
const isIds = (ids: string) =>
  ids.split(/[|,]/).every((id) => /^[\x20-\x7e]*$/.test(id) && id.trim().length <= CL_ORD_ID_BYTES);

const rowSchema = z.object({
  t: z
    .union([z.number(), z.string()], { error: 'expected a number or a text' })
    .refine((t) => (dayIn(t) ?? 1) <= SCENARIO_DAYS_MAX, `beyond day ${SCENARIO_DAYS_MAX}`),
  dir: z.enum(['>', '<', '*']),
  msg: z.string().default(''),
  ids: z
    .string()
    .refine(isIds, `expected printable ASCII, at most ${CL_ORD_ID_BYTES} characters an id`)
    .nullish(),
  execType: z.preprocess(execTypeOf, z.string().nullish()),
  ordStatus: z.preprocess(ordStatusOf, z.string().nullish()),
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
        rows: z.array(rowSchema).min(1).transform(withDays),
      }),
    )
    .min(1),
});

export type Row = z.infer<typeof rowSchema> & { readonly day?: number };
export type Scenario = z.infer<typeof fileSchema>['scenarios'][number];

/** The file is not one of scenarios. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly code = 'SCENARIO_INVALID';
}

/** @throws ScenarioError that says where in the file, and all that is wrong there */
export function parseScenarios(text: string): Scenario[] {
  const value = read(text);
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data.scenarios;
  const { issues } = parsed.error;
  const told = issues.slice(0, FAULTS_TOLD_MAX).map(({ path, message }) => {
    const where = placeIn(value, path);
    return where === '' ? message : `${where}: ${message}`;
  });
  const more = issues.length - told.length;
  throw new ScenarioError(told.join('; ') + (more > 0 ? `; and ${more} more` : ''));
}

function read(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return Array.isArray(value) ? { scenarios: value } : value;
  } catch (error) {
    throw new ScenarioError(`not JSON: ${(error as Error).message}`);
  }
}

/** `scenario B.1.a, row 3: orderQty` for the path ['scenarios', 2, 'rows', 2, 'orderQty']. */
function placeIn(value: unknown, path: readonly PropertyKey[]): string {
  const [, scenario, rows, row, ...rest] = path;
  if (typeof scenario !== 'number') return path.join('.');
  const id = (value as { scenarios: { id?: unknown }[] }).scenarios[scenario]?.id;
  const named = typeof id === 'string' && id !== '' ? id : `number ${scenario + 1}`;
  if (typeof row !== 'number') return [`scenario ${named}`, rows].filter(Boolean).join(': ');
  return [`scenario ${named}, row ${row + 1}`, ...rest.map(String)].join(': ');
}

/**
 * What a file has that nobody will look at: columns and flags by names that are none. A misspelt
 * column compares nothing, which must not look as if it held.
 *
 * @param text of a file that `parseScenarios` accepts
 */
export function unreadIn(text: string): string[] {
  const { scenarios } = read(text) as { scenarios: { id: string; rows: object[] }[] };
  const found = new Set<string>();
  for (const { id, rows } of scenarios) {
    for (const row of rows) {
      for (const key of Object.keys(row)) {
        if (!(key in rowSchema.shape)) found.add(`scenario ${id}: no such column: ${key}`);
      }
      const { flag } = row as Row;
      const words = (flag ?? '').split(/[\s,|]+/).filter((word) => word !== '');
      for (const word of words) {
        if (!FLAGS.includes(word)) found.add(`scenario ${id}: no such flag: ${word}`);
      }
    }
  }
  return [...found];
}

const FLAGS = ['alt', 'cross', '?'];

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

/** The trading day of a row; 1 unless the times of its scenario are of days. */
export const dayOf = (row: Row): number => row.day ?? 1;

/** The day of a time such as 2.1 or `Day 2,1`. */
function dayIn(t: number | string): number | undefined {
  const match = /^\s*(?:day\s*)?(\d+)\s*[.,]\s*\d+\s*$/i.exec(String(t));
  return match ? Number(match[1]) : undefined;
}

/** Times are of days when all of them are; a 4.5 among whole numbers only comes after the 4. */
function withDays<R extends { t: number | string }>(rows: R[]): (R & { day?: number })[] {
  const days = rows.map(({ t }) => dayIn(t));
  if (days.includes(undefined)) return rows;
  return rows.map((row, index) => ({ ...row, day: days[index] as number }));
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
        at < index &&
        !isAlternative(other) &&
        (other.t !== row.t || other.dir !== '<' || isCrossing(other)),
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
