/** Why bytes were refused. Stable: sessions, logs and `daybook decode` print these. */
export type WireErrorCode =
  | 'MESSAGE_EMPTY'
  | 'MESSAGE_TYPE_UNKNOWN'
  | 'MESSAGE_LENGTH_WRONG'
  | 'APPENDAGE_MALFORMED'
  | 'VALUE_UNSAFE'
  | 'FIELD_MISSING'
  | 'FIELD_INVALID'
  | 'PACKET_EMPTY'
  | 'PACKET_OVERSIZE'
  | 'PACKET_MALFORMED';

/**
 * Bytes from outside that are not what the protocol allows, or a value that it cannot carry.
 * `offset` is in bytes from where the message or packet began, as the message says.
 */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  readonly offset: number;

  constructor(code: WireErrorCode, message: string, offset = 0) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
