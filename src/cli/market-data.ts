/** `daybook market-data import`: a CSV file into the market data store. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { assert } from '../lib/assert.js';
import { MarketDataError } from '../market-data/error.js';
import { TICKS_PER_BATCH_MAX, type Tick } from '../market-data/tick-batch.js';
import {
  type ActionLine,
  CSV_COLUMNS,
  type CsvInstrument,
  csvInstrument,
  type DayBar,
  LINE_CHARS_MAX,
  TickCsv,
} from '../market-data/tick-csv.js';
import { connect } from '../projections/database/connection-settings.js';
import { recordCorporateActions } from '../projections/market-data/corporate-actions.js';
import { importDayBars } from '../projections/market-data/imported-bars.js';
import { MarketDataStore } from '../projections/market-data/market-data-store.js';
import { DATA_DIRECTORY_DEFAULT } from './data-directory.js';
import { existingDatabase, type ReadyDatabase } from './read-side.js';
import { EXIT, parseOptions, runSubcommand, UsageError } from './usage.js';

/** Lines taken in one transaction. */
const BATCH_LINES = 20_000;
const SHARD = 0;

const HELP = `daybook market-data import FILE [OPTIONS]

Takes a CSV file into the market data store. Its first line names the columns, and so what it holds:

  trades             ${CSV_COLUMNS.trade}
  quotes             ${CSV_COLUMNS.quote}
  bars of days       ${CSV_COLUMNS.bar}
  corporate actions  ${CSV_COLUMNS.action}

Times are ISO 8601 with a zone, or whole nanoseconds since 1970; prices and quantities decimals that
are whole ticks and lots of the instrument, which the catalogue must have. Without a sequence the
number of the line stands in. A file may be imported again, also after it was interrupted: what is
there is counted as duplicate. What validation finds is recorded with the ticks.

Options:
  --source NAME   who numbered the ticks (default: the name of the file)
  --data-dir DIR  directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --json          the counts as one JSON object
  --help          this text

Environment:
  DATABASE_URL    a PostgreSQL or TimescaleDB to use in place of the embedded one

Exit codes: 0 all of it is in; 1 a line cannot be read (its number is told; the lines before its
batch are in), an unknown symbol; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('market-data', HELP, args, () => importCommand(args));
}

interface Counts {
  lines: number;
  trades: number;
  quotes: number;
  bars: number;
  actions: number;
  refused: number;
  duplicates: number;
  findings: number;
}

async function importCommand(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions({
    args,
    allowPositionals: true,
    options: {
      source: { type: 'string' },
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      json: { type: 'boolean', default: false },
    },
  });
  const [verb, file, ...more] = positionals;
  if (verb !== 'import' || file === undefined || more.length > 0) {
    throw new UsageError('daybook market-data import FILE', 'OPTION_MISSING');
  }
  const source =
    values.source ?? `file:${basename(file).replace(/[^\x21-\x7e]/g, '_')}`.slice(0, 64);
  const database = await existingDatabase(values['data-dir']);
  try {
    const started = performance.now();
    const counts = await importFile(database, file, source);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(
      `${values.json ? JSON.stringify({ ...counts, seconds }) : tell(counts, seconds)}\n`,
    );
    return EXIT.success;
  } finally {
    await database.stop();
  }
}

function tell(counts: Counts, seconds: number): string {
  const { lines, trades, quotes, bars, actions, refused, duplicates } = counts;
  const taken = [
    ...(trades > 0 ? [`${trades} trades`] : []),
    ...(quotes > 0 ? [`${quotes} quotes`] : []),
    ...(bars > 0 ? [`${bars} bars`] : []),
    ...(actions > 0 ? [`${actions} corporate actions`] : []),
  ];
  const what = taken.length === 0 ? 'nothing new' : taken.join(', ');
  return `${lines} lines in ${seconds.toFixed(1)} s: ${what}; ${refused} refused, ${duplicates} known already`;
}

class FileError extends Error {
  override readonly name = 'FileError';
  readonly code = 'FILE_UNREADABLE';
}

/** @throws MarketDataError TICK_LINE_INVALID, INSTRUMENT_UNKNOWN and those of the store; FileError */
async function importFile(database: ReadyDatabase, file: string, source: string): Promise<Counts> {
  const store = new MarketDataStore({
    connect: () => connect(database.settings, 'daybook market-data'),
  });
  try {
    return await importLines(database, store, linesOf(file), source);
  } finally {
    await store.close();
  }
}

/** The lines of a file, without their ends. A line that does not end is cut where it is too long. */
async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, { encoding: 'utf8' });
  let rest = '';
  try {
    for await (const piece of stream) {
      const lines = (rest + (piece as string)).split('\n');
      rest = (lines.pop() as string).slice(0, LINE_CHARS_MAX + 1);
      yield* lines;
    }
  } catch (error) {
    const code = (error as { syscall?: unknown }).syscall;
    throw code === undefined ? error : new FileError((error as Error).message);
  } finally {
    stream.destroy();
  }
  if (rest !== '') yield rest;
}

async function importLines(
  database: ReadyDatabase,
  store: MarketDataStore,
  lines: AsyncIterable<string>,
  source: string,
): Promise<Counts> {
  const catalogue = await readCatalogue(database, store);
  const batch = new Batch(store, source);
  let csv: TickCsv | undefined;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (csv === undefined) csv = new TickCsv(line);
    else if (line.trim() !== '') {
      // Instruments of the catalogue get their number in the store when a line first names them.
      await catalogue.enter(line.slice(0, line.indexOf(',')));
      batch.add(csv, line, number, catalogue.find);
      if (batch.size >= BATCH_LINES) await batch.flush();
    }
  }
  if (csv === undefined) throw new MarketDataError('TICK_LINE_INVALID', 'the file is empty');
  await batch.flush();
  return batch.counts;
}

async function readCatalogue({ dataSource }: ReadyDatabase, store: MarketDataStore) {
  const rows: { symbol: string; tick: string; lot: string }[] = await dataSource.query(
    'SELECT symbol, tick::text, lot::text FROM daybook.instruments WHERE shard = $1',
    [SHARD],
  );
  const terms = new Map(rows.map((row) => [row.symbol, row]));
  const entered = new Map<string, CsvInstrument>();
  return {
    find: (symbol: string) => entered.get(symbol),
    async enter(symbol: string): Promise<void> {
      const known = terms.get(symbol);
      if (known === undefined || entered.has(symbol)) return;
      const number = await store.instrument(known);
      entered.set(symbol, csvInstrument(number, known.tick, known.lot));
    },
  };
}

/** Lines on their way into the store. */
class Batch {
  readonly counts: Counts = {
    ...{ lines: 0, trades: 0, quotes: 0, bars: 0 },
    ...{ actions: 0, refused: 0, duplicates: 0, findings: 0 },
  };
  readonly #store: MarketDataStore;
  readonly #source: string;
  readonly #now = BigInt(Date.now()) * 1_000_000n;
  #ticks: Tick[] = [];
  #bars: DayBar[] = [];
  #actions: ActionLine[] = [];

  constructor(store: MarketDataStore, source: string) {
    assert(BATCH_LINES <= TICKS_PER_BATCH_MAX, 'a batch of lines is one of the store');
    this.#store = store;
    this.#source = source;
  }

  get size(): number {
    return this.#ticks.length + this.#bars.length + this.#actions.length;
  }

  add(
    csv: TickCsv,
    text: string,
    number: number,
    find: (symbol: string) => CsvInstrument | undefined,
  ): void {
    const line = csv.line(text, number, find);
    this.counts.lines += 1;
    if (line.kind === 'trade') this.#ticks.push(this.#until(line.trade));
    else if (line.kind === 'quote') this.#ticks.push(this.#until(line.quote));
    else if (line.kind === 'bar') this.#bars.push(line.bar);
    else this.#actions.push(line.action);
  }

  /** Nothing was received later than now: a tick of the future is found to be one. */
  #until<T extends Tick>(tick: T): T {
    return tick.received > this.#now ? { ...tick, received: this.#now } : tick;
  }

  async flush(): Promise<void> {
    const { counts } = this;
    if (this.#ticks.length > 0) {
      const taken = await this.#store.take({ source: this.#source, ticks: this.#ticks });
      for (const count of ['trades', 'quotes', 'refused', 'duplicates'] as const) {
        counts[count] += taken[count];
      }
      counts.findings += taken.findings.length;
    }
    if (this.#bars.length > 0) counts.bars += (await importDayBars(this.#store, this.#bars)).bars;
    if (this.#actions.length > 0) {
      const { actions } = await recordCorporateActions(this.#store, this.#actions);
      counts.actions += actions.length;
    }
    this.#ticks = [];
    this.#bars = [];
    this.#actions = [];
  }
}
