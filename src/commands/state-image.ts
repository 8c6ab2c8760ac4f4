/**
 * A state as named pieces of memory and a few values: what a snapshot stores and puts back, and what
 * the state hash is computed from. Driven by what the tables are made of, so a new column is in it
 * without a word here:
 *
 * - every typed array that a table owns, of its rows in use; views of one buffer once,
 * - every number that a table owns,
 * - maps, lists and names, as JSON.
 *
 * Indexes and whatever follows from the rest are built anew.
 */
import { createHash } from 'node:crypto';
import type { Piece } from '../lib/piece-hashes.js';
import type { Actor } from './state/actor-table.js';
import type { FurtherTerms } from './state/client-ids.js';
import { ORDER_FLAG, type Unanswered } from './state/order-table.js';
import type { ShardState } from './state/shard-state.js';

/** Raised when the meaning of what is stored changes without its shape. */
const IMAGE_VERSION = 7;

type View = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** What is no memory of a table; JSON. */
export interface ImageValues {
  readonly numbers: Readonly<Record<string, number>>;
  readonly accounts: { terms: unknown[]; byName: [string, number][]; groups: [string, number][] };
  readonly instruments: { terms: unknown[]; bySymbol: [string, number][] };
  readonly actors: readonly Actor[];
  readonly currencies: readonly string[];
  /** Of replaces under way, by row of the client order id. */
  readonly furtherTerms: [number, FurtherTerms][];
  /** By row of the order. */
  readonly unanswered: [number, Unanswered][];
  readonly limits: [string, unknown][];
  readonly reconciling: number[];
  readonly work: { orders: number[]; instruments: number[] };
}

interface Table {
  readonly name: string;
  readonly owner: object;
  /** Rows that its arrays have, and the ranges of them in use. */
  readonly rows: number;
  readonly used: readonly (readonly [number, number])[];
  /** Arrays that follow from others. */
  readonly without?: readonly string[];
}

/**
 * Counts come from `state`, or on the way back from what the snapshot says. Row 0 of orders and
 * positions is none of them: deciding tries things there.
 */
function tablesOf(state: ShardState, count: (name: string) => number, groups: number): Table[] {
  const { orders, clientIds, executions, positions, accounts, instruments, scopes } = state;
  const index = ['index'];
  // What windows know of their last use: they search again.
  const lastUse = ['written', 'cells', 'results', 'read', 'answers'];
  const first = scopes.first;
  const ids = count('clientIds.count');
  const fills = count('executions.count');
  const named = Math.max(count('accounts.count'), groups + 1);
  const used = { rows: 2 * state.capacity.accounts + 1 };
  const scoped = [
    [0, groups + 1],
    [first + 1, first + count('accounts.count')],
  ] as const;
  return [
    { name: 'orders', owner: orders, rows: orders.capacity + 1, used: [[1, count('orders.used')]] },
    {
      name: 'clientIds',
      owner: clientIds,
      rows: clientIds.capacity,
      used: [[0, ids]],
      without: index,
    },
    {
      name: 'executions',
      owner: executions,
      rows: executions.capacity,
      used: [[0, fills]],
      without: index,
    },
    {
      name: 'positions',
      owner: positions,
      rows: positions.capacity + 1,
      used: [[1, count('positions.count')]],
      without: index,
    },
    { name: 'accounts', owner: accounts, rows: accounts.capacity + 1, used: [[0, named]] },
    {
      name: 'instruments',
      owner: instruments,
      rows: instruments.capacity + 1,
      used: [[0, count('instruments.count')]],
      without: lastUse,
    },
    { name: 'rates', owner: state.rates, rows: 1, used: [[0, 1]] },
    // Alarms only say where deciding has to look: it puts them out, evolving does not. All are up anew.
    {
      name: 'scopes',
      owner: scopes,
      ...used,
      used: scoped,
      without: ['now', 'repeated', 'alarms', ...lastUse],
    },
    {
      ...{ name: 'scopes.repeated', owner: { repeated: scopes.repeated } },
      ...{ rows: accounts.capacity + 1, used: [[0, count('accounts.count')]] as const },
    },
  ];
}

/** The arrays of a table and of what it is made of, views of the same memory once. */
function* viewsOf(table: Table): Generator<{ name: string; view: View }> {
  const seen = new Set<string>();
  const walk = function* (owner: object, path: string): Generator<{ name: string; view: View }> {
    for (const [name, value] of Object.entries(owner) as [string, unknown][]) {
      if (table.without?.includes(name) || value === null || typeof value !== 'object') continue;
      if (ArrayBuffer.isView(value)) {
        const view = value as View;
        const place = `${bufferId(view.buffer)}/${view.byteOffset}/${view.byteLength}`;
        if (!seen.has(place)) yield { name: `${path}.${name}`, view };
        seen.add(place);
      } else if (!Array.isArray(value) && !(value instanceof Map)) {
        yield* walk(value, `${path}.${name}`);
      }
    }
  };
  yield* walk(table.owner, table.name);
}

const bufferIds = new WeakMap<object, number>();
let buffers = 0;
function bufferId(buffer: object): number {
  let id = bufferIds.get(buffer);
  if (id === undefined) {
    buffers += 1;
    id = buffers;
    bufferIds.set(buffer, id);
  }
  return id;
}

