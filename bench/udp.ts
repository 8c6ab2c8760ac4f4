/**
 * Market data over UDP on loopback: MoldUDP64 with ITCH from another process, received, checked for
 * gaps, decoded and applied to order books. `packed` has 30 messages to a packet, `packets` one each;
 * `dgram_` is the same on node:dgram, one event a datagram.
 *
 * The sender stands for an exchange and for the network card that receives. It hands what is due to the
 * kernel as the driver of a card does: datagrams of the same length behind each other in one buffer
 * (UDP_SEGMENT; a driver: generic receive offload). Both receivers have the same sender. The addon asks
 * for such buffers (UDP_GRO); node:dgram does not, and gets each datagram by itself. `apart`: the same
 * with a sender that puts each datagram through the whole of the stack by itself, where its own
 * processor bounds the rate (docs/fast-path-profile.md has where the time goes).
 *
 * Each figure is the fastest rate found at which nothing was lost, held for the time given: halved until
 * nothing is lost, then raised by an eighth until something is or the sender cannot do more.
 * `_cpu_ns`: processor time of the receiver a packet, then.
 */
import type { DatagramSocket } from '../src/gateways/datagrams/datagram-socket.js';
import { NativeDatagramSocket } from '../src/gateways/datagrams/native-datagram-socket.js';
import { NodeDatagramSocket } from '../src/gateways/datagrams/node-datagram-socket.js';
import { MoldReceiver } from '../src/gateways/moldudp64/mold-receiver.js';
import { assert } from '../src/lib/assert.js';
import { nativeAddon } from '../src/lib/native-addon.js';
import { OrderBooks } from '../src/market-data/order-books.js';
import { ItchBooks } from '../src/operations/feeds/itch-books.js';
import type { Figure } from './figure.js';
import { LoadProgram } from './load-program.js';

const PACKED = 30;
/** Packets a second where the search begins, and where it ends: then the figure is 0. */
const PACKED_RATE_MOST = 500_000;
const SINGLE_RATE_MOST = 4_000_000;
const RATE_LEAST = 5_000;
const FINER = 1.125;
/** Somebody else's burst of work is not a rate that is too high: this often, before it is given up. */
const TRIES = 2;
/** A sender that stays below this share of the rate does what it can. */
const KEPT_UP = 0.95;
/** A trial of the ladder, s. */
const TRIAL_SECONDS = 0.5;
const WAIT_MS = 1;
/** Without anything heard the sender has ended. */
const SILENCE_MS = 2000;

interface Heard {
  readonly messages: number;
  readonly packets: number;
  readonly seconds: number;
  readonly lost: number;
  /** Processor time of this process a packet, ns: what other load does not change. */
  readonly cpuNs: number;
}

const NOTHING: Heard = { messages: 0, packets: 0, seconds: 1, lost: 0, cpuNs: 0 };

type Open = () => Promise<DatagramSocket>;

interface Scenario {
  readonly open: Open;
  /** Messages of a packet. */
  readonly messages: number;
  /** Whether the sender hands on many datagrams in one buffer. */
  readonly coalesce: boolean;
}

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const program = LoadProgram.compile('blast');
  const addon = nativeAddon();
  const dgram: Open = () => NodeDatagramSocket.open({ host: '127.0.0.1', port: 0 });
  const native: Open = async () => {
    assert(addon !== undefined, 'the addon is built');
    return new NativeDatagramSocket(addon, { host: '127.0.0.1', port: 0 });
  };
  const seconds = options.seconds / 6;
  const best = (open: Open, messages: number, coalesce: boolean) =>
    fastest(program, { open, messages, coalesce }, seconds);
  const packed = await best(native, PACKED, true);
  const single = await best(native, 1, true);
  const plain = await best(dgram, 1, true);
  const apart = await best(native, 1, false);
  const plainApart = await best(dgram, 1, false);
  const plainPacked = await best(dgram, PACKED, true);
  const perSecond = (count: number, heard: Heard) => Math.round(count / heard.seconds);
  const figure = (name: string, value: number, unit: string, baseline?: number): Figure => ({
    ...{ name, value, unit, ack: 'none' },
    ...(baseline === undefined ? {} : { baseline }),
  });
  const packets = (heard: Heard) => perSecond(heard.packets, heard);
  const dgramPacked = perSecond(plainPacked.messages, plainPacked);
  return [
    figure('packed_messages_per_second', perSecond(packed.messages, packed), '1/s', dgramPacked),
    figure('packets_per_second', packets(single), '1/s', packets(plain)),
    figure('dgram_packets_per_second', packets(plain), '1/s'),
    figure('dgram_packed_messages_per_second', dgramPacked, '1/s'),
    figure('packets_apart_per_second', packets(apart), '1/s', packets(plainApart)),
    figure('dgram_packets_apart_per_second', packets(plainApart), '1/s'),
    figure('packet_cpu_ns', Math.round(single.cpuNs), 'ns', Math.round(plain.cpuNs)),
    figure('packet_apart_cpu_ns', Math.round(apart.cpuNs), 'ns', Math.round(plainApart.cpuNs)),
    figure('packets_lost', packed.lost + single.lost + apart.lost, 'packets'),
  ];
}

