/** Why a snapshot cannot be used. Recovery goes on with an older one, or with the whole log. */
export type SnapshotErrorCode =
  /** A byte of it is not what was written. */
  | 'SNAPSHOT_DAMAGED'
  /** Written by software with other events or another state, or for another capacity or shard. */
  | 'SNAPSHOT_OTHER_SCHEMA'
  /** What it gives does not have the state hash that was computed when it was taken. */
  | 'SNAPSHOT_STATE_DIFFERS'
  /** It is of another history than the log: the commit at its anchor is another one. */
  | 'SNAPSHOT_OTHER_HISTORY'
  /** It is newer than the log: of another log, or the log was cut. */
  | 'SNAPSHOT_AHEAD';

export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
  readonly code: SnapshotErrorCode;
  constructor(code: SnapshotErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
