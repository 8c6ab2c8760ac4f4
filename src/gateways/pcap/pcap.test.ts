import { describe, expect, it } from 'vitest';
import {
  concat,
  ethernet,
  ipv4,
  ipv6,
  latin1,
  pcap,
  pcapng,
  pcapngBlock,
  tcp,
  tcpFrame,
  udp,
  udpFrame,
} from '../../../test/capture-builder.js';
import { ITCH } from '../itch/catalogue.js';
import { encodeMoldHeader } from '../moldudp64/catalogue.js';
import { encodeMessage } from '../wire/message-codec.js';
import { memorySource } from './byte-window.js';
import { readCapture } from './capture.js';
import { CaptureError } from './capture-error.js';
import { decodeCapture } from './decode-capture.js';
import { toJsonLine } from './json-line.js';

const CANCEL = latin1('X\x00\x00\x00\x07\x00\x00\x00\x00');
const PENDING = latin1('P\0\0\0\0\0\0\0\x01\x00\x00\x00\x07');
const packet = (type: string, payload: Uint8Array = new Uint8Array(0)): Uint8Array =>
  concat(
    Uint8Array.of((payload.length + 1) >> 8, (payload.length + 1) & 0xff),
    latin1(type),
    payload,
  );
const ORDER = packet('U', CANCEL);

const SYSTEM_EVENT = encodeMessage(ITCH, 'out', {
  type: 'S',
  fields: { stockLocate: 0, trackingNumber: 1, timestamp: 2, eventCode: 'Q' },
});
const mold = (count: number, body: Uint8Array = new Uint8Array(0)): Uint8Array => {
  const fields = { session: '000010059B', sequenceNumber: 9, messageCount: count };
  const type = count === 0 ? 'H' : count === 0xffff ? 'Z' : 'Q';
  return concat(encodeMoldHeader({ type, fields }), body);
};
const block = (message: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(0, message.length), message);
const FEED = mold(2, concat(block(SYSTEM_EVENT), block(SYSTEM_EVENT)));

/** Names of the messages; findings in brackets. */
function decode(file: Uint8Array): string {
  const seen: string[] = [];
  for (const item of decodeCapture(memorySource(file, 'test.pcap'))) {
    seen.push(item.kind === 'message' ? item.message.name : `[${item.reason}]`);
  }
  return seen.join(' ');
}

const stream = (...segments: Parameters<typeof tcpFrame>[0][]): string =>
  decode(pcap(segments.map(tcpFrame)));

