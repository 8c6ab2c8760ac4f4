import { RecordError } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import {
  type About,
  type EventDeclaration,
  type EventName,
  eventLayouts,
  eventName,
  events,
} from '../../domain/events.js';
import { type Field, type Fields, type Layout, sizeOf } from '../../domain/field.js';

/**
 * An event as EventStoreDB holds it. Both texts are ASCII.
 *
 *     data      {"orderId":7,"account":1,…}                 every field of the catalogue, in its order
 *     metadata  {"$correlationId":"order-7","$causationId":"command-12","version":1,
 *                "time":"1700000000000000000","received":"…","command":12,"actor":1,"session":0}
 *
 * Whole numbers are JSON numbers (all of them safe integers), times are decimal text (they are not),
 * choices are their names, byte runs are hexadecimal. The sequence is the revision.
 */
export interface EventJson {
  readonly type: EventName;
  readonly data: string;
  readonly metadata: string;
}

type ReadJson = (records: RecordBuffer, at: number) => string;

interface Encoder {
  readonly type: EventName;
  readonly version: number;
  readonly fields: readonly {
    readonly key: string;
    readonly read: ReadJson;
    readonly end: number;
  }[];
  readonly correlation: ReadJson;
}

/** Which field names what an event is about. */
const SUBJECT: Readonly<Record<About, string>> = {
  order: 'orderId',
  account: 'account',
  instrument: 'instrument',
  system: 'shard',
};

function nanoseconds(records: RecordBuffer, at: number): bigint {
  return (BigInt(records.i32[at / 4 + 1]!) << 32n) | BigInt(records.u32[at / 4]!);
}

function text(records: RecordBuffer, at: number, bytes: number): string {
  let end = at;
  while (end < at + bytes && records.bytes[end] !== 0) end += 1;
  if (end === at) return '""';
  const value = String.fromCharCode(...records.bytes.subarray(at, end));
  return value.includes('"') || value.includes('\\') ? JSON.stringify(value) : `"${value}"`;
}

function hexadecimal(records: RecordBuffer, at: number, bytes: number): string {
  const { buffer, byteOffset } = records.bytes;
  return `"${Buffer.from(buffer, byteOffset + at, bytes).toString('hex')}"`;
}

function reader(name: string, field: Field, offset: number): ReadJson {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      return (records, at) => String(records.bytes[at + offset]);
    case 'u16':
      return (records, at) => String(records.u16[(at + offset) / 2]);
    case 'u32':
      return (records, at) => String(records.u32[(at + offset) / 4]);
    case 'i53':
      return (records, at) => String(records.f64[(at + offset) / 8]);
    case 'ns':
      return (records, at) => `"${nanoseconds(records, at + offset)}"`;
    case 'text':
      return (records, at) => text(records, at + offset, type.bytes);
    case 'bytes':
      return (records, at) => hexadecimal(records, at + offset, type.bytes);
    case 'choice': {
      const names: string[] = [];
      for (const [choice, number] of Object.entries(type.choices)) names[number] = `"${choice}"`;
      return (records, at) => {
        const found = names[records.bytes[at + offset]!];
        if (found === undefined) throw new RecordError('RECORD_VALUE', `${name} is no choice`);
        return found;
      };
    }
  }
}

/** What a field that a shorter record leaves out reads as. */
function zero(field: Field): string {
  const { type } = field;
  if (type.kind === 'ns') return '"0"';
  if (type.kind === 'text') return '""';
  if (type.kind === 'bytes') return `"${'00'.repeat(type.bytes)}"`;
  if (type.kind !== 'choice') return '0';
  const name = Object.entries(type.choices).find(([, number]) => number === 0)?.[0];
  return `"${name}"`;
}

function encoderOf(name: EventName): Encoder {
  const declaration = events[name] as EventDeclaration;
  const layout = eventLayouts[name] as unknown as Layout;
  const fields = Object.entries(declaration.fields as Fields).map(([key, field], index) => {
    const offset = layout.offsets[key]!;
    const read = reader(`${name}.${key}`, field, offset);
    const left = zero(field);
    const end = offset + sizeOf(field.type);
    const optional = offset >= layout.bytesMin;
    return {
      key: `${index === 0 ? '{' : ','}"${key}":`,
      read: optional
        ? (records: RecordBuffer, at: number) =>
            end <= records.u16[(at + HEADER.length) / 2]! ? read(records, at) : left
        : read,
      end,
    };
  });
  return { type: name, version: declaration.version, fields, correlation: correlation(name) };
}

function correlation(name: EventName): ReadJson {
  const declaration = events[name] as EventDeclaration;
  const layout = eventLayouts[name] as unknown as Layout;
  const field = declaration.fields[SUBJECT[declaration.about]];
  const offset = layout.offsets[SUBJECT[declaration.about]];
  if (field === undefined || offset === undefined) return () => declaration.about;
  const read = reader(name, field, offset);
  return (records, at) => `${declaration.about}-${read(records, at)}`;
}

const encoders = new Map<number, Encoder>(
  (Object.keys(events) as EventName[]).map((name) => [events[name].number, encoderOf(name)]),
);

/**
 * The JSON form of the record at `at`, straight from its bytes.
 *
 * @throws RecordError when it is no event of this catalogue
 */
export function eventJson(records: RecordBuffer, at: number): EventJson {
  const number = records.bytes[at + HEADER.number]!;
  const encoder = encoders.get(number);
  if (encoder === undefined)
    throw new RecordError('RECORD_UNKNOWN', `no event has number ${number}`);
  const version = records.bytes[at + HEADER.version];
  if (version !== encoder.version) {
    const name = eventName(number);
    throw new RecordError('RECORD_UNKNOWN', `${name} version ${version} is not known`);
  }
  let data = '';
  for (const field of encoder.fields) data += field.key + field.read(records, at);
  return {
    type: encoder.type,
    data: data === '' ? '{}' : `${data}}`,
    metadata: metadataJson(encoder, records, at),
  };
}

function metadataJson(encoder: Encoder, records: RecordBuffer, at: number): string {
  const command = records.f64[(at + HEADER.command) / 8]!;
  return (
    `{"$correlationId":"${encoder.correlation(records, at)}","$causationId":"command-${command}"` +
    `,"version":${encoder.version}` +
    `,"time":"${nanoseconds(records, at + HEADER.time)}"` +
    `,"received":"${nanoseconds(records, at + HEADER.received)}"` +
    `,"command":${command},"actor":${records.u32[(at + HEADER.actor) / 4]}` +
    `,"session":${records.u32[(at + HEADER.session) / 4]}}`
  );
}
