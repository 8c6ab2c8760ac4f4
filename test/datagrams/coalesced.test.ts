/** Datagrams that the kernel hands over many at once, as with a network card's receive offload. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  DATAGRAM_BYTES_MAX,
  DATAGRAMS_MAX,
  type DatagramSocket,
} from '../../src/gateways/datagrams/datagram-socket.js';
import {
  NativeDatagramSocket,
  RECEIVE_AREAS,
} from '../../src/gateways/datagrams/native-datagram-socket.js';
import { NodeDatagramSocket } from '../../src/gateways/datagrams/node-datagram-socket.js';
import { nativeAddon } from '../../src/lib/native-addon.js';

const HOST = '127.0.0.1';
const PROGRAM = 'native/build/test/segments';
const DEADLINE_MS = 60_000;
/** Most datagrams of one buffer that every kernel takes. */
const SEGMENTS_MAX = 64;
const addon = nativeAddon();

/** Buffers to send: how many bytes, in datagrams of how many. */
type Buffers = readonly (readonly [length: number, segment: number])[];

interface Heard {
  readonly length: number;
  readonly bytes: Buffer;
  readonly port: number;
  readonly time: number;
}

/** Whether there is an addon, a compiler and a kernel to send such. */
function canSend(): boolean {
  if (addon === undefined) return false;
  mkdirSync('native/build/test', { recursive: true });
  const args = ['-std=c++17', '-O1', 'native/test/segments.cc', '-o', PROGRAM];
  if (spawnSync(process.env.CXX || 'c++', args).status !== 0) return false;
  // To nobody, only to see whether the kernel does it (Linux 4.18).
  return spawnSync(PROGRAM, ['9', '4', '2']).status === 0;
}

function sent(port: number, buffers: Buffers): void {
  execFileSync(PROGRAM, [port, ...buffers.flat()].map(String));
}

/** Byte `i` of a buffer, as native/test/segments.cc has it. */
const byteAt = (i: number) => (i + Math.floor(i / 256)) & 255;

/** What a receiver has to see; longer than a slot: -1 and nothing. */
function expected(buffers: Buffers): { length: number; bytes: Buffer }[] {
  return buffers.flatMap(([length, segment]) => {
    const step = segment === 0 ? length : segment;
    const count = Math.max(1, Math.ceil(length / Math.max(1, step)));
    return Array.from({ length: count }, (_, i) => {
      const bytes = Math.min(step, length - i * step);
      if (bytes > DATAGRAM_BYTES_MAX) return { length: -1, bytes: Buffer.alloc(0) };
      const content = Array.from({ length: bytes }, (__, at) => byteAt(i * step + at));
      return { length: bytes, bytes: Buffer.from(content) };
    });
  });
}

async function heard(socket: DatagramSocket, count: number, after = () => {}): Promise<Heard[]> {
  const { incoming } = socket;
  const all: Heard[] = [];
  const deadline = Date.now() + DEADLINE_MS;
  while (all.length < count) {
    if (Date.now() > deadline) throw new Error(`${all.length} of ${count} datagrams came`);
    await new Promise((resolve) => setImmediate(resolve));
    const rows = await socket.receive(5);
    expect(rows).toBeLessThanOrEqual(DATAGRAMS_MAX);
    for (let row = 0; row < rows; row += 1) {
      const length = incoming.length(row);
      const at = incoming.at(row);
      const bytes = Buffer.from(incoming.bytes.slice(at, at + Math.max(0, length)));
      all.push({ length, bytes, port: incoming.port(row), time: incoming.times[row]! });
    }
    if (rows > 0) after();
  }
  return all;
}

const contents = (of: readonly Heard[]) => of.map(({ length, bytes }) => ({ length, bytes }));

const CASES: [string, Buffers][] = [
  ['a last one that is shorter', [[63 * 100 + 37, 100]]],
  ['all of the same length', [[SEGMENTS_MAX * 58, 58]]],
  ['of one byte', [[SEGMENTS_MAX, 1]]],
  ['the largest buffer of Ethernet datagrams', [[44 * 1472 + 700, 1472]]],
  ['a single one', [[41, 0]]],
  ['one without a byte, between others', [[120, 60], [0, 0], [90, 60]]], // biome-ignore format: pairs
  ['as long as a slot', [[3 * DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MAX]]],
  ['one byte longer than a slot, but the last', [[2 * DATAGRAM_BYTES_MAX + 10, 2049]]],
  ['one byte shorter than a slot', [[2 * DATAGRAM_BYTES_MAX - 2, 2047]]],
  ['a single one as large as there can be', [[65_507, 0], [5, 0]]], // biome-ignore format: pairs
];

