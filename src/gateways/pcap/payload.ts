import { ITCH } from '../itch/catalogue.js';
import { OUCH } from '../ouch/catalogue.js';
import type { Direction } from '../wire/layout.js';
import { decodeMessage, type Protocol, type WireMessage } from '../wire/message-codec.js';
import { WireError } from '../wire/wire-error.js';

export interface Payload {
  readonly protocol: 'itch' | 'ouch';
  readonly direction: Direction | undefined;
  readonly message: WireMessage;
}

/**
 * What a payload is tried as, in order. Lengths tell the two apart: no type is valid in both
 * protocols at the same length, but for a system event of OUCH with an empty appendage.
 */
export const SEQUENCED = ['ouch', 'itch'] as const;
export const UNSEQUENCED = ['ouch'] as const;
export const MULTICAST = ['itch', 'ouch'] as const;

const PROTOCOLS: Readonly<Record<Payload['protocol'], Protocol>> = { itch: ITCH, ouch: OUCH };

/** Decodes a payload as the first protocol that it fits, or says why it does not fit the first. */
export function decodePayload(
  order: readonly Payload['protocol'][],
  direction: Direction,
  view: DataView,
  at: number,
  length: number,
): Payload | WireError {
  let first: WireError | undefined;
  for (const protocol of order) {
    if (protocol === 'itch' && direction === 'in') continue;
    try {
      const message = decodeMessage(PROTOCOLS[protocol], direction, view, at, length);
      return { protocol, direction: protocol === 'ouch' ? direction : undefined, message };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      first ??= error;
    }
  }
  return first ?? new WireError('MESSAGE_TYPE_UNKNOWN', 'no protocol to try');
}
