/**
 * A recorded order flow: what an order-by-order feed showed, line by line (columns of the file:
 * `ts_event_ns, ts_recv_ns, action, side, price_1e9, size, order_id, flags, sequence,
 * instrument_id`).
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

/** A add, M modify, C cancel, F fill of a resting order, T trade print. */
export type FlowAction = 'A' | 'M' | 'C' | 'F' | 'T';

export interface FlowLine {
  /** Line of the file, the header is 1. */
  readonly line: number;
  readonly action: FlowAction;
  /** B buy, A sell, N not given. */
  readonly side: string;
  /** Price x 1e9. */
  readonly price: bigint;
  readonly size: number;
  readonly orderId: string;
}

export class FlowError extends Error {
  override readonly name = 'FlowError';
  readonly code = 'FLOW_INVALID';
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
  }
}

const COLUMNS = ['action', 'side', 'price_1e9', 'size', 'order_id'] as const;
const ACTIONS = new Set(['A', 'M', 'C', 'F', 'T']);

/** @throws FlowError with the line of whatever cannot be read */
export async function* readFlow(file: string): AsyncGenerator<FlowLine> {
  const raw = createReadStream(file);
  const input = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  raw.once('error', (error) => input.destroy(error));
  let places: readonly number[] | undefined;
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text === '') continue;
    const cells = text.split(',');
    if (places === undefined) places = placesOf(cells, line);
    else yield parseLine(cells, places, line);
  }
  if (places === undefined) throw new FlowError(line, 'the file has no header');
}

function placesOf(header: readonly string[], line: number): number[] {
  return COLUMNS.map((column) => {
    const place = header.indexOf(column);
    if (place < 0) throw new FlowError(line, `the header has no column ${column}`);
    return place;
  });
}

function parseLine(cells: readonly string[], places: readonly number[], line: number): FlowLine {
  const [action, side, price, size, orderId] = places.map((place) => cells[place] ?? '');
  if (!ACTIONS.has(action as string)) throw new FlowError(line, `unknown action ${action}`);
  if (!/^-?\d{1,19}$/.test(price as string)) throw new FlowError(line, `price_1e9 is ${price}`);
  if (!/^\d{1,15}$/.test(size as string)) throw new FlowError(line, `size is ${size}`);
  if (!/^\d{1,20}$/.test(orderId as string)) throw new FlowError(line, `order_id is ${orderId}`);
  return {
    line,
    action: action as FlowAction,
    side: side as string,
    price: BigInt(price as string),
    size: Number(size),
    orderId: orderId as string,
  };
}
