import { describe, it } from 'vitest';
import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import { describeEventLog } from '../conformance/event-log.js';
import { REAL_SERVER_VARIABLE, startTestServer } from './protocol-server.js';

describeEventLog('EventStoreDB', async () => {
  const server = await startTestServer();
  return {
    open: async () => new EventStoreDbLog({ connectionString: server.connectionString, shard: 0 }),
    remove: async () => server.stop(),
  };
});

const connectionString = process.env[REAL_SERVER_VARIABLE];
if (connectionString === undefined) {
  describe('event log: a real EventStoreDB', () => {
    it.skip(`not run: ${REAL_SERVER_VARIABLE} names no server (esdb://…)`, () => {});
  });
} else {
  describeEventLog('a real EventStoreDB', async () => {
    // A shard, hence a stream, that nobody has used: it cannot be removed afterwards.
    const shard = Math.floor(Math.random() * 2 ** 32);
    return {
      open: async () => new EventStoreDbLog({ connectionString, shard }),
      remove: async () => {},
    };
  });
}
