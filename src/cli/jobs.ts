/** `daybook jobs`: what runs by the clock, how it went, and what comes next. */

import { JOB_NAMES } from '../operations/jobs/daybook-jobs.js';
import { type JobBackend, postgresJobs, redisJobs } from '../operations/jobs/job-backend.js';
import {
  type JobRun,
  type JobStatus,
  jobHistory,
  jobStatus,
} from '../operations/jobs/job-history.js';
import { RUNS_KEPT_MAX } from '../operations/jobs/limits.js';
import { DATA_DIRECTORY_DEFAULT } from './data-directory.js';
import { existingDatabase, type ReadyDatabase } from './read-side.js';
import {
  EXIT,
  onlyOptions,
  parseOptions,
  runSubcommand,
  UsageError,
  wholeNumber,
} from './usage.js';

const RUNS_DEFAULT = '20';

const HELP = `daybook jobs list [OPTIONS]
daybook jobs history [JOB...] [OPTIONS]

list: each job with its schedule (UTC), its last run and the next one. history: the runs that ended, the
newest first; ${RUNS_KEPT_MAX} that went well and ${RUNS_KEPT_MAX} that failed are kept of each job.

  JOB   ${JOB_NAMES.join(', ')}; default all

Options:
  --runs N         of each job (default ${RUNS_DEFAULT}, at most ${RUNS_KEPT_MAX})
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --json           one JSON object: {"ok","jobs":[...]} or {"runs":[...]}; times in ms since 1970
  --help           this text

Environment:
  DATABASE_URL, REDIS_URL   as for daybook start: where the jobs are kept

Exit codes: 0; list: 1 when the last run of any job failed; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('jobs', HELP, args, () => jobs(args));
}

const OPTIONS = {
  runs: { type: 'string', default: RUNS_DEFAULT },
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  json: { type: 'boolean', default: false },
} as const;

async function jobs(args: string[]): Promise<number> {
  const { values, positionals } = parseOptions({ args, allowPositionals: true, options: OPTIONS });
  const [what, ...names] = positionals;
  if (what !== 'list' && what !== 'history') {
    throw new UsageError(
      'list or history?',
      what === undefined ? 'OPTION_MISSING' : 'OPTION_INVALID',
    );
  }
  if (what === 'list') onlyOptions(args, OPTIONS, 'list', ['data-dir', 'json']);
  const known: readonly string[] = JOB_NAMES;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`no job is called ${unknown}`, 'OPTION_INVALID');
  const runs = wholeNumber('runs', values.runs, 1, RUNS_KEPT_MAX);
  const chosen = names.length === 0 ? known : names;
  return withBackend(values['data-dir'], (backend) =>
    what === 'list'
      ? list(backend, chosen, values.json)
      : history(backend, chosen, runs, values.json),
  );
}

async function withBackend(
  dataDirectory: string,
  ask: (backend: JobBackend) => Promise<number>,
): Promise<number> {
  const redisUrl = process.env.REDIS_URL || undefined;
  let database: ReadyDatabase | undefined;
  let backend: JobBackend | undefined;
  try {
    if (redisUrl !== undefined) backend = redisJobs(redisUrl);
    else {
      database = await existingDatabase(dataDirectory);
      backend = await postgresJobs(database.settings);
    }
    return await ask(backend);
  } finally {
    await backend?.close();
    await database?.stop();
  }
}

async function list(backend: JobBackend, names: readonly string[], json: boolean): Promise<number> {
  const all: JobStatus[] = [];
  for (const name of names) all.push(await jobStatus(backend, name));
  const ok = all.every(({ last }) => last === undefined || last.ok);
  const text = json
    ? JSON.stringify({ ok, backend: backend.description, jobs: all })
    : all.map(statusLine).join('\n');
  process.stdout.write(`${text}\n`);
  return ok ? EXIT.success : EXIT.finding;
}

async function history(
  backend: JobBackend,
  names: readonly string[],
  most: number,
  json: boolean,
): Promise<number> {
  const runs: JobRun[] = [];
  for (const name of names) runs.push(...(await jobHistory(backend, name, most)));
  runs.sort((a, b) => b.endedAt - a.endedAt);
  const text = json
    ? `${JSON.stringify({ runs })}\n`
    : runs.map((each) => `${runLine(each)}\n`).join('');
  process.stdout.write(text);
  return EXIT.success;
}

const time = (ms: number | undefined): string =>
  ms === undefined ? 'never' : `${new Date(ms).toISOString().slice(0, 19)}Z`;

function statusLine({ job, schedule, running, last, nextAt }: JobStatus): string {
  const went = last === undefined ? 'has not run' : runLine(last).slice(RUN_COLUMN);
  const when = running ? 'running' : `next ${time(nextAt)}`;
  return `${job.padEnd(10)} ${(schedule ?? 'not scheduled').padEnd(14)} ${when}   ${went}`;
}

/** Where a run's line goes on after the name. */
const RUN_COLUMN = 11;

function runLine({ job, ok, startedAt, endedAt, attempts, result, reason }: JobRun): string {
  const seconds = Math.max(0, (endedAt - startedAt) / 1000).toFixed(1);
  const tries = attempts > 1 ? `, try ${attempts}` : '';
  const what = ok ? JSON.stringify(result ?? {}) : (reason ?? '');
  return `${job.padEnd(10)} ${ok ? 'ok    ' : 'FAILED'} ${time(endedAt)} ${seconds} s${tries} ${what}`;
}
