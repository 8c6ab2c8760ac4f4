import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MoldReceiver,
  PENDING_BYTES_MAX,
  REQUEST_ATTEMPTS_MAX,
  REQUEST_MESSAGES_MAX,
  REQUEST_WAIT_MS,
} from './mold-receiver.js';
import { MoldPacketWriter } from './packets.js';

const SESSION = '000010059B';

const messageOf = (sequence: number) => new DataView(Uint8Array.of(sequence >> 8, sequence).buffer);

/** Messages [from, from + count) in one packet. */
function packet(from: number, count: number, session = SESSION): Uint8Array {
  const writer = new MoldPacketWriter(session);
  writer.begin(from);
  for (let i = 0; i < count; i += 1) writer.append(messageOf(from + i), 0, 2);
  return new Uint8Array(writer.view.buffer.slice(0, writer.length));
}

function heartbeat(next: number): Uint8Array {
  const writer = new MoldPacketWriter(SESSION);
  writer.begin(next);
  return new Uint8Array(writer.view.buffer.slice(0, writer.length));
}

function end(next: number): Uint8Array {
  const writer = new MoldPacketWriter(SESSION);
  writer.endOfSession(next);
  return new Uint8Array(writer.view.buffer.slice(0, writer.length));
}

class Listener {
  readonly messages: number[] = [];
  readonly lost: [number, number][] = [];
  ends = 0;
  readonly receiver: MoldReceiver;

  constructor(from?: number) {
    this.receiver = new MoldReceiver({
      ...{ session: SESSION, from },
      onMessage: (view, at, length, sequence) => {
        expect(length).toBe(2);
        expect(view.getUint16(at)).toBe(sequence & 0xffff);
        this.messages.push(sequence);
      },
      onLost: (first, count) => this.lost.push([first, count]),
      onEnd: () => {
        this.ends += 1;
      },
    });
  }

  take(...packets: Uint8Array[]): void {
    for (const bytes of packets) {
      this.receiver.take(new DataView(bytes.buffer), 0, bytes.length);
    }
  }
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i);

describe('MoldReceiver', () => {
  it('delivers in order, asks for what is missing, and goes on behind it', () => {
    const listener = new Listener(1);
    listener.take(packet(1, 2), packet(5, 2), packet(9, 1));
    expect(listener.messages).toEqual([1, 2]);
    expect(listener.receiver.request(0)).toEqual({ from: 3, count: 2 });
    expect(listener.receiver.request(REQUEST_WAIT_MS - 1)).toBeUndefined();
    expect(listener.receiver.request(REQUEST_WAIT_MS)).toEqual({ from: 3, count: 2 });
    listener.take(packet(3, 2));
    expect(listener.messages).toEqual(upTo(6));
    // The next gap is asked for at once.
    expect(listener.receiver.request(REQUEST_WAIT_MS)).toEqual({ from: 7, count: 2 });
    listener.take(packet(6, 4));
    expect(listener.messages).toEqual(upTo(9));
    expect(listener.receiver.gap).toBe(false);
    expect(listener.receiver.counts).toMatchObject({ gaps: 1, requests: 3, lost: 0 });
  });

  it('learns of a gap at the end from a heartbeat, and of the end of the session', () => {
    const listener = new Listener(1);
    listener.take(packet(1, 1), heartbeat(4));
    expect(listener.receiver.request(0)).toEqual({ from: 2, count: 2 });
    listener.take(end(4));
    expect(listener.ends).toBe(0);
    listener.take(packet(2, 2));
    expect(listener.messages).toEqual([1, 2, 3]);
    expect(listener.receiver.ended).toBe(true);
  });

  it('begins with what it hears first when it is not told where', () => {
    const listener = new Listener();
    listener.take(packet(100, 2));
    expect(listener.messages).toEqual([100, 101]);
    expect(listener.receiver.gap).toBe(false);
  });

  it('gives up after its last attempt, says what is lost and goes on', () => {
    const listener = new Listener(1);
    listener.take(packet(3, 2));
    let now = 0;
    for (let i = 0; i < REQUEST_ATTEMPTS_MAX; i += 1, now += REQUEST_WAIT_MS) {
      expect(listener.receiver.request(now)).toEqual({ from: 1, count: 2 });
    }
    expect(listener.lost).toEqual([]);
    expect(listener.receiver.request(now)).toBeUndefined();
    expect(listener.lost).toEqual([[1, 2]]);
    expect(listener.messages).toEqual([3, 4]);
  });

  it('asks for no more than the limit at once', () => {
    const listener = new Listener(1);
    listener.take(heartbeat(1 + REQUEST_MESSAGES_MAX + 1));
    expect(listener.receiver.request(0)).toEqual({ from: 1, count: REQUEST_MESSAGES_MAX });
  });

  it('keeps no more behind a gap than the limit; what it dropped it asks for later', () => {
    let delivered = 0;
    const onMessage = () => {
      delivered += 1;
    };
    const receiver = new MoldReceiver({ session: SESSION, from: 1, onMessage });
    const writer = new MoldPacketWriter(SESSION);
    const take = (sequence: number) => {
      writer.begin(sequence);
      writer.append(new DataView(new ArrayBuffer(1400)), 0, 1400);
      receiver.take(writer.view, 0, writer.length);
    };
    take(2);
    const fit = Math.floor(PENDING_BYTES_MAX / writer.length);
    for (let i = 1; i <= fit; i += 1) take(2 + i);
    take(1);
    expect(delivered).toBe(1 + fit);
    expect(receiver.request(0)).toEqual({ from: 2 + fit, count: 1 });
  });

  it('counts what is not for it', () => {
    const listener = new Listener(1);
    listener.take(packet(1, 1, 'OTHER00000'), Uint8Array.of(1, 2, 3), packet(1, 1), packet(1, 1));
    expect(listener.messages).toEqual([1]);
    expect(listener.receiver.counts).toMatchObject({ foreign: 1, malformed: 1, duplicates: 1 });
  });

  it('whatever is lost, doubled or late: every message once and in order', () => {
    const fate = fc.record({
      size: fc.integer({ min: 1, max: 9 }),
      what: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(fate, { minLength: 1, maxLength: 60 }), fc.nat(), (fates, seed) => {
        const listener = new Listener(1);
        let next = 1;
        const late: Uint8Array[] = [];
        fates.forEach(({ size, what }, i) => {
          const bytes = packet(next, size);
          next += size;
          if (what < 5) listener.take(bytes);
          else if (what < 7) listener.take(bytes, bytes);
          else if (what < 9) late.push(bytes);
          if ((i + seed) % 7 === 0) listener.take(...late.splice(0));
        });
        listener.take(heartbeat(next));
        let now = 0;
        let answers = 0;
        for (let ask = listener.receiver.request(now); ask; ask = listener.receiver.request(now)) {
          now += REQUEST_WAIT_MS;
          answers += 1;
          // Every third answer is lost, and some say less than was asked for.
          if (answers % 3 !== 0)
            listener.take(packet(ask.from, 1 + ((ask.count - 1) >> (answers % 2))));
        }
        expect(listener.lost).toEqual([]);
        expect(listener.messages).toEqual(upTo(next - 1));
      }),
      { numRuns: 300 },
    );
  });
});
