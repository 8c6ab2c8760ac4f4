/** `daybook verify`: checks every byte of the journal, and what was made of it. Reads only. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeEvent, encodeEvent, RecordError } from '../domain/event-codec.js';
import { HEADER, RECORD_BYTES_MAX, type RecordBuffer } from '../domain/event-record.js';
import { events } from '../domain/events.js';
import { type VerifySummary, verifyJournal } from '../log/journal/verify-journal.js';
import type { CheckFinding } from '../operations/findings.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { LineOutput } from './line-output.js';
import {
  EXIT,
  onlyOptions,
  parseOptions,
  runSubcommand,
  tellError,
  UsageError,
  wholeNumber,
} from './usage.js';

import { check, prove, proveAgainst } from './verify/proofs.js';
import { type Compared, statesOf } from './verify/states.js';

const HELP = `daybook verify [OPTIONS]

Checks every byte of the journal: names, checksums, lengths, the sequence without gaps, each event
against the catalogue and encoded once more to the same bytes, and the hash chain through all commits;
then evolves it and compares every state hash on record, those of SnapshotTaken events and of the
snapshots beside it. Changes nothing, and works beside a running daybook.

Options:
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --from SEQ       only segments with events from SEQ on
  --to SEQ         only segments with events up to SEQ, and states up to it
  --no-states      do not evolve the log
  --against WHAT   compare the events, or what was made of them, with
                     eventstoredb   the stream (--url, EVENTSTOREDB_URL)
                     postgres       the read models (DATABASE_URL, or the embedded database): each
                                    table with what the log gives, built once more aside
                     DIR            another data directory, or the directory of a journal
  --url URL        of EventStoreDB: esdb://HOST:PORT?tls=true or esdb+discover://...
  --prove SEQ      print a proof, as JSON, that the event is in the log: SHA-256 and the newest chain
                   value are all that its check needs. It has a link for each commit since
  --check FILE     check such a proof, without any journal; prints its event and chain value
  --checkpoint FILE --public-key FILE   with --prove: a proof against this signed checkpoint, at or
                   after the event; it grows with the logarithm of the log only. With --check: the
                   proof must lead through it
  --json           one JSON object: {"ok","summary":{...},"findings":[{"code","file","offset",...}]};
                   with --check: {"ok","event","chain","through"} or {"ok","reason"}
  --help           this text

The last line has the chain value of the newest commit: who keeps it can prove later that nothing
before was altered (daybook checkpoint signs it).

Exit codes: 0 nothing found; 1 findings, each with file, offset, sequence and reason; 2 wrong use.
`;

/** Findings that are listed; more are counted. A damaged file can have millions. */
const FINDINGS_LISTED_MAX = 1000;

export function run(args: string[]): Promise<number> {
  return runSubcommand('verify', HELP, args, () => verify(args));
}

