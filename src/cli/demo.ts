/** `daybook demo`: a day's order flow through everything Daybook has, started from nothing. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Contract, PositionLine } from '../audit/money.js';
import { DEFAULT_CAPACITY } from '../commands/state/capacity.js';
import { stateHash } from '../commands/state-hash.js';
import { DecimalError, parseStep } from '../lib/decimal.js';
import { journalDirectory, type RunningShard, startShard } from '../operations/shard.js';
import type { ConnectionSettings } from '../projections/database/connection-settings.js';
import { parseDatabaseUrl } from '../projections/database/connection-settings.js';
import { createDataSource, migrate } from '../projections/database/data-source.js';
import { startEmbeddedServer } from '../projections/database/embedded-server.js';
import { ProjectionService } from '../projections/projection-service.js';
import { FlowError, type FlowLine, readFlow } from '../venues/recorded/order-flow.js';
import { postgresDirectory } from './data-directory.js';
import { generatedFlow } from './demo/generated-flow.js';
import { journalBytes, positionsFromPostgres, positionsOf, stateFromLog } from './demo/results.js';
import { type FlowResult, runFlow } from './demo/run-flow.js';
import { EXIT, parseOptions, runSubcommand, tellError, UsageError } from './usage.js';

const DEFAULT_CONTRACT =
  '{"symbol":"ESH4","tickSize":"0.25","lotSize":"1","multiplier":"50","currency":"USD"}';

const HELP = `daybook demo [OPTIONS]

Plays an order flow through the path that a client uses: command ring, risk, journal, venue,
projections. Starts everything from nothing, prints what happened, and checks that the positions in
PostgreSQL, in the writer's memory and in the log are the same to the last digit.

Options:
  --input FILE           recorded flow, CSV or CSV.gz, with the columns ts_event_ns, ts_recv_ns,
                         action, side, price_1e9, size, order_id, flags, sequence, instrument_id
                         (default: a generated flow, the same at every run)
  --instrument JSON      what is traded (default ${DEFAULT_CONTRACT})
  --account-prefix P     accounts are P-0 to P-9, by the last digit of the order id (default DEMO)
  --data-dir D           keep the data here; must be empty (default: a temporary directory, removed)
  --json                 one JSON object instead of the table
  --help                 this text

DATABASE_URL names a PostgreSQL to use instead of the embedded one; its read models must be empty.

Exit codes: 0 all agree; 1 a difference or a failure; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('demo', HELP, args, () => demo(args));
}

interface DemoOptions {
  readonly flow: AsyncIterable<FlowLine>;
  readonly contract: Contract;
  readonly prefix: string;
  readonly dataDirectory: string;
  readonly temporary: boolean;
  readonly json: boolean;
}

async function demo(args: string[]): Promise<number> {
  const started = performance.now();
  const options = optionsOf(args);
  try {
    const report = await playAndCompare(options, started);
    if (options.json) process.stdout.write(`${JSON.stringify(report.result)}\n`);
    else process.stdout.write(table(report.result));
    for (const difference of report.differences) process.stderr.write(`${difference}\n`);
    return report.differences.length === 0 ? EXIT.success : EXIT.finding;
  } catch (error) {
    if (error instanceof FlowError) {
      tellError('demo', 'FLOW_INVALID', error.message);
      return EXIT.finding;
    }
    throw error;
  } finally {
    if (options.temporary) rmSync(options.dataDirectory, { recursive: true, force: true });
  }
}

function optionsOf(args: string[]): DemoOptions {
  const { values } = parseOptions({
    args,
    options: {
      input: { type: 'string' },
      instrument: { type: 'string', default: DEFAULT_CONTRACT },
      'account-prefix': { type: 'string', default: 'DEMO' },
      'data-dir': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.input !== undefined && !existsSync(values.input)) {
    throw new UsageError(`--input: there is no file ${values.input}`, 'FILE_UNREADABLE');
  }
  const prefix = values['account-prefix'];
  if (!/^[\x21-\x7e]{1,30}$/.test(prefix)) {
    throw new UsageError('--account-prefix must be 1 to 30 printable characters without blanks');
  }
  const given = values['data-dir'];
  if (given !== undefined && existsSync(given) && readdirSync(given).length > 0) {
    throw new UsageError(`--data-dir: ${given} is not empty; the demo starts from nothing`);
  }
  return {
    flow: values.input === undefined ? generatedFlow() : readFlow(values.input),
    contract: contractOf(values.instrument),
    prefix,
    dataDirectory:
      given === undefined ? mkdtempSync(join(tmpdir(), 'daybook-demo-')) : resolve(given),
    temporary: given === undefined,
    json: values.json,
  };
}

function contractOf(json: string): Contract {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(json) as Record<string, unknown>;
  } catch {
    throw new UsageError('--instrument is not JSON');
  }
  const text = (name: string): string => {
    const value = parsed?.[name];
    if (typeof value !== 'string' || value === '') {
      throw new UsageError(`--instrument: "${name}" must be a text such as in ${DEFAULT_CONTRACT}`);
    }
    return value;
  };
  const contract = {
    symbol: text('symbol'),
    tickSize: text('tickSize'),
    lotSize: text('lotSize'),
    multiplier: text('multiplier'),
    currency: text('currency'),
  };
  for (const name of ['tickSize', 'lotSize', 'multiplier'] as const) {
    try {
      parseStep(contract[name]);
    } catch (error) {
      if (!(error instanceof DecimalError)) throw error;
      throw new UsageError(`--instrument: "${name}": ${error.message}`);
    }
  }
  return contract;
}

/** Brings the database up beside the shard; the flow does not wait for it. */
async function startDatabase(dataDirectory: string): Promise<{
  settings: ConnectionSettings;
  stop(): Promise<void>;
}> {
  const url = process.env.DATABASE_URL;
  const server =
    url === undefined ? await startEmbeddedServer(postgresDirectory(dataDirectory)) : undefined;
  const settings = server?.settings ?? parseDatabaseUrl(url as string);
  const dataSource = createDataSource(settings, []);
  await dataSource.initialize();
  await migrate(dataSource);
  await dataSource.destroy();
  return { settings, stop: async () => server?.stop() };
}

