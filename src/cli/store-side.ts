/** EventStoreDB around a writing daybook: events go out to it, and its clients may read here. */
import { readFileSync } from 'node:fs';
import { Gauge, type Registry } from 'prom-client';
import type { Check } from '../api/rest/routes/health.js';
import type { StoreAddress } from '../log/eventstoredb/store-address.js';
import { StoreSession } from '../log/eventstoredb/store-session.js';
import type { RunningForwarding } from '../operations/forwarding.js';
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
  readonly tls?: { readonly certificate: string; readonly key: string };
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

/** @throws UsageError */
export function serveOptions(values: {
  readonly host: string;
  readonly port: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}): ServeOptions | undefined {
  const { host, port, certificate, key } = values;
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UsageError('--eventstore-cert and --eventstore-key belong together');
  }
  if (port === undefined) return undefined;
  const tls =
    certificate === undefined || key === undefined
      ? {}
      : {
          tls: {
            certificate: textOf('eventstore-cert', certificate),
            key: textOf('eventstore-key', key),
          },
        };
  return { host, port: wholeNumber('eventstore-port', port, 0, 65_535), ...tls };
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--${option}: ${(error as Error).message}`);
  }
}

/** Ready while orders are taken: the store has this writer's first event and is not too far behind. */
export function forwardingCheck(forwarding: RunningForwarding): Check {
  const { fenced, connected, takesOrders } = forwarding;
  const { events, milliseconds } = forwarding.lag();
  const behind = `${events} events and ${milliseconds} ms behind`;
  const waits = fenced ? behind : `${behind}, without the first event of this writer`;
  const detail = connected ? waits : `not reached, ${waits}`;
  return { name: 'eventstoredb', ok: takesOrders, detail };
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
  gauge('takes_orders', '0 while new orders are refused', () => Number(forwarding.takesOrders));
}
