/**
 * A generated order flow in the form of a recording, for a demo without one: a price that walks at
 * random, orders around it, cancels, modifications, and trades that fill the best orders. Seeded, so
 * every run is the same.
 */
import type { FlowLine } from '../../venues/recorded/order-flow.js';

const SEED = 20231225;
const LINES = 40_000;
const TICK = 250_000_000n;
const START_TICKS = 19_200;

/** Mulberry32: small, seeded, good enough to look like a market. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Live {
  readonly orderId: string;
  readonly side: 'B' | 'A';
  ticks: number;
  size: number;
}

export async function* generatedFlow(): AsyncGenerator<FlowLine> {
  const random = randomFrom(SEED);
  const below = (n: number) => Math.floor(random() * n);
  const live: Live[] = [];
  let ticks = START_TICKS;
  let nextId = 1_000_000;
  let line = 1;
  const lineOf = (action: FlowLine['action'], order: Live, size: number): FlowLine => {
    line += 1;
    const price = BigInt(order.ticks) * TICK;
    return { line, action, side: order.side, price, size, orderId: order.orderId };
  };
  while (line < LINES) {
    const chance = random();
    if (live.length < 50 || chance < 0.45) {
      const side = random() < 0.5 ? 'B' : 'A';
      const away = 1 + below(20);
      const at = side === 'B' ? ticks - away : ticks + away;
      const order: Live = { orderId: String(nextId), side, ticks: at, size: 1 + below(20) };
      nextId += 1 + below(7);
      live.push(order);
      yield lineOf('A', order, order.size);
      continue;
    }
    const index = below(live.length);
    const order = live[index] as Live;
    if (chance < 0.75) {
      live.splice(index, 1);
      yield lineOf('C', order, order.size);
    } else if (chance < 0.88) {
      order.size = 1 + below(20);
      order.ticks += order.side === 'B' ? -below(3) : below(3);
      yield lineOf('M', order, order.size);
    } else {
      ticks += below(3) - 1;
      const size = 1 + below(order.size);
      yield { ...lineOf('T', order, size), orderId: '0' };
      yield lineOf('F', order, size);
      order.size -= size;
      yield lineOf('C', { ...order }, size);
      if (order.size === 0) live.splice(index, 1);
    }
  }
}
