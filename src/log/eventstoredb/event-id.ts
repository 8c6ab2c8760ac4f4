import { hash } from 'node:crypto';
import { HEADER, RECORD_BYTES_MAX, type RecordBuffer } from '../../domain/event-record.js';
import { AsciiWriter } from './ascii-writer.js';

/** Namespace of Daybook's event ids (RFC 9562, 5.5): itself drawn once, at random. */
const NAMESPACE = Buffer.from('6d1f0f3ab1c84d5f9a7e25c3e0b4d871', 'hex');
const SHARD_AT = NAMESPACE.length;
const RECORD_AT = SHARD_AT + 4;
/** The checksum says nothing the bytes it covers do not say. */
const CHECKSUM_BYTES = 4;
/** Characters of an id. */
export const ID_BYTES = 36;
const DASH = Uint8Array.of(0x2d);

/**
 * The id an event has in EventStoreDB: a UUID version 5 of its shard and its record, in which its
 * sequence stands.
 *
 *     name = shard u32 | sequence, time, command and payload: the record without its checksum
 *
 * The content is part of the name on purpose. The store compares nothing but ids when it decides
 * whether an append is a repeat: with ids of shard and sequence alone, a deposed writer's events
 * would pass for the new writer's at the same revisions, and its fence would be no fence.
 */
export class EventIds {
  readonly #name: Buffer;
  readonly #nameWords: Uint32Array;
  /** Of the name, by length: there are few lengths, and a view is more to collect than an id. */
  readonly #views: Buffer[] = [];
  readonly #out = new AsciiWriter();
  readonly #id = Buffer.alloc(ID_BYTES);

  constructor(shard: number) {
    const bytes = RECORD_AT + RECORD_BYTES_MAX;
    this.#name = Buffer.from(new ArrayBuffer(bytes));
    this.#nameWords = new Uint32Array(this.#name.buffer);
    NAMESPACE.copy(this.#name);
    this.#name.writeUInt32BE(shard, SHARD_AT);
  }

  /** The id of the record at `at`, 36 characters. */
  of(records: RecordBuffer, at: number): string {
    this.write(records, at, this.#id, 0);
    return this.#id.toString('latin1');
  }

  /** The same, as ASCII to `start` of `bytes`. */
  write(records: RecordBuffer, at: number, bytes: Uint8Array, start: number): void {
    const length = records.u16[(at + HEADER.length) / 2]!;
    const end = RECORD_AT + length - CHECKSUM_BYTES;
    const words = this.#nameWords;
    const from = (at + CHECKSUM_BYTES) / 4;
    for (let word = RECORD_AT / 4; word < end / 4; word += 1) {
      words[word] = records.u32[from + word - RECORD_AT / 4]!;
    }
    this.#views[end] ??= this.#name.subarray(0, end);
    const digest = hash('sha1', this.#views[end], 'binary');
    const out = this.#out.over(bytes, start);
    for (let index = 0; index < 16; index += 1) {
      if (index === 4 || index === 6 || index === 8 || index === 10) out.raw(DASH);
      out.hexadecimalByte(octet(digest, index));
    }
  }
}

/** Of the id: version 5 and the variant of RFC 9562 in the top bits of two of them. */
function octet(digest: string, index: number): number {
  const value = digest.charCodeAt(index);
  if (index === 6) return 0x50 | (value & 0x0f);
  return index === 8 ? 0x80 | (value & 0x3f) : value;
}
