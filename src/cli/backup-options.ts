/** What the commands of backups have in common: where, and with which key. */
import type { BackupStore } from '../operations/backup/backup-store.js';
import { BackupPlaceError, openStore, readKey } from '../operations/backup/place.js';
import { UsageError } from './usage.js';

export const PLACE_HELP = `PLACE is a directory, or s3://BUCKET/PREFIX, with ?endpoint=URL&region=NAME
                   for other makers; credentials as for the AWS tools (AWS_ACCESS_KEY_ID ...)`;

export const ENVIRONMENT_HELP = `Environment:
  DAYBOOK_BACKUP       the place, when no option says it
  DAYBOOK_BACKUP_KEY   the key of AES-256-GCM, 64 hexadecimal digits or Base64; without a key
                       backups are stored in the clear`;

export interface Place {
  readonly store: BackupStore;
  readonly key: Uint8Array | undefined;
}

/** @throws UsageError */
export async function openPlace(
  option: string,
  place: string | undefined,
  keyFile: string | undefined,
): Promise<Place> {
  const where = place ?? (process.env.DAYBOOK_BACKUP || undefined);
  if (where === undefined)
    throw new UsageError(`--${option} is missing: where the backup is`, 'OPTION_MISSING');
  try {
    const key = readKey(keyFile, process.env.DAYBOOK_BACKUP_KEY);
    return { store: await openStore(where), key };
  } catch (error) {
    if (error instanceof BackupPlaceError) throw new UsageError(error.message, 'OPTION_INVALID');
    throw error;
  }
}
