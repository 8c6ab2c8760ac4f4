import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SharedText } from '../../lib/shared-text.js';
import { workerUrl } from '../../lib/worker-url.js';
import type { SharedDurableEnd } from '../journal/shared-durable-end.js';
import { Backoff, type BackoffLimits } from './backoff.js';
import {
  type ForwardLag,
  type ForwardProblem,
  type ForwardState,
  isOverloaded,
  lagOf,
} from './forward-lag.js';
import type { ForwarderLimits } from './forwarder.js';
import type { ForwardingFailed, FromForwarder, ToForwarder } from './forwarder-messages.js';
import type { StoreAddress } from './store-address.js';
import { StoreError, type StoreErrorCode } from './store-errors.js';

/** Before a process that has ended is started again, ms: doubles, until one of them has stored something. */
export const RESTART_MS_MIN = 100;
/** The same, where it stays; meanwhile the lag grows, until new orders are refused. */
export const RESTART_MS_MAX = 5_000;
/** How long the process has to end when told to, ms; then it is killed, of which nothing can come. */
export const STOP_MS_MAX = 5_000;
/** Between looks at what the process is to be told: the writer's end, another password. */
const LOOK_MS = 20;

const NO_PROCESS: ForwardProblem = {
  code: 'EVENTSTOREDB_UNAVAILABLE',
  message: "the forwarder's process has ended",
};

/**
 * One thread that collects, so that memory is read through by it alone; a pool of the least size. All
 * of them run when nobody else wants the processor.
 */
const NODE_FLAGS = ['--single-threaded-gc', '--v8-pool-size=1'];

export interface ForwarderProcessOptions {
  /** Of the journal, and its shard. */
  readonly directory: string;
  readonly shard: number;
  readonly durableEnd: SharedDurableEnd;
  /** `esdb://…` or `esdb+discover://…`. */
  readonly connectionString: StoreAddress;
  readonly limits?: Partial<ForwarderLimits>;
  /** Lag above which {@link ForwarderProcess.overloaded} says so. */
  readonly lagLimit?: Partial<ForwardLag>;
  readonly restartBackoff?: BackoffLimits;
}

/**
 * A forwarder in a process of its own: nothing that it locks, collects or waits for is the writer's,
 * whose thread would else wait for one that gets the processor last. What it does is `forwarder.ts`;
 * what it says of itself is 20 ms old at most while it gets the processor, and older when not, so the
 * lag seen from here is never less than the true one.
 *
 * A process that ends without having been told to is started again. It finds out from the store where that
 * stands, so nothing is lost or written twice by it. An error that no retry can help is final.
 */
