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
import { assert } from '../../lib/assert.js';
import { AsciiWriter, NUMBER_CHARS } from './ascii-writer.js';

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

/** Writes one value of the record at `at` where the writer stands. */
type WriteJson = (out: AsciiWriter, records: RecordBuffer, at: number) => void;

interface Encoder {
  readonly type: EventName;
  readonly version: number;
  readonly fields: readonly { readonly key: Uint8Array; readonly write: WriteJson }[];
  readonly correlation: WriteJson;
  /** `,"version":1,"time":` */
  readonly versionAndTime: Uint8Array;
  readonly charsMax: number;
}

/** Which field names what an event is about. */
const SUBJECT: Readonly<Record<About, string>> = {
  order: 'orderId',
  account: 'account',
  instrument: 'instrument',
  system: 'shard',
};

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const OPEN = ascii('{');
const CLOSE = ascii('}');
const CORRELATION = ascii('{"$correlationId":"');
const CAUSATION = ascii('","$causationId":"command-');
const QUOTE = ascii('"');
const RECEIVED = ascii(',"received":');
const COMMAND = ascii(',"command":');
const ACTOR = ascii(',"actor":');
const SESSION = ascii(',"session":');
/** More than the keys of the metadata, its numbers and the name before a correlation's. */
const METADATA_CHARS = 320;
/** A character of text at its longest: an escape of six. */
const ESCAPE_CHARS = 6;

function fieldWriter(name: string, field: Field, offset: number): WriteJson {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      return (out, records, at) => out.integer(records.bytes[at + offset]!);
    case 'u16':
      return (out, records, at) => out.integer(records.u16[(at + offset) / 2]!);
    case 'u32':
      return (out, records, at) => out.integer(records.u32[(at + offset) / 4]!);
    case 'i53':
      return (out, records, at) => out.integer(records.f64[(at + offset) / 8]!);
    case 'ns':
      return (out, records, at) => writeTime(out, records, at + offset);
    case 'text':
      return (out, records, at) => out.quotedText(records.bytes, at + offset, type.bytes);
    case 'bytes':
      return (out, records, at) => {
        out.raw(QUOTE);
        out.hexadecimal(records.bytes, at + offset, type.bytes);
        out.raw(QUOTE);
      };
    case 'choice': {
      const names: Uint8Array[] = [];
      for (const [choice, number] of Object.entries(type.choices)) {
        names[number] = ascii(`"${choice}"`);
      }
      return (out, records, at) => {
        const found = names[records.bytes[at + offset]!];
        if (found === undefined) throw new RecordError('RECORD_VALUE', `${name} is no choice`);
        out.raw(found);
      };
    }
  }
}

