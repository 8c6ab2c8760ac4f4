/**
 * The FIX 4.4 order state matrices: those of the shared file that are not in the repository come in by
 * path, ours are beside this file. Each value that a report has is then changed, once, and must be
 * missed: a runner that compares nothing would pass everything.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../../src/cli/conformance/run-scenario.js';
import {
  isDoubtful,
  parseScenarios,
  type Row,
  runsOf,
  type Scenario,
  ScenarioError,
  unreadIn,
} from '../../src/cli/conformance/scenario.js';

const OWN = new URL('./more-order-state.json', import.meta.url).pathname;
const SHARED = process.env.DAYBOOK_SCENARIOS ?? '/work/shared/conformance/fix44-order-state.json';

const read = (file: string) => parseScenarios(readFileSync(file, 'utf8'));
const RACES = new URL('./races.json', import.meta.url).pathname;
const matrices = read(OWN);
const SEQUENCES = new URL('./sequences.json', import.meta.url).pathname;
/** Rows that seldom meet, their values reasoned from the rules before they were run. */
const RARE_ROWS = new URL('./rare-rows.json', import.meta.url).pathname;
const own = [...matrices, ...read(RACES), ...read(SEQUENCES), ...read(RARE_ROWS)];
const shared = existsSync(SHARED) ? read(SHARED) : [];
const all = [...own, ...shared];

describe('order state matrices', () => {
  it.each(all.map((scenario) => [`${scenario.id} ${scenario.title}`, scenario] as const))(
    '%s',
    (_, scenario) => {
      expect(runScenario(scenario).differences).toEqual([]);
    },
  );

  it('holds also when the requests that cross reports arrive first', () => {
    const crossing = all.filter(({ rows }) => rows.some((row) => row.flag?.includes('cross')));
    for (const scenario of crossing) {
      expect(runScenario(scenario, 'requests first').differences).toEqual([]);
    }
  });
});

const STATUSES = ['New', 'PartiallyFilled', 'Filled', 'Canceled', 'PendingCancel', 'Rejected'];
const another = (status: string) => STATUSES.find((each) => each !== status) as string;

/** The row with one of its values changed, in every way there is. */
function* changed(row: Row): Generator<Row> {
  for (const key of ['orderQty', 'cumQty', 'leavesQty', 'lastQty'] as const) {
    if (row.dir === '<' && row[key] != null) yield { ...row, [key]: row[key] + 1 };
  }
  if (row.ordStatus != null) yield { ...row, ordStatus: another(row.ordStatus) };
  if (row.ids) yield { ...row, ids: row.ids.includes(',') ? row.ids.slice(0, -1) : `${row.ids},Q` };
  if (row.ids && row.ids !== '-' && row.dir === '<') yield { ...row, ids: '-' };
  for (const execType of ['Trade', 'Canceled', 'PendingCancel', 'OrderStatus']) {
    if (row.execType != null && row.execType !== execType) yield { ...row, execType };
  }
}

/** Only the acknowledgement says how much it is: the matrix L.1.b, and ours like it. */
const isOfCash = (row: Row) => row.execType === 'New' && row.orderQty === 500;

/** Whether a change is one that nobody can miss: quantities of acts make the act another one. */
function isTold(row: Row, other: Row): boolean {
  if (row.dir !== '<' || isDoubtful(row)) return false;
  // An id seen before is a resend when its answer says so, where no comment does.
  if (other.execType === 'OrderStatus') return row.execType !== 'Rejected';
  if (other.orderQty !== row.orderQty) {
    return !['Replaced', 'Restated'].includes(row.execType ?? '') && !isOfCash(row);
  }
  if (other.cumQty !== row.cumQty) return row.execType !== 'Restated';
  if (other.lastQty !== row.lastQty) return !['Trade', 'Stopped'].includes(row.execType ?? '');
  return true;
}

