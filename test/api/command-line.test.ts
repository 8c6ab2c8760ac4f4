/** The command line as users have it: processes, exit codes, standard output. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { daybook, ended, MAIN, type Result, startProcess } from './daybook-process.js';
import { order, request } from './running-api.js';

const dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-cli-'));
const start = () => startProcess(dataDirectory);

const events = (result: Result) =>
  result.out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

let orderId: number;

beforeAll(async () => {
  const { url, child, end, epoch, recoveredEvents } = await start();
  expect({ epoch, recoveredEvents }).toEqual({ epoch: 1, recoveredEvents: 0 });
  const instruments = await request(`${url}/v1/instruments`, 'GET', undefined);
  expect(instruments.body.instruments.length).toBeGreaterThan(0);
  const made = await request(`${url}/v1/orders`, 'POST', order('cli-1'));
  expect(made.status).toBe(201);
  orderId = made.body.orderId;
  const second = await daybook('start', '--data-dir', dataDirectory, '--port', '0');
  expect(second.code).toBe(1);
  expect(second.err).toContain('JOURNAL_LOCKED');
  child.kill('SIGTERM');
  expect(await end).toMatchObject({ code: 0, err: '' });
});
afterAll(() => rmSync(dataDirectory, { recursive: true, force: true }));

describe('daybook', () => {
  it('has help and version, and refuses wrong use with 2', async () => {
    const help = await daybook('--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    for (const name of ['start', 'demo', 'log', 'verify', 'decode'])
      expect(help.out).toContain(name);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await daybook('--version')).toMatchObject({ code: 0, out: `${version}\n` });
    expect(await daybook('nope')).toMatchObject({ code: 2, out: '' });
    expect((await daybook()).code).toBe(2);
  });

  it.each(['start', 'log', 'verify', 'decode', 'reference'])('%s has help', async (name) => {
    const help = await daybook(name, '--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain(`daybook ${name}`);
  });

  it.each([
    ['log', '--from', 'x'],
    ['log', '--type', 'OrderInvented'],
    ['log', '--nope'],
    ['verify', '--data-dir', '/nonexistent'],
    ['start', '--port', '70000'],
    ['start', '--log-level', 'loud'],
    ['reference', 'nothing'],
  ])('%s %s %s is wrong use', async (...args) => {
    const { code, err, out } = await daybook(...args);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(new RegExp(`^daybook ${args[0]}: .+\nTry 'daybook ${args[0]} --help'.\n$`));
  });
});

describe('daybook log', () => {
  const log = (...args: string[]) => daybook('log', '--data-dir', dataDirectory, ...args);

  it('prints every event in order, without gaps', async () => {
    const all = events(await log());
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i));
    expect(all[0].type).toBe('WriterStarted');
    expect(Object.keys(all[0])).toEqual([
      ...['sequence', 'time', 'type', 'command', 'received', 'actor', 'session', 'data'],
    ]);
  });

  it('selects by sequence, type and order', async () => {
    const some = events(await log('--from', '2', '--to', '4'));
    expect(some.map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
    const accounts = events(await log('--type', 'AccountOpened', '--type', 'LimitChanged'));
    expect(new Set(accounts.map(({ type }) => type))).toEqual(
      new Set(['AccountOpened', 'LimitChanged']),
    );
    const ofOrder = events(await log('--order', String(orderId)));
    expect(ofOrder.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['RiskDecided', 'OrderAccepted']),
    );
    expect(new Set(ofOrder.map(({ data }) => data.orderId))).toEqual(new Set([orderId]));
  });

  it('says when the sequence is beyond the end', async () => {
    expect(await log('--from', '999999')).toMatchObject({ code: 1, out: '' });
  });

  it('follows a running daybook until it is interrupted', async () => {
    const running = await start();
    const child = spawn(process.execPath, [
      ...[MAIN, 'log', '--data-dir', dataDirectory, '--follow', '--type', 'OrderAccepted'],
    ]);
    const end = ended(child);
    const seen = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        if (String(chunk).includes('"cli-2"')) resolve();
      });
    });
    await request(`${running.url}/v1/orders`, 'POST', order('cli-2'));
    await seen;
    child.kill('SIGINT');
    expect((await end).code).toBe(0);
    running.child.kill('SIGINT');
    expect((await running.end).code).toBe(0);
    expect(running.epoch).toBe(2);
  });
});

describe('daybook verify', () => {
  it('finds nothing in a sound journal, and the byte that was changed in another', async () => {
    const sound = await daybook('verify', '--data-dir', dataDirectory, '--json');
    expect(sound.code).toBe(0);
    const { ok, summary, findings } = JSON.parse(sound.out);
    expect({ ok, findings }).toEqual({ ok: true, findings: [] });
    expect(summary.records).toBe(summary.nextSequence);
    const text = await daybook('verify', '--data-dir', dataDirectory);
    expect(text.out).toContain(`chain ${summary.chain}`);

    const directory = join(dataDirectory, 'journal', 'shard-0');
    const segment = join(directory, readdirSync(directory).sort()[0] as string);
    expect(existsSync(segment)).toBe(true);
    const bytes = readFileSync(segment);
    const at = bytes.indexOf('cli-1');
    bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(segment, bytes);
    const damaged = await daybook('verify', '--data-dir', dataDirectory, '--json');
    expect(damaged.code).toBe(1);
    expect(JSON.parse(damaged.out)).toMatchObject({ ok: false });
    expect(JSON.parse(damaged.out).findings[0]).toMatchObject({
      code: 'RECORD_CRC',
      file: segment,
    });
    const refused = await daybook('start', '--data-dir', dataDirectory, '--port', '0');
    expect(refused.code).toBe(1);
  });
});
