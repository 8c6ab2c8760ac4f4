/** Importing market data and reproducing value at risk, as processes beside a running Daybook. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { daybook, type Started, startProcess } from './daybook-process.js';
import { type Answer, order, request } from './running-api.js';

const WAIT_MS = 60_000;
const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-risk-cli-'));
let running: Started;

const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
  request(running.url + path, method, body);

const fileOf = (name: string, lines: readonly string[]): string => {
  const path = join(dataDirectory, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};

const importOf = async (name: string, lines: readonly string[]) => {
  const path = fileOf(name, lines);
  const result = await daybook(
    'market-data',
    'import',
    path,
    '--data-dir',
    dataDirectory,
    '--json',
  );
  return { ...result, counts: result.code === 0 ? JSON.parse(result.out) : undefined };
};

beforeAll(async () => {
  const settings = fileOf('risk.json', [
    JSON.stringify({ everyMs: 50, windowEveryMs: 50, paths: 2_000, seed: 7 }),
  ]);
  running = await startProcess(dataDirectory, '--value-at-risk', settings);
});
afterAll(async () => {
  running.child.kill('SIGTERM');
  await running.end;
  rmSync(dataDirectory, { recursive: true, force: true });
});

// A process each, some of them several.
const TIMEOUT = { timeout: 3 * WAIT_MS };

describe('daybook market-data import', TIMEOUT, () => {
  const head = 'symbol,time,price,quantity';

  it('takes trades in, and the same file again as duplicates', async () => {
    const lines = [head, 'ESH4,2024-03-15T10:00:00Z,4799.25,1', 'ESH4,1710496801000000000,4800,2'];
    expect((await importOf('trades.csv', lines)).counts).toMatchObject({
      trades: 2,
      duplicates: 0,
    });
    expect((await importOf('trades.csv', lines)).counts).toMatchObject({
      trades: 0,
      duplicates: 2,
    });
    const bars = await ask(
      'GET',
      '/v1/market-data/bars?symbol=ESH4&interval=1d&from=2024-03-15T00:00:00Z&limit=1',
    );
    expect(bars.body.bars).toMatchObject([{ open: '4799.25', close: '4800', volume: '3' }]);
  });

  it('refuses ticks of the future, on record', async () => {
    const lines = [head, 'ESH4,2250-03-15T10:00:00Z,4799.25,1'];
    expect((await importOf('future.csv', lines)).counts).toMatchObject({ trades: 0, refused: 1 });
    const { body } = await ask('GET', '/v1/market-data/findings?symbol=ESH4&limit=1');
    expect(body.findings).toMatchObject([{ code: 'FROM_FUTURE', accepted: false }]);
  });

  it.each([
    ['a price between ticks', [head, 'ESH4,2024-03-15T10:00:00Z,4799.3,1'], 'TICK_LINE_INVALID', 2],
    ['no time', [head, 'ESH4,yesterday,4799,1'], 'TICK_LINE_INVALID', 2],
    ['a value missing', [head, '', 'ESH4,4799,1'], 'TICK_LINE_INVALID', 3],
    ['an unknown symbol', [head, 'NOPE,2024-03-15T10:00:00Z,1,1'], 'INSTRUMENT_UNKNOWN', 2],
    ['unknown columns', ['symbol,time,cost'], 'TICK_LINE_INVALID', 1],
  ])('names the line of %s', async (_, lines, code, line) => {
    const { code: exit, err } = await importOf('wrong.csv', lines);
    expect(exit).toBe(1);
    expect(err).toContain(code);
    expect(err).toContain(`line ${line}`);
  });

  it('refuses wrong use with 2, a file that is not there with 1', async () => {
    expect((await daybook('market-data', 'export', 'x')).code).toBe(2);
    const gone = await daybook(
      'market-data',
      'import',
      '/nonexistent',
      '--data-dir',
      dataDirectory,
    );
    expect(gone).toMatchObject({ code: 1 });
    expect(gone.err).toContain('FILE_UNREADABLE');
  });
});

describe('daybook value-at-risk', TIMEOUT, () => {
  it('computes stored results again from the journal, equal to the last digit', async () => {
    const days = Array.from({ length: 130 }, (_, i) => {
      const date = new Date(Date.now() - (130 - i) * 86_400_000).toISOString().slice(0, 10);
      const price = (4_700 + 25 * Math.round(10 * Math.sin(1.3 * i))) / 1;
      return `ESH4,${date},${price},${price},${price},${price},1`;
    });
    const bars = ['symbol,date,open,high,low,close,volume', ...days];
    expect((await importOf('bars.csv', bars)).counts).toMatchObject({ bars: 130 });
    const at = { price: '4799.25', timeInForce: 'Day', quantity: '3' };
    await ask('POST', '/v1/orders', order('r-1', at));
    await ask('POST', '/v1/orders', order('r-2', { ...at, account: 'beta', side: 'Sell' }));
    const path = '/v1/risk/value-at-risk?account=alpha';
    const end = Date.now() + WAIT_MS;
    let results: Answer['body'][] = [];
    const done = () => results.length === 4 && results.every(({ positions }) => positions === 1);
    while (!done() && Date.now() < end) results = (await ask('GET', path)).body.results;
    expect(done()).toBe(true);
    for (const { id, method, figures } of results) {
      const args = ['--reproduce', String(id), '--data-dir', dataDirectory, '--json'];
      const { code, out } = await daybook('value-at-risk', ...args);
      const reproduced = JSON.parse(out);
      expect(reproduced).toMatchObject({ id, method, equal: true, deviations: [] });
      expect(reproduced.windowUnchanged).toBe(true);
      expect(reproduced.valueAtRisk[0]).toBe(figures[0].valueAtRisk);
      expect(code).toBe(0);
    }
  });

  it('says what is not there, and refuses wrong use', async () => {
    const none = await daybook(
      'value-at-risk',
      '--reproduce',
      '999999',
      '--data-dir',
      dataDirectory,
    );
    expect(none.code).toBe(1);
    expect(none.err).toContain('VALUE_AT_RISK_UNKNOWN');
    expect((await daybook('value-at-risk')).code).toBe(2);
    const wrong = fileOf('wrong.json', ['{"windowDays": 1}']);
    const start = await daybook('start', '--data-dir', dataDirectory, '--value-at-risk', wrong);
    expect(start).toMatchObject({ code: 2 });
    expect(start.err).toContain('a window of 1 days');
  });
});
