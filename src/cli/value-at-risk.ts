/** `daybook value-at-risk`: what was computed, and whether it comes out the same again. */
import { DEFAULT_CAPACITY } from '../commands/state/capacity.js';
import { scopeText } from '../domain/value-at-risk/book.js';
import { formatIsoNs } from '../lib/time.js';
import { connect } from '../projections/database/connection-settings.js';
import {
  type Reproduction,
  reproduce,
  type StoredResult,
  storedResult,
} from '../projections/value-at-risk/reproduce.js';
import { bookOfState } from './book-of-state.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { existingDatabase } from './read-side.js';
import { stateBefore } from './replay/log-batches.js';
import { EXIT, parseOptions, runSubcommand, UsageError, wholeNumber } from './usage.js';

const HELP = `daybook value-at-risk --reproduce ID [OPTIONS]

Computes a stored result again and compares it to the last digit: positions and marks out of the
journal as of the sequence that the result names, returns out of the window that was kept with it,
the same parameters and seed. ID is the "id" of GET /v1/risk/value-at-risk and its history.

Says beside that whether the market data store would give the same window today: late ticks and
corporate actions may have changed it since, which is no deviation.

Options:
  --reproduce ID  the result
  --data-dir DIR  directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --json          {"equal","deviations",...} as one JSON object
  --help          this text

Environment:
  DATABASE_URL    a PostgreSQL or TimescaleDB to use in place of the embedded one

Exit codes: 0 equal; 1 a deviation, or the result or its window is not there; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('value-at-risk', HELP, args, () => valueAtRisk(args));
}

class ResultUnknownError extends Error {
  override readonly name = 'ResultUnknownError';
  readonly code = 'VALUE_AT_RISK_UNKNOWN';
}

async function valueAtRisk(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: {
      reproduce: { type: 'string' },
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.reproduce === undefined)
    throw new UsageError('--reproduce ID is needed', 'OPTION_MISSING');
  const id = wholeNumber('reproduce', values.reproduce, 1, Number.MAX_SAFE_INTEGER);
  const journal = existingJournal(values['data-dir']);
  const database = await existingDatabase(values['data-dir']);
  try {
    const client = await connect(database.settings, 'daybook value-at-risk');
    try {
      const stored = await storedResult(client, id);
      if (stored === undefined) throw new ResultUnknownError(`there is no result ${id}`);
      const state = stateBefore(journal, DEFAULT_CAPACITY, stored.sequence + 1);
      const reproduction = await reproduce(client, stored, bookOfState(state));
      print(reproduction, values.json);
      return reproduction.deviations.length === 0 ? EXIT.success : EXIT.finding;
    } finally {
      await client.end();
    }
  } finally {
    await database.stop();
  }
}

function print({ stored, deviations, windowUnchanged }: Reproduction, json: boolean): void {
  const { id, sequence, method, windowDigest, valueAtRisk, expectedShortfall } = stored;
  const equal = deviations.length === 0;
  if (json) {
    const head = { id, sequence, scope: scopeText(stored), method, equal, deviations };
    const figures = { windowDigest, windowUnchanged, valueAtRisk, expectedShortfall };
    process.stdout.write(`${JSON.stringify({ ...head, ...figures })}\n`);
    return;
  }
  const lines = [
    `result ${id}: ${method} of ${scopeText(stored)} as of event ${sequence}, ${timeText(stored)}`,
    ...figureLines(stored),
    ...deviations.map(({ what, stored: then, reproduced }) => {
      return `DIFFERENT ${what}: stored ${then}, reproduced ${reproduced}`;
    }),
    equal ? 'equal to the last digit' : 'not equal',
    windowUnchanged
      ? 'the store gives the same window today'
      : 'the store gives another window today: closes were added or corrected since',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

const timeText = ({ time }: StoredResult): string => formatIsoNs(time);

function figureLines(stored: StoredResult): string[] {
  const { confidences, horizonDays } = stored.parameters;
  return stored.valueAtRisk.map((value, i) => {
    const confidence = (confidences[Math.floor(i / horizonDays.length)] as number) / 100;
    const days = horizonDays[i % horizonDays.length];
    const shortfall = stored.expectedShortfall[i];
    const level = `${confidence} % over ${days} ${days === 1 ? 'day' : 'days'}`;
    return `  ${level}: ${value}, shortfall ${shortfall} ${stored.baseCurrency}`;
  });
}
