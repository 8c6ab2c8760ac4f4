import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type StreamSink,
  TCP_FLOWS_MAX,
  TCP_WAITING_BYTES_MAX,
  TCP_WAITING_SEGMENTS_MAX,
  TcpReassembler,
} from './tcp-reassembly.js';

class Recorder implements StreamSink {
  readonly events: string[] = [];
  readonly received = new Map<string, number[]>();

  opened(flow: string): void {
    this.events.push(`opened ${flow}`);
  }
  data(flow: string, bytes: Uint8Array): void {
    const list = this.received.get(flow) ?? [];
    for (const byte of bytes) list.push(byte);
    this.received.set(flow, list);
  }
  gap(flow: string, count: number): void {
    this.events.push(`gap ${flow} ${count}`);
  }
  closed(flow: string): void {
    this.events.push(`closed ${flow}`);
  }
}

it('delivers every byte once and in order, whatever comes twice or out of turn', () => {
  const seed = Date.now() & 0x7fffffff;
  const segments = fc.array(
    fc.record({ from: fc.nat(199), length: fc.integer({ min: 1, max: 60 }) }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(segments, fc.integer({ min: 0, max: 0xffff_ffff }), (parts, isn) => {
      const stream = Uint8Array.from({ length: 260 }, (_, i) => i & 0xff);
      const sink = new Recorder();
      const tcp = new TcpReassembler(sink);
      tcp.segment('a', isn, true, new Uint8Array(0));
      const send = (from: number, length: number): void =>
        tcp.segment('a', (isn + 1 + from) >>> 0, false, stream.subarray(from, from + length));
      for (const { from, length } of parts) send(from, length);
      for (let from = 250; from >= 0; from -= 10) send(from, 10);
      tcp.end();
      expect(sink.received.get('a')).toEqual([...stream]);
      expect(sink.events).toEqual(['opened a', 'closed a']);
    }),
    { seed, numRuns: 300 },
  );
});

it('waits for as many segments as the limit allows, and skips the gap at one more', () => {
  const sink = new Recorder();
  const tcp = new TcpReassembler(sink);
  tcp.segment('a', 0, true, new Uint8Array(0));
  for (let i = 0; i < TCP_WAITING_SEGMENTS_MAX; i++) {
    tcp.segment('a', 11 + 2 * i, false, Uint8Array.of(7));
  }
  expect(sink.events).toEqual(['opened a']);
  tcp.segment('a', 11 + 2 * TCP_WAITING_SEGMENTS_MAX, false, Uint8Array.of(7));
  expect(sink.events).toEqual(['opened a', 'gap a 10']);
  expect(sink.received.get('a')).toEqual([7]);
});

it('waits for as many bytes as the limit allows, and skips the gap at one more', () => {
  const sink = new Recorder();
  const tcp = new TcpReassembler(sink);
  tcp.segment('a', 0, true, new Uint8Array(0));
  tcp.segment('a', 2, false, new Uint8Array(TCP_WAITING_BYTES_MAX));
  expect(sink.events).toEqual(['opened a']);
  tcp.segment('a', 2 + TCP_WAITING_BYTES_MAX, false, new Uint8Array(1));
  expect(sink.events).toEqual(['opened a', 'gap a 1']);
});

it('closes the flow idle longest when there are too many, and takes it up where it goes on', () => {
  const sink = new Recorder();
  const tcp = new TcpReassembler(sink, new Map([['f1', 100]]));
  for (let i = 0; i < TCP_FLOWS_MAX; i++) tcp.segment(`f${i}`, 100, false, Uint8Array.of(1));
  tcp.segment('f0', 101, false, Uint8Array.of(2));
  expect(sink.events.some((event) => event.startsWith('closed'))).toBe(false);
  tcp.segment('new', 1, false, Uint8Array.of(1));
  expect(sink.events.slice(-2)).toEqual(['closed f1', 'opened new']);
  tcp.segment('f1', 500, false, Uint8Array.of(3));
  expect(sink.events.slice(-2)).toEqual(['closed f2', 'opened f1']);
  expect(sink.received.get('f1')).toEqual([1, 3]);
});

it('begins anew with a new SYN, and not with the same one again', () => {
  const sink = new Recorder();
  const tcp = new TcpReassembler(sink);
  const none = new Uint8Array(0);
  tcp.segment('a', 10, true, none);
  tcp.segment('a', 10, true, none);
  tcp.segment('a', 11, false, Uint8Array.of(1));
  tcp.segment('a', 10, true, none);
  tcp.segment('a', 13, false, Uint8Array.of(3));
  tcp.segment('a', 900, true, Uint8Array.of(9));
  tcp.end();
  expect(sink.events).toEqual(['opened a', 'gap a 1', 'closed a', 'opened a', 'closed a']);
  expect(sink.received.get('a')).toEqual([1, 3, 9]);
});
