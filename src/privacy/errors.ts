/** Why personal fields cannot be sealed or opened; `code` is stable. */
export class PrivacyError extends Error {
  override readonly name = 'PrivacyError';
  readonly code:
    | 'MASTER_KEY_INVALID'
    | 'MASTER_KEY_WRONG'
    | 'SUBJECT_INVALID'
    | 'SUBJECT_UNKNOWN'
    | 'SUBJECT_ERASED'
    | 'PERSONAL_TOO_LONG'
    | 'SEALED_DAMAGED';

  constructor(code: PrivacyError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
