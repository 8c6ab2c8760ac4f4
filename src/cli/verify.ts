/** `daybook verify`: checks every byte of the journal. Reads only. */
import { decodeEvent, RecordError } from '../domain/event-codec.js';
import type { RecordBuffer } from '../domain/event-record.js';
import { type Finding, type VerifySummary, verifyJournal } from '../log/journal/verify-journal.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { LineOutput } from './line-output.js';
import { EXIT, parseOptions, runSubcommand } from './usage.js';

const HELP = `daybook verify [OPTIONS]

Checks every byte of the journal: names, checksums, lengths, the sequence without gaps, the content
of each event against the catalogue, and the hash chain through all commits. Changes nothing, and
works beside a running daybook.

Options:
  --data-dir DIR   directory of the data (default ${DATA_DIRECTORY_DEFAULT})
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
      json: { type: 'boolean', default: false },
    },
  });
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
