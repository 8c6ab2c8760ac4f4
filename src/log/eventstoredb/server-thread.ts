import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../lib/worker-url.js';
import type { SharedDurableEnd } from '../journal/shared-durable-end.js';

/** What the thread is started with. */
export interface ServerThreadData {
  /** Of the journal, and its shard. */
  readonly directory: string;
  readonly shard: number;
  readonly durableEnd: SharedArrayBuffer;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM texts; without them the port speaks plain HTTP/2. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
}

export type ServerThreadMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string };

export interface ServerThreadOptions extends Omit<ServerThreadData, 'durableEnd' | 'tls'> {
  readonly durableEnd: SharedDurableEnd;
  readonly tls?: ServerThreadData['tls'];
}

/** A shard's journal served read-only over EventStoreDB's protocol, from a thread of its own. */
export interface RunningServerThread {
  readonly port: number;
  /** Rejects when the thread fails: the journal could not be read. */
  readonly failed: Promise<never>;
  /** Ends every call at once. */
  stop(): Promise<void>;
}

/** @throws Error when the address is taken or the certificate is no certificate */
export async function startServerThread(
  options: ServerThreadOptions,
): Promise<RunningServerThread> {
  const { directory, shard, host, port, durableEnd, tls } = options;
  const workerData: ServerThreadData = {
    ...{ directory, shard, host, port, tls },
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
    async stop() {
      await worker.terminate();
    },
  };
}
