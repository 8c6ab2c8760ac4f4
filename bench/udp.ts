/**
 * Market data over UDP on loopback: MoldUDP64 with ITCH from another process, received, checked for
 * gaps, decoded and applied to order books. `packed` has 30 messages to a packet, `packets` one each;
 * `dgram_` is the same on node:dgram, one event a datagram.
 *
 * Each figure is the fastest of a ladder of rates at which nothing was lost, held for the time given;
 * when even the slowest loses something, the figure is 0. `offered` is what the sender managed there.
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
const PACKED_RATES = [250_000, 200_000, 170_000, 140_000, 120_000, 100_000, 70_000, 40_000, 20_000];
const SINGLE_RATES = [
  ...[900_000, 700_000, 600_000, 500_000, 400_000, 300_000, 200_000, 150_000, 100_000],
  ...[70_000, 50_000, 30_000, 15_000],
];
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
}

type Open = () => Promise<DatagramSocket>;

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const program = LoadProgram.compile();
  const addon = nativeAddon();
  const dgram: Open = () => NodeDatagramSocket.open({ host: '127.0.0.1', port: 0 });
  const native: Open = async () => {
    assert(addon !== undefined, 'the addon is built');
    return new NativeDatagramSocket(addon, { host: '127.0.0.1', port: 0 });
  };
  const seconds = options.seconds / 4;
  const packed = await fastest(program, native, PACKED, PACKED_RATES, seconds);
  const single = await fastest(program, native, 1, SINGLE_RATES, seconds);
  const plain = await fastest(program, dgram, 1, SINGLE_RATES, seconds);
  const plainPacked = await fastest(program, dgram, PACKED, PACKED_RATES, seconds);
  const perSecond = (count: number, heard: Heard) => Math.round(count / heard.seconds);
  const figure = (name: string, value: number, unit: string, baseline?: number): Figure => ({
    ...{ name, value, unit, ack: 'none' },
    ...(baseline === undefined ? {} : { baseline }),
  });
  const dgramPackets = perSecond(plain.packets, plain);
  const dgramPacked = perSecond(plainPacked.messages, plainPacked);
  return [
    figure('packed_messages_per_second', perSecond(packed.messages, packed), '1/s', dgramPacked),
    figure('packets_per_second', perSecond(single.packets, single), '1/s', dgramPackets),
    figure('dgram_packets_per_second', dgramPackets, '1/s'),
    figure('dgram_packed_messages_per_second', dgramPacked, '1/s'),
    figure('packets_lost', packed.lost + single.lost, 'packets'),
  ];
}

/** The fastest rate of the ladder without a loss, held for `seconds`. */
async function fastest(
  program: LoadProgram,
  open: Open,
  messages: number,
  rates: readonly number[],
  seconds: number,
): Promise<Heard> {
  // Code compiled: not counted.
  await trial(program, open, messages, rates.at(-1)!, TRIAL_SECONDS);
  for (const rate of rates) {
    if ((await trial(program, open, messages, rate, TRIAL_SECONDS)).lost > 0) continue;
    const held = await trial(program, open, messages, rate, seconds);
    if (held.lost === 0) return held;
  }
  return { messages: 0, packets: 0, seconds: 1, lost: 0 };
}

async function trial(
  program: LoadProgram,
  open: Open,
  messages: number,
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
    const args = ['blast', socket.port, rate, messages, seconds].map(String);
    const sending = program.run(args).then(JSON.parse) as Promise<{ packets: number }>;
    let sent: { packets: number } | undefined;
    sending.then(
      (result) => {
        sent = result;
      },
      () => undefined,
    );
    const heard = await listen(socket, receiver, () => sent !== undefined);
    const { packets } = await sending;
    assert(books.malformed === 0, 'every message was right');
    return { ...heard, lost: packets - heard.packets };
  } finally {
    await socket.close();
  }
}

/** Until a heartbeat says that there is no more, or nothing comes. */
async function listen(
  socket: DatagramSocket,
  receiver: MoldReceiver,
  ended: () => boolean,
): Promise<Heard> {
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
  return { messages, packets, seconds: Math.max(0.001, (last - first) / 1000), lost: 0 };
}
