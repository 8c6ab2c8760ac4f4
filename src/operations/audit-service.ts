/** Questions about the past of a running shard, answered by a thread of their own. */
import { Worker } from 'node:worker_threads';
import type { AuditQuestion } from '../audit/auditor.js';
import type { Capacity } from '../commands/state/capacity.js';
import { workerUrl } from '../lib/worker-url.js';
import type { RunningShard } from './shard.js';

/** Questions waiting or being answered; another one is refused with AUDIT_BUSY. */
export const AUDIT_QUESTIONS_MAX = 8;
/** An answer that takes longer, ms, is given up with AUDIT_TIMEOUT; it keeps its place until it is there. */
export const AUDIT_ANSWER_MS_MAX = 60_000;

export interface AuditThreadData {
  readonly directory: string;
  readonly shard: number;
  readonly capacity: Capacity;
  readonly durableEnd: SharedArrayBuffer;
  readonly keysDirectory: string;
}
export interface AuditThreadQuestion {
  readonly id: number;
  readonly question: AuditQuestion;
}
export type AuditThreadAnswer =
  | { readonly id: number; readonly asOf: number; readonly json: string }
  | {
      readonly id: number;
      readonly code: string;
      readonly message: string;
      readonly stack: string | undefined;
    };

/** An answer as JSON text, made in the thread, and the last sequence that is in it. */
export interface AuditText {
  readonly asOf: number;
  readonly json: string;
}

/** Codes of `audit/errors.ts` and below it, and those of the limits above. */
export class AuditFailure extends Error {
  override readonly name = 'AuditFailure';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface RunningAudit {
  /** @throws AuditFailure */
  ask(question: AuditQuestion): Promise<AuditText>;
  /** Rejects when the thread fails: the shard goes on, questions are refused with AUDIT_STOPPED. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

interface Waiting {
  readonly resolve: (text: AuditText) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** @param keysDirectory where the keys of the subjects are; the master key is in the environment */
export function startAudit(shard: RunningShard, keysDirectory: string): RunningAudit {
  const { directory, capacity, durableEnd } = shard;
  const data: AuditThreadData = {
    ...{ directory, capacity, keysDirectory, shard: 0 },
    durableEnd: durableEnd.memory,
  };
  const worker = new Worker(workerUrl(import.meta.url, './audit-thread.js'), { workerData: data });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let stopped = false;
  worker.on('message', (answer: AuditThreadAnswer) => {
    const { id } = answer;
    const asker = waiting.get(id);
    waiting.delete(id);
    clearTimeout(asker?.timer);
    if ('json' in answer) asker?.resolve({ asOf: answer.asOf, json: answer.json });
    else asker?.reject(failureOf(answer));
  });
  const end = (): void => {
    stopped = true;
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer);
      reject(new AuditFailure('AUDIT_STOPPED', 'the auditor has stopped'));
    }
    waiting.clear();
  };
  worker.once('exit', end);
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  failed.catch(() => undefined);
  return {
    failed,
    ask(question) {
      if (stopped)
        return Promise.reject(new AuditFailure('AUDIT_STOPPED', 'the auditor has stopped'));
      if (waiting.size >= AUDIT_QUESTIONS_MAX) {
        const message = `${AUDIT_QUESTIONS_MAX} questions about the past wait already`;
        return Promise.reject(new AuditFailure('AUDIT_BUSY', message));
      }
      asked += 1;
      const id = asked;
      return new Promise<AuditText>((resolve, reject) => {
        // The thread cannot be interrupted: its answer is dropped, its place is free only then.
        const timer = setTimeout(() => {
          reject(new AuditFailure('AUDIT_TIMEOUT', 'the answer takes too long'));
        }, AUDIT_ANSWER_MS_MAX);
        waiting.set(id, { resolve, reject, timer });
        worker.postMessage({ id, question } satisfies AuditThreadQuestion);
      });
    },
    async stop() {
      stopped = true;
      await worker.terminate();
    },
  };
}

function failureOf({ code, message, stack }: Extract<AuditThreadAnswer, { code: string }>): Error {
  const error = new AuditFailure(code, message);
  if (code === 'INTERNAL' && stack !== undefined) error.stack = stack;
  return error;
}
