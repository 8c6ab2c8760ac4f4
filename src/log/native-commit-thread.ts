/** The journal's second thread on the addon; the memory is drawn in native/src/commit-thread.h. */
import type { CommitHandle, NativeAddon } from '../lib/native-addon.js';
import { COMMIT_HEAD_BYTES } from './journal/commit.js';
import type { CommitInMemory, CommitThread } from './journal/commit-thread.js';
import { HASH_BYTES } from './journal/hash-tree.js';
import { COMMIT_RECORD_BYTES_MAX } from './journal/limits.js';

const PHASE = 0;
const WRITTEN = 1;
const DONE = 2;
/** A commit begins anywhere in its first page. */
const PAGE_BYTES = 4096;

export class NativeCommitThread implements CommitThread {
  readonly bytes = new Uint8Array(
    new SharedArrayBuffer(PAGE_BYTES + COMMIT_HEAD_BYTES + COMMIT_RECORD_BYTES_MAX),
  );
  readonly chain = new Uint8Array(new SharedArrayBuffer(HASH_BYTES));
  readonly #addon: NativeAddon;
  readonly #handle: CommitHandle;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #times = new Float64Array(new SharedArrayBuffer(16));
  readonly #clockOffsetMs: number;

  /** @param bell memory of the `Doorbell` that whoever waits for a commit sleeps at */
  constructor(addon: NativeAddon, bell: SharedArrayBuffer) {
    this.#addon = addon;
    const words = new Int32Array(bell);
    this.#handle = addon.commitOpen(this.bytes, this.chain, this.#state, this.#times, words);
    this.#clockOffsetMs = addon.monotonicMs() - performance.now();
  }

  place(length: number, position: number): number {
    return this.#addon.commitPlace(this.#handle, length, position);
  }

  begin(file: number, commit: CommitInMemory, position: number): void {
    const { start, length, count, first } = commit;
    this.#addon.commitBegin(this.#handle, file, start, length, position, count, first);
  }

  get done(): boolean {
    return Atomics.load(this.#state, PHASE) === DONE;
  }

  get written(): boolean {
    return Atomics.load(this.#state, WRITTEN) === 1;
  }

  get writtenAt(): number {
    return this.#times[0]! - this.#clockOffsetMs;
  }

  get durableAt(): number {
    return this.#times[1]! - this.#clockOffsetMs;
  }

  end(): void {
    this.#addon.commitEnd(this.#handle);
  }
}
