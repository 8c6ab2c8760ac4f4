/** Builds frames and capture files for tests, in every variant that the reader takes. */

export interface TcpSegment {
  readonly sequence: number;
  readonly payload?: Uint8Array;
  readonly flags?: number;
  /** The server's side of the connection. */
  readonly reply?: boolean;
}

export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const u16 = (value: number): Uint8Array => Uint8Array.of((value >> 8) & 0xff, value & 0xff);
const u32 = (value: number): Uint8Array => concat(u16(value >>> 16), u16(value & 0xffff));

export function udp(payload: Uint8Array, length = 8 + payload.length): Uint8Array {
  return concat(u16(26_400), u16(26_401), u16(length), u16(0), payload);
}

export function tcp(segment: TcpSegment): Uint8Array {
  const ports = segment.reply === true ? [9000, 4001] : [4001, 9000];
  return concat(
    u16(ports[0]!),
    u16(ports[1]!),
    u32(segment.sequence),
    u32(0),
    Uint8Array.of(0x50, segment.flags ?? 0x18),
    new Uint8Array(6),
    segment.payload ?? new Uint8Array(0),
  );
}

export function ipv4(protocol: 6 | 17, body: Uint8Array, reply = false): Uint8Array {
  const [a, b] = reply ? [2, 1] : [1, 2];
  return concat(
    Uint8Array.of(0x45, 0),
    u16(20 + body.length),
    Uint8Array.of(0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, a!, 10, 0, 0, b!),
    body,
  );
}

export function ipv6(protocol: 6 | 17, body: Uint8Array, extensions = 0): Uint8Array {
  const headers: Uint8Array[] = [];
  for (let i = 0; i < extensions; i++) {
    const next = i === extensions - 1 ? protocol : 60;
    headers.push(Uint8Array.of(next, 0, 0, 0, 0, 0, 0, 0));
  }
  const payload = concat(...headers, body);
  return concat(
    Uint8Array.of(0x60, 0, 0, 0),
    u16(payload.length),
    Uint8Array.of(extensions > 0 ? 60 : protocol, 64),
    new Uint8Array(15),
    Uint8Array.of(1),
    new Uint8Array(15),
    Uint8Array.of(2),
    payload,
  );
}

export function ethernet(packet: Uint8Array, vlanTags: readonly number[] = []): Uint8Array {
  const tags = vlanTags.map((tag) => concat(u16(tag), u16(5)));
  const type = packet[0]! >> 4 === 6 ? 0x86dd : 0x0800;
  return concat(new Uint8Array(12), ...tags, u16(type), packet);
}

export const udpFrame = (payload: Uint8Array): Uint8Array => ethernet(ipv4(17, udp(payload)));
export const tcpFrame = (segment: TcpSegment): Uint8Array =>
  ethernet(ipv4(6, tcp(segment), segment.reply));

export interface PcapOptions {
  readonly little?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
  readonly snapLength?: number;
}

/** Writes whole numbers of a byte order one after another. */
function numbers(little: boolean, ...values: readonly (readonly [2 | 4, number])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of values) {
    if (size === 2) view.setUint16(at, value, little);
    else view.setUint32(at, value, little);
    at += size;
  }
  return bytes;
}

export function pcap(frames: readonly Uint8Array[], options: PcapOptions = {}): Uint8Array {
  const { little = true, nanoseconds = false, linkType = 1, snapLength = 0xffff } = options;
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = numbers(little, [4, magic], [2, 2], [2, 4], [4, 0], [4, 0], [4, 65_535]);
  const records = frames.map((frame, i) => {
    const captured = Math.min(frame.length, snapLength);
    const head = numbers(little, [4, 1_700_000_000], [4, i], [4, captured], [4, frame.length]);
    return concat(head, frame.subarray(0, captured));
  });
  return concat(header, numbers(little, [4, linkType]), ...records);
}

export function pcapngBlock(little: boolean, type: number, body: Uint8Array): Uint8Array {
  const padded = concat(body, new Uint8Array((4 - (body.length % 4)) % 4));
  const length = padded.length + 12;
  return concat(numbers(little, [4, type], [4, length]), padded, numbers(little, [4, length]));
}

export interface PcapngOptions {
  readonly little?: boolean;
  /** enhanced (6), simple (3) or obsolete (2) packet blocks. */
  readonly block?: 2 | 3 | 6;
  /** Value of if_tsresol; absent for microseconds. */
  readonly resolution?: number;
}

export function pcapng(frames: readonly Uint8Array[], options: PcapngOptions = {}): Uint8Array {
  const { little = true, block = 6, resolution } = options;
  const section = concat(
    numbers(little, [4, 0x1a2b3c4d], [2, 1], [2, 0], [4, 0xffffffff], [4, 0xffffffff]),
  );
  const option =
    resolution === undefined
      ? new Uint8Array(0)
      : concat(
          numbers(little, [2, 9], [2, 1]),
          Uint8Array.of(resolution, 0, 0, 0),
          numbers(little, [4, 0]),
        );
  const description = concat(numbers(little, [2, 1], [2, 0], [4, 65_535]), option);
  const packets = frames.map((frame) => {
    const original: readonly [4, number] = [4, frame.length];
    if (block === 3) return pcapngBlock(little, 3, concat(numbers(little, original), frame));
    const head = numbers(little, [4, 0], [4, 0x0005], [4, 0x0006], original, original);
    return pcapngBlock(little, block, concat(head, frame));
  });
  return concat(
    pcapngBlock(little, 0x0a0d0d0a, section),
    pcapngBlock(little, 1, description),
    pcapngBlock(little, 5, new Uint8Array(8)),
    ...packets,
  );
}