/** The fastest rate without a loss, held for `seconds`. */
async function fastest(program: LoadProgram, scenario: Scenario, seconds: number): Promise<Heard> {
  // Code compiled: not counted.
  await trial(program, scenario, 4 * RATE_LEAST, TRIAL_SECONDS);
  const whole = async (rate: number, held: number): Promise<Heard | undefined> => {
    for (let i = 0; i < TRIES; i += 1) {
      const heard = await trial(program, scenario, rate, held);
      if (heard.lost === 0) return heard;
    }
    return undefined;
  };
  let rate = scenario.messages === 1 ? SINGLE_RATE_MOST : PACKED_RATE_MOST;
  let heard: Heard | undefined;
  while (heard === undefined && rate >= RATE_LEAST) {
    heard = await whole(rate, TRIAL_SECONDS);
    if (heard === undefined) rate /= 2;
  }
  while (heard !== undefined && heard.packets / heard.seconds >= KEPT_UP * rate) {
    heard = await whole(rate * FINER, TRIAL_SECONDS);
    if (heard !== undefined) rate *= FINER;
  }
  for (; rate >= RATE_LEAST; rate /= FINER) {
    const held = await whole(rate, seconds);
    if (held !== undefined) return held;
  }
  return NOTHING;
}

async function trial(
  program: LoadProgram,
  { open, messages, coalesce }: Scenario,
  rate: number,
  seconds: number,
): Promise<Heard> {
  const socket = await open();
  try {
    const books = new ItchBooks(new OrderBooks(65_536));
    const receiver = new MoldReceiver({
      session: 'BLAST00000',
      from: 1,
      onMessage: (view, at, length) => books.take(view, at, length),
    });
    const args = [socket.port, Math.round(rate), messages, seconds, coalesce ? 1 : 0].map(String);
    const sending = program.run(args).then(JSON.parse) as Promise<{ packets: number }>;
    let sent: { packets: number } | undefined;
    sending.then(
      (result) => {
        sent = result;
      },
      () => undefined,
    );
    const before = process.cpuUsage();
    const heard = await listen(socket, receiver, () => sent !== undefined);
    const { user, system } = process.cpuUsage(before);
    const { packets } = await sending;
    assert(books.malformed === 0, 'every message was right');
    const cpuNs = (1000 * (user + system)) / Math.max(1, heard.packets);
    return { ...heard, lost: packets - heard.packets, cpuNs };
  } finally {
    await socket.close();
  }
}

/** Until a heartbeat says that there is no more, or nothing comes. */
async function listen(
  socket: DatagramSocket,
  receiver: MoldReceiver,
  ended: () => boolean,
): Promise<Pick<Heard, 'messages' | 'packets' | 'seconds'>> {
  const { incoming } = socket;
  let packets = 0;
  let first = 0;
  let last = 0;
  let heardAt = performance.now();
  let yieldedAt = heardAt;
  for (;;) {
    const count = await socket.receive(WAIT_MS);
    const now = performance.now();
    for (let row = 0; row < count; row += 1) {
      const length = incoming.length(row);
      receiver.take(incoming.view, incoming.at(row), length);
      // A heartbeat is a header alone.
      if (length <= 20) continue;
      packets += 1;
      last = now;
      if (first === 0) first = now;
    }
    if (count > 0) heardAt = now;
    if (ended() || (packets > 0 && now - heardAt > SILENCE_MS)) break;
    if (now - heardAt > 10 * SILENCE_MS) break;
    if (now - yieldedAt > 5) {
      await new Promise((resolve) => setImmediate(resolve));
      yieldedAt = now;
    }
  }
  const { messages } = receiver.counts;
  return { messages, packets, seconds: Math.max(0.001, (last - first) / 1000) };
}
