/** The thread of the jobs: checking, compressing and sealing keep no request waiting. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.js';
import { workerUrl } from '../../lib/worker-url.js';
import { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';
import type { DrillReport } from '../backup/drill.js';
import { openStore } from '../backup/place.js';
import { daybookJobs } from './daybook-jobs.js';
import type { DrillThreadData, DrillThreadMessage } from './drill-thread.js';
import { postgresJobs, redisJobs } from './job-backend.js';
import { startJobRunner } from './job-runner.js';
import type { JobsThreadData, JobsThreadMessage } from './jobs-service.js';

const data = workerData as JobsThreadData;
assert(parentPort !== null, 'jobs run in a thread of their own');
const port = parentPort;
const say = (message: JobsThreadMessage) => port.postMessage(message);

const { dataDirectory, journal, shard, capacity, database, place, key } = data;
const end = new SharedDurableEnd(data.durableEnd);
const durable = () => {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  return position;
};
const store = await openStore(place);
const backend =
  data.redisUrl === undefined ? await postgresJobs(database) : redisJobs(data.redisUrl);
let drilling: Worker | undefined;

const running = await startJobRunner({
  backend,
  jobs: daybookJobs({
    ...{ dataDirectory, journal, shard, durable, store, key, database, capacity },
    drill: runDrill,
    onShipped: (shipped) => say({ kind: 'shipped', shipped }),
  }),
  onEnd: (ended) => say({ kind: 'end', end: ended }),
  onError: (job, error) => say({ kind: 'error', job, reason: error.message }),
});
port.once('message', () => void stop());
say({ kind: 'ready', backend: backend.description });

/** In a thread of its own again: shipping goes on meanwhile. */
function runDrill(): Promise<DrillReport> {
  const scratch = join(dataDirectory, 'drill');
  // One drill at a time: what is there was left by one that was killed.
  rmSync(scratch, { recursive: true, force: true });
  const drillData: DrillThreadData = { place, key, capacity, scratch, durableEnd: data.durableEnd };
  const worker = new Worker(workerUrl(import.meta.url, './drill-thread.js'), {
    workerData: drillData,
  });
  drilling = worker;
  return new Promise<DrillReport>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the drill ended without a report')));
    worker.once('message', (message: DrillThreadMessage) => {
      if ('report' in message) resolve(message.report);
      else reject(new Error(message.reason));
    });
  }).finally(() => {
    drilling = undefined;
    rmSync(scratch, { recursive: true, force: true });
  });
}

async function stop(): Promise<void> {
  drilling?.postMessage('stop');
  await running.stop();
  await backend.close();
  store.close();
  say({ kind: 'stopped' });
  port.close();
}