describe.skipIf(!canSend())('datagrams in one buffer', { timeout: 2 * DEADLINE_MS }, () => {
  const sockets: DatagramSocket[] = [];
  const native = () => {
    const socket = new NativeDatagramSocket(addon!, { host: HOST, port: 0 });
    sockets.push(socket);
    return socket;
  };
  afterEach(async () => {
    for (const each of sockets.splice(0)) await each.close();
  });

  it.each(CASES)('%s: the same on the addon and on node:dgram', async (_, buffers) => {
    const plain = await NodeDatagramSocket.open({ host: HOST, port: 0 });
    sockets.push(plain);
    for (const socket of [native(), plain]) {
      sent(socket.port, buffers);
      const wanted = expected(buffers);
      expect(contents(await heard(socket, wanted.length))).toEqual(wanted);
      expect(await socket.receive(0)).toBe(0);
    }
  });

  it('are told one by one, in order, however many come and whatever is sent meanwhile', async () => {
    const socket = native();
    const other = native();
    const buffers: Buffers = Array.from(
      { length: 3 * RECEIVE_AREAS },
      (_, i) => [SEGMENTS_MAX * ((i % 8) + 1) - (i % 2), (i % 8) + 1] as const,
    );
    sent(socket.port, buffers);
    const wanted = expected(buffers);
    expect(wanted.length).toBeGreaterThan(4 * DATAGRAMS_MAX);
    const { outgoing } = socket;
    const answer = () => {
      outgoing.bytes.fill(255, 0, 100);
      outgoing.set(0, 100, 0x0100007f, other.port);
      expect(socket.send(0, 1)).toBe(1);
    };
    const all = await heard(socket, wanted.length, answer);
    expect(contents(all)).toEqual(wanted);
    expect(new Set(all.map(({ port }) => port)).size).toBe(1);
    expect(socket.dropped).toBe(0);
    expect((await heard(other, 1))[0]!.bytes).toEqual(Buffer.alloc(100, 255));
  });

  it('have the time at which the kernel had them', async () => {
    const socket = native();
    const before = Date.now();
    sent(socket.port, [[SEGMENTS_MAX * 20, 20]]);
    const times = (await heard(socket, SEGMENTS_MAX)).map(({ time }) => time);
    // Within what a clock may be set meanwhile.
    for (const time of times) expect(Math.abs(time - before)).toBeLessThan(3_600_000);
  });

  it('that do not fit the memory of the kernel are cut, and nobody takes a part for one', () => {
    const areaBytes = 256;
    const shared = (bytes: number) => new SharedArrayBuffer(bytes);
    const [incoming, rows] = [new Uint8Array(shared(4 * areaBytes)), new Int32Array(shared(64))];
    const outgoing = [new Uint8Array(shared(100)), new Int32Array(shared(16))] as const;
    const times = new Float64Array(shared(4 * 8));
    const udp = addon!.udpOpen(
      ...([HOST, 0, 65_536, 0, 100, ...outgoing, areaBytes] as const),
      ...([incoming, rows, times] as const),
    );
    try {
      // Of 5 datagrams of 60 bytes 4 fit 256; 4 rows are told at once.
      sent(addon!.udpPort(udp), [[300, 60], [256, 64], [257, 64], [101, 0]]); // biome-ignore format: pairs
      const lengths: number[] = [];
      const ats: number[] = [];
      for (let count = -1; count !== 0; ) {
        count = addon!.udpReceive(udp, 0);
        expect(count).toBeLessThanOrEqual(4);
        for (let row = 0; row < count; row += 1) {
          lengths.push(rows[row * 4]!);
          ats.push(rows[row * 4 + 3]!);
        }
      }
      expect(lengths).toEqual([60, 60, 60, 60, -1, 64, 64, 64, 64, 64, 64, 64, 64, -1, -1]);
      expect(ats).toEqual(
        [0, 60, 120, 180, 0, 256, 320, 384, 448, 512, 576, 640, 704, 0, 0], // biome-ignore format: a row
      );
    } finally {
      addon!.udpClose(udp);
    }
  });
});
