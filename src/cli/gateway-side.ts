/**
 * The binary edges of a process: OUCH over TCP, market data and the drop copy over UDP. Sessions are
 * those of the access log ('daybook identity session').
 */
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { readAccessBook } from '../api/identity/access-changes.js';
import type { Acknowledge, SessionConfig } from '../gateways/order-entry/config.js';
import { NO_PASSWORD } from '../gateways/order-entry/password.js';
import { findNativeAddon } from '../lib/native-addon.js';
import type { TlsFiles } from '../lib/tls-files.js';
import type { FastPathOptions } from '../operations/fast-path-messages.js';
import { startDropCopy } from '../operations/feeds/drop-copy.js';
import { startMarketData } from '../operations/feeds/market-data.js';
import { type RunningOrderEntry, startOrderEntry } from '../operations/order-entry.js';
import type { RunningShard } from '../operations/shard.js';
import { accessDirectory } from './access-side.js';
import type { StartedParts } from './started-parts.js';
import { UsageError, wholeNumber } from './usage.js';

/** Producers that this side needs of the shard. */
export const GATEWAY_PRODUCERS = ['ouch', 'itch'] as const;

/** An instrument is marked from the feed no more often, ms. */
const MARK_EVERY_MS = 100;
const HOST_DEFAULT = '127.0.0.1';

/** Options of `daybook start` about the binary gateways. */
export const GATEWAY_OPTIONS = {
  'ouch-port': { type: 'string' },
  'ouch-host': { type: 'string', default: HOST_DEFAULT },
  'ouch-memory': { type: 'string' },
  spin: { type: 'string' },
  itch: { type: 'string' },
  'itch-group': { type: 'string' },
  'itch-retransmission': { type: 'string' },
  'drop-copy': { type: 'string' },
  'drop-copy-requests': { type: 'string', default: `${HOST_DEFAULT}:0` },
  'multicast-interface': { type: 'string' },
} as const;

export const GATEWAY_HELP = `Binary gateways (docs/fast-path.md):
  --ouch-port PORT  take orders over OUCH 5.0 (SoupBinTCP, with --tls-cert over TLS and then not on
                    the addon) from the sessions that 'daybook identity session' made; passwords
                    and permissions follow at once, new sessions at the next start
  --ouch-host HOST  where (default ${HOST_DEFAULT})
  --ouch-memory LOGIN,LOGIN  answer these before the disk has their orders; venues wait for it
  --spin CPU        pin the writer's thread there and poll without ever sleeping: it takes that
                    core for itself
  --itch HOST:PORT  listen there for market data (MoldUDP64, ITCH 5.0): books, and marks from them
  --itch-group GROUP         of this multicast group
  --itch-retransmission HOST:PORT   where missed messages are asked for
  --drop-copy HOST:PORT      tell every execution report there (MoldUDP64), a group or one host
  --drop-copy-requests HOST:PORT    where they can be asked for again (default ${HOST_DEFAULT}, any port)
  --multicast-interface ADDRESS     of the interface that multicast goes through
`;

type Values = Partial<Record<keyof typeof GATEWAY_OPTIONS, string | undefined>>;
type Place = { readonly host: string; readonly port: number };

export interface GatewaySideOptions {
  readonly ouch: (Place & { readonly memory: readonly string[] }) | undefined;
  readonly fastPath: FastPathOptions | undefined;
  readonly itch: (Place & { readonly group?: string | undefined }) | undefined;
  readonly retransmission: Place | undefined;
  readonly dropCopy: { readonly sendTo: Place; readonly requests: Place } | undefined;
  readonly interfaceAddress: string | undefined;
}

/** @throws UsageError */
export function gatewayOptions(values: Values): GatewaySideOptions {
  const ouchPort = values['ouch-port'];
  const { spin } = values;
  if (ouchPort === undefined && (spin ?? values['ouch-memory']) !== undefined) {
    throw new UsageError('--spin and --ouch-memory belong to --ouch-port');
  }
  const itch = place('itch', values.itch);
  if (itch === undefined && (values['itch-group'] ?? values['itch-retransmission']) !== undefined) {
    throw new UsageError('--itch-group and --itch-retransmission belong to --itch');
  }
  const sendTo = place('drop-copy', values['drop-copy']);
  const requests = place('drop-copy-requests', values['drop-copy-requests']);
  const cpu = spin === undefined ? undefined : wholeNumber('spin', spin, 0, 1023);
  return {
    ouch:
      ouchPort === undefined
        ? undefined
        : {
            host: values['ouch-host'] ?? HOST_DEFAULT,
            port: wholeNumber('ouch-port', ouchPort, 0, 65_535),
            memory: values['ouch-memory']?.split(',') ?? [],
          },
    fastPath: ouchPort === undefined ? undefined : { spin: cpu !== undefined, cpu },
    itch: itch === undefined ? undefined : { ...itch, group: values['itch-group'] },
    retransmission: place('itch-retransmission', values['itch-retransmission']),
    dropCopy: sendTo === undefined || requests === undefined ? undefined : { sendTo, requests },
    interfaceAddress: values['multicast-interface'],
  };
}

