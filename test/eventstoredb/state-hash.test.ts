import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evolveBatch } from '../../src/commands/recovery.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { stateHash } from '../../src/commands/state-hash.js';
import type { EventLog } from '../../src/log/event-log.js';
import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import { Forwarder } from '../../src/log/eventstoredb/forwarder.js';
import { restoreJournal } from '../../src/log/eventstoredb/restore-journal.js';
import { JournalEventLog } from '../../src/log/journal/journal-event-log.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { eventsOf } from '../conformance/event-log.js';
import { FLOW_CAPACITY, OrderFlow } from './order-flow.js';
import { startTestServer } from './protocol-server.js';

const SEED = Number(process.env.DAYBOOK_SEED ?? 20_261_122);
const STEPS = 60;
const COMMANDS = 40;

async function hashOf(log: EventLog): Promise<string> {
  const state = new ShardState(FLOW_CAPACITY, 7);
  for await (const batch of log.read(0)) evolveBatch(state, batch);
  return stateHash(state);
}

describe(`the same order flow through both logs, seed ${SEED}`, () => {
  it('gives the same state, live, from either log, forwarded and restored', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'daybook-flow-'));
    const direct = await startTestServer();
    const fed = await startTestServer();
    const connect = (server: { connectionString: string }) =>
      new EventStoreDbLog({ connectionString: server.connectionString, shard: 0 });
    const journal = JournalEventLog.open(join(folder, 'journal'), { shard: 0, catalogue: 1 });
    const logs = { direct: connect(direct), fed: connect(fed) };
    const flow = new OrderFlow(SEED);
    const names = new Map<string, number>();
    for (let step = 0; step <= STEPS; step += 1) {
      const batch = step === 0 ? flow.begin() : flow.step(COMMANDS);
      for (const { type } of eventsOf(batch)) names.set(type, (names.get(type) ?? 0) + 1);
      await journal.append(batch);
      await logs.direct.append(batch);
    }
    const { durableEnd, directory } = journal.writer;
    await journal.close();
    await new Forwarder({
      connectionString: fed.connectionString,
      shard: 0,
      openReader: (from) => new JournalReader(directory, { from, end: durableEnd }),
      durableEnd,
    }).run();

    const restored = JournalEventLog.open(join(folder, 'restored'), { shard: 0, catalogue: 1 });
    await restoreJournal(logs.fed, restored.writer);
    const live = stateHash(flow.state);
    const again = JournalEventLog.open(join(folder, 'journal'), { shard: 0, catalogue: 1 });
    expect({
      journal: await hashOf(again),
      direct: await hashOf(logs.direct),
      forwarded: await hashOf(logs.fed),
      restored: await hashOf(restored),
    }).toEqual({ journal: live, direct: live, forwarded: live, restored: live });
    // The flow is one worth comparing.
    for (const name of [
      'OrderAccepted',
      'OrderDenied',
      'OrderFilled',
      'OrderReplaced',
      'OrderCanceled',
    ]) {
      expect([...names.keys()]).toContain(name);
    }
    for (const log of [again, restored, logs.direct, logs.fed]) await log.close();
    direct.stop();
    fed.stop();
    rmSync(folder, { recursive: true });
  });
});
