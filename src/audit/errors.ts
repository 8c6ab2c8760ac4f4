/** A question about the past that has no answer; `code` is stable. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: 'MOMENT_INVALID' | 'MOMENT_AHEAD' | 'ORDER_UNKNOWN' | 'ORDER_AMBIGUOUS';

  constructor(code: AuditError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
