import type { Direction } from '../wire/layout.js';
import type { WireMessage } from '../wire/message-codec.js';

export type DecodedProtocol = 'itch' | 'ouch' | 'soupbintcp' | 'moldudp64';

/** Where in the capture something was found. */
export interface Origin {
  /** From 1. The packet that completed the message. */
  readonly packet: number;
  /** Of the packet's record in the file, in bytes. */
  readonly offset: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly source: string;
  readonly destination: string;
}

export interface DecodedMessage {
  readonly kind: 'message';
  readonly protocol: DecodedProtocol;
  /** Absent where the protocol has one direction only. */
  readonly direction?: Direction;
  readonly message: WireMessage;
  /** The message's own bytes, a copy. */
  readonly raw: Uint8Array;
  readonly origin: Origin;
}

/** Bytes that should be of one of the protocols and are not, or are not all there. */
export interface Finding {
  readonly kind: 'finding';
  readonly reason: string;
  readonly origin: Origin;
}

export type Decoded = DecodedMessage | Finding;

/** Collects what one packet gives. */
export class DecodedQueue {
  private items: Decoded[] = [];
  /** Of the packet being decoded. */
  origin: Origin = { packet: 0, offset: 0, time: 0n, source: '', destination: '' };

  message(
    protocol: DecodedProtocol,
    direction: Direction | undefined,
    message: WireMessage,
    raw: Uint8Array,
  ): void {
    const { origin } = this;
    const item = { kind: 'message', protocol, message, raw: raw.slice(), origin } as const;
    this.items.push(direction === undefined ? item : { ...item, direction });
  }

  finding(reason: string): void {
    this.items.push({ kind: 'finding', reason, origin: this.origin });
  }

  take(): Decoded[] {
    const taken = this.items;
    this.items = [];
    return taken;
  }
}
