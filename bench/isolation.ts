/**
 * What misbehaving clients do to the others: the latency of a calm client's durable orders (2,000 a
 * second, open loop), alone and next to one that floods, one that never reads its answers and ones
 * that are killed in the middle of a packet, on the fast path. The baseline is the calm client alone
 * in the same run.
 */
import { connect } from 'node:net';
import { encodeSoupPacket } from '../src/gateways/soupbintcp/packets.js';
import type { Figure } from './figure.js';
import { LoadProgram, type LoadResult } from './load-program.js';
import { ordersToSend, USERS, withOrderEntry } from './order-entry-shard.js';

const CALM_RATE = 2000;
const FLOOD_WINDOW = 8192;
/** A login costs its hash, 50 ms of a core: more often would measure that. */
const KILL_EVERY_MS = 250;
const [CALM_USER, FLOODER, STALLED, KILLED] = USERS as [string, string, string, string];
const orders = ordersToSend();

export async function run(options: { seconds: number }): Promise<Figure[]> {
  const program = LoadProgram.compile();
  const seconds = options.seconds / 5;
  const fastPath = { spin: false };
  return withOrderEntry({ fastPath, acknowledge: 'disk', venue: false }, async ({ port }) => {
    let from = 0;
    const calm = async (): Promise<LoadResult> => {
      const result = await program.clients({
        ...{ port, kind: 'ouch', mode: 'open', rate: CALM_RATE, seconds, warmUp: seconds / 5 },
        ...{ from, users: [CALM_USER], orders, spin: false },
      });
      from += result.sent;
      return result;
    };
    await calm();
    const alone = await calm();
    const flooded = await withFlood(program, port, seconds * 1.5, calm);
    const stalled = await withStalled(port, calm);
    const killed = await withKills(port, calm);
    const figures = (name: string, of: LoadResult): Figure[] =>
      (['p50', 'p99'] as const).map((each) => ({
        ...{ name: `${name}_${each}_us`, value: Math.round(of[each]), unit: 'us', ack: 'disk' },
        ...(of === alone ? {} : { baseline: Math.round(alone[each]) }),
      }));
    return [
      ...figures('calm', alone),
      ...figures('calm_flooded', flooded),
      ...figures('calm_stalled', stalled),
      ...figures('calm_killed', killed),
    ];
  });
}

async function withFlood<T>(
  program: LoadProgram,
  port: number,
  seconds: number,
  body: () => Promise<T>,
): Promise<T> {
  const flooding = program.clients({
    ...{ port, kind: 'ouch', mode: 'closed', window: FLOOD_WINDOW, seconds, warmUp: 0 },
    ...{ from: 0, users: [FLOODER], orders, spin: false },
  });
  const result = await body();
  await flooding;
  return result;
}

function login(port: number, username: string) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const fields = { username, password: 'bench', requestedSession: '', requestedSequenceNumber: 0 };
  socket.write(encodeSoupPacket('in', { type: 'L', fields }));
  return socket;
}

/** Sends and never reads: its answers fill its buffers, and then it is sent nothing more. */
async function withStalled<T>(port: number, body: () => Promise<T>): Promise<T> {
  const socket = login(port, STALLED);
  socket.pause();
  const burst = Buffer.from(orders);
  let ref = 0;
  const timer = setInterval(() => {
    if (socket.writableNeedDrain) return;
    for (let at = 0; at < burst.length; at += 50) {
      ref += 1;
      burst.writeUInt32BE(ref, at + 4);
    }
    socket.write(Buffer.from(burst));
  }, 10);
  try {
    return await body();
  } finally {
    clearInterval(timer);
    socket.destroy();
  }
}

async function withKills<T>(port: number, body: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    const socket = login(port, KILLED);
    socket.once('data', () => {
      socket.write(Buffer.from([0, 48, 0x55, 0x4f]), () => socket.resetAndDestroy());
    });
  }, KILL_EVERY_MS);
  try {
    return await body();
  } finally {
    clearInterval(timer);
  }
}
