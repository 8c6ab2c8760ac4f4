/**
 * Starts order entry in front of a shard: in the writer's thread where the shard has the fast path,
 * else on node:net in a thread of its own.
 */
import { Worker } from 'node:worker_threads';
import type { GatewayConfig } from '../gateways/order-entry/config.js';
import type { RefusedLogin } from '../gateways/order-entry/connections.js';
import type { GatewayCounts } from '../gateways/order-entry/order-entry-parts.js';
import type { SessionPermit } from '../gateways/order-entry/permits.js';
import type { StageLatencies } from '../gateways/order-entry/stage-latency.js';
import type { TurnLatencies } from '../gateways/order-entry/turn-latency.js';
import { workerUrl } from '../lib/worker-url.js';
import type { PortHandle, RunningShard, WriterThread } from './shard.js';

/** What the gateway's thread is started with; everything in it can cross a thread. */
export interface GatewayThreadData {
  readonly config: GatewayConfig;
  readonly directory: string;
  readonly durableEnd: SharedArrayBuffer;
  readonly port: PortHandle;
  /** Of pino; lines go to standard error. */
  readonly logLevel: string;
}

/** What the gateway's thread says of itself. */
export type GatewayThreadMessage =
  | { readonly kind: 'listening'; readonly port: number; readonly recoverySeconds: number }
  | { readonly kind: 'loginRefused'; readonly login: RefusedLogin }
  | {
      readonly kind: 'stopped';
      readonly counts: GatewayCounts;
      readonly latencies: StageLatencies;
    };

/**
 * Node leaves garbage for every read of a socket. Single collections of 10 MB were seen to take 40 ms
 * on a busy box, so there should be few.
 */
const YOUNG_GENERATION_MB = 96;

type Listening = Extract<GatewayThreadMessage, { kind: 'listening' }>;
type Stopped = Extract<GatewayThreadMessage, { kind: 'stopped' }>;

/** What order entry did since it was opened. */
export interface OrderEntrySummary {
  readonly counts: GatewayCounts;
  /** On node:net. */
  readonly latencies: StageLatencies | undefined;
  /** On the fast path. */
  readonly turns: TurnLatencies | undefined;
}

export interface RunningOrderEntry {
  readonly port: number;
  readonly recoverySeconds: number;
  /** Whether it runs in the writer's thread, on the addon. */
  readonly native: boolean;
  /** Where the time of orders goes, as of now; undefined on node:net, which tells it at its end. */
  latencies(): Promise<TurnLatencies | undefined>;
  /** What each session may do from now on: those without a permit nothing. */
  permit(permits: readonly SessionPermit[]): void;
  /** Called from now on with each login that is refused. */
  onRefused(listener: (login: RefusedLogin) => void): void;
  /**
   * Ends the sessions; to be called before the shard stops. What clients have not had, they get from
   * the log when they log in again.
   */
  stop(): Promise<OrderEntrySummary>;
  /** Rejects when the gateway fails; its sessions have ended then, and the log has lost nothing. */
  readonly failed: Promise<never>;
}

/**
 * @param producer name of the producer of the shard whose ring the gateway alone writes to
 * @throws what the thread failed with: the port is taken, the journal is damaged ...
 */
export async function startOrderEntry(
  shard: RunningShard,
  producer: string,
  config: GatewayConfig,
  logLevel = 'info',
): Promise<RunningOrderEntry> {
  const { writerThread } = shard;
  // The addon speaks no TLS.
  if (writerThread !== undefined && config.tls === undefined) {
    return openInWriter(shard, writerThread, { producer, config, logLevel });
  }
  const data: GatewayThreadData = {
    config,
    directory: shard.directory,
    durableEnd: shard.durableEnd.memory,
    port: shard.portHandle(producer),
    logLevel,
  };
  const worker = new Worker(workerUrl(import.meta.url, './gateway-thread.js'), {
    workerData: data,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the gateway's thread ended with ${code}`));
    });
  });
  failed.catch(() => undefined);
  let onListening: (message: Listening) => void;
  let onStopped: (message: Stopped) => void;
  const listening = new Promise<Listening>((resolve) => {
    onListening = resolve;
  });
  const stopped = new Promise<Stopped>((resolve) => {
    onStopped = resolve;
  });
  let onRefused: ((login: RefusedLogin) => void) | undefined;
  worker.on('message', (message: GatewayThreadMessage) => {
    if (message.kind === 'listening') onListening(message);
    else if (message.kind === 'stopped') onStopped(message);
    else onRefused?.(message.login);
  });
  const { port, recoverySeconds } = await Promise.race([listening, failed]);
  return {
    port,
    recoverySeconds,
    native: false,
    latencies: async () => undefined,
    permit: (permits) => worker.postMessage(permits),
    onRefused: (listener) => {
      onRefused = listener;
    },
    stop: async () => {
      worker.postMessage('stop');
      const { counts, latencies } = await Promise.race([stopped, failed]);
      await worker.terminate();
      return { counts, latencies, turns: undefined };
    },
    failed,
  };
}

async function openInWriter(
  shard: RunningShard,
  writer: WriterThread,
  what: { readonly producer: string; readonly config: GatewayConfig; readonly logLevel: string },
): Promise<RunningOrderEntry> {
  const { config, logLevel } = what;
  const port = shard.portHandle(what.producer);
  const opened = await Promise.race([
    writer.ask(
      { kind: 'openOrderEntry', config, port, logLevel },
      'orderEntryOpen',
      'orderEntryFailed',
    ),
    shard.failed,
  ]);
  if (opened.kind === 'orderEntryFailed') {
    throw Object.assign(new Error(opened.message), { code: opened.code });
  }
  const latencies = async () => {
    const answer = writer.ask({ kind: 'askLatencies' }, 'latencies');
    return (await Promise.race([answer, shard.failed])).latencies;
  };
  return {
    port: opened.port,
    recoverySeconds: opened.recoverySeconds,
    native: true,
    latencies,
    permit: (permits) => writer.tell({ kind: 'permitSessions', permits }),
    onRefused: (listener) => writer.hear('loginRefused', ({ login }) => listener(login)),
    stop: async () => {
      const closing = writer.ask({ kind: 'closeOrderEntry' }, 'orderEntryClosed');
      const { counts } = await Promise.race([closing, shard.failed]);
      return { counts, latencies: undefined, turns: await latencies() };
    },
    failed: shard.failed,
  };
}
