/** `daybook drill`: the disaster-recovery test as one command. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEFAULT_CAPACITY } from '../commands/state/capacity.js';
import { nodeFileSystem } from '../log/file-system.js';
import { type DrillReport, drill } from '../operations/backup/drill.js';
import { durablePosition } from '../operations/backup/durable-position.js';
import { BackupError } from '../operations/backup/errors.js';
import { journalDirectory } from '../operations/shard.js';
import { ENVIRONMENT_HELP, openPlace, PLACE_HELP } from './backup-options.js';
import { DATA_DIRECTORY_DEFAULT } from './data-directory.js';
import { EXIT, parseOptions, runSubcommand } from './usage.js';

const HELP = `daybook drill --from PLACE [OPTIONS]

Restores the newest backup into a scratch directory and proves that it can be lived on: every byte is
verified; the state is taken from snapshot and tail and from the whole log, and compared with every
state hash on record; the read models are built in a PostgreSQL of its own and compared with the state.
Reports how long recovery takes and how much would be lost, and removes the scratch directory.
Touches neither the running daybook nor the backup.

Options:
  --from PLACE      where the backup is; ${PLACE_HELP}
  --data-dir DIR    the journal that was backed up, to count the events that the backup lacks
                    (default ${DATA_DIRECTORY_DEFAULT}, if there is one)
  --scratch DIR     where to make the scratch directory (default: that of the system); it needs
                    room for the journal and its read models
  --no-read-models  end with the state
  --key-file FILE   file with the key, in place of DAYBOOK_BACKUP_KEY
  --json            one JSON object: {"ok","findings","events","seconds":{...},"lost":{...},...}
  --help            this text

${ENVIRONMENT_HELP}

Exit codes: 0 the backup is good; 1 it is not: each finding is told, and what object it is in; 2 wrong
use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('drill', HELP, args, () => runDrill(args));
}

async function runDrill(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: {
      from: { type: 'string' },
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      scratch: { type: 'string' },
      'no-read-models': { type: 'boolean', default: false },
      'key-file': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { store, key } = await openPlace('from', values.from, values['key-file']);
  const journal = journalDirectory(resolve(values['data-dir']));
  const durableNow = () => durablePosition(nodeFileSystem, journal, 0).nextSequence;
  const say = (text: string) => process.stderr.write(`${text} ...\n`);
  try {
    const report = await drill({
      ...{ store, key, capacity: DEFAULT_CAPACITY, scratch: values.scratch },
      readModels: !values['no-read-models'],
      durableNow: existsSync(journal) ? durableNow : undefined,
      ...(process.stderr.isTTY ? { onStep: say } : {}),
    });
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : textOf(report));
    return report.ok ? EXIT.success : EXIT.finding;
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const { code, message, object } = error;
    const failed = { ok: false, findings: [{ code, file: object, reason: message }] };
    process.stdout.write(
      values.json ? `${JSON.stringify(failed)}\n` : `DRILL FAILED\n${code} ${message}\n`,
    );
    return EXIT.finding;
  } finally {
    store.close();
  }
}

const s = (seconds: number): string => `${seconds.toFixed(1)} s`;

function textOf(report: DrillReport): string {
  const { findings, events, chain, stateHash, statesCompared, tables, seconds, lost } = report;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const behind = lost.events === undefined ? '' : `${lost.events} events, `;
  const lines = [
    report.ok ? 'drill ok' : `DRILL FAILED: ${findings.length} findings`,
    ...findings.map(({ code, file, offset, sequence, reason }) => {
      return `${code} ${file} at byte ${offset}, sequence ${sequence}: ${reason}`;
    }),
    `restored        ${events} events, ${report.rawBytes} bytes from ${report.storedBytes}, verified`,
    `state           ${stateHash}, ${statesCompared} hashes on record given again`,
    `read models     ${rows} rows in ${tables.length} tables, orders and positions as the writer has them`,
    `recovery time   ${s(seconds.untilOrders)} until orders can be taken (restore ${s(seconds.restore)}, ` +
      `state ${s(seconds.state)}), ${s(seconds.untilEverything)} with read models`,
    `recovery point  ${behind}at most the last ${s(lost.secondsMax)}`,
    `chain           ${chain}`,
  ];
  return `${lines.filter((line) => tables.length > 0 || !line.startsWith('read')).join('\n')}\n`;
}
