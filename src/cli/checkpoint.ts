/** `daybook checkpoint`: signed statements of how far the log was, to be published and checked. */
import { readFileSync, writeFileSync } from 'node:fs';
import { nodeFileSystem } from '../log/file-system.js';
import { chainTreeAt } from '../log/proof/chain-tree.js';
import {
  type ChainPoint,
  chainPoint,
  checkCheckpoint,
  generateKeys,
  signCheckpoint,
} from '../log/proof/checkpoint.js';
import { durablePosition } from '../operations/backup/durable-position.js';
import { DATA_DIRECTORY_DEFAULT, existingJournal } from './data-directory.js';
import { EXIT, onlyOptions, parseOptions, runSubcommand, UsageError, unreadable } from './usage.js';

const HELP = `daybook checkpoint --key FILE [OPTIONS]
daybook checkpoint --check FILE --public-key FILE [OPTIONS]
daybook checkpoint --generate-key FILE

A checkpoint is a few lines of text: the sequence, the time and the chain value of the newest commit,
and the root of a tree over all commits (for short proofs), signed with Ed25519. Published, or given to somebody else, it proves later that nothing before it was
altered. openssl checks the signature, too (docs/recovery.md).

Options:
  --key FILE           print a checkpoint of the journal, signed with this private key (PEM)
  --check FILE         check one: its signature, and that the journal still has that chain value
  --public-key FILE    the public key of who signed it (PEM)
  --no-journal         with --check: the signature only
  --generate-key FILE  make a key: FILE, readable by you alone, and FILE.pub
  --data-dir DIR       directory of the data (default ${DATA_DIRECTORY_DEFAULT})
  --help               this text

Exit codes: 0 printed, or right; 1 wrong: forged, or the journal is another; 2 wrong use.
`;

export function run(args: string[]): Promise<number> {
  return runSubcommand('checkpoint', HELP, args, async () => checkpoint(args));
}

const OPTIONS = {
  key: { type: 'string' },
  check: { type: 'string' },
  'public-key': { type: 'string' },
  'no-journal': { type: 'boolean', default: false },
  'generate-key': { type: 'string' },
  'data-dir': { type: 'string', default: DATA_DIRECTORY_DEFAULT },
} as const;

function checkpoint(args: string[]): number {
  const { values } = parseOptions({ args, options: OPTIONS });
  const { key, check, 'generate-key': generate } = values;
  const only = (mode: string, ...allowed: readonly string[]) =>
    onlyOptions(args, OPTIONS, mode, allowed);
  if (generate !== undefined) {
    only('--generate-key', 'generate-key');
    return makeKey(generate);
  }
  if (key !== undefined) {
    only('--key', 'key', 'data-dir');
    return printCheckpoint(values['data-dir'], key);
  }
  if (check === undefined) {
    throw new UsageError('one of --key, --check and --generate-key is needed', 'OPTION_MISSING');
  }
  const publicKey = values['public-key'];
  if (publicKey === undefined) throw new UsageError('--check needs --public-key', 'OPTION_MISSING');
  if (values['no-journal']) only('--no-journal', 'check', 'public-key', 'no-journal');
  const journal = values['no-journal'] ? undefined : existingJournal(values['data-dir']);
  const result = checkAgainst(check, publicKey, journal);
  process.stdout.write(result.ok ? `ok: ${lineOf(result.point)}\n` : `${result.reason}\n`);
  return result.ok ? EXIT.success : EXIT.finding;
}

const lineOf = ({ shard, sequence, time, chain }: ChainPoint): string =>
  `shard ${shard} up to sequence ${sequence} of ${time}, chain ${chain}`;

function makeKey(file: string): number {
  const { privateKey, publicKey } = generateKeys();
  write(file, privateKey, 0o600);
  write(`${file}.pub`, publicKey, 0o644);
  process.stdout.write(`${file} (keep it), ${file}.pub (publish it)\n`);
  return EXIT.success;
}

/** Never over a file that is there: a key lost is every checkpoint of it unproven. */
function write(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { mode, flag: 'wx' });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function printCheckpoint(dataDirectory: string, keyFile: string): number {
  const journal = existingJournal(dataDirectory);
  const point = chainPoint(nodeFileSystem, journal, 0, durablePosition(nodeFileSystem, journal, 0));
  if (point === undefined) throw new UsageError(`${journal} has no commit`, 'JOURNAL_MISSING');
  const tree = chainTreeAt(nodeFileSystem, journal, point.sequence);
  const pem = textOf('key', keyFile);
  let text: string;
  try {
    text = signCheckpoint({ ...point, tree }, pem);
  } catch (error) {
    throw wrongKey('key', keyFile, 'private', error);
  }
  process.stdout.write(text);
  return EXIT.success;
}

export type CheckResult =
  | { readonly ok: true; readonly point: ChainPoint }
  | { readonly ok: false; readonly reason: string };

/** @param journal undefined: the signature only. @throws UsageError, JournalError */
export function checkAgainst(
  file: string,
  publicKeyFile: string,
  journal: string | undefined,
): CheckResult {
  const text = textOf('check', file);
  const publicKey = textOf('public-key', publicKeyFile);
  let checked: ReturnType<typeof checkCheckpoint>;
  try {
    checked = checkCheckpoint(text, publicKey);
  } catch (error) {
    throw wrongKey('public-key', publicKeyFile, 'public', error);
  }
  if (!checked.ok) return { ok: false, reason: `CHECKPOINT_WRONG ${file}: ${checked.reason}` };
  const { point } = checked;
  if (journal === undefined) return { ok: true, point };
  const durable = durablePosition(nodeFileSystem, journal, point.shard);
  if (point.sequence >= durable.nextSequence) {
    const reason = `the journal ends at ${durable.nextSequence - 1}, before ${point.sequence}`;
    return { ok: false, reason: `CHECKPOINT_AHEAD ${journal}: ${reason}` };
  }
  const found = chainPoint(nodeFileSystem, journal, point.shard, durable, point.sequence);
  if (found?.chain === point.chain) {
    const tree = point.tree && chainTreeAt(nodeFileSystem, journal, point.sequence);
    // A journal that was trimmed since cannot give the tree; its chain value stands for it.
    if (tree === undefined || tree.root === point.tree?.root) return { ok: true, point };
    const other = `the tree over ${tree.commits} commits is ${tree.root}, signed is ${point.tree?.root}`;
    return { ok: false, reason: `CHECKPOINT_DIFFERS ${journal}: ${other}` };
  }
  const what = found === undefined ? 'no commit ends there' : `its chain value is ${found.chain}`;
  const reason = `at sequence ${point.sequence}, ${what}; signed is ${point.chain}`;
  return { ok: false, reason: `CHECKPOINT_DIFFERS ${journal}: ${reason}` };
}

/** What the crypto library says of other files ("DECODER routines::unsupported") helps nobody. */
function wrongKey(option: string, file: string, kind: string, error: unknown): UsageError {
  const { message } = error as Error;
  const other = message.startsWith('a key of') ? `, but ${message}` : '';
  const text = `--${option} ${file}: it holds no ${kind} key of Ed25519 in PEM${other}`;
  return new UsageError(text, 'KEY_INVALID');
}

function textOf(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(option, file, error);
  }
}
