/** The C++ clients and baselines of `native/bench/load.cc`, compiled when a bench needs them. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Histogram } from './paired-windows.js';

const DIRECTORY = 'native/build/bench';

/** Latencies in us; as the program prints them. */
export interface LoadLatency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
}

export interface LoadResult extends LoadLatency {
  readonly perSecond: number;
  readonly messagesPerSecond: number;
  readonly sent: number;
  readonly done: number;
  readonly refused: number;
  /** p99 of each 0.1 s by when its orders were due, us (open). */
  readonly windowsP99: readonly number[];
  /** How many orders took so many us, ascending; steps of less than 1 %. */
  readonly histogram: Histogram;
  /** Latest that an order was sent after it was due. */
  readonly lateUs: number;
}

export interface LoadTask {
  readonly port: number;
  readonly kind: 'ouch' | 'echo';
  readonly mode: 'open' | 'closed';
  /** Orders a second in all (open), orders in flight on each connection (closed). */
  readonly rate?: number;
  readonly window?: number;
  readonly seconds: number;
  readonly warmUp: number;
  /** First UserRefNum less one. */
  readonly from: number;
  /** 1: an order is done when accepted, 2: when executed. */
  readonly answers?: 1 | 2;
  /**
   * Whether the clients never sleep. By default only in an open loop, which measures times: clients that
   * spin take the processor from the thread that syncs the journal (decision 20), a third of the rate.
   */
  readonly spin?: boolean;
  /** Processor that they leave alone. */
  readonly awayFrom?: number | undefined;
  readonly users: readonly string[];
  /** 50 bytes each, sent in turn. */
  readonly orders: Uint8Array;
}

export interface EchoOptions {
  readonly spin: boolean;
  /** Of what comes as many bytes are written there and synced as Daybook's journal has of orders. */
  readonly journal?: { readonly file: string; readonly acknowledge: 'disk' | 'memory' } | undefined;
}

/**
 * The processor of a server that spins: the last one. Its clients stand for other machines and leave it
 * alone, as everything does where `isolcpus` gives one away. Undefined where there is only one.
 */
export const SPINNING_CPU = cpus().length > 1 ? cpus().length - 1 : undefined;

export class LoadProgram {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws Error when there is no C++ compiler */
  static compile(source = 'load'): LoadProgram {
    mkdirSync(DIRECTORY, { recursive: true });
    const path = join(DIRECTORY, source);
    const flags = ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror'];
    const args = [...flags, `native/bench/${source}.cc`, '-o', path];
    execFileSync(process.env.CXX || 'c++', args, { stdio: 'inherit' });
    return new LoadProgram(path);
  }

  /** A bare pwrite and fdatasync of `bytes`, over and over. */
  async sync(file: string, bytes: number, seconds: number): Promise<LoadLatency> {
    return JSON.parse(await this.#run(['sync', file, String(bytes), String(seconds)]));
  }

  async clients(task: LoadTask): Promise<LoadResult> {
    const { port, kind, mode, rate = 1, window = 1, seconds, warmUp, from, users } = task;
    const { answers = 1, spin = mode === 'open' } = task;
    const numbers = [rate, window, seconds, warmUp, from, answers, spin ? 1 : 0].map(String);
    const args = ['client', String(port), kind, mode, ...numbers, ...users];
    return JSON.parse(await this.#run(args, task.orders, task.awayFrom)) as LoadResult;
  }

  /** The bare echo server, while `body` runs; with `file` it syncs what comes, and answers before or after. */
  async withEcho<T>(
    { spin, journal }: EchoOptions,
    body: (port: number) => Promise<T>,
  ): Promise<T> {
    const files = journal === undefined ? [] : [journal.file, journal.acknowledge];
    const child = spawn(this.#path, ['echo', '0', spin ? '1' : '0', ...files], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DAYBOOK_LOAD_CPU: spin ? `=${SPINNING_CPU ?? ''}` : '' },
    });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      return await body(Number(line.toString()));
    } finally {
      child.kill();
    }
  }

  /** Runs it with any arguments. @returns what it printed */
  run(args: readonly string[]): Promise<string> {
    return this.#run([...args]);
  }

  #run(args: string[], input?: Uint8Array, awayFrom?: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, DAYBOOK_LOAD_CPU: `!${awayFrom ?? ''}` };
      const child = execFile(this.#path, args, { env }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`load ${args.join(' ')}: ${stderr || error.message}`));
      });
      child.stdin?.end(input ?? '');
    });
  }
}
