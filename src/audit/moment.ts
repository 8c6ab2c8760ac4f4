/** A moment of the past: a sequence, or a time; every answer is as of a sequence. */

import { sequenceAt, timeAt } from '../commands/replay/event-groups.js';
import { formatIsoNs, parseIsoNs } from '../lib/time.js';
import { AuditError } from './errors.js';
import type { OrderIndex } from './order-index/order-index.js';
import { type JournalOf, recordsIn } from './place-reader.js';

export type Moment = { readonly sequence: number } | { readonly time: bigint };

/**
 * A sequence, or a time in ISO 8601 with a zone and up to nine decimals.
 * @throws AuditError MOMENT_INVALID
 */
export function parseMoment(text: string): Moment {
  if (/^[0-9]{1,15}$/.test(text)) return { sequence: Number(text) };
  try {
    return { time: parseIsoNs(text) };
  } catch {
    const message = `${text.slice(0, 64)}: a sequence, or a time such as 2026-11-22T14:50:06.123456789Z`;
    throw new AuditError('MOMENT_INVALID', message);
  }
}

/**
 * The last event of the log that had happened then. Without a moment: the last that is indexed.
 * @throws AuditError MOMENT_AHEAD: the log does not reach so far, or begins later
 */
export function sequenceOf(log: JournalOf, index: OrderIndex, moment?: Moment): number {
  const last = index.next - 1;
  if (moment === undefined) return last;
  if ('sequence' in moment) {
    if (moment.sequence <= last) return moment.sequence;
    const message = `sequence ${moment.sequence} is not there yet, the last is ${last}`;
    throw new AuditError('MOMENT_AHEAD', message);
  }
  const place = index.blockOfTime(moment.time);
  if (place === undefined) {
    throw new AuditError('MOMENT_AHEAD', `the log begins after ${formatIsoNs(moment.time)}`);
  }
  let sequence = place.sequence;
  for (const { batch, at } of recordsIn(log, place)) {
    if (timeAt(batch, at) > moment.time) break;
    sequence = sequenceAt(batch, at);
  }
  return sequence;
}
