/**
 * Events and commands as objects <-> binary records, generic over the catalogue.
 *
 * For tools, tests and slow readers. The hot path reads and writes fields at the offsets of
 * `eventLayouts` and never builds an object.
 */
import { assert } from '../lib/assert.js';
import { HEADER, RECORD_BYTES_MAX, RECORD_HEADER_BYTES } from './event-record.js';
import {
  type DaybookEvent,
  type EventDeclaration,
  type EventHeader,
  eventLayouts,
  eventName,
  events,
} from './events.js';
import { type Choices, type Field, type Fields, type Layout, sizeOf } from './field.js';
import { EventVersionError, upcasting } from './upcasters.js';

/** The record cannot be an event of this catalogue: damage, or a journal of newer software. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly code: 'RECORD_UNKNOWN' | 'RECORD_LENGTH' | 'RECORD_VALUE';
  constructor(code: RecordError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

type Values = Record<string, number | bigint | string>;

/** Writes one field; the view's bytes start at the record. */
function writeField(
  view: DataView,
  at: number,
  field: Field,
  value: number | bigint | string,
): void {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      assertRange(value as number, 0xff, field);
      view.setUint8(at, value as number);
      return;
    case 'choice': {
      const number = type.choices[value as string];
      if (number === undefined) misfit(value, 'a choice', field);
      view.setUint8(at, number);
      return;
    }
    case 'u16':
      assertRange(value as number, 0xffff, field);
      view.setUint16(at, value as number, true);
      return;
    case 'u32':
      assertRange(value as number, 0xffff_ffff, field);
      view.setUint32(at, value as number, true);
      return;
    case 'i53':
      if (!Number.isSafeInteger(value)) misfit(value, 'a safe integer', field);
      view.setFloat64(at, (value as number) + 0, true);
      return;
    case 'ns':
      view.setBigInt64(at, value as bigint, true);
      return;
    case 'text':
      writeText(view, at, type.bytes, value as string);
      return;
    case 'bytes':
      writeHex(view, at, type.bytes, value as string);
      return;
  }
}

function assertRange(value: number, max: number, field: Field): void {
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  misfit(value, `within 0 to ${max}`, field);
}

/** Its text is made only here: made for every field that fits, it cost more than the encoding. */
function misfit(value: unknown, what: string, { meaning }: Field): never {
  assert(false, `${String(value)} is not ${what}: ${meaning}`);
}

function writeText(view: DataView, at: number, bytes: number, value: string): void {
  assert(value.length <= bytes, 'text is longer than its field');
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    assert(code >= 0x20 && code < 0x7f, 'text is not printable ASCII');
    view.setUint8(at + i, code);
  }
}

function writeHex(view: DataView, at: number, bytes: number, value: string): void {
  assert(value.length === bytes * 2, `expected ${bytes} bytes in hexadecimal`);
  for (let i = 0; i < bytes; i += 1) {
    view.setUint8(at + i, Number.parseInt(value.slice(2 * i, 2 * i + 2), 16));
  }
}

function readField(
  view: DataView,
  at: number,
  field: Field,
  name: string,
): number | bigint | string {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      return view.getUint8(at);
    case 'choice': {
      const number = view.getUint8(at);
      const found = choiceNames(type.choices)[number];
      if (found === undefined)
        throw new RecordError('RECORD_VALUE', `${name}: ${number} is no choice`);
      return found;
    }
    case 'u16':
      return view.getUint16(at, true);
    case 'u32':
      return view.getUint32(at, true);
    case 'i53': {
      const value = view.getFloat64(at, true);
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
        throw new RecordError('RECORD_VALUE', `${name}: ${value} is not a safe integer`);
      }
      return value;
    }
    case 'ns':
      return view.getBigInt64(at, true);
    case 'text':
      return readText(view, at, type.bytes, name);
    case 'bytes':
      return readHex(view, at, type.bytes);
  }
}

function readText(view: DataView, at: number, bytes: number, name: string): string {
  let value = '';
  let i = 0;
  for (; i < bytes; i += 1) {
    const code = view.getUint8(at + i);
    if (code === 0) break;
    if (code < 0x20 || code > 0x7e) throw new RecordError('RECORD_VALUE', `${name}: not ASCII`);
    value += String.fromCharCode(code);
  }
  for (; i < bytes; i += 1) {
    if (view.getUint8(at + i) !== 0) throw new RecordError('RECORD_VALUE', `${name}: padding`);
  }
  return value;
}

function readHex(view: DataView, at: number, bytes: number): string {
  let value = '';
  for (let i = 0; i < bytes; i += 1)
    value += view
      .getUint8(at + i)
      .toString(16)
      .padStart(2, '0');
  return value;
}

const namesOfChoices = new WeakMap<Choices, (string | undefined)[]>();

/** The names of a closed list by number; one table per list, made once. */
function choiceNames(choices: Choices): (string | undefined)[] {
  let names = namesOfChoices.get(choices);
  if (!names) {
    names = [];
    for (const [name, number] of Object.entries(choices)) names[number] = name;
    namesOfChoices.set(choices, names);
  }
  return names;
}

/** The zero of a field: what a record that ends before it holds. A choice may have none. */
function zeroOf(field: Field): number | bigint | string | undefined {
  const { type } = field;
  if (type.kind === 'ns') return 0n;
  if (type.kind === 'text') return '';
  if (type.kind === 'bytes') return '00'.repeat(type.bytes);
  if (type.kind !== 'choice') return 0;
  return choiceNames(type.choices)[0];
}

