import { assert } from '../../lib/assert.js';
import { OUCH } from '../ouch/catalogue.js';
import type { AppendageItem } from '../wire/appendage.js';
import type { FieldValue } from '../wire/field-codec.js';
import type { DecodedMessage } from './decoded.js';

/**
 * Known appendage items as fields. A field of the message, or an earlier item of the same tag,
 * keeps its name; `appendage` has every item anyway.
 */
function appendageFields(
  items: readonly AppendageItem[],
  taken: Readonly<Record<string, FieldValue>>,
): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (const item of items) {
    if ('raw' in item || item.name in taken || item.name in fields) continue;
    fields[item.name] = item.value;
  }
  return fields;
}

/** Bytes of the items: what stands behind the fixed part and the length itself. */
function appendageLength({ direction, message, raw }: DecodedMessage): number {
  const layout = OUCH.index[direction ?? 'out'][message.type.charCodeAt(0)];
  assert(layout !== undefined, 'only messages of the catalogue have appendages');
  return raw.length - layout.length - 2;
}

/** Nanoseconds since 1970 as ISO 8601 with nine decimals, UTC. */
function timeText(time: bigint): string {
  const nanos = time % 1_000_000_000n;
  const milliseconds = Number((time - nanos) / 1_000_000n);
  if (nanos < 0n || Math.abs(milliseconds) > 8.64e15) return `${time} ns`;
  const seconds = new Date(milliseconds).toISOString().slice(0, -5);
  return `${seconds}.${nanos.toString().padStart(9, '0')}Z`;
}

/** One line of `daybook decode`, without the line break. */
export function toJsonLine(decoded: DecodedMessage, context: boolean): string {
  const { protocol, direction, message, origin } = decoded;
  const { type, name, fields, appendage } = message;
  const line: Record<string, unknown> = { protocol };
  if (direction !== undefined) line.direction = direction;
  Object.assign(line, { type, name }, fields);
  if (appendage !== undefined) {
    line.appendageLength = appendageLength(decoded);
    Object.assign(line, appendageFields(appendage, fields), { appendage });
  }
  if (context) line.context = { ...origin, time: timeText(origin.time) };
  return JSON.stringify(line);
}
