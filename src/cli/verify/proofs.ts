/** `daybook verify --prove` and `--check`: proofs of one event. */
import { readFileSync } from 'node:fs';
import { nodeFileSystem } from '../../log/file-system.js';
import { FileDurableEnd } from '../../log/journal/durable-mark.js';
import type { ChainPoint } from '../../log/proof/checkpoint.js';
import { checkProof, proveEvent } from '../../log/proof/proof.js';
import { checkTreeProof, isTreeProof, proveByTree } from '../../log/proof/tree-proof.js';
import { checkAgainst } from '../checkpoint.js';
import { existingJournal } from '../data-directory.js';
import { eventJson } from '../event-json.js';
import { EXIT, UsageError, unreadable, wholeNumber } from '../usage.js';

export async function prove(dataDirectory: string, sequence: string): Promise<number> {
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

/** Against a signed checkpoint of this journal; its tree makes the proof short. */
export async function proveAgainst(
  dataDirectory: string,
  sequence: string,
  checkpoint: string,
  publicKey: string,
): Promise<number> {
  const journal = existingJournal(dataDirectory);
  const wanted = wholeNumber('prove', sequence, 0, Number.MAX_SAFE_INTEGER);
  const signed = checkAgainst(checkpoint, publicKey, journal);
  if (!signed.ok) return notProven(signed.reason, false);
  const { sequence: until, tree } = signed.point;
  if (tree === undefined) {
    const text = `--checkpoint ${checkpoint}: it has no tree, being of a journal that was trimmed`;
    throw new UsageError(text, 'FILE_INVALID');
  }
  if (wanted > until) {
    const text = `--prove ${wanted}: the checkpoint ends with event ${until}`;
    throw new UsageError(text, 'MOMENT_AHEAD');
  }
  const proof = proveByTree(nodeFileSystem, journal, until, wanted);
  process.stdout.write(`${JSON.stringify(proof)}\n`);
  return EXIT.success;
}

export function check(
  path: string,
  checkpoint: string | undefined,
  publicKey: string | undefined,
  json: boolean,
): number {
  let proof: unknown;
  try {
    proof = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unreadable('check', path, error);
  }
  let signed: ChainPoint | undefined;
  if (checkpoint !== undefined && publicKey !== undefined) {
    const result = checkAgainst(checkpoint, publicKey, undefined);
    if (!result.ok) return notProven(result.reason, json);
    signed = result.point;
  }
  if (isTreeProof(proof)) return checkTree(path, proof, signed, json);
  const trusted = signed?.chain;
  const checked = checkProof(proof, trusted);
  const wrong = whyWrong(checked, trusted);
  if (!checked.ok || wrong !== undefined) return notProven(`PROOF_WRONG ${path}: ${wrong}`, json);
  const { chain } = checked;
  const event = eventJson(checked.event);
  const through = trusted === undefined ? '' : `, through the checkpoint ${trusted}`;
  process.stdout.write(
    json
      ? `{"ok":true,"event":${event},"chain":"${chain}","through":${JSON.stringify(trusted ?? null)}}\n`
      : `${event}\nchain ${chain}${through}\n`,
  );
  return EXIT.success;
}

function checkTree(
  path: string,
  proof: unknown,
  signed: ChainPoint | undefined,
  json: boolean,
): number {
  const checked = checkTreeProof(proof);
  if (!checked.ok) return notProven(`PROOF_WRONG ${path}: ${checked.reason}`, json);
  const { commits, root } = checked.tree;
  if (signed !== undefined && (signed.tree?.root !== root || signed.tree.commits !== commits)) {
    const told = signed.tree?.root ?? 'no tree';
    return notProven(`PROOF_WRONG ${path}: it is of the tree ${root}, signed is ${told}`, json);
  }
  const event = eventJson(checked.event);
  const through = signed === undefined ? '' : ', through the checkpoint';
  process.stdout.write(
    json
      ? `{"ok":true,"event":${event},"chain":"${checked.chain}","through":${JSON.stringify(signed?.chain ?? null)},"tree":${JSON.stringify(checked.tree)}}\n`
      : `${event}\nchain ${checked.chain}\ntree ${commits} ${root}${through}\n`,
  );
  return EXIT.success;
}

function notProven(reason: string, json: boolean): number {
  process.stdout.write(`${json ? JSON.stringify({ ok: false, reason }) : reason}\n`);
  return EXIT.finding;
}

function whyWrong(checked: ReturnType<typeof checkProof>, trusted?: string): string | undefined {
  if (!checked.ok) return checked.reason;
  if (trusted === undefined || checked.through) return undefined;
  return `it does not lead through the chain value ${trusted} of the checkpoint`;
}
