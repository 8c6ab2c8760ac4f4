import { EventStoreDbLog } from '../../src/log/eventstoredb/event-log.js';
import { describeEventLog } from '../conformance/event-log.js';
import { startTestServer } from './protocol-server.js';

describeEventLog('EventStoreDB', async () => {
  const server = await startTestServer();
  return {
    open: async () => new EventStoreDbLog({ connectionString: server.connectionString, shard: 0 }),
    remove: async () => server.stop(),
  };
});