export class ForwarderProcess {
  /**
   * Resolves after {@link stop}, or when the writer has closed and the store has everything.
   *
   * Rejects with StoreError, or an Error with the code of a JournalError: the shard must stop.
   */
  readonly ended: Promise<void>;
  readonly #options: ForwarderProcessOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #state: ForwardState = {
    ...{ stored: 0, oldestMs: Date.now(), sessions: 0, connected: false, letIn: false },
  };
  /** Of processes that have ended. */
  #sessionsBefore = 0;
  #restarts = 0;
  #child: ChildProcess | undefined;

  constructor(options: ForwarderProcessOptions) {
    this.#options = options;
    this.#backoff = new Backoff(
      options.restartBackoff ?? { minMs: RESTART_MS_MIN, maxMs: RESTART_MS_MAX },
    );
    this.ended = this.#run();
  }

  /** Everything before this sequence is known to be in the store. */
  get storedSequence(): number {
    return this.#state.stored;
  }

  get connected(): boolean {
    return this.#state.connected;
  }

  /** Why the store is not connected, as the last attempt had it. */
  get problem(): ForwardProblem | undefined {
    return this.#state.problem;
  }

  get sessions(): number {
    return this.#sessionsBefore + this.#state.sessions;
  }

  /** How often the process had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Of the process; undefined between two of them. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  lag(): ForwardLag {
    return lagOf(this.#state, this.#options.durableEnd, Date.now());
  }

  /** Whether new orders are to be refused because the store is too far behind. */
  get overloaded(): boolean {
    return isOverloaded(this.lag(), this.#options.lagLimit);
  }

  /** Stops forwarding where it is; what is in flight may or may not be in the store. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    const late = setTimeout(() => child?.kill('SIGKILL'), STOP_MS_MAX);
    if (child !== undefined) tell(child, { kind: 'stop' });
    try {
      await this.ended;
    } finally {
      clearTimeout(late);
    }
  }

  async #run(): Promise<void> {
    const stopping = this.#stopping.signal;
    while (!stopping.aborted) {
      const end = await this.#runOnce();
      if (end?.kind === 'done') return;
      if (end?.kind === 'failed') throw failure(end);
      this.#lost();
      await this.#backoff.wait(stopping);
      if (!stopping.aborted) this.#restarts += 1;
    }
  }

  /** @returns the last word of a process that had one */
  #runOnce(): Promise<FromForwarder | undefined> {
    const child = spawnForwarder();
    if (child === undefined) return Promise.resolve(undefined);
    this.#child = child;
    const looking = this.#instruct(child);
    return new Promise((resolve) => {
      let last: FromForwarder | undefined;
      child.on('message', (message: FromForwarder) => {
        if (message.kind === 'state') this.#progress(message.state);
        else last = message;
      });
      const ended = (): void => {
        clearInterval(looking);
        this.#child = undefined;
        resolve(last);
      };
      // Either comes alone: the first when there was no process to be had.
      child.on('error', () => child.pid === undefined && ended());
      child.once('close', ended);
    });
  }

  /** Tells the process what to do, and from then on what changes. */
  #instruct(child: ChildProcess): NodeJS.Timeout {
    const { directory, shard, connectionString: address, limits = {}, durableEnd } = this.#options;
    const secret = typeof address === 'string' ? undefined : new SharedText(address.credentials);
    let version = secret?.version;
    tell(child, {
      ...{ kind: 'start', directory, shard, limits, credentials: secret?.read() },
      letIn: this.#state.letIn,
      connectionString: typeof address === 'string' ? address : address.text,
    });
    let drains = false;
    return setInterval(() => {
      if (secret !== undefined && secret.version !== version) {
        version = secret.version;
        tell(child, { kind: 'credentials', credentials: secret.read() });
      }
      if (drains || durableEnd.state() === 'open') return;
      drains = true;
      tell(child, { kind: 'drain' });
    }, LOOK_MS);
  }

  #progress(state: ForwardState): void {
    const { stored, letIn } = this.#state;
    // One that was just started does not know yet what the store has.
    const known = { stored: Math.max(stored, state.stored), letIn: letIn || state.letIn };
    this.#state = { ...state, ...known };
    if (state.stored > stored) this.#backoff.reset();
  }

  #lost(): void {
    this.#sessionsBefore += this.#state.sessions;
    const oldestMs = this.#state.oldestMs ?? Date.now();
    const problem = this.#state.problem ?? NO_PROCESS;
    this.#state = { ...this.#state, oldestMs, sessions: 0, connected: false, problem };
  }
}

/**
 * @returns undefined when the system has no process for us just now. Some of what it lacks is told by an
 *   event of the child, the rest (memory, among others) is thrown.
 */
function spawnForwarder(): ChildProcess | undefined {
  const main = fileURLToPath(workerUrl(import.meta.url, './forwarder-main.js'));
  try {
    return spawn(process.execPath, [...NODE_FLAGS, main], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return undefined;
  }
}

/** What cannot be told to a process that has ended needs not be: the next one is told anew. */
function tell(child: ChildProcess, message: ToForwarder): void {
  if (child.connected) child.send(message, () => undefined);
}

function failure(message: ForwardingFailed): Error {
  if (message.isStore) return new StoreError(message.code as StoreErrorCode, message.message);
  return Object.assign(new Error(message.message), { code: message.code });
}