const OPTIONS = {
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  from: { type: 'string' },
  to: { type: 'string' },
  'no-states': { type: 'boolean', default: false },
  against: { type: 'string' },
  url: { type: 'string' },
  prove: { type: 'string' },
  check: { type: 'string' },
  checkpoint: { type: 'string' },
  'public-key': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** What goes with each; anything else is refused. */
const CHECK = ['check', 'checkpoint', 'public-key', 'json'];
const PROVE = ['data-dir', 'prove', 'json', 'checkpoint', 'public-key'];
const JOURNAL = ['data-dir', 'from', 'to', 'no-states', 'against', 'json'];

async function verify(args: string[]): Promise<number> {
  const { values } = parseOptions({ args, options: OPTIONS });
  if ((values.checkpoint === undefined) !== (values['public-key'] === undefined)) {
    throw new UsageError('--checkpoint and --public-key belong together', 'OPTIONS_CONFLICT');
  }
  if (values.check !== undefined) {
    onlyOptions(args, OPTIONS, '--check', CHECK);
    return check(values.check, values.checkpoint, values['public-key'], values.json);
  }
  if (values.prove !== undefined) {
    onlyOptions(args, OPTIONS, '--prove', PROVE);
    const { checkpoint, 'public-key': key } = values;
    if (checkpoint === undefined || key === undefined) {
      return prove(values['data-dir'], values.prove);
    }
    return proveAgainst(values['data-dir'], values.prove, checkpoint, key);
  }
  const store = values.against === 'eventstoredb' ? ['url'] : [];
  const what = values.against === undefined ? 'verify' : `--against ${values.against}`;
  onlyOptions(args, OPTIONS, what, [...JOURNAL, ...store]);
  const from = sequenceOf('from', values.from);
  const to = sequenceOf('to', values.to);
  if (from !== undefined && to !== undefined && to < from) {
    throw new UsageError('--to is before --from', 'OPTION_INVALID');
  }
  const journal = existingJournal(values['data-dir']);
  const report = new Report(values.json);
  const summary = await checkBytes(journal, from, to, report);
  if (report.count === 0) refuseAhead(summary, from);
  let compared: Compared = {};
  if (report.count > 0) report.note('states and --against: the journal is damaged');
  else {
    if (!values['no-states'])
      compared = await statesOf(journal, values['data-dir'], to, report.add);
    if (values.against !== undefined) {
      const { url, 'data-dir': dataDirectory } = values;
      const scratch = mkdtempSync(join(tmpdir(), 'daybook-verify-'));
      try {
        const what = { journal, dataDirectory, against: values.against, url, from, to, scratch };
        // With the clients of stores and databases, which nothing else here needs.
        const { compareWith } = await import('./verify/comparisons.js');
        compared = { ...compared, ...(await compareWith(what, report.add)) };
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    }
  }
  return report.end(summary, compared);
}

function sequenceOf(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : wholeNumber(option, text, 0, Number.MAX_SAFE_INTEGER);
}

/**
 * Nothing was verified then, which passes whatever the log is like.
 * @throws UsageError MOMENT_AHEAD
 */
function refuseAhead({ nextSequence }: VerifySummary, from = 0): void {
  if (from === 0 || from < nextSequence) return;
  const message = `--from ${from} is not there yet, the next event is ${nextSequence}`;
  throw new UsageError(message, 'MOMENT_AHEAD');
}

async function checkBytes(
  journal: string,
  from: number | undefined,
  to: number | undefined,
  report: Report,
): Promise<VerifySummary> {
  const verification = verifyJournal(journal, {
    ...{ checkRecord, from, to },
    ...(process.stderr.isTTY ? { onProgress: showProgress } : {}),
  });
  let step = await verification.next();
  while (step.done !== true) {
    report.add(step.value);
    step = await verification.next();
  }
  return step.value;
}

/** Findings as they come, the result at the end. */
class Report {
  count = 0;
  readonly #json: boolean;
  readonly #output = new LineOutput();
  readonly #listed: CheckFinding[] = [];

  constructor(json: boolean) {
    this.#json = json;
  }

  readonly add = (finding: CheckFinding): void => {
    this.count += 1;
    if (this.#listed.length === FINDINGS_LISTED_MAX) return;
    this.#listed.push(finding);
    if (!this.#json) this.#output.line(findingLine(finding));
  };

  note(text: string): void {
    tellError('verify', 'LEFT_OUT', text);
  }

  async end(bytes: VerifySummary, compared: Compared): Promise<number> {
    const ok = this.count === 0;
    const summary = { ...bytes, findings: this.count, ...compared };
    if (this.#json) {
      this.#output.line(JSON.stringify({ ok, summary, findings: this.#listed }));
    } else {
      for (const line of summaryLines(summary, this.#listed.length)) this.#output.line(line);
    }
    await this.#output.flush();
    return ok ? EXIT.success : EXIT.finding;
  }
}

const encoded = new Uint8Array(RECORD_BYTES_MAX);

/**
 * What a record says must be of the catalogue, and come back to the same bytes when it is encoded
 * once more; checksums only say that it is what was written.
 */
function checkRecord(view: RecordBuffer, at: number): string | undefined {
  try {
    const event = decodeEvent(view.bytes, at);
    // Of an older version: it is what it was upcast to that has the bytes of now.
    if (view.bytes[at + HEADER.version] !== events[event.type].version) return undefined;
    const length = encodeEvent(event, encoded);
    const record = view.bytes.subarray(at, at + (view.u16[(at + HEADER.length) / 2] as number));
    // The checksum is the journal's, not the codec's.
    const same =
      length === record.length &&
      Buffer.compare(record.subarray(4), encoded.subarray(4, length)) === 0;
    return same ? undefined : 'decoded and encoded once more it has other bytes';
  } catch (error) {
    if (error instanceof RecordError) return error.message;
    throw error;
  }
}

const findingLine = ({ code, file, offset, sequence, reason }: CheckFinding): string =>
  `${code} ${file} at byte ${offset}, sequence ${sequence}: ${reason}`;

function summaryLines(summary: VerifySummary & Compared, listed: number): string[] {
  const { segments, commits, records, bytes, firstSequence, nextSequence, chain } = summary;
  const { states, against } = summary;
  const more = summary.findings - listed;
  const range = records === 0 ? 'no events' : `events ${firstSequence} to ${nextSequence - 1}`;
  return [
    ...(more > 0 ? [`and ${more} more findings`] : []),
    `${summary.findings === 0 ? 'ok' : `${summary.findings} findings`}: ${range} in ${commits} ` +
      `commits, ${segments} segments, ${bytes} bytes`,
    ...(states === undefined ? [] : [`states: ${states.compared} hashes on record given again`]),
    ...(against === undefined ? [] : [`against ${against.what}: ${against.compared} compared`]),
    `chain ${chain}`,
  ];
}

function showProgress(done: number, all: number): void {
  const percent = all === 0 ? 100 : Math.floor((done / all) * 100);
  process.stderr.write(`\r${percent} %${done === all ? '\n' : ''}`);
}
