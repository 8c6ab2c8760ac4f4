/** `--code`: another build of Daybook decides, in a thread of its own, so that its modules stay apart. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LimitOverride } from '../../commands/replay/what-if.js';
import { workerUrl } from '../../lib/worker-url.js';
import { UsageError } from '../usage.js';
import type { CodeDifferences, WhatIfResult } from './what-if-run.js';

export interface OtherCodeData {
  readonly directory: string;
  /** The build's `src` folder, with compiled modules. */
  readonly root: string;
  readonly limits: readonly LimitOverride[];
}

export interface OtherCodeResult extends WhatIfResult {
  readonly code: CodeDifferences;
}

export type OtherCodeMessage =
  | { readonly result: OtherCodeResult }
  | { readonly code: string; readonly message: string };

/** The other build cannot decide this log; `code` is stable. */
export class OtherCodeError extends Error {
  override readonly name = 'OtherCodeError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What of a build is loaded: paths under its `src`. */
export const NEEDED = {
  fingerprint: 'domain/catalogue-fingerprint.js',
  whatIf: 'commands/replay/what-if.js',
  decideAgain: 'commands/replay/decide-again.js',
  state: 'commands/state/shard-state.js',
  evolve: 'commands/evolve/evolve.js',
  positions: 'audit/position-lines.js',
} as const;

/**
 * The compiled `src` folder of a build: the directory itself, or in its `dist`.
 * @throws UsageError when it is no build, or lacks a module
 */
export function rootOfBuild(directory: string): string {
  const candidates = [join(directory, 'dist', 'src'), join(directory, 'src'), directory];
  const root = candidates.find((each) => existsSync(join(each, NEEDED.fingerprint)));
  if (root === undefined) throw new UsageError(`--code ${directory}: no build of Daybook is there`);
  for (const path of Object.values(NEEDED)) {
    if (existsSync(join(root, path))) continue;
    throw new UsageError(`--code ${directory}: the build has no ${path}; it is too old to compare`);
  }
  return resolve(root);
}

/** @throws OtherCodeError CODE_OTHER_CATALOGUE: its events have other layouts; CODE_FAILED */
export async function decideByOtherCode(data: OtherCodeData): Promise<OtherCodeResult> {
  const worker = new Worker(workerUrl(import.meta.url, './other-code-thread.js'), {
    workerData: data,
  });
  const message = await new Promise<OtherCodeMessage>((done, fail) => {
    worker.once('message', done);
    worker.once('error', (error) => fail(new OtherCodeError('CODE_FAILED', error.message)));
    worker.once('exit', () =>
      fail(new OtherCodeError('CODE_FAILED', 'it ended without an answer')),
    );
  });
  await worker.terminate();
  if ('result' in message) return message.result;
  throw new OtherCodeError(message.code, message.message);
}