function writeTime(out: AsciiWriter, records: RecordBuffer, at: number): void {
  out.quotedLong(records.i32[at / 4 + 1]!, records.u32[at / 4]!);
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

function charsMax({ type }: Field): number {
  if (type.kind === 'text') return 2 + ESCAPE_CHARS * type.bytes;
  if (type.kind === 'bytes') return 2 + 2 * type.bytes;
  if (type.kind !== 'choice') return NUMBER_CHARS;
  return 2 + Math.max(...Object.keys(type.choices).map((choice) => choice.length));
}

function encoderOf(name: EventName): Encoder {
  const declaration = events[name] as EventDeclaration;
  const layout = eventLayouts[name] as unknown as Layout;
  let chars = METADATA_CHARS;
  const fields = Object.entries(declaration.fields as Fields).map(([key, field], index) => {
    const offset = layout.offsets[key]!;
    const write = fieldWriter(`${name}.${key}`, field, offset);
    const left = ascii(zero(field));
    const end = offset + sizeOf(field.type);
    const text = `${index === 0 ? '{' : ','}"${key}":`;
    chars += text.length + charsMax(field);
    const optional: WriteJson = (out, records, at) => {
      if (end <= records.u16[(at + HEADER.length) / 2]!) write(out, records, at);
      else out.raw(left);
    };
    return { key: ascii(text), write: offset >= layout.bytesMin ? optional : write };
  });
  const { version } = declaration;
  const versionAndTime = ascii(`,"version":${version},"time":`);
  return {
    ...{ type: name, version, fields, versionAndTime, charsMax: chars },
    correlation: correlation(name),
  };
}

function correlation(name: EventName): WriteJson {
  const declaration = events[name] as EventDeclaration;
  const layout = eventLayouts[name] as unknown as Layout;
  const field = declaration.fields[SUBJECT[declaration.about]];
  const offset = layout.offsets[SUBJECT[declaration.about]];
  const about = ascii(declaration.about);
  if (field === undefined || offset === undefined) return (out) => out.raw(about);
  const write = fieldWriter(name, field, offset);
  const prefix = ascii(`${declaration.about}-`);
  return (out, records, at) => {
    out.raw(prefix);
    write(out, records, at);
  };
}

const encoders: (Encoder | undefined)[] = [];
for (const name of Object.keys(events) as EventName[]) {
  encoders[events[name].number] = encoderOf(name);
}

/** Most characters of data and metadata of one event together. */
export const EVENT_JSON_CHARS = encoders.reduce(
  (most, encoder) => Math.max(most, encoder?.charsMax ?? 0),
  0,
);

/** The JSON of one event in bytes: its metadata, then, behind it, its data. */
export class EventJsonWriter {
  /** Of the event written last. */
  type: EventName = 'WriterStarted';
  metadataBytes = 0;
  dataBytes = 0;
  readonly #out = new AsciiWriter();

  /**
   * Writes the record at `at` to `start` of `bytes`, where {@link EVENT_JSON_CHARS} have room.
   *
   * @throws RecordError when it is no event of this catalogue
   */
  write(records: RecordBuffer, at: number, bytes: Uint8Array, start: number): void {
    assert(start + EVENT_JSON_CHARS <= bytes.length, 'an event has room');
    const encoder = encoderFor(records, at);
    const out = this.#out.over(bytes, start);
    writeMetadata(out, encoder, records, at);
    const middle = out.at;
    const { fields } = encoder;
    if (fields.length === 0) out.raw(OPEN);
    for (let index = 0; index < fields.length; index += 1) {
      const { key, write } = fields[index]!;
      out.raw(key);
      write(out, records, at);
    }
    out.raw(CLOSE);
    assert(out.at - start <= EVENT_JSON_CHARS, 'an event is no longer than the longest');
    this.type = encoder.type;
    this.metadataBytes = middle - start;
    this.dataBytes = out.at - middle;
  }
}

function encoderFor(records: RecordBuffer, at: number): Encoder {
  const number = records.bytes[at + HEADER.number]!;
  const encoder = encoders[number];
  if (encoder === undefined)
    throw new RecordError('RECORD_UNKNOWN', `no event has number ${number}`);
  const version = records.bytes[at + HEADER.version];
  if (version !== encoder.version) {
    const name = eventName(number);
    throw new RecordError('RECORD_UNKNOWN', `${name} version ${version} is not known`);
  }
  return encoder;
}

function writeMetadata(
  out: AsciiWriter,
  encoder: Encoder,
  records: RecordBuffer,
  at: number,
): void {
  const command = records.f64[(at + HEADER.command) / 8]!;
  out.raw(CORRELATION);
  encoder.correlation(out, records, at);
  out.raw(CAUSATION);
  out.integer(command);
  out.raw(QUOTE);
  out.raw(encoder.versionAndTime);
  writeTime(out, records, at + HEADER.time);
  out.raw(RECEIVED);
  writeTime(out, records, at + HEADER.received);
  out.raw(COMMAND);
  out.integer(command);
  out.raw(ACTOR);
  out.integer(records.u32[(at + HEADER.actor) / 4]!);
  out.raw(SESSION);
  out.integer(records.u32[(at + HEADER.session) / 4]!);
  out.raw(CLOSE);
}

const scratch = Buffer.alloc(EVENT_JSON_CHARS);
const writer = new EventJsonWriter();

/**
 * The JSON form of the record at `at`, as text.
 *
 * @throws RecordError when it is no event of this catalogue
 */
export function eventJson(records: RecordBuffer, at: number): EventJson {
  writer.write(records, at, scratch, 0);
  const { type, metadataBytes, dataBytes } = writer;
  return {
    type,
    data: scratch.toString('latin1', metadataBytes, metadataBytes + dataBytes),
    metadata: scratch.toString('latin1', 0, metadataBytes),
  };
}
