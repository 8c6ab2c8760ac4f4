export type BackupErrorCode =
  /** A byte of an object is not what was written. Never repaired, never passed over. */
  | 'BACKUP_OBJECT_DAMAGED'
  /** The manifest names an object that is not there. */
  | 'BACKUP_OBJECT_MISSING'
  /** The object was sealed with another key, or forged; or a key is needed and none was given. */
  | 'BACKUP_KEY_WRONG'
  /** Written by a newer Daybook. */
  | 'BACKUP_FORMAT_UNKNOWN'
  /** There is no backup at this place. */
  | 'BACKUP_EMPTY'
  /** What is backed up here is another history than the journal's. */
  | 'BACKUP_OTHER_JOURNAL'
  /** Another process backs up to the same place. */
  | 'BACKUP_CONFLICT'
  /** The place of the backups does not do what it is asked: full, unreachable, forbidden. */
  | 'BACKUP_STORE_FAILED'
  /** A file was read wrong, or changed, while it was shipped: it is not in the backup. */
  | 'BACKUP_FILE_CHANGED'
  /** Nothing at or before the moment asked for is in the backup. */
  | 'RESTORE_POINT_OUTSIDE'
  /** The directory to restore into holds something. */
  | 'RESTORE_TARGET_NOT_EMPTY'
  /** What was restored does not pass verification; nothing was installed. */
  | 'RESTORE_INVALID';

export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;
  /** The object or file that it is about. */
  readonly object: string | undefined;

  constructor(
    code: BackupErrorCode,
    message: string,
    details: { object?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.object = details.object;
  }
}