type Report = ReturnType<typeof resultOf>;

async function playAndCompare(
  options: DemoOptions,
  started: number,
): Promise<{ result: Report; differences: string[] }> {
  const { contract, dataDirectory } = options;
  const databaseStarting = startDatabase(dataDirectory);
  databaseStarting.catch(() => undefined);
  const shard = await startShard({
    directory: journalDirectory(dataDirectory),
    producers: ['client', 'venue'],
    capacity: DEFAULT_CAPACITY,
  });
  const database = await databaseStarting.catch(async (error) => {
    await shard.stop();
    throw error;
  });
  try {
    const { flow, fromPostgres } = await play(options, shard, database.settings).catch(
      async (error) => {
        await shard.stop();
        throw error;
      },
    );
    const memory = await shard.stop();
    const state = stateFromLog(shard.directory, shard.durableEnd);
    const fromLog = positionsOf(state, contract);
    const differences: string[] = [];
    if (stateHash(state) !== memory.stateHash) {
      differences.push('the state in memory is not the one that the log gives');
    }
    if (JSON.stringify(fromPostgres) !== JSON.stringify(fromLog)) {
      differences.push('the positions in PostgreSQL are not those of the log');
    }
    const { denied, rejected, refused } = flow.tally;
    if (denied + rejected + refused > 0) {
      differences.push(
        `${denied} orders, ${rejected} requests and ${refused} reports were refused`,
      );
    }
    const log = {
      events: memory.nextSequence,
      bytes: journalBytes(shard.directory),
      stateHash: memory.stateHash,
    };
    const seconds = Math.round(performance.now() - started) / 1000;
    return { result: resultOf(flow, state.orders.open, fromPostgres, log, seconds), differences };
  } finally {
    await database.stop();
  }
}

async function play(
  options: DemoOptions,
  shard: RunningShard,
  settings: ConnectionSettings,
): Promise<{ flow: FlowResult; fromPostgres: PositionLine[] }> {
  const projections = new ProjectionService({
    shard: 0,
    database: settings,
    journal: shard.directory,
    durableEnd: shard.durableEnd.memory,
  });
  try {
    const { flow, contract, prefix } = options;
    const played = await runFlow(shard, flow, contract, prefix);
    const end = { nextSequence: 0, segment: 0, offset: 0 };
    shard.durableEnd.read(end);
    await projections.wait(end.nextSequence - 1, PROJECTION_MS_MAX);
    return { flow: played, fromPostgres: await positionsFromPostgres(settings, contract) };
  } finally {
    await projections.stop();
  }
}

/** Longest wait for the read models after the last event, ms. */
const PROJECTION_MS_MAX = 120_000;

function resultOf(
  { driver, tally }: FlowResult,
  open: number,
  positions: readonly PositionLine[],
  log: { readonly events: number; readonly bytes: number; readonly stateHash: string },
  seconds: number,
) {
  const { submitted, fills, fillQty, buy, sell, replaced, canceled, reduced, restated } = tally;
  return {
    ...{ submitted, fills, fillQty, buy, sell, replaced, canceled, reduced, restated },
    ...{ unknown: driver.unknown, trades: driver.trades, open },
    positions,
    log,
    seconds,
  };
}

function table(result: Report): string {
  const { positions, log, seconds, ...counts } = result;
  const lines = Object.entries(counts).map(
    ([name, value]) => `${name.padEnd(12)}${String(value).padStart(10)}`,
  );
  const header = ['account', 'quantity', 'average price', 'realized', 'unrealized', 'currency'];
  const rows = positions.map((p) => [
    ...[p.account, p.quantity, p.averagePrice, p.realizedPnl, p.unrealizedPnl, p.currency],
  ]);
  const widths = header.map((name, i) =>
    Math.max(name.length, ...rows.map((row) => (row[i] as string).length)),
  );
  const format = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ');
  return `${[
    ...lines,
    '',
    ...[header, ...rows].map(format),
    '',
    `log         ${log.events} events, ${log.bytes} bytes`,
    `state hash  ${log.stateHash}`,
    `seconds     ${seconds}`,
  ].join('\n')}\n`;
}
