import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { highWord, lowWord } from '../../src/lib/time.js';
import { copyIn } from '../../src/projections/copy/copy-in.js';
import { CopyRows } from '../../src/projections/copy/copy-rows.js';
import { connect } from '../../src/projections/database/connection-settings.js';
import { startTestServer, type TestServer } from './test-database.js';

let server: TestServer;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
  client = await connect(await server.createDatabase(), 'test');
  await client.query(`CREATE TABLE t (
    id serial, small smallint, int integer, big bigint, huge bigint, ns bigint, at timestamptz,
    amount numeric, flag boolean, name text, raw bytea)`);
});

beforeEach(() => client.query('TRUNCATE t RESTART IDENTITY'));

afterAll(async () => {
  await client.end();
  await server.stop();
});

const COLUMNS = 'small, int, big, huge, ns, at, amount, flag, name, raw';
const COPY = `COPY t (${COLUMNS}) FROM STDIN (FORMAT binary)`;

interface Values {
  readonly small: number;
  readonly int: number;
  readonly big: number;
  readonly huge: bigint;
  readonly ns: bigint;
  readonly units: bigint;
  readonly scale: number;
  readonly flag: boolean;
  readonly name: string | null;
  readonly raw: Uint8Array;
}

const safe = fc.maxSafeInteger();
const values: fc.Arbitrary<Values> = fc.record({
  small: fc.integer({ min: -32_768, max: 32_767 }),
  int: fc.integer(),
  big: fc.oneof(safe, fc.constantFrom(0, -0, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32))),
  huge: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ns: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  units: fc.oneof(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.constantFrom(0n, 10_000n)),
  scale: fc.integer({ min: 0, max: 30 }),
  flag: fc.boolean(),
  name: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 }).filter((s) => !s.includes('\0'))),
  raw: fc.uint8Array({ maxLength: 100 }),
});

function write(rows: CopyRows, row: Values): void {
  rows.row();
  rows.int2(row.small);
  rows.int4(row.int);
  rows.int8(row.big);
  rows.bigint(row.huge);
  const high = Number(BigInt.asIntN(32, BigInt(highWord(row.ns))));
  rows.words(lowWord(row.ns), high);
  rows.timestamp(lowWord(row.ns), high);
  rows.numeric(row.units, row.scale);
  rows.boolean(row.flag);
  if (row.name === null) rows.null();
  else rows.text(row.name);
  rows.bytea(row.raw);
}

/** units / 10^scale with exactly `scale` decimals. */
function decimalText(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const sign = units < 0n ? '-' : '';
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

describe('rows by binary COPY', () => {
  test('come back from the server as they were sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 20 }), async (sent) => {
        await client.query('TRUNCATE t RESTART IDENTITY');
        const rows = new CopyRows(10);
        for (const row of sent) write(rows, row);
        expect(await copyIn(client, COPY, rows.finish())).toBe(sent.length);
        const got = await client.query(
          `SELECT small, int, big, huge, ns, (extract(epoch FROM at) * 1000000)::bigint AS us,
             amount::text, flag, name, raw FROM t ORDER BY id`,
        );
        expect(got.rows).toEqual(
          sent.map((row) => ({
            ...{ small: row.small, int: row.int, big: String(row.big + 0), flag: row.flag },
            ...{ huge: String(row.huge), ns: String(row.ns), us: String(row.ns / 1000n) },
            ...{ amount: decimalText(row.units, row.scale), name: row.name },
            raw: Buffer.from(row.raw),
          })),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('grow beyond the first buffer, in many messages', async () => {
    const rows = new CopyRows(1);
    const text = 'x'.repeat(999);
    for (let i = 0; i < 3_000; i++) {
      rows.row();
      rows.text(text);
    }
    await copyIn(client, 'COPY t (name) FROM STDIN (FORMAT binary)', rows.finish());
    const { rows: got } = await client.query(
      'SELECT count(*)::int AS n, sum(length(name))::int AS c FROM t',
    );
    expect(got).toEqual([{ n: 3_000, c: 3_000 * 999 }]);
  });

  test('taken back to a mark are not sent', async () => {
    const rows = new CopyRows(1);
    for (let i = 0; i < 5; i++) {
      const mark = rows.mark();
      rows.row();
      rows.text(String(i));
      if (i % 2 === 1) rows.truncate(mark);
    }
    await copyIn(client, 'COPY t (name) FROM STDIN (FORMAT binary)', rows.finish());
    const { rows: got } = await client.query(
      'SELECT string_agg(name, $1 ORDER BY id) AS s FROM t',
      [''],
    );
    expect(got).toEqual([{ s: '024' }]);
  });

  test('refused by the server leave the connection usable', async () => {
    const rows = new CopyRows(2);
    rows.row();
    rows.text('one column too few');
    await expect(
      copyIn(client, 'COPY t (name, int) FROM STDIN (FORMAT binary)', rows.finish()),
    ).rejects.toMatchObject({ code: '22P04' });
    await expect(copyIn(client, 'COPY no_such FROM STDIN', rows.finish())).rejects.toThrow(/exist/);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('refuse what a column cannot hold exactly', () => {
    const rows = new CopyRows(1);
    expect(() => rows.int2(32_768)).toThrow(/smallint/);
    expect(() => rows.int4(2 ** 31)).toThrow(/32 bits/);
    expect(() => rows.int8(2 ** 53)).toThrow(/safe/);
    expect(() => rows.int8(0.5)).toThrow(/safe/);
    expect(() => rows.bigint(2n ** 63n)).toThrow(/64 bits/);
    rows.int2(32_767);
    rows.int4(2 ** 31 - 1);
    rows.int8(2 ** 53 - 1);
    rows.bigint(2n ** 63n - 1n);
  });
});
