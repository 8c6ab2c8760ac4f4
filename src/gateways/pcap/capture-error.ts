/**
 * `CAPTURE_TRUNCATED`: the file ends within a record. `CAPTURE_MALFORMED`: it is no capture, or a
 * record contradicts itself. `CAPTURE_UNSUPPORTED`: a capture of a kind that is not read here.
 */
export type CaptureErrorCode = 'CAPTURE_TRUNCATED' | 'CAPTURE_MALFORMED' | 'CAPTURE_UNSUPPORTED';

/** A capture file that cannot be read on. `offset` is that of the record at fault, in bytes. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly code: CaptureErrorCode;
  readonly file: string;
  readonly offset: number;

  constructor(code: CaptureErrorCode, file: string, offset: number, reason: string) {
    super(`${file}: offset ${offset}: ${reason}`);
    this.code = code;
    this.file = file;
    this.offset = offset;
  }
}
