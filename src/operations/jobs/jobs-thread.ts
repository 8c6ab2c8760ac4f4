/** The thread of the jobs: checking, compressing and sealing keep no request waiting. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.js';
import { SharedDurableEnd } from '../../log/journal/shared-durable-end.js';
import type { DrillReport } from '../backup/drill.js';
import { openStore } from '../backup/place.js';
import { daybookJobs } from './daybook-jobs.js';
import { type DrillInThread, startDrill } from './drill-in-thread.js';
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
let drilling: DrillInThread | undefined;

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

function runDrill(): Promise<DrillReport> {
  const scratch = join(dataDirectory, 'drill');
  drilling = startDrill({ place, key, capacity, scratch, durableEnd: data.durableEnd });
  return drilling.report.finally(() => {
    drilling = undefined;
  });
}

async function stop(): Promise<void> {
  drilling?.stop();
  await running.stop();
  await backend.close();
  store.close();
  say({ kind: 'stopped' });
  port.close();
}
