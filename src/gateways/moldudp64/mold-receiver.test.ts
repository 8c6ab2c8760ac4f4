import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AHEAD_MESSAGES_MAX,
  ANSWER_PAUSE_MS,
  MoldReceiver,
  PENDING_BYTES_MAX,
  PENDING_PACKET_BYTES,
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

function heartbeat(next: number, session = SESSION): Uint8Array {
  const writer = new MoldPacketWriter(session);
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
    const fit = Math.floor(PENDING_BYTES_MAX / (writer.length + PENDING_PACKET_BYTES));
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

  it('keeps the longer of two packets that begin at the same message', () => {
    const listener = new Listener(1);
    listener.take(packet(3, 1), packet(3, 4), packet(3, 2), packet(4, 1), packet(1, 2));
    expect(listener.messages).toEqual(upTo(6));
    expect(listener.receiver.gap).toBe(false);
  });

  it('asks once for an answer of many packets, and for the rest when it pauses', () => {
    const listener = new Listener(1);
    const { receiver } = listener;
    listener.take(heartbeat(101));
    expect(receiver.request(0)).toEqual({ from: 1, count: 100 });
    let now = 0;
    for (let from = 1; from < 81; from += 10) {
      listener.take(packet(from, 10));
      now += ANSWER_PAUSE_MS / 2;
      expect(receiver.request(now)).toBeUndefined();
    }
    expect(receiver.request(now + ANSWER_PAUSE_MS - 0.5)).toBeUndefined();
    expect(receiver.request(now + ANSWER_PAUSE_MS)).toEqual({ from: 81, count: 20 });
    listener.take(packet(81, 20));
    expect(receiver.counts).toMatchObject({ requests: 2, lost: 0 });
  });

  it('is not led astray by numbers that no stream has', () => {
    const listener = new Listener(1);
    const { receiver } = listener;
    listener.take(packet(1, 1));
    for (const sequence of [Number.MAX_SAFE_INTEGER, 2 ** 52, 2 + AHEAD_MESSAGES_MAX + 1]) {
      for (const bytes of [packet(2, 1), heartbeat(2), end(2)]) {
        new DataView(bytes.buffer).setBigUint64(10, BigInt(sequence));
        listener.take(bytes);
      }
    }
    const beyond = packet(2, 1);
    new DataView(beyond.buffer).setBigUint64(10, 2n ** 64n - 1n);
    listener.take(beyond);
    expect(receiver.counts.malformed).toBe(10);
    expect([receiver.gap, receiver.ended, listener.ends]).toEqual([false, false, 0]);
    listener.take(heartbeat(2 + AHEAD_MESSAGES_MAX));
    expect(receiver.gap).toBe(true);
  });

  it('is not led astray when the first packet has such a number either', () => {
    const listener = new Listener();
    const bytes = packet(1, 2);
    new DataView(bytes.buffer).setBigUint64(10, BigInt(Number.MAX_SAFE_INTEGER - 1));
    listener.take(bytes, packet(7, 1));
    expect(listener.messages).toEqual([7]);
  });

  it('tells the end once, however often it is sent', () => {
    const listener = new Listener(1);
    listener.take(packet(1, 1), end(2), end(2), end(2));
    expect(listener.ends).toBe(1);
  });

  it('takes no message of a packet whose blocks do not fill it', () => {
    const listener = new Listener(1);
    const whole = packet(1, 3);
    for (let length = 0; length < whole.length; length += 1) listener.take(whole.slice(0, length));
    const longer = new Uint8Array(whole.length + 1);
    longer.set(whole);
    const counted = whole.slice();
    new DataView(counted.buffer).setUint16(18, 4);
    const fewer = whole.slice();
    new DataView(fewer.buffer).setUint16(18, 0);
    listener.take(longer, counted, fewer);
    expect(listener.messages).toEqual([]);
    expect(listener.receiver.counts.malformed).toBe(whole.length + 3);
    listener.take(whole);
    expect(listener.messages).toEqual([1, 2, 3]);
  });

  it('goes on with the next session when the one that it heard has ended, and not before', () => {
    const messages: number[] = [];
    const said: string[] = [];
    const receiver = new MoldReceiver({
      onMessage: (_view, _at, _length, sequence) => messages.push(sequence),
      onLost: (from, count) => said.push(`lost ${from} ${count}`),
      onSession: (session) => said.push(session),
      onEnd: () => said.push('end'),
    });
    const take = (...packets: Uint8Array[]) => {
      for (const bytes of packets) receiver.take(new DataView(bytes.buffer), 0, bytes.length);
    };
    take(packet(1, 2), packet(1, 1, 'NEXT000000'));
    expect(receiver.counts.foreign).toBe(1);
    // Two messages are missing when the other session begins; of that the first.
    take(end(5), heartbeat(2, 'NEXT000000'), packet(2, 1, 'NEXT000000'), packet(3, 1));
    expect(said).toEqual(['lost 3 2', 'end', 'NEXT000000']);
    expect(messages).toEqual([1, 2]);
    expect(receiver.request(0)).toEqual({ from: 1, count: 1 });
    take(packet(1, 1, 'NEXT000000'));
    expect(messages).toEqual([1, 2, 1, 2]);
    expect([receiver.session, receiver.ended, receiver.gap]).toEqual(['NEXT000000', false, false]);
  });

  it('stays with the session that it was told', () => {
    const listener = new Listener(1);
    listener.take(packet(1, 1), end(2), packet(1, 1, 'NEXT000000'));
    expect(listener.messages).toEqual([1]);
    expect(listener.receiver.counts.foreign).toBe(1);
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
        while (listener.receiver.gap) {
          const ask = listener.receiver.request(now);
          now += REQUEST_WAIT_MS;
          if (ask === undefined) continue;
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
