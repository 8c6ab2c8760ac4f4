/** EventStoreDB around a writing daybook: events go out to it, and its clients may read here. */
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { Admission } from '../api/identity/admission.js';
import type { Identities } from '../api/identity/identities.js';
import type { Check } from '../api/rest/routes/health.js';
import { readTlsFiles, type TlsFiles } from '../lib/tls-files.js';
import type { RunningServerThread } from '../log/eventstoredb/server-thread.js';
import type { StoreAddress } from '../log/eventstoredb/store-address.js';
import { StoreSession } from '../log/eventstoredb/store-session.js';
import type { ForwardingOptions, RunningForwarding } from '../operations/forwarding.js';
import type { AccessSide } from './access-side.js';
import { type CredentialSide, storeAddress } from './credential-side.js';
import { UsageError, wholeNumber } from './usage.js';

/** Lag in events above which new orders are refused, when nothing else is said. */
export const LAG_EVENTS_MAX_DEFAULT = 1_000_000;

export interface StoreOptions {
  readonly connectionString: StoreAddress;
  readonly lagEventsMax: number;
}

/** Where EventStoreDB's clients may read the journal. */
export interface ServeOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  /** Ask who comes: whoever may do `audit.read`. */
  readonly authenticated: boolean;
}

/** A connection string that the client understands. @throws UsageError; it repeats no password */
export function connectionString(option: string, text: string): string {
  try {
    new StoreSession(text).close();
    return text;
  } catch {
    throw new UsageError(`--${option} is no connection string (esdb://HOST:PORT?tls=...)`);
  }
}

function checkedAddress(option: string, address: StoreAddress): StoreAddress {
  connectionString(option, typeof address === 'string' ? address : address.text);
  return address;
}

/** @throws UsageError, CredentialError */
export function storeOptions(
  url: string | undefined,
  lagMax: string | undefined,
  credentials: CredentialSide,
): StoreOptions | undefined {
  if (url === undefined) {
    if (lagMax === undefined) return undefined;
    throw new UsageError('--eventstoredb-lag-max needs --eventstoredb');
  }
  return {
    connectionString: checkedAddress('eventstoredb', storeAddress(url, credentials)),
    lagEventsMax:
      lagMax === undefined
        ? LAG_EVENTS_MAX_DEFAULT
        : wholeNumber('eventstoredb-lag-max', lagMax, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** @param side who may come to the other listeners, too @throws UsageError */
export function serveOptions(
  values: {
    readonly host: string;
    readonly port: string | undefined;
    readonly certificate: string | undefined;
    readonly key: string | undefined;
  },
  side: AccessSide | undefined,
): ServeOptions | undefined {
  const { host, port, certificate, key } = values;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UsageError('--eventstore-cert and --eventstore-key belong together');
  }
  if (port === undefined) return undefined;
  const own = certificate === undefined || key === undefined ? undefined : { certificate, key };
  const tls = own ?? side?.tls;
  const authenticated = side?.access !== undefined;
  if (authenticated && tls === undefined) {
    throw new UsageError(
      '--eventstore-port takes keys over TLS only: give --tls-cert and --tls-key',
    );
  }
  checkTls(own);
  return { host, port: wholeNumber('eventstore-port', port, 0, 65_535), tls, authenticated };
}

/** @throws UsageError */
function checkTls(files: TlsFiles | undefined): void {
  try {
    if (files !== undefined) readTlsFiles(files);
  } catch (error) {
    throw new UsageError(`--eventstore-cert: ${(error as Error).message}`);
  }
}

/** Keys of whoever may read the log, now and after every change. */
export function permitReaders(served: RunningServerThread, admission: Admission): void {
  const permit = (identities: Identities): void => {
    const readers = identities.keysThatMay('audit.read');
    served.permit(readers.map(({ id, hash, expiresMs }) => ({ id, hash, expiresMs })));
  };
  permit(admission.identities);
  admission.onChange(permit);
}

/** Ready while orders are taken: the store has this writer's first event and is not too far behind. */
export function forwardingCheck(forwarding: RunningForwarding): Check {
  const { fenced, connected, problem, takesOrders } = forwarding;
  const { events, milliseconds } = forwarding.lag();
  const behind = `${events} events and ${milliseconds} ms behind`;
  const waits = fenced ? behind : `${behind}, without the first event of this writer`;
  // Anyone may ask for this: the code, not the words, which name nodes of the store.
  const why = problem === undefined ? 'not reached' : `not reached (${problem.code})`;
  const detail = connected ? waits : `${why}, ${waits}`;
  return { name: 'eventstoredb', ok: takesOrders, detail };
}

/** Says why the store is lost, and that it is back. */
export function forwardingLog(logger: Logger): NonNullable<ForwardingOptions['onProblem']> {
  return (problem) => {
    if (problem === undefined) logger.warn('EventStoreDB is reached again');
    else logger.warn({ problem }, 'EventStoreDB is not reached: events wait in the journal');
  };
}

export function forwardingMetrics(forwarding: RunningForwarding, metrics: Registry): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      ...{ name: `daybook_eventstoredb_${name}`, help, registers: [metrics] },
      collect() {
        this.set(value());
      },
    });
  };
  gauge('lag_events', 'Durable events that EventStoreDB does not have', () => {
    return forwarding.lag().events;
  });
  gauge('lag_seconds', 'Age of the oldest of them', () => forwarding.lag().milliseconds / 1000);
  gauge('stored_sequence', 'Last sequence in EventStoreDB', () => forwarding.storedSequence - 1);
  gauge('connected', '1 while EventStoreDB answers', () => Number(forwarding.connected));
  gauge('sessions', 'Connections begun since the start', () => forwarding.sessions);
  gauge('restarts', 'Restarts of the forwarder since the start', () => forwarding.restarts);
  gauge('takes_orders', '0 while new orders are refused', () => Number(forwarding.takesOrders));
}
