import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEvent, encodeEvent } from '../../domain/event-codec.js';
import { RECORD_BYTES_MAX, RecordBuffer } from '../../domain/event-record.js';
import {
  type DaybookEvent,
  type EventDeclaration,
  type EventName,
  events,
} from '../../domain/events.js';
import type { Field } from '../../domain/field.js';
import { addEventJson, EventJsonError, type JsonEvent } from './event-from-json.js';
import { EventIds } from './event-id.js';
import { eventJson } from './event-json.js';
import { sampleEvent } from './sample-events.js';

const names = Object.keys(events) as EventName[];
const I64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));

function anyValue(field: Field): fc.Arbitrary<unknown> {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      return fc.nat(0xff);
    case 'u16':
      return fc.nat(0xffff);
    case 'u32':
      return fc.nat(0xffff_ffff);
    case 'i53':
      return fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER));
    case 'ns':
      return fc.bigInt(I64);
    case 'text':
      return fc.string({ unit: printable, maxLength: type.bytes });
    case 'bytes':
      return fc
        .uint8Array({ minLength: type.bytes, maxLength: type.bytes })
        .map((bytes) => Buffer.from(bytes).toString('hex'));
    case 'choice':
      return fc.constantFrom(...Object.keys(type.choices));
  }
}

const anyEvent: fc.Arbitrary<DaybookEvent> = fc.constantFrom(...names).chain((type) => {
  const fields = Object.entries((events[type] as EventDeclaration).fields);
  const data = fc.record(Object.fromEntries(fields.map(([key, field]) => [key, anyValue(field)])));
  return fc.record({
    type: fc.constant(type),
    sequence: fc.maxSafeNat(),
    time: fc.bigInt(I64),
    received: fc.bigInt(I64),
    command: fc.maxSafeNat(),
    actor: fc.nat(0xffff_ffff),
    session: fc.nat(0xffff_ffff),
    data,
  }) as unknown as fc.Arbitrary<DaybookEvent>;
});

function recordOf(event: DaybookEvent): RecordBuffer {
  const records = new RecordBuffer(2 * RECORD_BYTES_MAX);
  records.length = encodeEvent(event, records.bytes);
  records.count = 1;
  return records;
}

function recordFrom(stored: JsonEvent): RecordBuffer {
  const records = new RecordBuffer(2 * RECORD_BYTES_MAX);
  addEventJson(stored, records);
  return records;
}

function throughJson(records: RecordBuffer, revision: number): RecordBuffer {
  const { type, data, metadata } = eventJson(records, 0);
  return recordFrom({
    type,
    revision,
    data: JSON.parse(data),
    metadata: JSON.parse(metadata),
  });
}

describe('the JSON form of events', () => {
  it('gives every event back, byte for byte of its record', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const records = recordOf(event);
        const again = throughJson(records, event.sequence);
        expect(again.length).toBe(records.length);
        expect(Buffer.compare(again.bytes, records.bytes)).toBe(0);
        expect(decodeEvent(again.bytes)).toEqual(event);
      }),
      { numRuns: 500 },
    );
  });

  it('covers every event of the catalogue', () => {
    for (const name of names) {
      const records = recordOf(sampleEvent(5, 0, name));
      expect(throughJson(records, 5).bytes).toEqual(records.bytes);
    }
  });

  it('is ASCII, so that its length is its length in bytes', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { data, metadata } = eventJson(recordOf(event), 0);
        expect(data + metadata).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });

  it('correlates an order event with its chain, others with what they are about', () => {
    const correlationOf = (name: EventName) =>
      JSON.parse(eventJson(recordOf(sampleEvent(6, 0, name)), 0).metadata);
    expect(correlationOf('OrderFilled')).toMatchObject({
      $correlationId: 'order-7',
      $causationId: 'command-19',
    });
    expect(correlationOf('AccountOpened').$correlationId).toBe('account-7');
    expect(correlationOf('PriceMarked').$correlationId).toBe('instrument-7');
    expect(correlationOf('WriterStarted').$correlationId).toBe('system-7');
  });

  it('refuses what no writer of ours wrote', () => {
    const { type, data, metadata } = eventJson(recordOf(sampleEvent(4)), 0);
    const whole = () => ({
      type: type as string,
      revision: 4,
      data: JSON.parse(data) as Record<string, unknown>,
      metadata: JSON.parse(metadata) as Record<string, unknown>,
    });
    expect(recordFrom(whole()).count).toBe(1);
    const spoiled: [string, (event: ReturnType<typeof whole>) => void][] = [
      ['unknown type', (event) => (event.type = 'OrderEaten')],
      ['inherited name', (event) => (event.type = 'constructor')],
      ['another version', (event) => (event.metadata.version = 99)],
      ['no time', (event) => delete event.metadata.time],
      ['time beyond 64 bits', (event) => (event.metadata.time = '9223372036854775808')],
      ['a field missing', (event) => delete event.data.orderId],
      ['a fraction', (event) => (event.data.orderId = 1.5)],
      ['unsafe integer', (event) => (event.data.orderId = 2 ** 53)],
      ['minus zero', (event) => (event.data.orderId = -0)],
      ['text for a number', (event) => (event.data.orderId = '7')],
      ['negative index', (event) => (event.data.account = -1)],
      ['index too large', (event) => (event.data.account = 2 ** 32)],
    ];
    for (const [what, spoil] of spoiled) {
      const event = whole();
      spoil(event);
      expect(() => recordFrom(event), what).toThrow(EventJsonError);
    }
    const edge = whole();
    edge.data.account = 2 ** 32 - 1;
    edge.data.orderId = Number.MAX_SAFE_INTEGER;
    expect(recordFrom(edge).count).toBe(1);
  });
});

describe('event ids', () => {
  it('are UUIDs of version 5, the same for the same event', () => {
    const id = new EventIds(0).of(recordOf(sampleEvent(9)), 0);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new EventIds(0).of(recordOf(sampleEvent(9)), 0)).toBe(id);
  });

  it('are what RFC 9562 makes of namespace and name', () => {
    const records = recordOf(sampleEvent(9));
    const name = Buffer.concat([
      Buffer.from('6d1f0f3ab1c84d5f9a7e25c3e0b4d871', 'hex'),
      Buffer.from([0, 0, 0, 5]),
      records.bytes.subarray(4, records.length),
    ]);
    const digest = createHash('sha1').update(name).digest();
    digest[6] = (digest[6]! & 0x0f) | 0x50;
    digest[8] = (digest[8]! & 0x3f) | 0x80;
    const id = new EventIds(5).of(records, 0);
    expect(id.replaceAll('-', '')).toBe(digest.toString('hex', 0, 16));
  });

  it('differ by shard, by sequence, and by content at the same sequence', () => {
    const ids = [
      new EventIds(0).of(recordOf(sampleEvent(9)), 0),
      new EventIds(1).of(recordOf(sampleEvent(9)), 0),
      new EventIds(0).of(recordOf(sampleEvent(10)), 0),
      new EventIds(0).of(recordOf(sampleEvent(9, 1)), 0),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  it('do not depend on the checksum, which the journal fills in later', () => {
    const records = recordOf(sampleEvent(9));
    const before = new EventIds(0).of(records, 0);
    records.u32[0] = 12345;
    expect(new EventIds(0).of(records, 0)).toBe(before);
  });
});
