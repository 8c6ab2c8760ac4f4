/**
 * Where Daybook keeps its data:
 *
 * ```
 *   <data-dir>/
 *     journal/shard-0/   the log: what everything else can be rebuilt from
 *     journal/shard-0.snapshots/   states of the writer, to start sooner
 *     identity/          who may do what (`access.jsonl`), and who was not let in (`refused.jsonl`)
 *     journal/shard-0.index/       where each order is told of, for the auditor
 *     keys/              the keys of the persons on record, see src/privacy; no part of a backup
 *     postgres/          the embedded database of the read models
 *     restoring          there while `daybook restore` or `rebuild --from eventstoredb` is not through
 * ```
 */
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeDirectories } from '../lib/make-directories.js';
import { journalDirectory } from '../operations/shard.js';
import { UsageError } from './usage.js';

export const DATA_DIRECTORY_DEFAULT = './data';

export const postgresDirectory = (dataDirectory: string): string =>
  join(resolve(dataDirectory), 'postgres');

export const keysDirectory = (dataDirectory: string): string =>
  join(resolve(dataDirectory), 'keys');

/** The journal that a command reads. @throws UsageError when there is none */
export function existingJournal(dataDirectory: string): string {
  const directory = journalDirectory(resolve(dataDirectory));
  if (existsSync(directory) && statSync(directory).isDirectory()) return directory;
  throw new UsageError(`there is no journal in ${directory}`, 'JOURNAL_MISSING');
}

const restoringFile = (dataDirectory: string): string => join(resolve(dataDirectory), 'restoring');

/**
 * Marks the data as incomplete: no writer may start on it.
 *
 * @returns false when an earlier run had marked it
 */
export function beginRestoring(dataDirectory: string): boolean {
  if (existsSync(restoringFile(dataDirectory))) return false;
  makeDirectories(resolve(dataDirectory));
  writeFileSync(restoringFile(dataDirectory), '');
  return true;
}

export function endRestoring(dataDirectory: string): void {
  rmSync(restoringFile(dataDirectory), { force: true });
}

/** A writer would append behind the events restored so far, where others belong. */
export class RestoreUnfinishedError extends Error {
  override readonly name = 'RestoreUnfinishedError';
  readonly code = 'RESTORE_UNFINISHED';
}

/** @throws RestoreUnfinishedError */
export function refuseUnfinishedRestore(dataDirectory: string): void {
  if (!existsSync(restoringFile(dataDirectory))) return;
  const message = `${resolve(dataDirectory)} is being restored: run daybook restore, or rebuild, to its end`;
  throw new RestoreUnfinishedError(message);
}