/** @throws UsageError */
function place(name: string, text: string | undefined): Place | undefined {
  if (text === undefined) return undefined;
  const [, host, port] = /^(\d+\.\d+\.\d+\.\d+):(\d+)$/.exec(text) ?? [];
  if (host === undefined || port === undefined) {
    throw new UsageError(`--${name} is an IPv4 address and a port, such as 127.0.0.1:9000`);
  }
  return { host, port: wholeNumber(name, port, 0, 65_535) };
}

export interface GatewaySide {
  readonly orderEntry: RunningOrderEntry | undefined;
  readonly ports: { readonly ouch?: number; readonly itch?: number; readonly dropCopy?: number };
  /** Each resolves with why when its part has failed. */
  readonly failures: readonly Promise<unknown>[];
}

interface GatewayParts {
  readonly shard: RunningShard;
  readonly dataDirectory: string;
  readonly logger: Logger;
  readonly tls: TlsFiles | undefined;
}

/** @throws what a part fails with that cannot listen */
export async function startGatewaySide(
  options: GatewaySideOptions,
  parts: GatewayParts,
  started: StartedParts,
): Promise<GatewaySide> {
  const { shard, logger } = parts;
  const { interfaceAddress } = options;
  const reason = (error: unknown): unknown => error;
  const failures: Promise<unknown>[] = [];
  const orderEntry = await startOuch(options, parts, started);
  if (orderEntry !== undefined) failures.push(orderEntry.failed.catch(reason));
  const { itch, retransmission, dropCopy } = options;
  let itchPort: number | undefined;
  if (itch !== undefined) {
    const config = { ...itch, retransmission, interfaceAddress, markEveryMs: MARK_EVERY_MS };
    const starting = startMarketData(shard, 'itch', config, logger.level);
    const feed = await started.add(starting, async (f) => void (await f.stop()));
    failures.push(feed.failed.catch(reason));
    itchPort = feed.port;
  }
  let dropCopyPort: number | undefined;
  if (dropCopy !== undefined) {
    const { sendTo, requests } = dropCopy;
    const starting = startDropCopy(shard, { sendTo, ...requests, interfaceAddress }, logger.level);
    const feed = await started.add(starting, async (f) => void (await f.stop()));
    failures.push(feed.failed.catch(reason));
    dropCopyPort = feed.port;
  }
  return {
    orderEntry,
    ports: {
      ...(orderEntry === undefined ? {} : { ouch: orderEntry.port }),
      ...(itchPort === undefined ? {} : { itch: itchPort }),
      ...(dropCopyPort === undefined ? {} : { dropCopy: dropCopyPort }),
    },
    failures,
  };
}

async function startOuch(
  { ouch }: GatewaySideOptions,
  parts: GatewayParts,
  started: StartedParts,
): Promise<RunningOrderEntry | undefined> {
  if (ouch === undefined) return undefined;
  const { shard, dataDirectory, logger, tls } = parts;
  if (shard.writerThread === undefined) {
    const { reason } = findNativeAddon();
    logger.warn({ reason }, 'OUCH runs on node:net, more slowly: there is no addon');
  }
  const sessions = sessionsOf(dataDirectory, ouch.memory);
  if (sessions.length === 0) {
    logger.warn("nobody can log in over OUCH: 'daybook identity session' makes sessions");
  }
  const { host, port } = ouch;
  const starting = startOrderEntry(shard, 'ouch', { host, port, sessions, tls }, logger.level);
  return started.add(starting, async (entry) => void (await entry.stop()));
}

/** @throws UsageError when a login is not known; AccessError when the access log is damaged */
function sessionsOf(dataDirectory: string, memory: readonly string[]): SessionConfig[] {
  const { sessions } = readAccessBook(accessDirectory(dataDirectory));
  for (const login of memory) {
    if (!sessions.has(login)) throw new UsageError(`--ouch-memory: there is no login ${login}`);
  }
  return [...sessions.values()].map((session): SessionConfig => {
    const { id, session: name, login: user, accounts, cancelOnDisconnect } = session;
    const acknowledge: Acknowledge = memory.includes(user) ? 'memory' : 'disk';
    const defaultAccount = accounts[0] ?? '';
    return {
      ...{ id, name, user, accounts, defaultAccount, cancelOnDisconnect },
      // Nobody, until `permitSessions` says who.
      passwordHash: NO_PASSWORD,
      acknowledge,
    };
  });
}

/** Where the time of orders goes on the fast path. */
export function gatewayMetrics({ orderEntry }: GatewaySide, metrics: Registry): void {
  if (orderEntry === undefined) return;
  new Gauge({
    name: 'daybook_order_entry_latency_seconds',
    help: 'Since the start, of a stage since the one before: socket, decoded, decided, written, durable, sent',
    labelNames: ['stage', 'quantile'],
    registers: [metrics],
    async collect() {
      const turns = await orderEntry.latencies();
      if (turns === undefined) return;
      const { stages, total, memory, garbage, sync } = turns;
      const all = { ...stages, total, memory, pause_garbage: garbage, pause_sync: sync };
      for (const [stage, { p50Us, p99Us, p999Us, p9999Us, maxUs }] of Object.entries(all)) {
        const values = {
          '0.5': p50Us,
          '0.99': p99Us,
          '0.999': p999Us,
          '0.9999': p9999Us,
          1: maxUs,
        };
        for (const [quantile, us] of Object.entries(values)) {
          this.set({ stage, quantile }, us / 1e6);
        }
      }
    },
  });
}
