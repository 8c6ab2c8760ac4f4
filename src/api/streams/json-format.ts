/**
 * Messages of the streams in JSON, for browsers:
 *
 * ```
 *   {"type":"events","topic":"executions","after":41,"to":57,"events":[{"sequence":42,...},...]}
 *   {"type":"lagged","topic":"executions","from":58,"to":90}
 * ```
 */
import type { Format } from './subscriber.js';

export const jsonFormat: Format = {
  name: 'json',
  run(topic, { after, to, entries }) {
    let events = '';
    for (const entry of entries) {
      entry.json ??= JSON.stringify(entry.view);
      events += events === '' ? entry.json : `,${entry.json}`;
    }
    return Buffer.from(
      `{"type":"events","topic":"${topic}","after":${after},"to":${to},"events":[${events}]}`,
    );
  },
  lagged: (topic, from, to) =>
    Buffer.from(`{"type":"lagged","topic":"${topic}","from":${from},"to":${to}}`),
};
