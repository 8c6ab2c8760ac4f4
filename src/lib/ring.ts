/**
 * A bounded queue of fixed-size slots between one producer thread and one consumer thread, in shared
 * memory. Nothing is copied or allocated: the producer writes fields straight into a slot, the
 * consumer reads them there.
 *
 * ```
 *   byte  0            128            256            384
 *         +------------+--------------+--------------+--------+--------+-- ... --+--------+
 *         | magic      | published    | released     | slot 0 | slot 1 |         | slot   |
 *         | slots      | i32          | i32          |        |        |         | N - 1  |
 *         | slot bytes | (producer)   | (consumer)   |        |        |         |        |
 *         +------------+--------------+--------------+--------+--------+-- ... --+--------+
 *
 *                 released           published     claimed
 *                    |                   |            |
 *                    v                   v            v
 *     slots:  . . .  R  R  R  R  R  R  R  W  W  W  W  .  .  .  .        cursors only ever grow,
 *             free   readable             being       free              slot = cursor mod N
 *                                         written
 *             <-----------------  at most N slots  --------------->
 * ```
 *
 * The two shared cursors lie 128 bytes apart, since x86 fetches cache lines in pairs. Each side keeps
 * the last value it saw of the other's cursor and looks again only when that value says "full" or
 * "empty" (Thompson et al., "Disruptor", 2011), so under load the lines rarely change owner.
 *
 * **Wrap-around.** Cursors count slots modulo 2^32, as Int32. Their true distance never exceeds N, and
 * N <= 2^24, so `(a - b) | 0` is the exact distance even after one has wrapped and the other has not;
 * and as N divides 2^32, `cursor & (N - 1)` walks the slots in order across the wrap.
 *
 * **Ordering.** Plain writes into a slot come before the Atomics.store of `published`; the consumer's
 * Atomics.load of it comes before its reads. Hence whoever sees the cursor sees the slot. The same holds
 * for `released` in the other direction: a slot is reused only after its reads are over.
 *
 * **When full** `claim` answers -1 and the producer decides: refuse, or stop reading its socket.
 */
import { assert } from './assert.js';

const MAGIC = 0x52_49_4e_47; // "RING"

const HEADER_BYTES = 384;
const MAGIC_INDEX = 0;
const SLOTS_INDEX = 1;
const SLOT_BYTES_INDEX = 2;
/** Int32 indexes of the shared cursors. */
const PUBLISHED = 128 / 4;
const RELEASED = 256 / 4;

export const RING_SLOTS_MAX = 2 ** 24;
/** Keeps every byte offset a small integer of V8. */
export const RING_BYTES_MAX = 2 ** 30;
export const RING_SLOT_BYTES_DEFAULT = 256;

export interface RingGeometry {
  /** How many slots; a power of two. */
  readonly slots: number;
  /** Bytes of one slot; a multiple of 64, so that neighbouring slots share no cache line. */
  readonly slotBytes?: number;
}

/**
 * One object serves either end: a thread calls the producer's methods or the consumer's, and at most
 * one thread calls each. (A thread that talks to itself may call both.)
 *
 * Offsets are in bytes from the start of the shared memory; a view of n-byte elements is indexed by
 * `offset / n`. Slots are 64-byte aligned.
 */
export class SpscRing {
  readonly shared: SharedArrayBuffer;
  readonly slots: number;
  readonly slotBytes: number;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;

  readonly #mask: number;
  /** Producer: the next slot to hand out, what the consumer has seen, the last `released` seen. */
  #claimed: number;
  #published: number;
  #releasedSeen: number;
  /** Consumer: the next slot to read, and the last `published` seen. */
  #released: number;
  #publishedSeen: number;

  private constructor(shared: SharedArrayBuffer) {
    const i32 = new Int32Array(shared);
    assert(i32[MAGIC_INDEX] === MAGIC, 'ring: the shared memory holds no ring');
    this.shared = shared;
    this.slots = i32[SLOTS_INDEX] as number;
    this.slotBytes = i32[SLOT_BYTES_INDEX] as number;
    assert(
      shared.byteLength === HEADER_BYTES + this.slots * this.slotBytes,
      'ring: the shared memory has another size than its header says',
    );
    this.u8 = new Uint8Array(shared);
    this.u16 = new Uint16Array(shared);
    this.i32 = i32;
    this.u32 = new Uint32Array(shared);
    this.f64 = new Float64Array(shared);
    this.#mask = this.slots - 1;
    this.#published = Atomics.load(i32, PUBLISHED);
    this.#claimed = this.#published;
    this.#publishedSeen = this.#published;
    this.#released = Atomics.load(i32, RELEASED);
    this.#releasedSeen = this.#released;
  }

