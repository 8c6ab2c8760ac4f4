/** `daybook verify`: checks every byte of the journal. Reads only. */
import { readFileSync } from 'node:fs';
import { decodeEvent, RecordError } from '../domain/event-codec.js';
import type { RecordBuffer } from '../domain/event-record.js';
import { nodeFileSystem } from '../log/file-system.js';
import { FileDurableEnd } from '../log/journal/durable-mark.js';
import { type Finding, type VerifySummary, verifyJournal } from '../log/journal/verify-journal.js';
import { checkProof, proveEvent } from '../log/proof/proof.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { eventJson } from './event-json.js';
import { LineOutput } from './line-output.js';
import { EXIT, parseOptions, runSubcommand, UsageError, wholeNumber } from './usage.js';

const HELP = `daybook verify [OPTIONS]

Checks every byte of the journal: names, checksums, lengths, the sequence without gaps, the content
of each event against the catalogue, and the hash chain through all commits. Changes nothing, and
works beside a running daybook.

Options:
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --prove SEQ      print a proof, as JSON, that the event is in the log: SHA-256 and the newest chain
                   value are all that its check needs
  --check FILE     check such a proof, without any journal; prints its event and chain value
  --json           one JSON object: {"ok","summary":{...},"findings":[{"code","file","offset",...}]}
  --help           this text

The last line has the chain value of the newest commit: who keeps it can prove later that nothing
before was altered.

Exit codes: 0 nothing found; 1 findings; 2 wrong use.
`;

/** Findings that are listed; more are counted. A damaged file can have millions. */
const FINDINGS_LISTED_MAX = 1000;

export function run(args: string[]): Promise<number> {
  return runSubcommand('verify', HELP, args, () => verify(args));
}

async function verify(args: string[]): Promise<number> {
  const { values } = parseOptions({
    args,
    options: {
      'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
      prove: { type: 'string' },
      check: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.check !== undefined) return check(values.check);
  if (values.prove !== undefined) return prove(values['data-dir'], values.prove);
  const directory = existingJournal(values['data-dir']);
  const output = new LineOutput();
  const listed: Finding[] = [];
  const verification = verifyJournal(directory, {
    checkRecord,
    ...(process.stderr.isTTY ? { onProgress: showProgress } : {}),
  });
  let step = await verification.next();
  while (step.done !== true) {
    if (listed.length < FINDINGS_LISTED_MAX) {
      listed.push(step.value);
      if (!values.json) output.line(findingLine(step.value));
    }
    step = await verification.next();
  }
  const summary = step.value;
  const ok = summary.findings === 0;
  if (values.json) output.line(JSON.stringify({ ok, summary, findings: listed }));
  else for (const line of summaryLines(summary, listed.length)) output.line(line);
  await output.flush();
  return ok ? EXIT.success : EXIT.finding;
}

async function prove(dataDirectory: string, sequence: string): Promise<number> {
  const directory = existingJournal(dataDirectory);
  const wanted = wholeNumber('prove', sequence, 0, Number.MAX_SAFE_INTEGER);
  const end = new FileDurableEnd(nodeFileSystem, directory);
  try {
    const proof = proveEvent(nodeFileSystem, directory, end, wanted);
    process.stdout.write(`${JSON.stringify(proof)}\n`);
  } finally {
    end.close();
  }
  return EXIT.success;
}

function check(path: string): number {
  let proof: unknown;
  try {
    proof = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--check ${path}: ${(error as Error).message}`);
  }
  const checked = checkProof(proof);
  if (!checked.ok) {
    process.stdout.write(`PROOF_WRONG ${path}: ${checked.reason}\n`);
    return EXIT.finding;
  }
  process.stdout.write(`${eventJson(checked.event)}\nchain ${checked.chain}\n`);
  return EXIT.success;
}

/** What a record says must be of the catalogue; checksums only say that it is what was written. */
function checkRecord(view: RecordBuffer, at: number): string | undefined {
  try {
    decodeEvent(view.bytes, at);
    return undefined;
  } catch (error) {
    if (error instanceof RecordError) return error.message;
    throw error;
  }
}

const findingLine = ({ code, file, offset, sequence, reason }: Finding): string =>
  `${code} ${file} at byte ${offset}, sequence ${sequence}: ${reason}`;

function summaryLines(summary: VerifySummary, listed: number): string[] {
  const { segments, commits, records, bytes, firstSequence, nextSequence, chain } = summary;
  const more = summary.findings - listed;
  const range = records === 0 ? 'no events' : `events ${firstSequence} to ${nextSequence - 1}`;
  return [
    ...(more > 0 ? [`and ${more} more findings`] : []),
    `${summary.findings === 0 ? 'ok' : `${summary.findings} findings`}: ${range} in ${commits} ` +
      `commits, ${segments} segments, ${bytes} bytes`,
    `chain ${chain}`,
  ];
}

function showProgress(done: number, all: number): void {
  const percent = all === 0 ? 100 : Math.floor((done / all) * 100);
  process.stderr.write(`\r${percent} %${done === all ? '\n' : ''}`);
}
