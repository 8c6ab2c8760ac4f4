/**
 * Where backups go: a directory or an S3-compatible store. The suite
 * `test/backup/store-conformance.ts` says what any of them must do.
 *
 * Names are `folder/name`, of small letters, digits, `-`, `_` and `.`; contents are whole objects
 * that fit in memory.
 */
export interface BackupStore {
  /** For messages: the directory, or `s3://bucket/prefix`. */
  readonly description: string;

  /**
   * Stores an object whole or not at all, for good once it resolves. An object of the same name is
   * replaced.
   * @throws BackupError BACKUP_STORE_FAILED
   */
  put(name: string, bytes: Uint8Array): Promise<void>;

  /**
   * The same, only where there is no object of that name: of several that try, one succeeds.
   * The same bytes again are no conflict: whoever has lost the answer may ask once more.
   *
   * @returns false when there is another one already; it stays as it was
   * @throws BackupError BACKUP_STORE_FAILED
   */
  create(name: string, bytes: Uint8Array): Promise<boolean>;

  /** @throws BackupError BACKUP_OBJECT_MISSING, BACKUP_STORE_FAILED */
  get(name: string): Promise<Uint8Array>;

  /** Names of all objects of a folder, ascending; none when there is no such folder. */
  list(folder: string): Promise<string[]>;

  /** Nothing happens when there is no such object. */
  remove(name: string): Promise<void>;

  close(): void;
}
