import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { EventStoreDbServer } from '../../src/log/eventstoredb/server/eventstoredb-server.js';
import { StreamStore } from '../../src/log/eventstoredb/stream-store.js';

/** A server the protocol suite runs against. */
export interface ProtocolServer {
  readonly connectionString: string;
  readonly stop: () => void;
}

/** Environment variable that names a real server: an `esdb://` connection string. */
export const REAL_SERVER_VARIABLE = 'DAYBOOK_TEST_EVENTSTOREDB';

export async function startTestServer(
  options: { readonly batchAppend?: boolean; readonly store?: StreamStore } = {},
): Promise<ProtocolServer & { readonly store: StreamStore; readonly server: EventStoreDbServer }> {
  const store = options.store ?? new StreamStore();
  const server = await EventStoreDbServer.start({
    source: store,
    batchAppend: options.batchAppend ?? true,
  });
  return {
    store,
    server,
    connectionString: `esdb://127.0.0.1:${server.port}?tls=false`,
    stop: () => server.stop(),
  };
}

export function connect(server: Pick<ProtocolServer, 'connectionString'>): EventStoreDBClient {
  return EventStoreDBClient.connectionString(server.connectionString);
}

/** A JSON event with a given id, or a fresh one. */
export function testEvent(id?: string, type = 'TestHappened', data: object = {}) {
  return jsonEvent({ id: id ?? crypto.randomUUID(), type, data: { ...data } });
}

export function freshStream(): string {
  return `test-${crypto.randomUUID()}`;
}

/** The first `count` items; fewer when the stream ends before. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  if (count === 0) return taken;
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}

/**
 * Ends a suite. The server goes first, and the client's goodbye is not waited for: `dispose` never
 * settles while a read is open whose consumer broke off its loop.
 */
export function disconnect(client: EventStoreDBClient, server: ProtocolServer): void {
  server.stop();
  void client.dispose();
}
