import { encodeEvent } from '../../domain/event-codec.js';
import { RECORD_BYTES_MAX, RecordBuffer } from '../../domain/event-record.js';
import {
  type DaybookEvent,
  type EventDeclaration,
  type EventName,
  events,
} from '../../domain/events.js';
import type { Field } from '../../domain/field.js';

/**
 * Events of the catalogue with every field set, a pure function of sequence and `writer`: input for
 * tests and benchmarks, which need events that are whole but care not what they say.
 */
const FLOW: readonly EventName[] = [
  'OrderAccepted',
  'RiskDecided',
  'OrderRouted',
  'OrderAcknowledged',
  'OrderFilled',
];

function sampleValue(field: Field, seed: number): number | bigint | string {
  const { type } = field;
  switch (type.kind) {
    case 'u8':
      return seed % 251;
    case 'u16':
      return seed % 65_521;
    case 'u32':
      return seed % 1_000_003;
    case 'i53':
      return seed;
    case 'ns':
      return 1_790_000_000_000_000_000n + BigInt(seed);
    case 'text':
      return `T${seed}`.slice(0, type.bytes);
    case 'bytes':
      return seed
        .toString(16)
        .padStart(2 * type.bytes, '0')
        .slice(-2 * type.bytes);
    case 'choice': {
      const names = Object.keys(type.choices);
      return names[seed % names.length]!;
    }
  }
}

/** @param writer events of different writers differ at the same sequence */
export function sampleEvent(sequence: number, writer = 0, type?: EventName): DaybookEvent {
  const name = type ?? FLOW[sequence % FLOW.length]!;
  const data: Record<string, unknown> = {};
  for (const [key, field] of Object.entries((events[name] as EventDeclaration).fields)) {
    data[key] = sampleValue(field, 1 + sequence);
  }
  const time = 1_790_000_000_000_000_000n + BigInt(sequence) * 1_000n;
  const header = { sequence, time, received: time - 900n, command: sequence * 3 + 1 };
  return { type: name, ...header, actor: 1 + writer, session: 7, data } as unknown as DaybookEvent;
}

/** Records of `count` sample events from `first` on. */
export function sampleRecords(first: number, count: number, writer = 0): RecordBuffer {
  const records = new RecordBuffer((count + 1) * RECORD_BYTES_MAX);
  for (let sequence = first; sequence < first + count; sequence += 1) {
    const event = sampleEvent(sequence, writer);
    records.length += encodeEvent(event, records.bytes, records.length);
    records.count += 1;
  }
  return records;
}
