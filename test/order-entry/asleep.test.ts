/** The writer's thread sleeps when it has nothing to do: before order entry is open, while it is, and after. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

const WINDOW_MS = 500;

/** Of each thread of this process, by its id, ns that it ran or waited for a processor: a busy one is never elsewhere. */
function awake(): Map<string, number> {
  const threads = new Map<string, number>();
  for (const id of readdirSync('/proc/self/task')) {
    const [ran, waited] = readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ');
    threads.set(id, Number(ran) + Number(waited));
  }
  return threads;
}

/** Share of the time for which the busiest thread did not sleep. */
async function busiest(): Promise<number> {
  const started = performance.now();
  const before = awake();
  // This thread is the one that may be busy.
  while (performance.now() - started < WINDOW_MS) await new Promise(setImmediate);
  const took = (performance.now() - started) * 1e6;
  const others = Array.from(awake()).filter(([id]) => id !== String(process.pid));
  return Math.max(...others.map(([id, ns]) => (ns - (before.get(id) ?? ns)) / took));
}

/** What is left of the work before may take a while; a thread that polls is never done. */
async function expectSleep(): Promise<void> {
  const deadline = performance.now() + 30_000;
  let share = await busiest();
  while (share > 0.5 && performance.now() < deadline) share = await busiest();
  expect(share).toBeLessThan(0.5);
}

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  it('sleeps with sessions, without them, and when order entry has ended', async () => {
    const running = await RunningGateway.start(implementation);
    await expectSleep();
    const client = await OuchTestClient.login(running.port);
    client.enter(1);
    await client.sequenced(1);
    await expectSleep();
    await running.gateway.stop();
    await client.untilClosed();
    await expectSleep();
    // And it can be opened again.
    await running.startGateway();
    const again = await OuchTestClient.login(running.port);
    await again.sequenced(1);
    await expectSleep();
    await running.remove();
  }, 180_000);
});
