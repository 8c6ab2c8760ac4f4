/**
 * The same scenarios written in other ways that files of this form have: other names for the same
 * thing, cells left out, quantities as text. Each must run as it did, and still miss no wrong value.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../../src/cli/conformance/run-scenario.js';
import { parseScenarios, type Row, type Scenario } from '../../src/cli/conformance/scenario.js';

const OWN = new URL('./more-order-state.json', import.meta.url).pathname;
const SHARED = process.env.DAYBOOK_SCENARIOS ?? '/work/shared/conformance/fix44-order-state.json';
const all = [OWN, SHARED]
  .filter(existsSync)
  .flatMap((file) => parseScenarios(readFileSync(file, 'utf8')));

type Cells = Record<string, unknown>;
type Rewrite = (row: Cells) => Cells;

const spaced = (name: unknown) =>
  typeof name === 'string' ? name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ') : name;

const EXEC_CODES: Record<string, string> = {
  New: '0',
  DoneForDay: '3',
  Canceled: '4',
  Replaced: '5',
  PendingCancel: '6',
  Stopped: '7',
  Rejected: '8',
  Suspended: '9',
  Calculated: 'B',
  Expired: 'C',
  Restated: 'D',
  PendingReplace: 'E',
  Trade: 'F',
  TradeCorrect: 'G',
  TradeCancel: 'H',
  OrderStatus: 'I',
};
const STATUS_CODES: Record<string, string> = {
  ...EXEC_CODES,
  PartiallyFilled: '1',
  Filled: '2',
  PendingNew: 'A',
};
const MESSAGES: Record<string, string> = {
  NewOrder: 'NewOrderSingle',
  CancelRequest: 'OrderCancelRequest',
  ReplaceRequest: 'Order Cancel/Replace Request',
  StatusRequest: 'OrderStatusRequest',
  MassCancelRequest: 'OrderMassCancelRequest',
  MassStatusRequest: 'OrderMassStatusRequest',
  Exec: 'ExecutionReport',
  CancelReject: 'OrderCancelReject',
};

const WAYS: Record<string, Rewrite> = {
  'names with spaces, Cancelled and Replace': (row) => ({
    ...row,
    execType:
      row.execType === 'Replaced' ? 'Replace' : spaced(row.execType)?.toString().toLowerCase(),
    ordStatus: row.ordStatus === 'Canceled' ? 'Cancelled' : spaced(row.ordStatus),
  }),
  'codes of FIX': (row) => ({
    ...row,
    execType: row.execType == null ? null : EXEC_CODES[row.execType as string],
    ordStatus: row.ordStatus == null ? null : STATUS_CODES[row.ordStatus as string],
  }),
  'messages by their full names': (row) => ({
    ...row,
    msg: MESSAGES[row.msg as string] ?? row.msg,
  }),
  'nothing that is null or empty': (row) =>
    Object.fromEntries(Object.entries(row).filter(([, cell]) => cell != null && cell !== '')),
  'quantities and times as text, empty for null': (row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, cell]) => [
        key,
        /^t$|Qty$/.test(key) ? String(cell ?? '') : cell,
      ]),
    ),
  'other ids': (row) => ({
    ...row,
    ids: typeof row.ids === 'string' ? row.ids.replaceAll(/[A-Z]/g, '2026-11/Order $&') : row.ids,
  }),
  'seven times the quantity': (row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, cell]) => [
        key,
        key.endsWith('Qty') && typeof cell === 'number' ? cell * 7 : cell,
      ]),
    ),
};

const written = (scenario: Scenario, way: Rewrite): Scenario => {
  const rows = scenario.rows.map(({ day: _, ...row }) => way(row));
  return parseScenarios(JSON.stringify([{ id: scenario.id, rows }]))[0] as Scenario;
};

describe('the same scenario', { timeout: 120_000 }, () => {
  it.each(Object.entries(WAYS))('with %s', (_, way) => {
    for (const scenario of all) {
      expect(runScenario(written(scenario, way)).differences, scenario.id).toEqual([]);
    }
  });

  it.each(Object.entries(WAYS))('with %s, and one OrdStatus wrong', (_, way) => {
    for (const scenario of all) {
      const at = scenario.rows.findLastIndex(({ ordStatus, flag }) => ordStatus != null && !flag);
      const row = scenario.rows[at] as Row;
      const wrong = { ...row, ordStatus: row.ordStatus === 'New' ? 'Canceled' : 'New' };
      const other = written({ ...scenario, rows: scenario.rows.with(at, wrong) }, way);
      expect(runScenario(other).differences, scenario.id).not.toEqual([]);
    }
  });
});

const rowsOf = (...rows: Cells[]) =>
  parseScenarios(JSON.stringify([{ id: 'a', rows }]))[0] as Scenario;
const order = (t: unknown) => ({ t, dir: '>', msg: 'NewOrder', ids: 'X', orderQty: 100 });
const accepted = (t: unknown) => ({
  ...{ t, dir: '<', msg: 'Exec', ids: 'X', execType: 'New', ordStatus: 'New' },
  ...{ orderQty: 100, cumQty: 0, leavesQty: 100, lastQty: 0 },
});

describe('a row', () => {
  it('without ids is about the latest order', () => {
    const { ids: _, ...row } = accepted(2);
    expect(runScenario(rowsOf(order(1), row)).differences).toEqual([]);
    const wrong = rowsOf(order(1), { ...row, leavesQty: 99 });
    expect(runScenario(wrong).differences).toMatchObject([{ field: 'LeavesQty' }]);
  });

  it('with the id of no order is no telephoned order beside one that was sent', () => {
    const { differences } = runScenario(rowsOf(order(1), { ...accepted(2), ids: '-' }));
    expect(differences).not.toEqual([]);
  });

  it('with times between others is not of another day', () => {
    const fill = { ...accepted('2.5'), execType: 'Trade', ordStatus: 'PartiallyFilled' };
    const rows = [{ ...fill, cumQty: 10, leavesQty: 90, lastQty: 10 }];
    const end = { ...rows[0], t: 3, cumQty: 20, leavesQty: 80 };
    expect(runScenario(rowsOf(order(1), accepted(2), ...rows, end)).differences).toEqual([]);
  });

  it('of days as "Day 2,1" is of that day', () => {
    const done = { ...accepted('Day 1,3'), execType: 'DoneForDay', ordStatus: 'DoneForDay' };
    const renewed = { ...accepted('Day 2,1'), execType: 'Restated' };
    const rows = [order('Day 1,1'), accepted('Day 1,2'), done, renewed];
    expect(runScenario(rowsOf(...rows)).differences).toEqual([]);
  });

  it('of a new order is not accepted for another quantity than was asked for', () => {
    const { differences } = runScenario(
      rowsOf(order(1), { ...accepted(2), orderQty: 90, leavesQty: 90 }),
    );
    expect(differences.map(({ field }) => field)).toEqual(['OrderQty', 'LeavesQty']);
  });

  it('of a cancel reject has the quantities of its order, and no ExecType', () => {
    const cancel = { t: 3, dir: '>', msg: 'CancelRequest', ids: 'Y,X' };
    const refused = { t: 4, dir: '<', msg: 'CancelReject', ids: 'Y,X', ordStatus: 'New' };
    const run = (cells: Cells) =>
      runScenario(rowsOf(order(1), accepted(2), cancel, { ...refused, ...cells })).differences;
    expect(run({ orderQty: 100, cumQty: 0, leavesQty: 100, lastQty: 0 })).toEqual([]);
    expect(run({ orderQty: 101 })).toMatchObject([{ field: 'OrderQty' }]);
    expect(run({ execType: 'Canceled' })).toMatchObject([{ field: 'ExecType' }]);
  });

  it.each([
    'PossResend=N or not set',
    'PossResend not set',
    'without PossResend',
    'PossResend(97) is N',
    'possible resend: no',
    '97=N',
  ])('of a repeated id is no resend when its comment says "%s"', (comment) => {
    const again = { ...order(3), comment };
    const refused = { ...accepted(4), execType: 'Rejected' };
    expect(runScenario(rowsOf(order(1), accepted(2), again, refused)).differences).toEqual([]);
    const status = { ...accepted(4), execType: 'OrderStatus' };
    expect(runScenario(rowsOf(order(1), accepted(2), again, status)).differences).not.toEqual([]);
  });

  it.each(['PossResend=Y', 'possible resend', '97=Y', 'PossResend = Y, not seen by the sender'])(
    'of a repeated id is a resend when its comment says "%s"',
    (comment) => {
      const again = { ...order(3), comment };
      const status = { ...accepted(4), execType: 'OrderStatus' };
      expect(runScenario(rowsOf(order(1), accepted(2), again, status)).differences).toEqual([]);
    },
  );
});
