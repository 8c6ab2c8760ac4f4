/** An event as one line of JSON: times as ISO 8601, 64-bit numbers of the payload as text. */
import type { DaybookEvent } from '../domain/events.js';
import { formatIsoNs } from '../lib/time.js';

export function eventJson(event: DaybookEvent): string {
  const { sequence, time, type, command, received, actor, session, data } = event;
  return JSON.stringify(
    {
      sequence,
      time: formatIsoNs(time),
      type,
      command,
      received: formatIsoNs(received),
      actor,
      session,
      data,
    },
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
}
