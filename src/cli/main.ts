#!/usr/bin/env -S node --min-semi-space-size=16 --max-semi-space-size=64
/** `daybook`: finds the subcommand and gives its exit code. */
import { EXIT, tellError, tellWrongUse } from './usage.js';
import { VERSION } from './version.js';

interface Subcommand {
  readonly summary: string;
  /** Loaded when called: `daybook log` should not wait for the web server's modules. */
  readonly load: () => Promise<{ run(args: string[]): Promise<number> }>;
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  start: {
    summary: 'run everything: writer, venue, database, projections, REST',
    load: () => import('./start.js'),
  },
  demo: {
    summary: 'play a day of orders through everything, started from nothing',
    load: () => import('./demo.js'),
  },
  identity: {
    summary: 'users, keys, roles, certificates: who may do what',
    load: () => import('./identity.js'),
  },
  credentials: {
    summary: 'secrets of databases, stores and venues, sealed',
    load: () => import('./credentials.js'),
  },
  log: { summary: 'print events as JSON lines', load: () => import('./log.js') },
  verify: { summary: 'check every byte of the journal', load: () => import('./verify.js') },
  checkpoint: {
    summary: 'a signed statement of how far the log was, and its check',
    load: () => import('./checkpoint.js'),
  },
  replay: {
    summary: 'decide again, state as of any moment, the story of one order',
    load: () => import('./replay.js'),
  },
  report: {
    summary: 'reports from the log: order records, execution quality, limits, halts',
    load: () => import('./report.js'),
  },
  privacy: {
    summary: 'who the people on record are; erase one of them',
    load: () => import('./privacy.js'),
  },
  rebuild: {
    summary: 'read models from the journal, or everything from EventStoreDB',
    load: () => import('./rebuild.js'),
  },
  snapshot: {
    summary: 'store the state, so that the next start is quick',
    load: () => import('./snapshot.js'),
  },
  backup: {
    summary: 'ship the journal to another place, once or all the time',
    load: () => import('./backup.js'),
  },
  restore: {
    summary: 'a data directory out of a backup, as of any moment',
    load: () => import('./restore.js'),
  },
  drill: {
    summary: 'restore the newest backup aside, prove that it is good, remove it',
    load: () => import('./drill.js'),
  },
  trim: {
    summary: 'which old segments the backup has and nobody here needs; remove them',
    load: () => import('./trim.js'),
  },
  jobs: {
    summary: 'what runs by the clock, how it went, and what comes next',
    load: () => import('./jobs.js'),
  },
  decode: {
    summary: 'print packet captures of the wire protocols as JSON lines',
    load: () => import('./decode.js'),
  },
  'market-data': {
    summary: 'take ticks, bars and corporate actions in from a file',
    load: () => import('./market-data.js'),
  },
  'value-at-risk': {
    summary: 'compute a stored value at risk again and compare',
    load: () => import('./value-at-risk.js'),
  },
  reference: {
    summary: 'print the reference pages: events, error codes',
    load: () => import('./reference.js'),
  },
};

function help(): string {
  const lines = Object.entries(subcommands).map(
    ([name, { summary }]) => `  ${name.padEnd(13)} ${summary}`,
  );
  return `daybook ${VERSION}, an event-sourced order management system

Usage: daybook COMMAND [OPTIONS]

${lines.join('\n')}

  daybook COMMAND --help    what it does, its options and exit codes
  daybook --version

Exit codes: 0 success, 1 a finding or failure, 2 wrong use.
`;
}

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    return name === undefined ? EXIT.wrongUse : EXIT.success;
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (!Object.hasOwn(subcommands, name)) {
    tellWrongUse('', 'COMMAND_UNKNOWN', `there is no command ${JSON.stringify(name)}`);
    return EXIT.wrongUse;
  }
  const { run } = await (subcommands[name] as Subcommand).load();
  return run(args);
}

// Whoever reads the output may have had enough (`| head`): that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tellError('', 'DEFECT', text);
    process.exitCode = 1;
  },
);
