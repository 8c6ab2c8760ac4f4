import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileSource } from '../gateways/pcap/byte-window.js';
import { CaptureError } from '../gateways/pcap/capture-error.js';
import { decodeCapture } from '../gateways/pcap/decode-capture.js';
import type { Finding } from '../gateways/pcap/decoded.js';
import { toJsonLine } from '../gateways/pcap/json-line.js';
import { EXIT, parseOptions, runSubcommand, tellError, UsageError } from './usage.js';

/** Findings that are printed; more are counted. */
const FINDINGS_PRINTED_MAX = 1000;

const HELP = `daybook decode FILE... [--context]

Prints the messages of packet captures (pcap, pcapng) as JSON lines, one per message, heartbeats
too. Ethernet with and without VLAN tags, IPv4 and IPv6:

  UDP   MoldUDP64, and in it ITCH 5.0 (or OUCH 5.0: Daybook's drop copy)
  TCP   SoupBinTCP 3.00, and in it OUCH 5.0

whatever the ports. TCP is put in order, bytes sent again are decoded once.

  {"protocol":"ouch","direction":"in","type":"O","name":"EnterOrder","userRefNum":7,...}

  protocol    itch, ouch, soupbintcp, moldudp64. Data packets of SoupBinTCP and packets of
              MoldUDP64 are shown as the messages in them, not as lines of their own
  direction   in: from the client; out: from the exchange. Not for itch
  type, name  of the specification. MoldUDP64 has no types; shown are H heartbeat, Z end of
              session, Q request
  fields      by their specification names. Prices are decimal strings with every implied
              decimal ("63.0200"). Integers, times too, are numbers up to 2^53 - 1 and decimal
              strings beyond. Text has no padding, flags are one character. Login passwords are
              printed as they are
  appendage   OUCH: the optional fields in order, [{"tag":2,"name":"firm","value":"LIME"}]; of
              unknown tags the bytes, {"tag":99,"raw":"00ff"}. Known ones also stand among the
              fields ("firm":"LIME")

Options:
  --context   adds "context": packet number, file offset, time, source and destination
  --json      accepted; the output is always JSON lines
  --help      this text

Bytes that cannot be decoded, gaps and cut frames are told on standard error with packet number and
file offset (the first ${FINDINGS_PRINTED_MAX} of them).
Exit code: 0 everything decoded; 1 something was not, or the file is truncated or malformed;
2 wrong use, or a file that cannot be opened.
`;

const OUTPUT_CHARACTERS = 65_536;

/** Collects lines and writes them in large pieces, waiting whenever the reader is slow. */
class LineWriter {
  private text = '';
  private readonly stream: NodeJS.WriteStream;
  /** The reader has gone (`| head`): nothing is left to do, and that is no failure. */
  gone = false;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  get full(): boolean {
    return this.text.length >= OUTPUT_CHARACTERS;
  }

  line(text: string): void {
    this.text += `${text}\n`;
  }

  async flush(): Promise<void> {
    const { text } = this;
    this.text = '';
    if (text === '' || this.gone) return;
    await new Promise<void>((resolve, reject) => {
      this.stream.write(text, (error) => {
        const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
        if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') this.gone = true;
        if (error && !this.gone) reject(error);
        else resolve();
      });
    });
  }
}

class Findings {
  count = 0;

  report(file: string, { reason, origin }: Finding): void {
    const where = `packet ${origin.packet}, offset ${origin.offset}`;
    const flow = origin.source === '' ? '' : `, ${origin.source} > ${origin.destination}`;
    this.print('CAPTURE_FINDING', `${file}: ${where}${flow}: ${reason}`);
  }

  failed(error: CaptureError): void {
    this.print(error.code, error.message);
  }

  summary(): void {
    const more = this.count - FINDINGS_PRINTED_MAX;
    if (more > 0) tellError('decode', 'CAPTURE_FINDING', `and ${more} more findings`);
  }

  private print(code: string, text: string): void {
    this.count++;
    if (this.count <= FINDINGS_PRINTED_MAX) tellError('decode', code, text);
  }
}

async function decodeFile(
  file: string,
  descriptor: number,
  context: boolean,
  output: LineWriter,
  findings: Findings,
): Promise<void> {
  try {
    for (const item of decodeCapture(fileSource(file, descriptor))) {
      if (item.kind === 'finding') findings.report(file, item);
      else output.line(toJsonLine(item, context));
      if (output.full) await output.flush();
      if (output.gone) return;
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    findings.failed(error);
  } finally {
    await output.flush();
  }
}

/** @throws UsageError FILE_UNREADABLE */
function openCapture(file: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new UsageError((error as Error).message, 'FILE_UNREADABLE');
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw new UsageError(`${file} is not a regular file`, 'FILE_UNREADABLE');
}

/**
 * `daybook decode`: prints the messages of capture files as JSON lines.
 *
 * @returns exit code: 0 all decoded, 1 a finding, 2 wrong use or a file that cannot be opened
 */
export function run(args: string[]): Promise<number> {
  return runSubcommand('decode', HELP, args, () => decode(args));
}

async function decode(args: string[]): Promise<number> {
  const { values, positionals: files } = parseOptions({
    args,
    allowPositionals: true,
    options: {
      context: { type: 'boolean', default: false },
      json: { type: 'boolean' },
    },
  });
  if (files.length === 0) throw new UsageError('a capture file is missing', 'OPTION_MISSING');
  const output = new LineWriter(process.stdout);
  const ignoreGone = (): void => {
    output.gone = true;
  };
  process.stdout.on('error', ignoreGone);
  const findings = new Findings();
  try {
    for (const file of files) {
      const descriptor = openCapture(file);
      try {
        await decodeFile(file, descriptor, values.context, output, findings);
      } finally {
        closeSync(descriptor);
      }
    }
  } finally {
    process.stdout.off('error', ignoreGone);
  }
  findings.summary();
  return findings.count === 0 ? EXIT.success : EXIT.finding;
}
