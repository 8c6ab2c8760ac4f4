/** The API of one shard in this thread: follows its log, takes requests. */
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { Clock } from '../lib/time.js';
import type { TlsFiles } from '../lib/tls-files.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { SparseIndex } from '../log/journal/sparse-index.js';
import type { PersonalFields } from '../privacy/personal-fields.js';
import { registerActor } from './application/actors.js';
import type { Application, Commands } from './application/application.js';
import type { Audit } from './application/audit.js';
import type { MarketData } from './application/market-data.js';
import type { ReadModels } from './application/read-models.js';
import type { ValueAtRisk } from './application/value-at-risk.js';
import { type RunningGrpc, startGrpc } from './grpc/server.js';
import { KeyedRequests } from './idempotency/keyed-requests.js';
import type { User } from './identity/access-book.js';
import { Admission } from './identity/admission.js';
import type { TokenOptions } from './identity/json-web-token.js';
import { LogFollower } from './log-follower.js';
import { Outcomes, type OutcomesOptions } from './outcomes.js';
import { RecentClientIds } from './reference/recent-client-ids.js';
import { RecentOrders } from './reference/recent-orders.js';
import { ReferenceData } from './reference/reference-data.js';
import type { Readiness } from './rest/routes/health.js';
import { createRestServer } from './rest/server.js';
import { StreamHub } from './streams/stream-hub.js';

export interface ApiOptions {
  /** The writer's port for this thread alone. */
  readonly commands: Commands;
  readonly journalDirectory: string;
  readonly durableEnd: DurableEnd;
  readonly readModels: ReadModels;
  /** Of the parts beside the API; the API adds its own view of the journal. */
  readonly readiness: Readiness;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly version: string;
  /** Who answers questions about the past. */
  readonly audit?: Audit | undefined;
  readonly marketData?: MarketData | undefined;
  readonly valueAtRisk?: ValueAtRisk | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly outcomes?: OutcomesOptions;
  /** Where requests with an `Idempotency-Key` are remembered; absent: in memory, until it ends. */
  readonly requestsPath?: string | undefined;
  /** Whom to let in; absent: whoever reaches the listener may do everything. */
  readonly access?: AccessOptions | undefined;
  /** Seals personal fields with the key of their subject; absent: none are put on record. */
  readonly sealPerson?: ((subject: string, fields: PersonalFields) => string) | undefined;
  /** Absent: plain text. */
  readonly tls?: TlsFiles | undefined;
  /** Where gRPC listens; 0 any free port. Absent: nowhere. */
  readonly grpcPort?: number | undefined;
}

export interface AccessOptions {
  /** Where the access log is; `daybook identity` changes it meanwhile. */
  readonly directory: string;
  readonly tokens?: TokenOptions | undefined;
  readonly lookMs?: number;
  /** Milliseconds, for the windows of failed logins; the machine's unless a test turns the hands. */
  readonly now?: () => number;
  /** Called when this process has the journal and before anybody is let in: makes the first user. */
  readonly prepare?: () => void;
}

export interface RunningApi {
  /** Where it listens, as "http://127.0.0.1:8080". */
  readonly address: string;
  readonly application: Application;
  /** Undefined when it does not listen. */
  readonly grpc: RunningGrpc | undefined;
  readonly hub: StreamHub;
  /** The door that every listener of the process shares; undefined: it stands open. */
  readonly admission: Admission | undefined;
  /** Resolves with why when the log cannot be followed any more: the process is then of no use. */
  readonly failed: Promise<unknown>;
  /** Takes no new requests, answers those under way, then stops following. */
  stop(): Promise<void>;
}

/** What the API reads of the journal at a time, and each stream that resumes. */
const READ_BYTES = 1024 * 1024;
const STREAM_READ_BYTES = 128 * 1024;