  /** A new, empty ring in memory of its own. */
  static create(geometry: RingGeometry): SpscRing {
    const { slots, slotBytes = RING_SLOT_BYTES_DEFAULT } = geometry;
    assert(Number.isInteger(slots) && slots >= 1, 'ring: slots must be a positive integer');
    assert(slots <= RING_SLOTS_MAX, 'ring: too many slots');
    assert((slots & (slots - 1)) === 0, 'ring: slots must be a power of two');
    assert(Number.isInteger(slotBytes) && slotBytes >= 64, 'ring: a slot has at least 64 bytes');
    assert(slotBytes % 64 === 0, 'ring: slot bytes must be a multiple of 64');
    assert(HEADER_BYTES + slots * slotBytes <= RING_BYTES_MAX, 'ring: too many bytes');
    const shared = new SharedArrayBuffer(HEADER_BYTES + slots * slotBytes);
    const header = new Int32Array(shared, 0, HEADER_BYTES / 4);
    header[SLOTS_INDEX] = slots;
    header[SLOT_BYTES_INDEX] = slotBytes;
    header[MAGIC_INDEX] = MAGIC;
    return new SpscRing(shared);
  }

  /** The other end of a ring, in another thread. What was claimed there but not published is not seen. */
  static attach(shared: SharedArrayBuffer): SpscRing {
    return new SpscRing(shared);
  }

  // The producer's end.

  /**
   * Hands out the next free slot to write into; the consumer sees it after `publish`. Several slots may
   * be claimed before one `publish`. A slot keeps the bytes of its last use.
   *
   * @returns byte offset of the slot, or -1 when the ring is full
   */
  claim(): number {
    const claimed = this.#claimed;
    if (((claimed - this.#releasedSeen) | 0) >= this.slots) {
      this.#releasedSeen = Atomics.load(this.i32, RELEASED);
      if (((claimed - this.#releasedSeen) | 0) >= this.slots) return -1;
    }
    this.#claimed = (claimed + 1) | 0;
    return HEADER_BYTES + (claimed & this.#mask) * this.slotBytes;
  }

  /** Shows all claimed slots to the consumer, in the order of their claims. */
  publish(): void {
    if (this.#published === this.#claimed) return;
    this.#published = this.#claimed;
    Atomics.store(this.i32, PUBLISHED, this.#claimed);
  }

  /** Takes back what was claimed since the last `publish`. */
  abandon(): void {
    this.#claimed = this.#published;
  }

  /** How many slots `claim` would hand out now. The consumer may free more at any time. */
  free(): number {
    this.#releasedSeen = Atomics.load(this.i32, RELEASED);
    return this.slots - ((this.#claimed - this.#releasedSeen) | 0);
  }

  /**
   * Whether `claim` would hand out at least `count` slots now. Looks at the consumer's cursor only when
   * what was seen of it last does not say so.
   */
  hasFree(count: number): boolean {
    if (this.slots - ((this.#claimed - this.#releasedSeen) | 0) >= count) return true;
    return this.free() >= count;
  }

  // The consumer's end.

  /**
   * How many slots can be read. Looks at the producer's cursor only when all slots seen before are
   * read, so a batch has an end even while the producer goes on.
   *
   * @param read slots that are read and not released yet
   */
  available(read = 0): number {
    const seen = (this.#publishedSeen - this.#released) | 0;
    if (seen > read) return seen;
    this.#publishedSeen = Atomics.load(this.i32, PUBLISHED);
    return (this.#publishedSeen - this.#released) | 0;
  }

  /**
   * @param index 0 is the oldest slot not released; below the last answer of `available`
   * @returns byte offset of the slot
   */
  at(index: number): number {
    assert(
      index >= 0 && index < ((this.#publishedSeen - this.#released) | 0),
      'ring: no such slot is available',
    );
    return HEADER_BYTES + ((this.#released + index) & this.#mask) * this.slotBytes;
  }

  /** Gives the `count` oldest slots back to the producer; their bytes may change from here on. */
  release(count: number): void {
    assert(
      count >= 0 && count <= ((this.#publishedSeen - this.#released) | 0),
      'ring: releases more slots than are available',
    );
    if (count === 0) return;
    this.#released = (this.#released + count) | 0;
    Atomics.store(this.i32, RELEASED, this.#released);
  }
}
