/**
 * Where Daybook keeps its data:
 *
 * ```
 *   <data-dir>/
 *     journal/shard-0/   the log: what everything else can be rebuilt from
 *     postgres/          the embedded database of the read models
 * ```
 */
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { journalDirectory } from '../operations/shard.js';
import { UsageError } from './usage.js';

export const DATA_DIRECTORY_DEFAULT = './data';

export const postgresDirectory = (dataDirectory: string): string =>
  join(resolve(dataDirectory), 'postgres');

/** The journal that a command reads. @throws UsageError when there is none */
export function existingJournal(dataDirectory: string): string {
  const directory = journalDirectory(resolve(dataDirectory));
  if (existsSync(directory) && statSync(directory).isDirectory()) return directory;
  throw new UsageError(`there is no journal in ${directory}`);
}
