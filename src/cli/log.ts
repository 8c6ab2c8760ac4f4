/** `daybook log`: the events as JSON lines. Reads the journal only, also while a writer is at work. */
import { decodeEvent } from '../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../domain/event-record.js';
import {
  EVENT,
  type EventDeclaration,
  type EventName,
  eventLayouts,
  eventName,
  events,
} from '../domain/events.js';
import { nodeFileSystem } from '../log/file-system.js';
import { FileDurableEnd } from '../log/journal/durable-mark.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { eventJson } from './event-json.js';
import { LineOutput } from './line-output.js';
import { EXIT, parseOptions, runSubcommand, UsageError, wholeNumber } from './usage.js';

const HELP = `daybook log [OPTIONS]

Prints the events of the journal as JSON lines, in their order, up to the last durable one:

  {"sequence":17,"time":"2026-11-22T14:50:06.123456789Z","type":"OrderAccepted","command":...,
   "received":"...","actor":0,"session":0,"data":{"orderId":3,...}}

Prices are whole ticks and quantities whole lots of the instrument, as recorded; docs/events.md
has every field. Works beside a running daybook, on the same machine.

Options:
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --from N         first sequence (default 0)
  --to N           last sequence
  --type NAME      only events of this type; may be given several times
  --order ID       only events about this order
  --follow         go on with new events until interrupted
  --json           accepted; the output is always JSON lines
  --help           this text

Exit codes: 0 success; 1 the journal is damaged, or no longer has --from; 2 wrong use.
`;

interface Selection {
  readonly from: number;
  readonly to: number;
  /** By event number; empty: all. */
  readonly numbers: ReadonlySet<number>;
  readonly order: number | undefined;
}

export function run(args: string[]): Promise<number> {
  return runSubcommand('log', HELP, args, () => printLog(args));
}

async function printLog(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: {
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      from: { type: 'string', default: '0' },
      to: { type: 'string' },
      type: { type: 'string', multiple: true, default: [] },
      order: { type: 'string' },
      follow: { type: 'boolean', default: false },
      json: { type: 'boolean' },
    },
  });
  const max = Number.MAX_SAFE_INTEGER;
  const selection: Selection = {
    from: wholeNumber('from', values.from, 0, max),
    to: values.to === undefined ? max : wholeNumber('to', values.to, 0, max),
    numbers: new Set(values.type.map(numberOf)),
    order: values.order === undefined ? undefined : wholeNumber('order', values.order, 1, max),
  };
  if (selection.to < selection.from) {
    throw new UsageError('--to is before --from', 'OPTION_INVALID');
  }
  const directory = existingJournal(values['data-dir']);
  const end = new FileDurableEnd(nodeFileSystem, directory);
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const reader = new JournalReader(directory, { from: selection.from, end });
  try {
    await print(reader, selection, values.follow ? interrupt.signal : undefined);
  } finally {
    reader.close();
    end.close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  return EXIT.success;
}

function numberOf(type: string): number {
  if (Object.hasOwn(EVENT, type)) return EVENT[type as EventName];
  throw new UsageError(
    `there is no event ${JSON.stringify(type)}; see docs/events.md`,
    'OPTION_INVALID',
  );
}

/** @param following goes on past the durable end until it aborts; undefined: stops there */
async function print(
  reader: JournalReader,
  selection: Selection,
  following: AbortSignal | undefined,
): Promise<void> {
  const output = new LineOutput();
  const batches = following === undefined ? whatIsThere(reader) : reader.follow(following);
  for await (const batch of batches) {
    const done = await printBatch(batch, selection, output);
    if (done || output.gone) return;
  }
}

function* whatIsThere(reader: JournalReader): Generator<RecordBuffer> {
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) yield batch;
}

/** @returns whether the last wanted sequence has been passed */
async function printBatch(
  batch: RecordBuffer,
  { to, numbers, order }: Selection,
  output: LineOutput,
): Promise<boolean> {
  let done = false;
  for (let at = 0; at < batch.length && !output.gone; ) {
    const number = batch.bytes[at + HEADER.number] as number;
    done = (batch.f64[(at + HEADER.sequence) / 8] as number) > to;
    if (done) break;
    const wanted = numbers.size === 0 || numbers.has(number);
    if (wanted && (order === undefined || isAbout(batch, at, number, order))) {
      output.line(eventJson(decodeEvent(batch.bytes, at)));
      if (output.full) await output.flush();
    }
    at += batch.u16[(at + HEADER.length) / 2] as number;
  }
  await output.flush();
  return done;
}

/** Whether the record names the order, wherever its layout has the id. */
function isAbout(batch: RecordBuffer, at: number, number: number, order: number): boolean {
  const name = eventName(number);
  if (name === undefined || !('orderId' in (events[name] as EventDeclaration).fields)) return false;
  const { orderId } = eventLayouts[name].offsets as { readonly orderId: number };
  return batch.f64[(at + orderId) / 8] === order;
}