/** A field with all that is looked up about it, so that a record costs no table of its own. */
interface FieldPlan {
  readonly name: string;
  readonly field: Field;
  readonly at: number;
  readonly end: number;
  readonly zero: number | bigint | string | undefined;
}

const plans = new WeakMap<Layout, readonly FieldPlan[]>();

function planOf(layout: Layout, fields: Fields): readonly FieldPlan[] {
  let plan = plans.get(layout);
  if (plan === undefined) {
    plan = Object.entries(fields).map(([name, field]) => {
      const at = layout.offsets[name] as number;
      return { name, field, at, end: at + sizeOf(field.type), zero: zeroOf(field) };
    });
    plans.set(layout, plan);
  }
  return plan;
}

/**
 * Writes the fields of a payload into bytes that are 0, so that those that are zero, most of a command's,
 * need no writing. @returns the record's length, optional fields left out if zero
 */
export function writePayload(
  view: DataView,
  layout: Layout,
  fields: Fields,
  values: Values,
): number {
  let length = layout.bytesMin;
  for (const { name, field, at, zero } of planOf(layout, fields)) {
    const value = values[name] ?? zeroValue(zero);
    if (value === zero) continue;
    writeField(view, at, field, value);
    if (at >= length) length = layout.bytes;
  }
  return length;
}

/** Reads the fields of a payload of a record of `length` bytes. */
export function readPayload(
  view: DataView,
  layout: Layout,
  fields: Fields,
  length: number,
): Values {
  const values: Values = {};
  for (const { name, field, at, end, zero } of planOf(layout, fields)) {
    values[name] = end <= length ? readField(view, at, field, name) : zeroValue(zero);
  }
  return values;
}

function zeroValue(zero: FieldPlan['zero']): number | bigint | string {
  assert(zero !== undefined, 'a choice that may be left out needs a value of 0');
  return zero;
}

function writeHeader(view: DataView, number: number, version: number, header: EventHeader): void {
  view.setUint32(HEADER.crc, 0, true);
  view.setUint8(HEADER.number, number);
  view.setUint8(HEADER.version, version);
  view.setFloat64(HEADER.sequence, header.sequence, true);
  view.setBigInt64(HEADER.time, header.time, true);
  view.setBigInt64(HEADER.received, header.received, true);
  view.setFloat64(HEADER.command, header.command, true);
  view.setUint32(HEADER.actor, header.actor, true);
  view.setUint32(HEADER.session, header.session, true);
}

export function readHeader(view: DataView): EventHeader {
  return {
    sequence: view.getFloat64(HEADER.sequence, true),
    time: view.getBigInt64(HEADER.time, true),
    received: view.getBigInt64(HEADER.received, true),
    command: view.getFloat64(HEADER.command, true),
    actor: view.getUint32(HEADER.actor, true),
    session: view.getUint32(HEADER.session, true),
  };
}

/**
 * Encodes an event at `at`; the crc stays 0, the journal fills it in.
 * @returns the record's length in bytes
 */
export function encodeEvent(event: DaybookEvent, bytes: Uint8Array, at = 0): number {
  const declaration = events[event.type] as EventDeclaration;
  const layout = eventLayouts[event.type] as unknown as Layout;
  assert(at + layout.bytes <= bytes.length, 'the record does not fit the buffer');
  bytes.fill(0, at, at + layout.bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, layout.bytes);
  const length = writePayload(view, layout, declaration.fields, event.data as unknown as Values);
  writeHeader(view, declaration.number, declaration.version, event);
  view.setUint16(HEADER.length, length, true);
  return length;
}

/** @throws RecordError where there is no way to the version of now */
function upcastRecord(bytes: Uint8Array, at: number): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint16(HEADER.length, true);
  if (length < RECORD_HEADER_BYTES || length > RECORD_BYTES_MAX || at + length > bytes.length) {
    throw new RecordError('RECORD_LENGTH', `a record cannot have ${length} bytes`);
  }
  try {
    return upcasting.record(bytes, at);
  } catch (error) {
    if (!(error instanceof EventVersionError)) throw error;
    throw new RecordError('RECORD_UNKNOWN', error.message);
  }
}

/**
 * Decodes the record at `at`, one of an older version as what it is now, and checks every value against
 * the catalogue.
 * @throws RecordError when it is no event of this catalogue
 */
export function decodeEvent(bytes: Uint8Array, at = 0): DaybookEvent {
  if (at + RECORD_HEADER_BYTES > bytes.length) {
    throw new RecordError('RECORD_LENGTH', 'the record ends within its header');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const number = view.getUint8(HEADER.number);
  const name = eventName(number);
  if (!name) throw new RecordError('RECORD_UNKNOWN', `no event has number ${number}`);
  const declaration = events[name] as EventDeclaration;
  const version = view.getUint8(HEADER.version);
  if (version !== declaration.version) return decodeEvent(upcastRecord(bytes, at));
  const layout = eventLayouts[name] as unknown as Layout;
  const length = view.getUint16(HEADER.length, true);
  if ((length !== layout.bytes && length !== layout.bytesMin) || length > view.byteLength) {
    throw new RecordError('RECORD_LENGTH', `${name} cannot have ${length} bytes`);
  }
  const data = readPayload(view, layout, declaration.fields, length);
  return { type: name, ...readHeader(view), data } as unknown as DaybookEvent;
}
