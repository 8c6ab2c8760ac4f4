/** The thread of one drill. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Capacity } from '../../commands/state/capacity.js';
import { assert } from '../../lib/assert.js';
import { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';
import { type DrillReport, drill } from '../backup/drill.js';
import { openStore } from '../backup/place.js';

export interface DrillThreadData {
  readonly place: string;
  readonly key: Uint8Array | undefined;
  readonly capacity: Capacity;
  readonly scratch: string;
  readonly durableEnd: SharedArrayBuffer;
}

export type DrillThreadMessage = { readonly report: DrillReport } | { readonly reason: string };

const data = workerData as DrillThreadData;
assert(parentPort !== null, 'a drill runs in a thread of its own');
const port = parentPort;
const say = (message: DrillThreadMessage) => port.postMessage(message);
const stopping = new AbortController();
port.once('message', () => stopping.abort(new Error('daybook is being stopped')));

const { place, key, capacity, scratch } = data;
const end = new SharedDurableEnd(data.durableEnd);
const durableNow = () => {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  return position.nextSequence;
};
const store = await openStore(place);
try {
  const { signal } = stopping;
  const options = { store, key, capacity, scratch, readModels: true, durableNow, signal };
  say({ report: await drill(options) });
} catch (error) {
  const { code, message } = error as { code?: unknown; message: string };
  say({ reason: typeof code === 'string' ? `${code}: ${message}` : message });
} finally {
  store.close();
  port.close();
}
