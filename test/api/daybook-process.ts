/** `daybook` as processes, for tests of the command line and of crashes. */
import { type ChildProcess, spawn } from 'node:child_process';

export const MAIN = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;

export interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs it to its end. */
export function daybook(...args: string[]): Promise<Result> {
  return ended(spawn(process.execPath, [MAIN, ...args]));
}

export function ended(child: ChildProcess): Promise<Result> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

export interface Started {
  readonly url: string;
  readonly epoch: number;
  readonly recoveredEvents: number;
  /** Of the first user, from the first start. */
  readonly key?: string;
  readonly child: ChildProcess;
  readonly end: Promise<Result>;
}

/** `daybook start` that asks nobody who it is, on any free port; resolves when it is ready. */
export async function startProcess(dataDirectory: string, ...args: string[]): Promise<Started> {
  return startSecureProcess(dataDirectory, '--insecure', ...args);
}

/** The same as an operator would start it. */
export async function startSecureProcess(
  dataDirectory: string,
  ...args: string[]
): Promise<Started> {
  const port = args.includes('--port') ? [] : ['--port', '0'];
  const child = spawn(process.execPath, [
    ...[MAIN, 'start', '--data-dir', dataDirectory, ...port, '--json', ...args],
  ]);
  const end = ended(child);
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk)));
    end.then(({ err, code }) => reject(new Error(`ended with ${code}: ${err}`)));
  });
  return { ...JSON.parse(line), child, end };
}
