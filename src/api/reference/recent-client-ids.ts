/**
 * Which order a client order id of an account names, for ids used lately: a replace must find its
 * order when no read model has it yet, or stands still.
 *
 * A cache, by whole keys: an id is found, or it is not here and a read model is asked. Four places
 * for each hash; a fifth id takes that of the lowest order.
 *
 * ```
 *   hash of account, id --> | account, order, 40 bytes of id | ... | ... | ... |
 * ```
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { eventLayouts } from '../../domain/events.js';
import { CL_ORD_ID_BYTES } from '../../domain/order-terms.js';
import { assert } from '../../lib/assert.js';

/** Ids remembered; 56 MiB once all are used. Filled from the log at start. */
export const RECENT_CLIENT_IDS_MAX = 2 ** 20;
const PLACES = 4;
const WORDS = CL_ORD_ID_BYTES / 4;

/** Events that give an order an id: entered under it, asked to go by it, going by it. */
const OFFSETS = {
  accepted: eventLayouts.OrderAccepted.offsets,
  requested: eventLayouts.ReplaceRequested.offsets,
  replaced: eventLayouts.OrderReplaced.offsets,
};

export class RecentClientIds {
  readonly #mask: number;
  /** Of account and id: spares nearly all looks at the ids themselves. */
  readonly #hashes: Int32Array;
  readonly #ids: Int32Array;
  readonly #accounts: Int32Array;
  readonly #orders: Float64Array;
  /** The id that is looked for, as it stands in a record. */
  readonly #sought = new Int32Array(WORDS);
  readonly #text = Buffer.from(this.#sought.buffer);

  /** @param size a power of two */
  constructor(size = RECENT_CLIENT_IDS_MAX) {
    assert(size >= PLACES && (size & (size - 1)) === 0, 'recent client ids: a power of two');
    this.#mask = size / PLACES - 1;
    this.#hashes = new Int32Array(size);
    this.#ids = new Int32Array(size * WORDS);
    this.#accounts = new Int32Array(size);
    this.#orders = new Float64Array(size);
  }

  /** Takes the event at `at`. */
  take(event: keyof typeof OFFSETS, { u16, i32, f64 }: RecordBuffer, at: number): void {
    const { orderId, account, clOrdId } = OFFSETS[event];
    const words = (at + clOrdId) >> 2;
    // An unsolicited replacement keeps the id.
    const isThere = clOrdId < (u16[(at + HEADER.length) >> 1] as number);
    if (!isThere || i32[words] === 0) return;
    const scope = i32[(at + account) >> 2] as number;
    const order = f64[(at + orderId) >> 3] as number;
    const hash = hashOf(scope, i32, words);
    const first = (hash & this.#mask) * PLACES;
    let place = first;
    for (let each = first; each < first + PLACES; each += 1) {
      if (this.#hashes[each] === hash && this.#is(each, scope, i32, words)) {
        this.#orders[each] = order;
        return;
      }
      if ((this.#orders[each] as number) < (this.#orders[place] as number)) place = each;
    }
    this.#hashes[place] = hash;
    this.#orders[place] = order;
    this.#accounts[place] = scope;
    const id = place * WORDS;
    for (let word = 0; word < WORDS; word += 1) {
      const value = i32[words + word] as number;
      this.#ids[id + word] = value;
      if (value === 0) return;
    }
  }

  /** @param id as checked: printable ASCII that fits @returns the order's id; 0 when it is not here */
  find(account: number, id: string): number {
    assert(id.length > 0 && id.length <= CL_ORD_ID_BYTES, 'a client order id fits');
    this.#sought.fill(0);
    this.#text.write(id, 'latin1');
    const hash = hashOf(account, this.#sought, 0);
    const first = (hash & this.#mask) * PLACES;
    for (let each = first; each < first + PLACES; each += 1) {
      const may = this.#hashes[each] === hash;
      if (may && this.#is(each, account, this.#sought, 0)) return this.#orders[each] as number;
    }
    return 0;
  }

  #is(place: number, account: number, words: Int32Array, at: number): boolean {
    if (this.#accounts[place] !== account || this.#orders[place] === 0) return false;
    for (let word = 0; word < WORDS; word += 1) {
      const own = this.#ids[place * WORDS + word];
      if (own !== words[at + word]) return false;
      if (own === 0) return true;
    }
    return true;
  }
}

/** As everywhere, an id ends with its first word of zeros. */
function hashOf(account: number, words: Int32Array, at: number): number {
  let hash = Math.imul(account + 1, 0x9e3779b1);
  for (let word = at; word < at + WORDS && words[word] !== 0; word += 1) {
    hash = Math.imul(hash ^ (words[word] as number), 0x85ebca6b);
    hash ^= hash >>> 13;
  }
  return hash;
}
