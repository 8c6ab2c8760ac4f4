/** `daybook replay --order`: everything that is on record about one order, in its order. */
import { lengthAt } from '../../commands/replay/event-groups.js';
import { decodeEvent } from '../../domain/event-codec.js';
import type { DaybookEvent } from '../../domain/events.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { formatIsoNs } from '../../lib/time.js';
import { eventJson } from '../event-json.js';
import { LineOutput } from '../line-output.js';
import { EXIT } from '../usage.js';
import { logBatches } from './log-batches.js';

export type StoryFormat = 'text' | 'json' | 'csv';

/**
 * @param order id of the order, or a client order id of its chain
 * @returns exit code 1 when the log has no such order
 */
export async function orderStory(
  directory: string,
  order: string,
  format: StoryFormat,
): Promise<number> {
  const orderId = orderIdOf(directory, order);
  const output = new LineOutput();
  if (format === 'csv') output.line('sequence,time,type,actor,session,command,details');
  let found = 0;
  // RiskDecided of an accepted order has its id; of a denied one the command in common.
  let command = -1;
  for (const event of events(directory)) {
    const ofOrder = orderId !== undefined && namesOrder(event, orderId);
    const ofText = namesClient(event, order);
    if (!ofOrder && !ofText && event.command !== command) continue;
    if (!ofOrder && !ofText && !ABOUT_COMMAND.has(event.type)) continue;
    if (ofOrder || ofText) command = event.command;
    found += 1;
    output.line(lineOf(event, format));
    if (output.full) await output.flush();
  }
  await output.flush();
  if (found > 0) return EXIT.success;
  process.stderr.write(`daybook replay: the log has no order ${order}\n`);
  return EXIT.finding;
}

const ABOUT_COMMAND: ReadonlySet<string> = new Set([
  ...['RiskDecided', 'CircuitBreakerTripped', 'CircuitBreakerReset', 'CommandRefused'],
]);

function* events(directory: string): Generator<DaybookEvent> {
  for (const batch of logBatches(directory)) {
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      yield decodeEvent(batch.bytes, at);
    }
  }
}

const field = (event: DaybookEvent, name: string): unknown =>
  (event.data as Readonly<Record<string, unknown>>)[name];

const namesOrder = (event: DaybookEvent, id: number): boolean =>
  field(event, 'orderId') === id || field(event, 'firstOrderId') === id;

const namesClient = (event: DaybookEvent, text: string): boolean =>
  field(event, 'clOrdId') === text || field(event, 'origClOrdId') === text;

/** The order that a client order id belongs to: the first that names it. */
function orderIdOf(directory: string, order: string): number | undefined {
  for (const event of events(directory)) {
    const id = field(event, 'orderId');
    if (typeof id !== 'number' || id === 0) continue;
    if (field(event, 'clOrdId') === order) return id;
  }
  return /^[0-9]{1,16}$/.test(order) ? Number(order) : undefined;
}

function lineOf(event: DaybookEvent, format: StoryFormat): string {
  if (format === 'json') return eventJson(event);
  const { sequence, type, actor, session, command } = event;
  const time = formatIsoNs(event.time);
  const details = Object.entries(event.data)
    .filter(([name, value]) => !name.startsWith('spare') && value !== 0 && value !== '')
    .map(([name, value]) => {
      const code = name === 'reason' ? rejectCode(value as number) : undefined;
      return `${name}=${code ?? String(value)}`;
    })
    .join(' ');
  if (format === 'csv') {
    const quoted = `"${details.replaceAll('"', '""')}"`;
    return [sequence, time, type, actor, session, command, quoted].join();
  }
  const who = `actor ${actor} session ${session} command ${command}`;
  return `${String(sequence).padStart(10)}  ${time}  ${type.padEnd(20)} ${who}\n${' '.repeat(12)}${details}`;
}
