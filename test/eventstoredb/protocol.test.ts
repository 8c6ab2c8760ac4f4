import { describe, it } from 'vitest';
import { describeAppends } from './append-suite.js';
import { describeDeletes } from './delete-suite.js';
import { describeIdempotence } from './idempotence-suite.js';
import { type ProtocolServer, REAL_SERVER_VARIABLE, startTestServer } from './protocol-server.js';
import { describeReads } from './read-suite.js';
import { describeSubscriptions } from './subscription-suite.js';

function describeProtocol(open: () => Promise<ProtocolServer>): void {
  describeIdempotence(open);
  describeAppends(open);
  describeReads(open);
  describeSubscriptions(open);
  describeDeletes(open);
}

describe('our server, BatchAppend', () => {
  describeProtocol(() => startTestServer());
});

describe('our server, Append', () => {
  describeIdempotence(() => startTestServer({ batchAppend: false }));
  describeAppends(() => startTestServer({ batchAppend: false }));
  describeDeletes(() => startTestServer({ batchAppend: false }));
});

describe('a real EventStoreDB', () => {
  const connectionString = process.env[REAL_SERVER_VARIABLE];
  if (connectionString === undefined) {
    it.skip(`not run: ${REAL_SERVER_VARIABLE} names no server (esdb://…)`, () => {});
    return;
  }
  describeProtocol(async () => ({ connectionString, stop: () => {} }));
});
