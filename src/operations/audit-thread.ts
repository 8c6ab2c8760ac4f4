/**
 * The thread that answers questions about the past, one after the other: replaying the log must not
 * hold up the API's event loop. Between questions it indexes what is new, a chunk at a time.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Auditor } from '../audit/auditor.js';
import { ShardState } from '../commands/state/shard-state.js';
import { assert } from '../lib/assert.js';
import { SharedDurableEnd } from '../log/journal/shared-durable-end.js';
import { masterKeyFrom } from '../privacy/master-key.js';
import { SubjectKeys } from '../privacy/subject-keys.js';
import type { AuditThreadAnswer, AuditThreadData, AuditThreadQuestion } from './audit-service.js';
import { restoreSnapshot } from './snapshots.js';

/** Between two chunks that nobody waits for, ms: indexing is not to take a core from the writer. */
const CATCH_UP_PAUSE_MS = 1000;
/** After so long without a question the last state's memory is given back, ms. */
const IDLE_MS = 60_000;

const data = workerData as AuditThreadData;
assert(parentPort !== null, 'the auditor has a thread of its own');
const port = parentPort;
const end = new SharedDurableEnd(data.durableEnd);
const auditor = new Auditor({
  journal: data.directory,
  end,
  keys: new SubjectKeys(data.keysDirectory, masterKeyFrom(process.env)),
  stateBefore: (sequence) =>
    restoreSnapshot(
      data.directory,
      data.shard,
      sequence + 1,
      () => new ShardState(data.capacity, 1),
    ),
});

let idleSince = performance.now();

port.on('message', ({ id, question }: AuditThreadQuestion) => {
  port.postMessage(answerOf(id, question));
  idleSince = performance.now();
});

function answerOf(id: number, question: AuditThreadQuestion['question']): AuditThreadAnswer {
  try {
    const answer = auditor.answer(question);
    return { id, asOf: answer.asOf, json: JSON.stringify(answer) };
  } catch (error) {
    // Typed errors are answers; anything else is a defect, told with its stack.
    const { code } = error as { code?: unknown };
    const { message, stack } = error as Error;
    return { id, code: typeof code === 'string' ? code : 'INTERNAL', message, stack };
  }
}

const catchUp = setInterval(() => {
  auditor.catchUp();
  if (performance.now() - idleSince > IDLE_MS) auditor.forget();
}, CATCH_UP_PAUSE_MS);
port.on('close', () => clearInterval(catchUp));