describe('capture files', () => {
  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('pcap: little-endian %s, nanoseconds %s', (little, nanoseconds) => {
    const file = pcap([udpFrame(FEED), udpFrame(mold(0))], { little, nanoseconds });
    expect(decode(file)).toBe('SystemEvent SystemEvent Heartbeat');
    const times = [...readCapture(memorySource(file))].map(({ time }) => time);
    expect(times[1]).toBe(1_700_000_000_000_000_000n + (nanoseconds ? 1n : 1000n));
  });

  it.each([
    [true, 6],
    [false, 6],
    [true, 3],
    [true, 2],
  ] as const)('pcapng: little-endian %s, packet block %s', (little, type) => {
    const file = pcapng([udpFrame(FEED), udpFrame(mold(0))], { little, block: type });
    expect(decode(file)).toBe('SystemEvent SystemEvent Heartbeat');
  });

  it('pcapng: resolutions, and sections of either byte order in one file', () => {
    const units = (5n << 32n) + 6n;
    const timeAt = (resolution?: number): bigint => {
      const options = resolution === undefined ? {} : { resolution };
      return [...readCapture(memorySource(pcapng([udpFrame(FEED)], options)))][0]!.time;
    };
    expect(timeAt()).toBe(units * 1000n);
    expect(timeAt(9)).toBe(units);
    expect(timeAt(0x80 | 10)).toBe((units * 1_000_000_000n) >> 10n);
    const both = concat(pcapng([udpFrame(mold(0))]), pcapng([udpFrame(FEED)], { little: false }));
    expect(decode(both)).toBe('Heartbeat SystemEvent SystemEvent');
  });

  it('cut anywhere, either end cleanly or tell file and offset', () => {
    for (const file of [pcap([udpFrame(FEED)]), pcapng([udpFrame(FEED)])]) {
      let clean = 0;
      for (let length = 0; length < file.length; length++) {
        try {
          for (const _ of decodeCapture(memorySource(file.slice(0, length), 'cut.pcap'))) break;
          for (const _ of readCapture(memorySource(file.slice(0, length), 'cut.pcap')));
          clean++;
        } catch (error) {
          expect(error).toBeInstanceOf(CaptureError);
          const { code, file: name, offset } = error as CaptureError;
          expect([code, name]).toEqual(['CAPTURE_TRUNCATED', 'cut.pcap']);
          expect(offset).toBeLessThanOrEqual(length);
        }
      }
      expect(clean).toBeLessThanOrEqual(3);
    }
  });

  it('yield what comes before a malformed record, then the error', () => {
    const good = pcap([udpFrame(mold(0))]);
    const file = concat(good, new Uint8Array(8), Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0));
    const decoded = decodeCapture(memorySource(file, 'bad.pcap'));
    expect(decoded.next().value).toMatchObject({ kind: 'message' });
    expect(() => decoded.next()).toThrow(`bad.pcap: offset ${good.length}: a frame of 4294967295`);
  });

  it('refuse what is no capture or contradicts itself', () => {
    const codeOf = (file: Uint8Array): string => {
      try {
        decode(file);
      } catch (error) {
        return (error as CaptureError).code;
      }
      return 'none';
    };
    expect(codeOf(latin1('not a capture'))).toBe('CAPTURE_MALFORMED');
    expect(codeOf(new Uint8Array(0))).toBe('CAPTURE_TRUNCATED');
    expect(codeOf(pcap([udpFrame(FEED)], { linkType: 147 }))).toBe('CAPTURE_UNSUPPORTED');
    const lengths = pcapng([udpFrame(FEED)]);
    lengths[lengths.length - 4]! ^= 4;
    expect(codeOf(lengths)).toBe('CAPTURE_MALFORMED');
    const unknown = concat(
      pcapng([]),
      pcapngBlock(true, 6, Uint8Array.of(1, ...new Uint8Array(19))),
    );
    expect(codeOf(unknown)).toBe('CAPTURE_MALFORMED');
    const section = pcapng([]);
    section[8] = 0;
    expect(codeOf(section)).toBe('CAPTURE_MALFORMED');
  });
});

