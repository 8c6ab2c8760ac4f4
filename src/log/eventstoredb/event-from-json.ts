import { HEADER, RECORD_BYTES_MAX, type RecordBuffer } from '../../domain/event-record.js';
import {
  type EventDeclaration,
  type EventName,
  eventLayouts,
  events,
} from '../../domain/events.js';
import type { Field, Layout } from '../../domain/field.js';
import { assert } from '../../lib/assert.js';

/** What the store holds at a place is no event of ours: damage, newer software, a foreign writer. */
export class EventJsonError extends Error {
  override readonly name = 'EventJsonError';
  readonly code = 'EVENT_JSON_INVALID';
}

/** An event as a client hands it out: data and metadata parsed. */
export interface JsonEvent {
  readonly type: string;
  readonly revision: number;
  readonly data: unknown;
  readonly metadata: unknown;
}

/** Checks a value and writes it at `at`. @returns whether it is the field's zero */
type WriteField = (records: RecordBuffer, at: number, value: unknown) => boolean;

interface Decoder {
  readonly number: number;
  readonly version: number;
  readonly layout: Layout;
  readonly fields: readonly { readonly name: string; readonly write: WriteField }[];
  /** Index of the first field that a record may leave out. */
  readonly optionalFrom: number;
}

const DECIMAL = /^-?\d{1,19}$/;
const HEXADECIMAL = /^[0-9a-f]*$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
const U32_MAX = 0xffff_ffff;

function invalid(name: string, value: unknown, why: string): EventJsonError {
  return new EventJsonError(`${name}: ${JSON.stringify(value)?.slice(0, 80)} ${why}`);
}

function unsigned(value: unknown, max: number, name: string): number {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
  if (!fits || Object.is(value, -0)) throw invalid(name, value, `is not within 0 to ${max}`);
  return value;
}

function safeInteger(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw invalid(name, value, 'is no safe integer');
  }
  return value;
}

function textOf(value: unknown, pattern: RegExp, length: number, name: string): string {
  if (typeof value !== 'string' || value.length > length || !pattern.test(value)) {
    throw invalid(name, value, 'is malformed');
  }
  return value;
}

function writeNanoseconds(
  records: RecordBuffer,
  at: number,
  value: unknown,
  name: string,
): boolean {
  const time = BigInt(textOf(value, DECIMAL, 20, name));
  if (BigInt.asIntN(64, time) !== time) throw invalid(name, value, 'is not within 64 bits');
  records.u32[at / 4] = Number(BigInt.asUintN(32, time));
  records.i32[at / 4 + 1] = Number(time >> 32n);
  return time === 0n;
}

function writeText(records: RecordBuffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    records.bytes[at + index] = text.charCodeAt(index);
  }
  return text.length === 0;
}

function writer(name: string, field: Field, offset: number): WriteField {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      return (records, at, value) => {
        records.bytes[at + offset] = unsigned(value, 0xff, name);
        return value === 0;
      };
    case 'u16':
      return (records, at, value) => {
        records.u16[(at + offset) / 2] = unsigned(value, 0xffff, name);
        return value === 0;
      };
    case 'u32':
      return (records, at, value) => {
        records.u32[(at + offset) / 4] = unsigned(value, U32_MAX, name);
        return value === 0;
      };
    case 'i53':
      return (records, at, value) => {
        records.f64[(at + offset) / 8] = safeInteger(value, name);
        return value === 0;
      };
    case 'ns':
      return (records, at, value) => writeNanoseconds(records, at + offset, value, name);
    case 'text':
      return (records, at, value) =>
        writeText(records, at + offset, textOf(value, PRINTABLE, type.bytes, name));
    case 'bytes':
      return (records, at, value) => {
        const hex = textOf(value, HEXADECIMAL, 2 * type.bytes, name);
        if (hex.length !== 2 * type.bytes) throw invalid(name, value, `is not ${type.bytes} bytes`);
        records.bytes.set(Buffer.from(hex, 'hex'), at + offset);
        return /^0*$/.test(hex);
      };
    case 'choice': {
      const numbers = new Map(Object.entries(type.choices));
      return (records, at, value) => {
        const number = numbers.get(value as string);
        if (number === undefined) throw invalid(name, value, 'is no choice');
        records.bytes[at + offset] = number;
        return number === 0;
      };
    }
  }
}

function decoderOf(name: EventName): Decoder {
  const declaration = events[name] as EventDeclaration;
  const layout = eventLayouts[name] as unknown as Layout;
  const entries = Object.entries(declaration.fields);
  const fields = entries.map(([key, field]) => ({
    name: key,
    write: writer(`${name}.${key}`, field, layout.offsets[key]!),
  }));
  const optional = entries.findIndex(([key]) => layout.offsets[key]! >= layout.bytesMin);
  return {
    number: declaration.number,
    version: declaration.version,
    layout,
    fields,
    optionalFrom: optional < 0 ? fields.length : optional,
  };
}

const decoders = new Map<string, Decoder>(
  (Object.keys(events) as EventName[]).map((name) => [name, decoderOf(name)]),
);

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EventJsonError(`${what} is no object`);
  }
  return value as Record<string, unknown>;
}

/**
 * Appends the record of an event as EventStoreDB holds it; its checksum stays 0. Every value is
 * checked against the catalogue. The records need RECORD_BYTES_MAX bytes of room.
 *
 * @throws EventJsonError when it is no event of this catalogue; the records are then as before
 */
export function addEventJson(stored: JsonEvent, records: RecordBuffer): void {
  const decoder = decoders.get(stored.type);
  if (decoder === undefined) {
    throw new EventJsonError(`revision ${stored.revision}: no event is called ${stored.type}`);
  }
  const metadata = object(stored.metadata, `metadata of revision ${stored.revision}`);
  if (metadata.version !== decoder.version) {
    const version = String(metadata.version);
    throw new EventJsonError(`${stored.type} version ${version} at revision ${stored.revision}`);
  }
  const data = object(stored.data, `data of revision ${stored.revision}`);
  const at = records.length;
  assert(at + RECORD_BYTES_MAX <= records.bytes.length, 'there is room for a record');
  records.bytes.fill(0, at, at + decoder.layout.bytes);
  let length = decoder.layout.bytesMin;
  for (const [index, field] of decoder.fields.entries()) {
    const isZero = field.write(records, at, data[field.name]);
    if (!isZero && index >= decoder.optionalFrom) length = decoder.layout.bytes;
  }
  addHeader(records, at, decoder, stored.revision, metadata);
  records.u16[(at + HEADER.length) / 2] = length;
  records.length += length;
  records.count += 1;
}

function addHeader(
  records: RecordBuffer,
  at: number,
  decoder: Decoder,
  sequence: number,
  metadata: Record<string, unknown>,
): void {
  records.bytes[at + HEADER.number] = decoder.number;
  records.bytes[at + HEADER.version] = decoder.version;
  records.f64[(at + HEADER.sequence) / 8] = sequence;
  writeNanoseconds(records, at + HEADER.time, metadata.time, 'time');
  writeNanoseconds(records, at + HEADER.received, metadata.received, 'received');
  records.f64[(at + HEADER.command) / 8] = safeInteger(metadata.command, 'command');
  records.u32[(at + HEADER.actor) / 4] = unsigned(metadata.actor, U32_MAX, 'actor');
  records.u32[(at + HEADER.session) / 4] = unsigned(metadata.session, U32_MAX, 'session');
}