describe('the runner', () => {
  it('misses no changed value', { timeout: 300_000 }, () => {
    let changes = 0;
    for (const scenario of [...matrices, ...shared]) {
      scenario.rows.forEach((row, index) => {
        for (const other of changed(row)) {
          if (!isTold(row, other)) continue;
          // After a call, a report without an id is of the order that was telephoned.
          if (other.ids === '-' && scenario.rows.some(({ dir }) => dir === '*')) continue;
          changes += 1;
          const rows = scenario.rows.with(index, other);
          const { differences } = runScenario({ ...scenario, rows });
          const what = `${scenario.id} t=${row.t} ${JSON.stringify(other)}`;
          expect(differences.length, what).toBeGreaterThan(0);
        }
      });
    }
    expect(changes).toBeGreaterThan(500);
  });

  it('misses no report that is left out, and none too many', () => {
    for (const scenario of all) {
      const { rows } = scenario;
      const answered = rows.findIndex(
        (row) => row.dir === '<' && row.execType === 'OrderStatus' && !row.flag,
      );
      if (answered < 0) continue;
      const without = { ...scenario, rows: rows.toSpliced(answered, 1) };
      expect(runScenario(without).differences.length, scenario.id).toBeGreaterThan(0);
      const twice = { ...scenario, rows: rows.toSpliced(answered, 0, rows[answered] as Row) };
      expect(runScenario(twice).differences.length, scenario.id).toBeGreaterThan(0);
    }
  });

  it('runs each alternative by itself, with what was asked before it', () => {
    const scenario = shared.find(({ id }) => id === 'B.1.b') ?? (own[0] as Scenario);
    const runs = runsOf(scenario);
    const alternatives = scenario.rows.filter((row) => row.flag?.includes('alt')).length;
    expect(runs).toHaveLength(1 + alternatives);
    for (const run of runs.slice(1)) expect(run.rows.at(-1)?.flag).toContain('alt');
  });

  it('lets what crosses on the wire arrive first', () => {
    const row = (t: number, dir: '<' | '>', flag: string): Row => ({ t, dir, msg: '', flag });
    const rows = [row(1, '>', ''), row(2, '>', 'cross'), row(2, '<', 'cross'), row(3, '<', '')];
    const [run] = runsOf({ id: 'x', title: '', rows });
    expect(run?.rows.map(({ dir }) => dir).join('')).toBe('><><');
  });

  it.each([
    ['{', /not JSON/],
    ['{"scenarios":[]}', /scenarios/],
    ['{"scenarios":[{"id":"a","rows":[{"t":1,"dir":"?"}]}]}', /dir/],
    ['{"scenarios":[{"id":"a","rows":[{"t":1,"dir":"<","orderQty":-1}]}]}', /orderQty/],
    ['null', /^Invalid input: expected object/],
    ['[{"id":"B","rows":[]}]', /^scenario B: rows: /],
    ['[{"rows":[{"t":1,"dir":">"}]}]', /^scenario number 1: id: /],
    ['[{"id":"B","rows":[{"dir":">"}]}]', /^scenario B, row 1: t: expected a number or a text$/],
    [
      '[{"id":"B","rows":[{"t":"1000.1","dir":">"},{"t":"1001.1","dir":">"}]}]',
      /^scenario B, row 2: t: beyond/,
    ],
    [
      `[{"id":"B","rows":[{"t":1,"dir":">","ids":"${'Y'.repeat(40)},${'X'.repeat(41)}"}]}]`,
      /ids: /,
    ],
    ['[{"id":"B","rows":[{"t":1,"dir":">","ids":"\u00dc"}]}]', /ids: expected printable/],
    [
      '[{"id":"B","rows":[{"t":1,"dir":"x","cumQty":1.5,"ids":5}]}]',
      /dir: .*; .*ids: .*; .*cumQty: /,
    ],
  ])('refuses %s', (text, message) => {
    expect(() => parseScenarios(text)).toThrow(ScenarioError);
    expect(() => parseScenarios(text)).toThrow(message);
  });
});

const twoRows = [
  { t: 1, dir: '>', msg: 'NewOrder', ids: 'X', orderQty: 10 },
  { t: 2, dir: '<', msg: 'Exec', ids: 'X', execType: 'New', ordStatus: 'New', leavesQty: 10 },
];

describe('a file', () => {
  it('may begin with a byte order mark', () => {
    expect(parseScenarios(`\uFEFF${JSON.stringify([{ id: 'a', rows: twoRows }])}`)).toHaveLength(1);
  });

  it('has ids of 40 characters', () => {
    const rows = twoRows.map((row) => ({ ...row, ids: 'X'.repeat(40) }));
    const [scenario] = parseScenarios(JSON.stringify([{ id: 'a', rows }]));
    expect(runScenario(scenario as Scenario).differences).toEqual([]);
  });

  it('is told of columns and flags that nobody looks at', () => {
    const rows = [twoRows[0], { ...twoRows[1], leavesQuantity: 3, flag: 'atl, ?' }];
    expect(unreadIn(JSON.stringify({ scenarios: [{ id: 'a', rows }] }))).toEqual([
      'scenario a: no such column: leavesQuantity',
      'scenario a: no such flag: atl',
    ]);
    for (const file of [OWN, RACES, SEQUENCES, SHARED].filter(existsSync)) {
      expect(unreadIn(readFileSync(file, 'utf8'))).toEqual([]);
    }
  });
});

describe.skipIf(!existsSync('dist/src/cli/conformance.js'))('npm run conformance', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['dist/src/cli/conformance.js', ...args], { encoding: 'utf8' });

  it('ends with a line of passed and failed', { timeout: 120_000 }, () => {
    for (const file of [OWN, RACES, SEQUENCES]) {
      const { status, stdout } = run('--scenarios', file);
      expect(stdout.trimEnd().split('\n').at(-1)).toBe(`${read(file).length} passed, 0 failed`);
      expect(status).toBe(0);
    }
  });

  it('is wrongly used without a file', { timeout: 120_000 }, () => {
    expect(run().status).toBe(2);
    expect(run('--scenarios', '/nonexistent').status).toBe(2);
  });
});
