import { hash } from 'node:crypto';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';

/** Namespace of Daybook's event ids (RFC 9562, 5.5): itself drawn once, at random. */
const NAMESPACE = Buffer.from('6d1f0f3ab1c84d5f9a7e25c3e0b4d871', 'hex');
const SHARD_AT = NAMESPACE.length;
const RECORD_AT = SHARD_AT + 4;
/** The checksum says nothing the bytes it covers do not say. */
const CHECKSUM_BYTES = 4;
const VARIANT = '89ab89ab89ab89ab';

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

  constructor(shard: number) {
    this.#name = Buffer.alloc(RECORD_AT + 1024);
    NAMESPACE.copy(this.#name);
    this.#name.writeUInt32BE(shard, SHARD_AT);
  }

  /** The id of the record at `at`, 36 characters. */
  of(records: RecordBuffer, at: number): string {
    const length = records.u16[(at + HEADER.length) / 2]!;
    const record = records.bytes.subarray(at + CHECKSUM_BYTES, at + length);
    this.#name.set(record, RECORD_AT);
    const end = RECORD_AT + record.length;
    const hex = hash('sha1', this.#name.subarray(0, end), 'hex');
    // Version 5, and the variant of RFC 9562 in the top two bits of the ninth byte.
    const variant = VARIANT[Number.parseInt(hex[16]!, 16)];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }
}
