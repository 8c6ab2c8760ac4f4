/** The story of one order as of a sequence, out of the whole log: built index, cold and warm. */
import { OrderIndex } from '../src/audit/order-index/order-index.js';
import { orderStory } from '../src/audit/order-story.js';
import { ReferenceHistory } from '../src/audit/reference-history.js';
import { assert } from '../src/lib/assert.js';
import type { DurableEnd } from '../src/log/journal/durable-end.js';
import type { Figure } from './figure.js';

const ORDERS_ASKED = 200;

/** @param orders so many orders C1, C2, ... are in the log */
export function measureOrderAsOf(journal: string, end: DurableEnd, orders: number): Figure[] {
  const built = performance.now();
  const building = new OrderIndex({ journal, end });
  building.advanceToEnd();
  const buildSeconds = (performance.now() - built) / 1000;
  const opened = performance.now();
  const index = new OrderIndex({ journal, end });
  index.advanceToEnd();
  const openMs = performance.now() - opened;
  const names = { reference: new ReferenceHistory(), keys: undefined };
  const times: number[] = [];
  for (let i = 0; i < ORDERS_ASKED; i += 1) {
    const order = `C${1 + Math.floor((orders - 1) * ((i * 0.618_034) % 1))}`;
    const started = performance.now();
    const { events } = orderStory({ journal, end }, index, names, { order, asOf: index.next - 1 });
    times.push(performance.now() - started);
    assert(events.length >= 4, 'the story of an order has its events');
  }
  const [first = 0] = times;
  times.sort((a, b) => a - b);
  const at = (share: number) => round(times[Math.floor(share * (times.length - 1))] as number);
  const none = { ack: 'none' } as const;
  return [
    { name: 'order_as_of_ms', value: at(0.99), unit: 'ms', ...none },
    { name: 'order_as_of_p50_ms', value: at(0.5), unit: 'ms', ...none },
    { name: 'order_as_of_first_ms', value: round(openMs + first), unit: 'ms', ...none },
    {
      name: 'order_index_events_per_second',
      value: Math.round(index.next / buildSeconds),
      unit: '1/s',
      ...none,
    },
  ];
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
