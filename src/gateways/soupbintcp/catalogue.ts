import { alpha, alphaRight, asciiNumber, char, message } from '../wire/layout.js';
import { protocol } from '../wire/message-codec.js';

/**
 * Every packet of SoupBinTCP 3.00, from the packet type on (the u16 length before it is framing):
 *
 * ```
 *   | length u16 = 1 + payload | type | payload |
 * ```
 *
 * Server packets are `out`, client packets `in`; sequence numbers are ASCII digits.
 */
export const SOUP = protocol('soupbintcp', [
  message('Debug', '+', ['in', 'out'], [], { tail: { name: 'text', form: 'text' } }),
  message(
    'LoginAccepted',
    'A',
    ['out'],
    [alphaRight('session', 10), asciiNumber('sequenceNumber', 20)],
  ),
  message('LoginRejected', 'J', ['out'], [char('rejectReasonCode')]),
  message('SequencedData', 'S', ['out'], [], { tail: { name: 'message', form: 'hex' } }),
  message('ServerHeartbeat', 'H', ['out'], []),
  message('EndOfSession', 'Z', ['out'], []),
  message(
    'LoginRequest',
    'L',
    ['in'],
    [
      alpha('username', 6),
      alpha('password', 10),
      alphaRight('requestedSession', 10),
      asciiNumber('requestedSequenceNumber', 20),
    ],
  ),
  message('UnsequencedData', 'U', ['in'], [], { tail: { name: 'message', form: 'hex' } }),
  message('ClientHeartbeat', 'R', ['in'], []),
  message('LogoutRequest', 'O', ['in'], []),
]);

/** Bytes before the payload: length u16 and type. */
export const SOUP_HEADER_BYTES = 3;

/** Type bytes, for switches on the hot path. */
export const SOUP_TYPE = {
  debug: 0x2b,
  loginAccepted: 0x41,
  loginRejected: 0x4a,
  sequencedData: 0x53,
  serverHeartbeat: 0x48,
  endOfSession: 0x5a,
  loginRequest: 0x4c,
  unsequencedData: 0x55,
  clientHeartbeat: 0x52,
  logoutRequest: 0x4f,
} as const;

/** Reasons of a LoginRejected packet. */
export const SOUP_REJECT = { notAuthorized: 'A', sessionNotAvailable: 'S' } as const;
