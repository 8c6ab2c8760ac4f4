/** `daybook backup`: ships the journal and its snapshots to another place, once or all the time. */

import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeFileSystem } from '../log/file-system.js';
import { Backup, type Shipped } from '../operations/backup/backup.js';
import { durablePosition } from '../operations/backup/durable-position.js';
import { BackupError } from '../operations/backup/errors.js';
import { ENVIRONMENT_HELP, openPlace, PLACE_HELP, type Place } from './backup-options.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { EXIT, onlyOptions, parseOptions, runSubcommand, tellError, wholeNumber } from './usage.js';

const EVERY_SECONDS_DEFAULT = 5;
const EVERY_SECONDS_MAX = 86_400;

const HELP = `daybook backup --to PLACE [OPTIONS]

Ships what the journal has that the backup does not, whole commits only, the newest snapshot once an
hour, and who may do what (identity/access.jsonl); compressed, checksummed, and sealed where there is a key. Works beside a running daybook and
after one. Every byte of the journal is checked on the way: nothing damaged is ever shipped. Killed at
any point and run again it goes on from there.

Options:
  --to PLACE       where to; ${PLACE_HELP}
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --key-file FILE  file with the key, in place of DAYBOOK_BACKUP_KEY
  --follow         go on for ever; ends on SIGTERM and SIGINT
  --every SECONDS  with --follow: pause between two shipments (default ${EVERY_SECONDS_DEFAULT})
  --json           one JSON object a shipment: {"next","behind","storedBytes","rawBytes",...}
  --help           this text

${ENVIRONMENT_HELP}

Exit codes: 0 everything durable is in the backup; 1 it failed (the journal is damaged, the place is
not reached or holds another history, ...); 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('backup', HELP, args, () => backup(args));
}

const OPTIONS = {
  to: { type: 'string' },
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  'key-file': { type: 'string' },
  follow: { type: 'boolean', default: false },
  every: { type: 'string', default: String(EVERY_SECONDS_DEFAULT) },
  json: { type: 'boolean', default: false },
} as const;

async function backup(args: string[]): Promise<number> {
  const { values } = parseOptions({ args, options: OPTIONS });
  if (!values.follow) {
    onlyOptions(args, OPTIONS, 'one shipment (--follow)', ['to', 'data-dir', 'key-file', 'json']);
  }
  const every = wholeNumber('every', values.every, 1, EVERY_SECONDS_MAX);
  const dataDirectory = resolve(values['data-dir']);
  const journal = existingJournal(dataDirectory);
  const place = await openPlace('to', values.to, values['key-file']);
  const from = { journal, dataDirectory };
  const say = (shipped: Shipped) => process.stdout.write(lineOf(shipped, place, values.json));
  try {
    if (values.follow) await follow(from, place, every, say);
    else say(await (await open(from, place)).ship());
  } finally {
    place.store.close();
  }
  return EXIT.success;
}

interface Source {
  readonly journal: string;
  readonly dataDirectory: string;
}

const open = ({ journal, dataDirectory }: Source, { store, key }: Place): Promise<Backup> =>
  Backup.open({
    ...{ journal, dataDirectory, shard: 0, store, key },
    durable: () => durablePosition(nodeFileSystem, journal, 0),
  });

/** A place that is not reached is tried again for ever; whatever else is wrong ends it. */
async function follow(
  source: Source,
  place: Place,
  every: number,
  say: (shipped: Shipped) => void,
): Promise<void> {
  const ending = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
  let backup: Backup | undefined;
  while (!ending.signal.aborted) {
    try {
      backup ??= await open(source, place);
      const shipped = await backup.ship();
      if (shipped.rawBytes > 0) say(shipped);
    } catch (error) {
      if (!(error instanceof BackupError) || error.code !== 'BACKUP_STORE_FAILED') throw error;
      tellError('backup', error.code, `${error.message}; trying again`);
      backup = undefined;
    }
    await delay(every * 1000, undefined, { signal: ending.signal }).catch(() => undefined);
  }
}

function lineOf(shipped: Shipped, { store }: Place, json: boolean): string {
  if (json) return `${JSON.stringify(shipped)}\n`;
  const { next, behind, storedBytes, rawBytes, passedOver } = shipped;
  const left = behind === 0 ? '' : `, ${behind} more meanwhile`;
  const lines = [
    `${store.description}: events 0 to ${next - 1}${left}; ${rawBytes} bytes shipped as ${storedBytes}`,
    ...passedOver.map((path) => `left out: ${path} is damaged; the log gives its state, too`),
  ];
  return `${lines.join('\n')}\n`;
}
