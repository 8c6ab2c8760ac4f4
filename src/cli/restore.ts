/** `daybook restore`: a data directory out of a backup, as of any moment. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatIsoNs, parseIsoNs, TimeError } from '../lib/time.js';
import { nodeFileSystem } from '../log/file-system.js';
import type { Moment } from '../operations/backup/commit-run.js';
import { BackupError } from '../operations/backup/errors.js';
import { readNewestManifest } from '../operations/backup/manifest.js';
import { type RestoredBackup, restoreBackup, writeFile } from '../operations/backup/restore.js';
import { ENVIRONMENT_HELP, openPlace, PLACE_HELP } from './backup-options.js';
import { TerminalProgress } from './rebuild/terminal-progress.js';
import { EXIT, onlyOptions, parseOptions, runSubcommand, UsageError } from './usage.js';

const HELP = `daybook restore --from PLACE --to DIR [OPTIONS]
daybook restore --from PLACE --dump FILE [OPTIONS]

Brings journal and snapshots back from a backup into a directory that is empty or not there. Every byte
is verified as it stands on the disk, and compared with the chain value of the manifest, before
anything is installed. A snapshot that is not what was shipped is told and left out: the journal gives
its state, too. Then daybook start --data-dir DIR goes on from there; it builds the read models
from the journal.

Options:
  --from PLACE     where from; ${PLACE_HELP}
  --to DIR         data directory to restore into
  --at MOMENT      point in time: a sequence, or a time such as 2026-11-22T14:50:06.5Z. The last whole
                   commit at or before it is the last one restored
  --dump FILE      only the newest database dump, into a new file, for psql; the read models need none,
                   they are built from the journal
  --key-file FILE  file with the key, in place of DAYBOOK_BACKUP_KEY
  --json           one JSON object: {"journal","next","time","chain","seconds",...}
  --help           this text

${ENVIRONMENT_HELP}

Killed at any point and run again, it begins anew; until it is through, daybook start refuses DIR.
Back up a journal restored to an earlier moment to a new place: its history is another one now.

Exit codes: 0 restored; 1 it failed, and nothing was installed: the object or file is named; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('restore', HELP, args, () => restore(args));
}

/** @throws UsageError */
export function momentOf(text: string): Moment {
  if (/^[0-9]{1,15}$/.test(text)) return { sequence: Number(text) };
  try {
    return { time: parseIsoNs(text) };
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    throw new UsageError(
      `--at ${text}: a sequence, or a time such as 2026-11-22T14:50:06.5Z`,
      'MOMENT_INVALID',
    );
  }
}

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  at: { type: 'string' },
  dump: { type: 'string' },
  'key-file': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

async function restore(args: string[]): Promise<number> {
  const { values } = parseOptions({ args, options: OPTIONS });
  if (values.dump !== undefined) {
    onlyOptions(args, OPTIONS, '--dump', ['from', 'dump', 'key-file', 'json']);
    return restoreDump(values.dump, values.from, values['key-file'], values.json);
  }
  if (values.to === undefined) {
    throw new UsageError('--to is missing: where to restore to', 'OPTION_MISSING');
  }
  const at = values.at === undefined ? undefined : momentOf(values.at);
  const { store, key } = await openPlace('from', values.from, values['key-file']);
  const progress = new TerminalProgress(process.stderr);
  const startedAt = performance.now();
  let restored: RestoredBackup;
  try {
    restored = await restoreBackup({
      ...{ store, key, target: resolve(values.to), at },
      onProgress: (done, all) => progress.show('restored', done, all, 'bytes'),
    });
  } finally {
    progress.end();
    store.close();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { time } = restored;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ ...restored, time: formatIsoNs(time), seconds })}\n`
      : linesOf(restored, seconds),
  );
  return EXIT.success;
}

async function restoreDump(
  file: string,
  from: string | undefined,
  keyFile: string | undefined,
  json: boolean,
): Promise<number> {
  if (existsSync(file)) {
    throw new UsageError(`--dump ${file}: there is one already`, 'OPTION_INVALID');
  }
  const { store, key } = await openPlace('from', from, keyFile);
  try {
    const manifest = await readNewestManifest(store, key);
    const dump = manifest?.files.filter(({ kind }) => kind === 'dump').at(-1);
    if (dump === undefined) {
      throw new BackupError('BACKUP_EMPTY', `there is no database dump in ${store.description}`);
    }
    await writeFile(nodeFileSystem, resolve(file), dump, { store, key });
    const { name, sequence: events } = dump;
    process.stdout.write(
      json
        ? `${JSON.stringify({ file, name, events })}\n`
        : `${file}: ${name}, with the first ${events} events\n`,
    );
    return EXIT.success;
  } finally {
    store.close();
  }
}

function linesOf(restored: RestoredBackup, seconds: number): string {
  const { journal, next, time, segments, snapshots, rawBytes, chain, backedUpAt } = restored;
  const made = new Date(backedUpAt).toISOString();
  const damaged = restored.passedOver.map((reason) => `DAMAGED, left out: ${reason}\n`).join('');
  return (
    damaged +
    `${journal}: events 0 to ${next - 1}, the last of ${formatIsoNs(time)}; ${segments} segments, ` +
    `${snapshots.length} snapshots, ${rawBytes} bytes in ${seconds.toFixed(1)} s, verified; ` +
    `from a backup of ${made}\nchain ${chain}\n`
  );
}
