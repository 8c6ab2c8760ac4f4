import { Worker } from 'node:worker_threads';
import type { TlsFiles } from '../../lib/tls-files.js';
import { workerUrl } from '../../lib/worker-url.js';
import type { SharedDurableEnd } from '../journal/shared-durable-end.js';
import type { ReaderKey } from './server/credentials.js';

/** What the thread is started with. */
export interface ServerThreadData {
  /** Of the journal, and its shard. */
  readonly directory: string;
  readonly shard: number;
  readonly durableEnd: SharedArrayBuffer;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Without them the port speaks plain HTTP/2. */
  readonly tls: TlsFiles | undefined;
  /** Ask for a key of `readers`; nobody is let in before these are known. Needs TLS. */
  readonly authenticated: boolean;
}

export type ServerThreadMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string };

export interface ServerThreadOptions
  extends Omit<ServerThreadData, 'durableEnd' | 'tls' | 'authenticated'> {
  readonly authenticated?: boolean;
  readonly durableEnd: SharedDurableEnd;
  readonly tls?: TlsFiles | undefined;
}

/** A shard's journal served read-only over EventStoreDB's protocol, from a thread of its own. */
export interface RunningServerThread {
  readonly port: number;
  /** Rejects when the thread fails: the journal could not be read. */
  readonly failed: Promise<never>;
  /** Who may read from now on. What is open stays open until the call ends. */
  permit(readers: readonly ReaderKey[]): void;
  /** Ends every call at once. */
  stop(): Promise<void>;
}

/** @throws Error when the address is taken or the certificate is no certificate */
export async function startServerThread(
  options: ServerThreadOptions,
): Promise<RunningServerThread> {
  const { directory, shard, host, port, durableEnd, tls, authenticated = false } = options;
  const workerData: ServerThreadData = {
    ...{ directory, shard, host, port, tls, authenticated },
    durableEnd: durableEnd.memory,
  };
  const worker = new Worker(workerUrl(import.meta.url, './server-worker.js'), { workerData });
  const failed = new Promise<never>((_, reject) => {
    worker.on('message', (message: ServerThreadMessage) => {
      if (message.kind !== 'failed') return;
      reject(Object.assign(new Error(message.message), { code: message.code }));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread that serves ended with ${code}`)));
  });
  // Observed by whoever races it; after `stop` the end of the thread is no failure.
  failed.catch(() => undefined);
  const listening = new Promise<number>((resolve) => {
    worker.on('message', (message: ServerThreadMessage) => {
      if (message.kind === 'listening') resolve(message.port);
    });
  });
  return {
    port: await Promise.race([listening, failed]),
    failed,
    permit: (readers) => worker.postMessage(readers),
    async stop() {
      await worker.terminate();
    },
  };
}
