import {
  type DaybookEvent,
  type EventDeclaration,
  type EventName,
  events,
} from '../../domain/events.js';
import type { Field } from '../../domain/field.js';

/** What the store holds at a place is no event of ours: damage, newer software, a foreign writer. */
export class EventJsonError extends Error {
  override readonly name = 'EventJsonError';
  readonly code = 'EVENT_JSON_INVALID';
}

/** An event as a client hands it out, or as parsed by ourselves. */
export interface JsonEvent {
  readonly type: string;
  readonly revision: number;
  readonly data: unknown;
  readonly metadata: unknown;
}

type Value = number | bigint | string;

const DECIMAL = /^-?\d{1,19}$/;
const HEXADECIMAL = /^[0-9a-f]*$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new EventJsonError(`${what} is no object`);
  }
  return value as Record<string, unknown>;
}

function whole(value: unknown, max: number, name: string): number {
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
  if (!isWhole || Object.is(value, -0) || value > max || (max <= 0xffff_ffff && value < 0)) {
    throw new EventJsonError(`${name}: ${JSON.stringify(value)} is out of range`);
  }
  return value;
}

function matching(value: unknown, pattern: RegExp, length: number, name: string): string {
  if (typeof value !== 'string' || value.length > length || !pattern.test(value)) {
    throw new EventJsonError(`${name}: ${JSON.stringify(value)?.slice(0, 80)} is malformed`);
  }
  return value;
}

function nanoseconds(value: unknown, name: string): bigint {
  const time = BigInt(matching(value, DECIMAL, 20, name));
  if (BigInt.asIntN(64, time) !== time) throw new EventJsonError(`${name}: not within 64 bits`);
  return time;
}

function fieldValue(field: Field, value: unknown, name: string): Value {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      return whole(value, 0xff, name);
    case 'u16':
      return whole(value, 0xffff, name);
    case 'u32':
      return whole(value, 0xffff_ffff, name);
    case 'i53':
      return whole(value, Number.MAX_SAFE_INTEGER, name);
    case 'ns':
      return nanoseconds(value, name);
    case 'text':
      return matching(value, PRINTABLE, type.bytes, name);
    case 'bytes': {
      const hex = matching(value, HEXADECIMAL, 2 * type.bytes, name);
      if (hex.length !== 2 * type.bytes)
        throw new EventJsonError(`${name}: not ${type.bytes} bytes`);
      return hex;
    }
    case 'choice':
      if (typeof value !== 'string' || !Object.hasOwn(type.choices, value)) {
        throw new EventJsonError(`${name}: ${JSON.stringify(value)} is no choice`);
      }
      return value;
  }
}

/**
 * The event an EventStoreDB holds at a revision; every value is checked against the catalogue.
 *
 * @throws EventJsonError when it is no event of this catalogue
 */
export function eventFromJson(stored: JsonEvent): DaybookEvent {
  if (!Object.hasOwn(events, stored.type)) {
    throw new EventJsonError(`revision ${stored.revision}: no event is called ${stored.type}`);
  }
  const type = stored.type as EventName;
  const declaration = events[type] as EventDeclaration;
  const what = `${type} at revision ${stored.revision}`;
  const metadata = object(stored.metadata, `metadata of ${what}`);
  if (metadata.version !== declaration.version) {
    throw new EventJsonError(`${what}: version ${String(metadata.version)} is not known`);
  }
  const given = object(stored.data, what);
  const data: Record<string, Value> = {};
  for (const [name, field] of Object.entries(declaration.fields)) {
    data[name] = fieldValue(field, given[name], `${what}, ${name}`);
  }
  return {
    type,
    sequence: stored.revision,
    time: nanoseconds(metadata.time, `${what}, time`),
    received: nanoseconds(metadata.received, `${what}, received`),
    command: whole(metadata.command, Number.MAX_SAFE_INTEGER, `${what}, command`),
    actor: whole(metadata.actor, 0xffff_ffff, `${what}, actor`),
    session: whole(metadata.session, 0xffff_ffff, `${what}, session`),
    data,
  } as unknown as DaybookEvent;
}
