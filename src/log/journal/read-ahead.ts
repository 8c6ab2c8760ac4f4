import { RecordBuffer } from '../../domain/event-record.js';
import { type AheadHandle, type NativeAddon, nativeAddon } from '../../lib/native-addon.js';
import { type FileSystem, nodeFileSystem } from '../file-system.js';

/**
 * The next window of a segment, read and checked by a thread of the addon while the one before is
 * evolved. It takes whole commits in which everything is right, and nothing else: what is wrong with
 * the next one, or that it is longer than the window, the reader finds out by reading it itself.
 */
export class ReadAhead {
  readonly #addon: NativeAddon;
  readonly #thread: AheadHandle;
  readonly #chain: Uint8Array;
  readonly #result = new Float64Array(3);
  #window: RecordBuffer;
  #underWay = false;

  /** @param chain receives the chain value of the last commit handed out */
  static on(files: FileSystem, chain: Uint8Array): ReadAhead | undefined {
    const addon = nativeAddon();
    return addon === undefined || files !== nodeFileSystem
      ? undefined
      : new ReadAhead(addon, chain);
  }

  private constructor(addon: NativeAddon, chain: Uint8Array) {
    this.#addon = addon;
    this.#thread = addon.aheadOpen();
    this.#chain = chain;
    this.#window = new RecordBuffer(0);
  }

  /** Begins to read the window from `offset` on, where the commit of `sequence` begins. */
  begin(file: number, offset: number, limit: number, sequence: number, bytes: number): void {
    if (this.#window.bytes.length !== bytes) this.#window = new RecordBuffer(bytes);
    const length = Math.min(bytes, limit - offset);
    this.#addon.aheadBegin(this.#thread, file, this.#window.bytes, length, offset, sequence);
    this.#underWay = true;
  }

  /**
   * The window that was begun, in exchange for a buffer that is read no longer; undefined when none
   * was, or when it does not begin with a commit that is right.
   */
  end(
    other: RecordBuffer,
  ): { readonly batch: RecordBuffer; readonly consumed: number } | undefined {
    if (!this.#underWay) return undefined;
    this.#underWay = false;
    this.#addon.aheadEnd(this.#thread, this.#result, this.#chain);
    const [consumed, bytes, count] = this.#result as unknown as [number, number, number];
    if (consumed === 0) return undefined;
    const batch = this.#window;
    batch.length = bytes;
    batch.count = count;
    this.#window = other;
    return { batch, consumed };
  }

  /** Waits for what is under way, which is not wanted any more. */
  stop(): void {
    if (!this.#underWay) return;
    this.#underWay = false;
    this.#addon.aheadEnd(this.#thread, this.#result, this.#chain.slice());
  }
}
