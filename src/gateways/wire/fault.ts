import type { WireErrorCode } from './wire-error.js';

/**
 * The verdict of a check on the hot path: a small integer, so that refusing a message costs
 * neither an exception nor an allocation, however fast a hostile peer sends them.
 */
export const FAULT = {
  none: 0,
  empty: 1,
  typeUnknown: 2,
  lengthWrong: 3,
  appendageMalformed: 4,
  packetMalformed: 5,
  valueUnsafe: 6,
} as const;

export type Fault = (typeof FAULT)[keyof typeof FAULT];

const CODES: readonly (WireErrorCode | undefined)[] = [
  undefined,
  'MESSAGE_EMPTY',
  'MESSAGE_TYPE_UNKNOWN',
  'MESSAGE_LENGTH_WRONG',
  'APPENDAGE_MALFORMED',
  'PACKET_MALFORMED',
  'VALUE_UNSAFE',
];

/** The stable code of a fault, undefined for `FAULT.none`. */
export function faultCode(fault: Fault): WireErrorCode | undefined {
  return CODES[fault];
}
