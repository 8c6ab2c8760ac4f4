/** A drill in a thread of its own: shipping goes on meanwhile. */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { workerUrl } from '../../lib/worker-url.js';
import type { DrillReport } from '../backup/drill.js';
import type { DrillThreadData, DrillThreadMessage } from './drill-thread.js';

export interface DrillInThread {
  /** Rejects with what is wrong with the backup, or that the drill was stopped. */
  readonly report: Promise<DrillReport>;
  /** Ends it at its next step. */
  stop(): void;
}

/** One at a time for each scratch directory: what is in it was left by a drill that was killed. */
export function startDrill(data: DrillThreadData): DrillInThread {
  const { scratch } = data;
  rmSync(scratch, { recursive: true, force: true });
  const worker = new Worker(workerUrl(import.meta.url, './drill-thread.js'), { workerData: data });
  const report = new Promise<DrillReport>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the drill ended without a report')));
    worker.once('message', (message: DrillThreadMessage) => {
      if ('report' in message) resolve(message.report);
      else reject(new Error(message.reason));
    });
  }).finally(() => rmSync(scratch, { recursive: true, force: true }));
  return { report, stop: () => worker.postMessage('stop') };
}
