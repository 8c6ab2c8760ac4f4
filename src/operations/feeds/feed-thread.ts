/** A thread that listens on a port, counts what it does and ends when it is told to. */
import { Worker } from 'node:worker_threads';

export interface FeedThread<Counts> {
  readonly port: number;
  counts(): Promise<Counts>;
  /** Ends it in order. */
  stop(): Promise<Counts>;
  /** Rejects when it fails; nobody else is affected. */
  readonly failed: Promise<never>;
}

type Said<Counts> =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'counts' | 'stopped'; readonly counts: Counts };

/** @throws what the thread failed with before it listened */
export async function startFeedThread<Counts>(
  module: URL,
  workerData: object,
): Promise<FeedThread<Counts>> {
  const worker = new Worker(module, { workerData });
  const failed = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the thread ${module.pathname} ended with ${code}`));
    });
  });
  failed.catch(() => undefined);
  const next = <K extends Said<Counts>['kind']>(kind: K) => {
    const said = new Promise<Extract<Said<Counts>, { kind: K }>>((resolve) => {
      const onMessage = (message: Said<Counts>) => {
        if (message.kind !== kind) return;
        worker.off('message', onMessage);
        resolve(message as never);
      };
      worker.on('message', onMessage);
    });
    return Promise.race([said, failed]);
  };
  const ask = async (what: 'stop' | 'counts', kind: 'stopped' | 'counts') => {
    const answer = next(kind);
    worker.postMessage(what);
    return ((await answer) as { readonly counts: Counts }).counts;
  };
  const { port } = (await next('listening')) as { readonly port: number };
  return {
    port,
    counts: () => ask('counts', 'counts'),
    stop: async () => {
      const counts = await ask('stop', 'stopped');
      await worker.terminate();
      return counts;
    },
    failed,
  };
}