describe('frames', () => {
  const only = (frame: Uint8Array, linkType = 1): string => decode(pcap([frame], { linkType }));
  const feed4 = ipv4(17, udp(FEED));

  it('are read with no, one and stacked VLAN tags, over IPv4 and IPv6, with trailers', () => {
    const both = 'SystemEvent SystemEvent';
    expect(only(ethernet(feed4))).toBe(both);
    expect(only(ethernet(feed4, [0x8100]))).toBe(both);
    expect(only(ethernet(feed4, [0x88a8, 0x8100]))).toBe(both);
    expect(only(ethernet(feed4, Array(8).fill(0x8100)))).toBe(both);
    expect(only(ethernet(feed4, Array(9).fill(0x8100)))).toBe('[more than 8 VLAN tags]');
    expect(only(ethernet(ipv6(17, udp(FEED)), [0x8100]))).toBe(both);
    expect(only(ethernet(ipv6(17, udp(FEED), 2)))).toBe(both);
    expect(only(concat(ethernet(feed4), new Uint8Array(20)))).toBe(both);
    expect(only(feed4, 101)).toBe(both);
    expect(only(concat(Uint8Array.of(2, 0, 0, 0), feed4), 0)).toBe(both);
    expect(only(concat(new Uint8Array(14), Uint8Array.of(8, 0), feed4), 113)).toBe(both);
    expect(only(concat(Uint8Array.of(8, 0), new Uint8Array(18), feed4), 276)).toBe(both);
  });

  it('of other traffic are passed over, malformed and cut ones told', () => {
    const arp = concat(new Uint8Array(12), Uint8Array.of(8, 6), new Uint8Array(28));
    expect(only(arp)).toBe('');
    expect(only(new Uint8Array(13))).toBe('[frame header is cut short]');
    const fragment = ipv4(17, udp(FEED));
    fragment[6] = 0x20;
    expect(only(ethernet(fragment))).toBe('[an IP fragment]');
    expect(only(udpFrame(latin1('hello')))).toMatch(/^\[5 bytes of UDP are not MoldUDP64/);
    expect(only(ethernet(ipv4(17, udp(FEED, 7))))).toMatch(/^\[UDP length 7/);
    const cut = pcap([udpFrame(FEED)], { snapLength: udpFrame(FEED).length - 3 });
    expect(decode(cut)).toBe('[the capture left out 3 bytes of UDP]');
  });

  it('tell heartbeats, end of session, requests, drop copies and unknown messages', () => {
    const frames = [mold(0), mold(0xffff), mold(3), mold(1, block(PENDING))].map(udpFrame);
    expect(decode(pcap(frames))).toBe('Heartbeat EndOfSession RequestPacket CancelPending');
    const unknown = decode(pcap([udpFrame(mold(1, block(latin1('~~'))))]));
    expect(unknown).toBe('[itch: no message of type "~"] MessageBlock');
  });
});

describe('TCP streams', () => {
  const SYN = { sequence: 0xffff_fffe, flags: 2 };
  const part = (from: number, to?: number) => ({
    sequence: (0xffff_ffff + from) >>> 0,
    payload: concat(ORDER, ORDER, ORDER).slice(from, to),
  });
  const THREE = 'CancelOrder CancelOrder CancelOrder';

  it('are put in order, whatever way they are cut, across the wrap of the sequence', () => {
    expect(stream(SYN, part(0))).toBe(THREE);
    expect(stream(SYN, part(0, 1), part(1, 14), part(14))).toBe(THREE);
    expect(stream(SYN, part(14), part(1, 14), part(0, 1))).toBe(THREE);
    expect(stream(SYN, SYN, part(0, 14), part(0, 14), part(5, 20), part(3))).toBe(THREE);
    expect(stream(part(0, 14), part(14))).toBe(THREE);
    const bytes = concat(ORDER, ORDER, ORDER);
    const singles = [...bytes.keys()].map((i) => part(i, i + 1));
    expect(stream(...singles)).toBe(THREE);
  });

  it('whose SYN is not there start at their first segment, not at the first to arrive', () => {
    expect(stream(part(14, 20), part(0, 14), part(20))).toBe(THREE);
    expect(stream(part(20), part(14, 20), part(0, 14))).toBe(THREE);
  });

  it('tell gaps and find the next packet behind them', () => {
    expect(stream(SYN, part(0, 14), part(24, 36))).toBe(
      'CancelOrder [10 bytes of TCP were not captured (2 of a packet before them)] CancelOrder',
    );
    const cut = stream(SYN, part(0, 14), part(26, 36));
    expect(cut).toMatch(/were not captured .* \[10 bytes are not SoupBinTCP\]$/);
    expect(stream(SYN, part(0, 14))).toBe('CancelOrder [the stream ends 2 bytes into a packet]');
  });

  it('that begin within a packet are found within their first segment', () => {
    // The capture began in the middle of a busy session: no segment begins with a packet.
    expect(stream(part(5))).toBe('[7 bytes are not SoupBinTCP] CancelOrder CancelOrder');
    expect(stream(part(5, 30), part(30))).toMatch(/^\[7 bytes .*\] CancelOrder CancelOrder$/);
    expect(stream(SYN, part(0, 14), part(17))).toMatch(
      /^CancelOrder \[3 bytes of TCP were .*\[7 bytes are not SoupBinTCP\] CancelOrder$/,
    );
    // What only looks like one by its length and type is passed over.
    const noise = concat(latin1('....'), ORDER.subarray(0, 3), latin1('no order!'), ORDER);
    const found = stream({ sequence: 1, payload: noise });
    expect(found).toMatch(/^\[16 bytes .*\] CancelOrder$/);
  });

  it('tell the directions apart, and new connections on the same ports', () => {
    const login = packet('L', latin1('u     p         '.padEnd(26) + '1'.padStart(20)));
    const accepted = packet('A', latin1('S'.padStart(10) + '1'.padStart(20)));
    const names = stream(
      { sequence: 1, flags: 2 },
      { sequence: 9, flags: 0x12, reply: true },
      { sequence: 2, payload: login },
      { sequence: 10, payload: accepted, reply: true },
      { sequence: 10 + accepted.length, payload: packet('S', PENDING), reply: true },
      { sequence: 2 + login.length, payload: packet('R') },
      { sequence: 77, flags: 2 },
      { sequence: 78, payload: concat(packet('+', latin1('hi')), packet('O')) },
    );
    expect(names).toBe(
      'LoginRequest LoginAccepted CancelPending ClientHeartbeat Debug LogoutRequest',
    );
  });

  it('of other protocols are one finding', () => {
    const text = latin1('GET / HTTP/1.1\r\n');
    expect(stream({ sequence: 1, payload: text }, { sequence: 17, payload: text })).toBe(
      '[32 bytes of TCP are not SoupBinTCP]',
    );
  });

  it('keep packets whose payload is unknown', () => {
    expect(stream({ sequence: 1, payload: packet('U', latin1('~')) })).toBe(
      '[ouch: no message of type "~"] UnsequencedData',
    );
    expect(stream({ sequence: 1, payload: packet('S') })).toBe('SequencedData');
  });

  it('are read over IPv6 and with a snap length', () => {
    const frame = ethernet(ipv6(6, tcp({ sequence: 1, payload: ORDER })));
    expect(decode(pcap([frame]))).toBe('CancelOrder');
    const segments = [part(0, 24), part(24, 36)].map(tcpFrame);
    const cut = decode(pcap(segments, { snapLength: 54 + 14 }));
    expect(cut).toBe(
      'CancelOrder [10 bytes of TCP were not captured (2 of a packet before them)] CancelOrder',
    );
  });
});

describe('JSON lines', () => {
  it('have the fields of the message, its appendage and, when asked, the context', () => {
    const enter = latin1(
      'O\0\0\0\x07B\0\0\0\x64DAYBOOK \0\0\0\0\0\x09\x9d\xb80YANNID            \0\x0a\x05\x02LIME\x03\xfa\0\xff',
    );
    const [item] = decodeCapture(
      memorySource(pcap([tcpFrame({ sequence: 1, payload: packet('U', enter) })])),
    );
    expect(item?.kind).toBe('message');
    if (item?.kind !== 'message') return;
    expect(JSON.parse(toJsonLine(item, true))).toEqual({
      protocol: 'ouch',
      direction: 'in',
      type: 'O',
      name: 'EnterOrder',
      userRefNum: 7,
      side: 'B',
      quantity: 100,
      symbol: 'DAYBOOK',
      price: '63.0200',
      timeInForce: '0',
      display: 'Y',
      capacity: 'A',
      interMarketSweepEligibility: 'N',
      crossType: 'N',
      clOrdID: 'ID',
      appendageLength: 10,
      firm: 'LIME',
      appendage: [
        { tag: 2, name: 'firm', value: 'LIME' },
        { tag: 250, raw: '00ff' },
      ],
      context: {
        packet: 1,
        offset: 24,
        time: '2023-11-14T22:13:20.000000000Z',
        source: '10.0.0.1:4001',
        destination: '10.0.0.2:9000',
      },
    });
  });
});
