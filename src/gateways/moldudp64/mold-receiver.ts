/**
 * The receiving end of a MoldUDP64 stream: every message once and in order, whatever the network does.
 *
 * ```
 *   packets --> in order? --yes--> deliver
 *                  | no: a gap
 *                  v
 *               keep, bounded --> ask the retransmission server --> answers come as packets --> deliver
 *                                   again and again, bounded --> give up: say what is lost, go on
 * ```
 *
 * No sockets, no clock: packets and times come from outside, requests are handed out.
 */
import { assert } from '../../lib/assert.js';
import { FAULT } from '../wire/fault.js';
import { checkMoldPacket, MOLD_END_OF_SESSION, MOLD_SESSION_BYTES, moldPacket } from './packets.js';

/** Bytes of packets kept behind a gap; later ones are asked for again. */
export const PENDING_BYTES_MAX = 8 * 1024 * 1024;
/** What keeping a packet takes beside its bytes. */
export const PENDING_PACKET_BYTES = 256;
/** Nothing is as far ahead: such a packet is malformed, since what is before it could not be given up. */
export const AHEAD_MESSAGES_MAX = 2 ** 32;
/** Messages asked for at once. */
export const REQUEST_MESSAGES_MAX = 1024;
/** Times that one message is asked for before it is given up. */
export const REQUEST_ATTEMPTS_MAX = 8;
/** Between two requests, ms, while nothing of the answer comes. */
export const REQUEST_WAIT_MS = 20;
/** An answer that has begun and then pauses for this long is over, ms: the rest is asked for. */
export const ANSWER_PAUSE_MS = 2;

export interface MoldReceiverCounts {
  readonly packets: number;
  readonly messages: number;
  /** Packets that had nothing new, were malformed, were of another session. */
  readonly duplicates: number;
  readonly malformed: number;
  readonly foreign: number;
  readonly gaps: number;
  readonly requests: number;
  /** Messages given up. */
  readonly lost: number;
}

export interface MoldReceiverOptions {
  /** 10 characters; left out, the session of the first packet. */
  readonly session?: string | undefined;
  /** First message wanted; left out, the first that is heard. */
  readonly from?: number | undefined;
  readonly onMessage: (view: DataView, at: number, length: number, sequence: number) => void;
  /** Messages that nobody could send again: what was built of the stream is no longer whole. */
  readonly onLost?: (from: number, count: number) => void;
  /** Once a session. */
  readonly onEnd?: () => void;
  /**
   * Another session has begun where this one has ended; asked for only when no session was named. What
   * was built of the one before means nothing any more.
   */
  readonly onSession?: (session: string) => void;
}

interface Pending {
  readonly sequence: number;
  readonly count: number;
  readonly view: DataView;
}