function piecesOf(tables: readonly Table[]): Piece[] {
  const pieces: Piece[] = [];
  for (const table of tables) {
    for (const { name, view } of viewsOf(table)) {
      const width = Math.floor(view.byteLength / table.rows);
      table.used.forEach(([from, to], range) => {
        const start = view.byteOffset + from * width;
        const length = Math.max(0, (to - from) * width);
        // Where a range begins may depend on the capacity, its name does not: it is hashed.
        pieces.push({
          name: `${name}@${range}`,
          bytes: new Uint8Array(view.buffer, start, length),
        });
      });
    }
  }
  return pieces;
}

/** Owners of plain numbers, by the name under which they are kept. */
const numberOwners = (state: ShardState): [string, Record<string, unknown>][] =>
  Object.entries({
    state,
    orders: state.orders,
    clientIds: state.clientIds,
    executions: state.executions,
    positions: state.positions,
    accounts: state.accounts,
    instruments: state.instruments,
    scopes: state.scopes,
    rates: state.rates,
  }) as unknown as [string, Record<string, unknown>][];

/** Numbers that the capacity gives, and the seed of each process. */
const FIXED = new Set(['capacity', 'width', 'first', 'mask', 'seed']);

function numbersOf(state: ShardState): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, owner] of numberOwners(state)) {
    for (const [key, value] of Object.entries(owner)) {
      if (typeof value === 'number' && !FIXED.has(key)) numbers[`${name}.${key}`] = value;
    }
  }
  return numbers;
}

/** The memory of a state in use, as it is: not a copy. */
export function imagePieces(state: ShardState): Piece[] {
  const numbers = numbersOf(state);
  return piecesOf(tablesOf(state, (name) => numbers[name] as number, state.accounts.groups.size));
}

export function imageValues(state: ShardState): ImageValues {
  const { accounts, actors, clientIds, instruments, limits, work } = state;
  return {
    numbers: numbersOf(state),
    accounts: {
      terms: accounts.terms,
      byName: [...accounts.byName],
      groups: [...accounts.groups],
    },
    instruments: { terms: instruments.terms, bySymbol: [...instruments.bySymbol] },
    actors: actors.list(),
    currencies: [...state.rates.names],
    furtherTerms: [...clientIds.further],
    unanswered: [...state.orders.unanswered],
    limits: [...limits.values],
    reconciling: [...state.reconciling],
    work: { orders: [...work.orders], instruments: [...work.instruments] },
  };
}

/** Changes whenever what a snapshot of this software and capacity holds changes its shape. */
export function imageFingerprint(state: ShardState): string {
  const tables = tablesOf(state, () => 1, 0);
  const shape = tables.flatMap((table) =>
    [...viewsOf(table)].map(
      ({ name, view }) => `${name}:${view.constructor.name}:${view.byteLength / table.rows}`,
    ),
  );
  const numbers = Object.keys(numbersOf(state));
  const all = [IMAGE_VERSION, state.capacity, numbers.sort(), shape];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/**
 * Where the pieces go in an empty state: their memory, to be filled. The state is one only after
 * `finishImage`.
 */
export function imageTargets(state: ShardState, values: ImageValues): Piece[] {
  const count = (name: string) => values.numbers[name] ?? 0;
  return piecesOf(tablesOf(state, count, values.accounts.groups.length));
}

/** Sets everything that is no memory of a table, and builds what follows from the rest. */
export function finishImage(state: ShardState, values: ImageValues): void {
  for (const [name, owner] of numberOwners(state)) {
    for (const key of Object.keys(owner)) {
      const value = values.numbers[`${name}.${key}`];
      if (value !== undefined) owner[key] = value;
    }
  }
  const { accounts, actors, instruments, limits, orders, work } = state;
  for (const name of values.currencies.slice(1)) state.rates.add(name);
  for (const actor of values.actors) actors.register(actor);
  for (const [id, terms] of values.furtherTerms) state.clientIds.further.set(id, terms);
  for (const [row, unanswered] of values.unanswered) orders.unanswered.set(row, unanswered);
  restoreTerms(accounts.terms as unknown[], values.accounts.terms);
  for (const [name, index] of values.accounts.byName) accounts.byName.set(name, index);
  for (const [name, index] of values.accounts.groups) accounts.groups.set(name, index);
  restoreTerms(instruments.terms as unknown[], values.instruments.terms);
  for (const [name, index] of values.instruments.bySymbol) instruments.bySymbol.set(name, index);
  for (const [key, limit] of values.limits) limits.values.set(key, limit as never);
  limits.recount();
  for (const venue of values.reconciling) state.reconciling.add(venue);
  for (const row of values.work.orders) work.addOrder(row);
  for (const row of values.work.instruments) work.addInstrument(row);
  state.clientIds.reindex(state.clientIds.count);
  state.executions.reindex(state.executions.count);
  state.positions.reindex(state.positions.count);
  for (let row = 1; row < orders.used; row += 1) {
    if (orders.account[row] === 0) continue;
    if (((orders.flags[row] as number) & ORDER_FLAG.Special) === 0 || orders.listId[row] === 0)
      continue;
    state.lists.add(orders.account[row] as number, orders.listId[row] as number, row);
  }
}

/** A list with a hole at 0 is null there in JSON. */
function restoreTerms(into: unknown[], from: readonly unknown[]): void {
  from.forEach((terms, index) => {
    if (terms !== null) into[index] = terms;
  });
}
