/** Why identities cannot be read or changed: for operators, never sent to clients. */
export type AccessErrorCode =
  /** The access log does not follow from itself: somebody altered or cut it. */
  | 'ACCESS_LOG_DAMAGED'
  /** Another process is changing identities and did not end in time. */
  | 'ACCESS_LOG_LOCKED'
  /** What was asked for contradicts what is there. */
  | 'ACCESS_CHANGE_INVALID';

export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessErrorCode;

  constructor(code: AccessErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
