/** `daybook report`: reports from the log, as files that explain and prove themselves. */
import { parseMoment, sequenceOf } from '../audit/moment.js';
import { OrderIndex } from '../audit/order-index/order-index.js';
import { reportNamed, reports } from '../audit/reports/catalogue.js';
import type { Report } from '../audit/reports/report.js';
import { type ReportFormat, type ReportManifest, runReport } from '../audit/reports/run-report.js';
import { DEFAULT_CAPACITY } from '../commands/state/capacity.js';
import { ShardState } from '../commands/state/shard-state.js';
import { restoreSnapshot } from '../operations/snapshots.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { openEnd } from './replay/open-auditor.js';
import { EXIT, parseOptions, runSubcommand, UsageError } from './usage.js';
import { VERSION } from './version.js';

const LIST = reports.map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join('\n');

const HELP = `daybook report NAME... --out DIR [OPTIONS]

Writes reports from the log, which may be written to meanwhile. Of each: the table, its schema
(columns with type, unit and meaning, the rule that asks for them, what Daybook does not know) and a
manifest (rows, sequences, the hash of the chain there, SHA-256 of each file). What is there already
is not written over. docs/reports.md says more.

${LIST}
  all              each of them

Options:
  --out DIR        where to, made if need be
  --from MOMENT    first sequence, or a time (2026-11-22T14:50:06.5Z); default: the start
  --to MOMENT      last sequence, or a time; default: now
  --format F       csv (default) or parquet
  --index DIR      where the index of the log is, if nothing can be written beside the journal
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --json           the manifests as one JSON list
  --help           this text

Exit codes: 0 success; 1 the journal is damaged, or a report is there already; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('report', HELP, args, async () => report(args));
}

function report(args: string[]): number {
  const { values, positionals } = parseOptions({
    args,
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      out: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      format: { type: 'string', default: 'csv' },
      index: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const wanted = named(positionals);
  const { out, format } = values;
  if (out === undefined) throw new UsageError('--out DIR is missing', 'OPTION_MISSING');
  if (format !== 'csv' && format !== 'parquet')
    throw new UsageError('--format is csv or parquet', 'OPTION_INVALID');
  const journal = existingJournal(values['data-dir']);
  const manifests = writeReports(wanted, journal, { ...values, out, format });
  if (values.json) process.stdout.write(`${JSON.stringify(manifests)}\n`);
  else process.stdout.write(manifests.map((each) => lineOf(each, out)).join(''));
  return EXIT.success;
}

function named(names: readonly string[]): readonly Report[] {
  if (names.length === 0) throw new UsageError('which report?', 'OPTION_MISSING');
  if (names.includes('all')) return reports;
  return names.map((name) => {
    const found = reportNamed(name);
    if (found === undefined) throw new UsageError(`there is no report ${name}`, 'OPTION_INVALID');
    return found;
  });
}

interface Options {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly index?: string | undefined;
  readonly out: string;
  readonly format: ReportFormat;
}

function writeReports(
  wanted: readonly Report[],
  journal: string,
  options: Options,
): ReportManifest[] {
  const end = openEnd(journal);
  const log = { journal, end };
  try {
    const index = new OrderIndex({ ...log, directory: options.index });
    index.advanceToEnd();
    const range = rangeOf(log, index, options);
    const stateBefore = (sequence: number) =>
      restoreSnapshot(journal, 0, sequence + 1, () => new ShardState(DEFAULT_CAPACITY, 1));
    const { out, format } = options;
    return wanted.map((each) =>
      runReport(each, { log, stateBefore, range, format, out, software: VERSION }),
    );
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (code === 'MOMENT_INVALID' || code === 'MOMENT_AHEAD') throw new UsageError(message, code);
    throw error;
  } finally {
    end.close();
  }
}

type Log = Parameters<typeof sequenceOf>[0];

function rangeOf(log: Log, index: OrderIndex, { from, to }: Options) {
  if (index.next === 0) throw new UsageError('the log is empty', 'JOURNAL_MISSING');
  const last = sequenceOf(log, index, to === undefined ? undefined : parseMoment(to));
  const first = from === undefined ? 0 : firstOf(log, index, from);
  if (first > last) throw new UsageError('--from is behind --to', 'OPTION_INVALID');
  return { from: first, to: last };
}

/** The first event at or after a moment. */
function firstOf(log: Log, index: OrderIndex, from: string): number {
  const moment = parseMoment(from);
  if ('sequence' in moment) return sequenceOf(log, index, moment);
  if (index.blockOfTime(moment.time - 1n) === undefined) return 0;
  return sequenceOf(log, index, { time: moment.time - 1n }) + 1;
}

const lineOf = (
  { report: name, rows, fromSequence, toSequence, files }: ReportManifest,
  out: string,
) => `${name}: ${rows} rows of events ${fromSequence} to ${toSequence}, ${out}/${files[0]?.name}\n`;