/** Listens once all of the log up to now has been read, so that it knows every name. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { logger, metrics, readModels } = options;
  const reference = new ReferenceData();
  const recentOrders = new RecentOrders();
  const recentClientIds = new RecentClientIds();
  const outcomes = new Outcomes(options.outcomes);
  const readFrom = journalReaders(options);
  const hub = new StreamHub({
    reference,
    readFrom: (sequence) => readFrom(sequence, STREAM_READ_BYTES),
  });
  const follower = new LogFollower({ reference, recentOrders, recentClientIds, outcomes, hub });
  const application: Application = {
    commands: options.commands,
    ...{ outcomes, reference, recentOrders, recentClientIds, follower, readModels },
    clock: new Clock(),
  };
  const reader = readFrom(0);
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) follower.take(batch);
  const following = follower.start(reader);
  gauges(application, hub, metrics);
  const admission = await startAdmission(options, application);
  const keyedRequests = await KeyedRequests.open({
    ...{ path: options.requestsPath, clock: application.clock, readFrom },
    sequence: () => follower.sequence,
  });
  const shared = { application, hub, keyedRequests, admission, logger };
  const { server, close } = await createRestServer({
    ...shared,
    metrics,
    version: options.version,
    audit: options.audit,
    marketData: options.marketData,
    valueAtRisk: options.valueAtRisk,
    tls: options.tls,
    readiness: async () => [
      journalCheck(follower),
      ...accessChecks(admission),
      ...(options.requestsPath === undefined ? [] : [requestsCheck(keyedRequests)]),
      ...(await options.readiness()),
    ],
  });
  const { host, tls, grpcPort } = options;
  const address = await server.listen({ host, port: options.port });
  const grpc =
    grpcPort === undefined ? undefined : await startGrpc({ ...shared, tls, host, port: grpcPort });
  // Health checks are told what readiness says of the log.
  following.then(() => grpc?.serving(false));
  return {
    address,
    application,
    grpc,
    hub,
    admission,
    failed: new Promise((resolve) => {
      following.then(() => {
        if (follower.state === 'failed') resolve(follower.failure);
      });
    }),
    async stop() {
      hub.close();
      await Promise.all([close(), grpc?.stop()]);
      admission?.close();
      await keyedRequests.close();
      await follower.stop();
      outcomes.close();
      reader.close();
    },
  };
}

/** Readers of the journal of this thread, which share what they learn of where things are. */
function journalReaders({ journalDirectory, durableEnd }: ApiOptions) {
  const index = new SparseIndex();
  return (from: number, readBytes = READ_BYTES) =>
    new JournalReader(journalDirectory, { from, end: durableEnd, index, readBytes });
}

function journalCheck({ state, sequence }: LogFollower) {
  const ok = state === 'following';
  return { name: 'journal', ok, detail: ok ? `read to ${sequence}` : state } as const;
}

/** Actors are registered on the log, so it is followed by now. */
async function startAdmission(
  { access, logger, metrics, sealPerson }: ApiOptions,
  app: Application,
): Promise<Admission | undefined> {
  if (access === undefined) return undefined;
  access.prepare?.();
  const register = ({ subject, kind, name }: User) => {
    if (kind !== 'person' || sealPerson === undefined) {
      return registerActor(app, subject, kind === 'person' ? 'User' : 'ApiKey');
    }
    return registerActor(app, subject, 'User', () => sealPerson(subject, { name }));
  };
  return Admission.start({ ...access, register, logger, metrics });
}

function accessChecks(admission: Admission | undefined) {
  if (admission === undefined) return [];
  const ok = admission.failure === undefined;
  const detail = ok ? 'in force' : 'the last change of identities is not in force';
  return [{ name: 'access', ok, detail } as const];
}

function requestsCheck({ failure }: KeyedRequests) {
  const ok = failure === undefined;
  const detail = ok ? 'kept' : 'requests with an Idempotency-Key are refused: their file failed';
  return { name: 'idempotency', ok, detail } as const;
}

function gauges({ outcomes, follower }: Application, hub: StreamHub, metrics: Registry): void {
  new Gauge({
    name: 'daybook_stream_subscriptions',
    help: 'Live streams over gRPC and WebSocket',
    registers: [metrics],
    collect() {
      this.set(hub.subscribers);
    },
  });
  new Gauge({
    name: 'daybook_log_sequence',
    help: 'Last sequence of the log that the API has read',
    registers: [metrics],
    collect() {
      this.set(follower.sequence);
    },
  });
  new Gauge({
    name: 'daybook_requests_waiting',
    help: 'Requests that wait for the events of their command',
    registers: [metrics],
    collect() {
      this.set(outcomes.pending);
    },
  });
}
