/** The examples of clients/ run as they are, where the machine has what they need. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ended } from '../api/daybook-process.js';
import { type Running, remove, seedStreams, startRunning } from './running-streams.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const runs = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { timeout: 60_000 }).status === 0;

/**
 * A Python with what the example imports: the system's own knows Debian's packages, another one that
 * is found first need not.
 */
const python = [process.env.DAYBOOK_PYTHON ?? '', '/usr/bin/python3', 'python3'].find(
  (program) =>
    program !== '' &&
    runs(program, '-c', 'import grpc, google.protobuf') &&
    (runs('protoc', '--version') || runs(program, '-c', 'import grpc_tools')),
);
const curl = runs('curl', '--version');

let running: Running;
beforeAll(async () => {
  running = await startRunning();
  await seedStreams(running);
});
afterAll(async () => {
  await running.stop();
  remove(running);
});

/** @returns what it wrote, once it has ended well */
async function example(program: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, DAYBOOK_URL: running.api.address, DAYBOOK_GRPC: running.grpc };
  const { code, out, err } = await ended(spawn(program, args, { cwd: ROOT, env }));
  expect({ code, out, err }).toMatchObject({ code: 0 });
  return out;
}

const STORY = /order \d+ is on record.*OrderAcknowledged, 2 left.*OrderCanceled, 0 left\ndone\n$/s;

describe('the examples', () => {
  it('TypeScript', async () => {
    const built = await ended(
      spawn('npx', ['tsc', '-p', 'clients/typescript/tsconfig.json'], { cwd: ROOT }),
    );
    expect(built).toMatchObject({ code: 0 });
    expect(await example('node', 'clients/typescript/dist/examples/trade.js')).toMatch(STORY);
  });

  it.skipIf(python === undefined)('Python, where grpcio and protoc are', async () => {
    expect(await example(python as string, 'clients/python/trade.py')).toMatch(STORY);
  });

  it.skipIf(!curl)('curl, where it is', async () => {
    const out = await example('bash', 'clients/curl/trade.sh');
    expect(out).toMatch(/on record: "orderId":\d+/);
    expect(out).toMatch(/again: +"code":"ORDER_DUPLICATE_CLIENT_ID"/);
    expect(out).toMatch(/canceled: +"outcome":"requested"\ndone/);
  });
});