export class MoldReceiver {
  readonly #options: MoldReceiverOptions;
  #session: string | undefined;
  /** The message that comes next, 0 before the first is known. */
  #next: number;
  /** Everything before this was sent by now, as far as is known. */
  #known = 0;
  /** Packets behind a gap, by their first message. */
  #pending: Pending[] = [];
  #pendingBytes = 0;
  /** The last request: its first message, and the one behind it. */
  #asked = 0;
  #askedTo = 0;
  /** The next message when it was last asked whether to ask. */
  #heardTo = 0;
  #attempts = 0;
  #askAgainAt = 0;
  #ended = false;
  #endTold = false;
  #counts = {
    ...{ packets: 0, messages: 0, duplicates: 0, malformed: 0, foreign: 0 },
    ...{ gaps: 0, requests: 0, lost: 0 },
  };

  constructor(options: MoldReceiverOptions) {
    assert(
      options.session === undefined || options.session.length === MOLD_SESSION_BYTES,
      'a session has 10 characters',
    );
    this.#options = options;
    this.#session = options.session;
    this.#next = options.from ?? 0;
  }

  get counts(): MoldReceiverCounts {
    return { ...this.#counts };
  }

  get next(): number {
    return this.#next;
  }

  get session(): string | undefined {
    return this.#session;
  }

  /** Whether messages are missing that were sent. */
  get gap(): boolean {
    return this.#next !== 0 && this.#known > this.#next;
  }

  /** Whether the sender has ended the session and all of it has come. */
  get ended(): boolean {
    return this.#ended && !this.gap;
  }

  /** The datagram of `length` bytes at `at`: of the stream, or an answer to a request. */
  take(view: DataView, at: number, length: number): void {
    const counts = this.#counts;
    counts.packets += 1;
    if (checkMoldPacket(view, at, length) !== FAULT.none) {
      counts.malformed += 1;
      return;
    }
    const sequence = moldPacket.sequenceNumber(view, at);
    if (!this.#isOurs(view, at) && !this.#begins(view, at)) {
      counts.foreign += 1;
      return;
    }
    const count = moldPacket.messageCount(view, at);
    const ends = count === MOLD_END_OF_SESSION;
    const messages = ends ? 0 : count;
    if (this.#next === 0) this.#next = Math.max(1, sequence);
    else if (sequence - this.#next > AHEAD_MESSAGES_MAX) {
      counts.malformed += 1;
      return;
    }
    this.#known = Math.max(this.#known, sequence + messages);
    if (ends) this.#ended = true;
    if (messages > 0) this.#takeMessages(view, at, length, sequence, messages);
    this.#tellEnd();
  }

  /**
   * What to ask the retransmission server for now, if anything.
   * @param now ms of any clock that does not go back
   */
  request(now: number): { readonly from: number; readonly count: number } | undefined {
    if (!this.gap) return undefined;
    // An answer may come in many packets: asked again at each of them, it would be sent many times.
    if (this.#next !== this.#heardTo) {
      this.#heardTo = this.#next;
      if (this.#next > this.#asked) this.#askAgainAt = now + ANSWER_PAUSE_MS;
    }
    const comes = this.#asked <= this.#next && this.#next < this.#askedTo;
    if (comes && now < this.#askAgainAt) return undefined;
    if (this.#asked !== this.#next) this.#attempts = 0;
    if (this.#attempts >= REQUEST_ATTEMPTS_MAX) {
      this.#giveUp();
      return this.gap ? this.request(now) : undefined;
    }
    this.#asked = this.#next;
    this.#heardTo = this.#next;
    this.#attempts += 1;
    this.#askAgainAt = now + REQUEST_WAIT_MS;
    this.#counts.requests += 1;
    const to = this.#pending[0]?.sequence ?? this.#known;
    const count = Math.min(to - this.#next, REQUEST_MESSAGES_MAX);
    this.#askedTo = this.#next + count;
    return { from: this.#next, count };
  }

  #isOurs(view: DataView, at: number): boolean {
    const known = this.#session;
    if (known === undefined) {
      this.#session = sessionOf(view, at);
      return true;
    }
    for (let i = 0; i < MOLD_SESSION_BYTES; i += 1) {
      if (view.getUint8(at + i) !== known.charCodeAt(i)) return false;
    }
    return true;
  }

  /**
   * Whether a packet of another session begins it: nobody named a session, and the one before has ended.
   * What was missing of that is lost.
   */
  #begins(view: DataView, at: number): boolean {
    if (this.#options.session !== undefined || !this.#ended) return false;
    while (this.gap) this.#giveUp();
    const session = sessionOf(view, at);
    this.#session = session;
    this.#next = 1;
    this.#known = 0;
    this.#asked = 0;
    this.#askedTo = 0;
    this.#ended = false;
    this.#endTold = false;
    this.#options.onSession?.(session);
    return true;
  }

  #tellEnd(): void {
    if (!this.ended || this.#endTold) return;
    this.#endTold = true;
    this.#options.onEnd?.();
  }

  #takeMessages(view: DataView, at: number, length: number, sequence: number, count: number): void {
    if (sequence + count <= this.#next) this.#counts.duplicates += 1;
    else if (sequence > this.#next) this.#keep(view, at, length, sequence, count);
    else {
      this.#deliver(view, at, sequence, count);
      if (this.#pending.length > 0) this.#goOn();
    }
  }

  /** The messages of a packet from the next one on. */
  #deliver(view: DataView, at: number, sequence: number, count: number): void {
    const { onMessage } = this.#options;
    let message = moldPacket.firstMessageAt(at);
    for (let i = 0; i < count; i += 1) {
      const length = view.getUint16(message);
      if (sequence + i >= this.#next) {
        onMessage(view, message + 2, length, sequence + i);
        this.#counts.messages += 1;
      }
      message += 2 + length;
    }
    this.#next = sequence + count;
  }

  #keep(view: DataView, at: number, length: number, sequence: number, count: number): void {
    const pending = this.#pending;
    let low = 0;
    let high = pending.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pending[middle]!.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    const same = pending[low];
    if (same?.sequence === sequence) {
      this.#counts.duplicates += 1;
      if (same.count >= count) return;
    }
    if (pending.length === 0) this.#counts.gaps += 1;
    if (this.#pendingBytes + length + PENDING_PACKET_BYTES > PENDING_BYTES_MAX) return;
    const copy = new Uint8Array(length);
    copy.set(new Uint8Array(view.buffer, view.byteOffset + at, length));
    // One that begins at the same message and says more takes its place.
    const replaced = same?.sequence === sequence ? 1 : 0;
    if (replaced === 1) this.#pendingBytes -= same!.view.byteLength + PENDING_PACKET_BYTES;
    pending.splice(low, replaced, { sequence, count, view: new DataView(copy.buffer) });
    this.#pendingBytes += length + PENDING_PACKET_BYTES;
  }

  /** Delivers what was kept, as far as it follows. */
  #goOn(): void {
    let done = 0;
    for (const { sequence, count, view } of this.#pending) {
      if (sequence > this.#next) break;
      if (sequence + count > this.#next) this.#deliver(view, 0, sequence, count);
      this.#pendingBytes -= view.byteLength + PENDING_PACKET_BYTES;
      done += 1;
    }
    this.#pending.splice(0, done);
    this.#tellEnd();
  }

  #giveUp(): void {
    const to = this.#pending[0]?.sequence ?? this.#known;
    const count = to - this.#next;
    this.#counts.lost += count;
    this.#options.onLost?.(this.#next, count);
    this.#next = to;
    this.#goOn();
  }
}

function sessionOf(view: DataView, at: number): string {
  let session = '';
  for (let i = 0; i < MOLD_SESSION_BYTES; i += 1) {
    session += String.fromCharCode(view.getUint8(at + i));
  }
  return session;
}
