/** Why a secret cannot be had. Never holds one. */
export type CredentialErrorCode =
  | 'CREDENTIALS_KEY_MISSING'
  | 'CREDENTIALS_KEY_INVALID'
  /** The file is sealed with another key, or was altered. */
  | 'CREDENTIALS_KEY_WRONG'
  | 'CREDENTIALS_DAMAGED'
  | 'CREDENTIAL_UNKNOWN'
  | 'CREDENTIAL_INVALID'
  | 'CREDENTIALS_LOCKED';

export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly code: CredentialErrorCode;

  constructor(code: CredentialErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
