/** The thread of the order-entry gateway: fold the log, listen, then follow the log for ever. */
import { randomInt } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { OrderEntryGateway } from '../gateways/order-entry/order-entry-gateway.js';
import type { SessionPermit } from '../gateways/order-entry/permits.js';
import { assert } from '../lib/assert.js';
import { SpscRing } from '../lib/ring.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import type { GatewayThreadData, GatewayThreadMessage } from './order-entry.js';
import { processLogger } from './process-logger.js';
import { openPort } from './shard.js';

/** Between looks at a ring that is being emptied, ms. */
const DRAIN_LOOK_MS = 1;

const data = workerData as GatewayThreadData;
assert(parentPort !== null, 'the gateway runs in a thread of its own');
const parent = parentPort;
const say = (message: GatewayThreadMessage) => parent.postMessage(message);

const end = new SharedDurableEnd(data.durableEnd);
waitForRing();
const gateway = new OrderEntryGateway({
  config: data.config,
  port: openPort(data.port),
  journalDirectory: data.directory,
  durableEnd: end,
  logger: processLogger(data.logLevel),
  seed: randomInt(2 ** 31),
  onRefused: (login) => say({ kind: 'loginRefused', login }),
});
const started = performance.now();
const port = await gateway.start();
say({ kind: 'listening', port, recoverySeconds: (performance.now() - started) / 1000 });
let stopping: Promise<void> | undefined;
parent.on('message', (message: 'stop' | readonly SessionPermit[]) => {
  if (message !== 'stop') gateway.permit(message);
  else stopping ??= gateway.stop();
});
await gateway.follow();
// The writer closed first: nothing more can be taken or answered.
stopping ??= gateway.stop();
await stopping;
say({ kind: 'stopped', counts: gateway.counts, latencies: gateway.latencies });
parent.close();

/** Of an earlier gateway of this process: the log has to hold its requests before it is read. */
function waitForRing(): void {
  const bed = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const ring = SpscRing.attach(data.port.ring);
    if (end.state() !== 'open' || ring.free() === ring.slots) return;
    Atomics.wait(bed, 0, 0, DRAIN_LOOK_MS);
  }
}
