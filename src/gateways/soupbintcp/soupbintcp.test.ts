import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WireError } from '../wire/wire-error.js';
import { SOUP, SOUP_TYPE } from './catalogue.js';
import { SoupDeframer, soupPacketBytes } from './deframer.js';
import {
  decodeSoupPacket,
  encodeSoupPacket,
  putClientHeartbeat,
  putEndOfSession,
  putSequencedHeader,
  putServerHeartbeat,
  putUnsequencedHeader,
} from './packets.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
  return 'none';
};

describe('SoupBinTCP packets', () => {
  it('has every packet of 3.00 at its length', () => {
    const lengths = SOUP.layouts.map((layout) => `${layout.type}${layout.length}`);
    expect(lengths.join(' ')).toBe('+1 A31 J2 S1 H1 Z1 L47 U1 R1 O1');
  });

  it('reads a login request as clients pad it', () => {
    const bytes = ascii(`\x00/Ltradersecret       DAYBOOK${' '.repeat(19)}1`);
    const packet = decodeSoupPacket('in', viewOf(bytes), 0, bytes.length);
    expect(packet).toEqual({
      type: 'L',
      name: 'LoginRequest',
      fields: {
        username: 'trader',
        password: 'secret',
        requestedSession: 'DAYBOOK',
        requestedSequenceNumber: 1,
      },
    });
    expect(encodeSoupPacket('in', packet)).toEqual(bytes);
  });

  it('keeps unusual padding byte for byte', () => {
    for (const session of ['DAYBOOK   ', ' '.repeat(10), ' DAY BOOK ', '\0'.repeat(10)]) {
      for (const sequence of ['00000000000000000007', ' '.repeat(20), '18446744073709551615']) {
        const bytes = ascii(`\x00\x1fA${session}${sequence}`);
        const packet = decodeSoupPacket('out', viewOf(bytes), 0, bytes.length);
        expect(encodeSoupPacket('out', packet)).toEqual(bytes);
      }
    }
  });

  it('refuses types of the other direction, wrong lengths and what does not fit', () => {
    const heartbeat = ascii('\x00\x01H');
    const view = viewOf(heartbeat);
    expect(codeOf(() => decodeSoupPacket('in', view, 0, 3))).toBe('MESSAGE_TYPE_UNKNOWN');
    expect(codeOf(() => decodeSoupPacket('out', view, 0, 2))).toBe('PACKET_MALFORMED');
    const long = ascii('\x00\x03JAA');
    expect(codeOf(() => decodeSoupPacket('out', viewOf(long), 0, 5))).toBe('MESSAGE_LENGTH_WRONG');
    const login = { type: 'A', fields: { session: 'S', sequenceNumber: 1 } };
    expect(encodeSoupPacket('out', login).length).toBe(33);
    for (const session of ['12345678901', 'S€']) {
      const fields = { session, sequenceNumber: 1 };
      expect(codeOf(() => encodeSoupPacket('out', { type: 'A', fields }))).toBe('FIELD_INVALID');
    }
    expect(codeOf(() => encodeSoupPacket('out', { type: 'A', fields: {} }))).toBe('FIELD_MISSING');
  });

  it('writes headers and heartbeats in place', () => {
    const bytes = new Uint8Array(15);
    const view = viewOf(bytes);
    let at = putSequencedHeader(view, 0, 0x102);
    at = putUnsequencedHeader(view, at, 0);
    at = putServerHeartbeat(view, at);
    at = putClientHeartbeat(view, at);
    expect(putEndOfSession(view, at)).toBe(15);
    expect(bytes).toEqual(ascii('\x01\x03S\x00\x01U\x00\x01H\x00\x01R\x00\x01Z'));
  });
});

describe('SoupDeframer', () => {
  it('finds the same packets however the stream is cut', () => {
    const seed = Date.now() & 0x7fffffff;
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 0, maxLength: 61 }), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        (payloads, cuts) => {
          const stream: number[] = [];
          for (const payload of payloads) {
            stream.push(0, payload.length + 1, SOUP_TYPE.sequencedData, ...payload);
          }
          const deframer = new SoupDeframer(new ArrayBuffer(64), 64);
          const seen: number[][] = [];
          let from = 0;
          for (let i = 0; from < stream.length; i++) {
            const chunk = Uint8Array.from(stream.slice(from, from + cuts[i % cuts.length]!));
            from += deframer.append(chunk);
            while (deframer.next()) {
              const { payloadAt, payloadLength } = deframer;
              seen.push([...deframer.bytes.subarray(payloadAt, payloadAt + payloadLength)]);
            }
          }
          expect(seen).toEqual(payloads.map((payload) => [...payload]));
          expect(deframer.pending).toBe(0);
        },
      ),
      { seed, numRuns: 200 },
    );
  });

  it('takes the longest packet, refuses one byte more, and an empty one', () => {
    const header = (length: number): Uint8Array => Uint8Array.of(length >> 8, length & 0xff);
    const deframer = new SoupDeframer(new ArrayBuffer(64), 64);
    deframer.append(header(62));
    expect(deframer.next()).toBe(false);
    const over = new SoupDeframer(new ArrayBuffer(64), 64);
    over.append(header(63));
    expect(codeOf(() => over.next())).toBe('PACKET_OVERSIZE');
    const empty = new SoupDeframer(new ArrayBuffer(64), 64);
    empty.append(header(0));
    expect(codeOf(() => empty.next())).toBe('PACKET_EMPTY');
  });

  it('says how much it took when full and goes on after packets were taken', () => {
    const deframer = new SoupDeframer(new ArrayBuffer(8), 8);
    const chunk = ascii('\x00\x01R\x00\x01R\x00\x01R');
    expect(deframer.append(chunk)).toBe(8);
    expect(deframer.append(chunk, 8)).toBe(0);
    expect(deframer.next() && deframer.next()).toBe(true);
    expect(deframer.next()).toBe(false);
    expect(deframer.append(chunk, 8)).toBe(1);
    expect(deframer.next()).toBe(true);
    expect(deframer.type).toBe(SOUP_TYPE.clientHeartbeat);
  });

  it('lets the socket write into its space', () => {
    const deframer = new SoupDeframer(new ArrayBuffer(16), 16);
    const { at, length } = deframer.space();
    expect(length).toBe(16);
    deframer.bytes.set(ascii('\x00\x02+x'), at);
    deframer.received(4);
    expect(deframer.next()).toBe(true);
    expect(deframer.payloadLength).toBe(1);
    expect(() => deframer.received(17)).toThrow('more received than fits');
  });

  it('measures a packet in a buffer of the caller', () => {
    const view = viewOf(ascii('xx\x00\x02Sab'));
    expect(soupPacketBytes(view, 2, 3, 64)).toBe(0);
    expect(soupPacketBytes(view, 2, 5, 64)).toBe(0);
    expect(soupPacketBytes(view, 2, 6, 64)).toBe(4);
  });
});
