/** `daybook demo` as a user runs it: exit code and JSON, on flows whose outcome is known. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const ES_DAY = fileURLToPath(
  new URL('../../../shared/data/es-2023-12-25-orders.csv.gz', import.meta.url),
);
const HEADER =
  'ts_event_ns,ts_recv_ns,action,side,price_1e9,size,order_id,flags,sequence,instrument_id';

const directory = mkdtempSync(join(tmpdir(), 'daybook-demo-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function demo(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'demo', ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

type Line = readonly [action: string, side: string, price: string, size: number, orderId: string];

function flowFile(name: string, lines: readonly Line[]): string {
  const file = join(directory, name);
  const rows = lines.map(([action, side, price, size, orderId], i) => {
    const nanos = BigInt(Math.round(Number(price) * 1e6)) * 1000n;
    return `${i},${i},${action},${side},${nanos},${size},${orderId},0,${i},1`;
  });
  writeFileSync(file, `${[HEADER, ...rows].join('\n')}\n`);
  return file;
}

const SPREAD = JSON.stringify({
  symbol: 'CLZ4-CLF5',
  tickSize: '0.01',
  lotSize: '1',
  multiplier: '1000',
  currency: 'USD',
});

describe('daybook demo', () => {
  it('plays a flow of another instrument, with prices below zero, by the rules', async () => {
    const input = flowFile('spread.csv', [
      ['A', 'B', '-0.10', 5, '11'],
      ['A', 'A', '-0.08', 4, '21'],
      ['A', 'B', '-0.11', 3, '11'], // still live: unknown
      ['T', 'N', '-0.09', 2, '0'],
      ['F', 'B', '-0.10', 2, '11'],
      ['C', 'B', '-0.10', 2, '11'], // the feed takes off what filled
      ['M', 'B', '-0.09', 6, '11'], // up to 6 left, at another price
      ['C', 'B', '-0.09', 1, '11'], // reduced to 5
      ['F', 'A', '-0.08', 6, '21'], // 2 more than shown: restated first
      ['C', 'B', '-0.09', 9, '11'], // canceled
      ['C', 'A', '-0.08', 4, '21'], // already gone
      ['A', 'B', '-0.12', 1, '11'], // the id again, its order is gone
      ['M', 'B', '-0.12', 1, '99'], // never entered: unknown
      ['T', 'N', '-0.07', 1, '0'],
    ]);
    const { code, out, err } = await demo(
      ...['--input', input, '--instrument', SPREAD, '--account-prefix', 'CL', '--json'],
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    const result = JSON.parse(out);
    expect(result).toMatchObject({
      ...{ submitted: 3, fills: 2, fillQty: 8, buy: 2, sell: 6, replaced: 1, canceled: 1 },
      ...{ reduced: 1, restated: 1, unknown: 2, trades: 2, open: 1 },
    });
    // Bought 2 at -0.10, sold 6 at -0.08, one account; the mark is -0.07.
    expect(result.positions).toEqual([
      {
        account: 'CL-1',
        instrument: 'CLZ4-CLF5',
        quantity: '-4',
        averagePrice: '-0.08',
        realizedPnl: '40',
        unrealizedPnl: '-40',
        currency: 'USD',
      },
    ]);
    expect(result.log.stateHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('plays its own flow without an input, the same at every run', async () => {
    const [one, two] = await Promise.all([demo('--json'), demo('--json')]);
    expect(one.code).toBe(0);
    const first = JSON.parse(one?.out as string);
    const second = JSON.parse(two?.out as string);
    expect(first.submitted).toBeGreaterThan(10_000);
    expect(first.positions).toHaveLength(10);
    expect(second.positions).toEqual(first.positions);
  });

  it('names the line that cannot be played', async () => {
    const input = flowFile('off-tick.csv', [['A', 'B', '1.005', 1, '11']]);
    const { code, err } = await demo('--input', input, '--instrument', SPREAD);
    expect(code).toBe(1);
    expect(err).toContain('line 2');
  });

  it.each([
    [['--input', '/nowhere.csv'], 'there is no file'],
    [['--instrument', '{"symbol":"X"}'], '"tickSize" must be a text'],
    [['--instrument', 'X'], 'not JSON'],
    [['--account-prefix', 'a b'], '--account-prefix'],
    [['--what'], '--what'],
  ])('refuses wrong use %j', async (args, message) => {
    const { code, err } = await demo(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it.skipIf(!existsSync(ES_DAY))(
    'plays a real day of the S&P 500 future to the figures it is known to have (../shared/data)',
    async () => {
      const { code, out } = await demo(...['--input', ES_DAY, '--account-prefix', 'ES', '--json']);
      expect(code).toBe(0);
      const result = JSON.parse(out);
      expect(result).toMatchObject({
        ...{ submitted: 29_216, fills: 6364, fillQty: 10_187, buy: 4703, sell: 5484 },
        ...{ replaced: 11_349, canceled: 12_670, reduced: 0, restated: 28, unknown: 7 },
        ...{ trades: 2973, open: 11_217 },
      });
      const quantities = result.positions.map((p: { quantity: string }) => Number(p.quantity));
      expect(quantities).toEqual([65, -201, -33, -225, -280, -28, -104, 116, 29, -120]);
      // Rational average cost, computed independently from the fills in the order of the file.
      expect(Number(result.positions[0].realizedPnl)).toBeCloseTo(-921.3093791096404, 6);
      expect(Number(result.positions[1].realizedPnl)).toBeCloseTo(-17001.18552279157, 6);
    },
  );
});
