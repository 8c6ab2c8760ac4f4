/**
 * Rounds in which a file is damaged while nobody runs: the next start either refuses and names the
 * file, or has the right state; and a verification names what is wrong.
 */
import { namingFiles } from '../../src/log/file-system.js';
import { LOCK_NAME } from '../../src/log/journal/directory-lock.js';
import type { JournalError } from '../../src/log/journal/errors.js';
import { segmentSequence } from '../../src/log/journal/segment.js';
import { type Finding, verifyJournal } from '../../src/log/journal/verify-journal.js';
import { snapshotDirectory } from '../../src/operations/snapshots.js';
import { type Damage, damage } from './damage.js';
import { FaultyDisk } from './faulty-disk.js';
import { Random } from './random.js';
import type { RecordedFlow } from './recorded-flow.js';
import { ShardLives, Violation } from './shard-lives.js';

const OWN = '/data/journal/shard-0';
const FOREIGN = '/data/journal/shard-1';

export interface DamageResult {
  readonly what: string;
  readonly start: string;
  readonly findings: readonly Finding[];
}

/** @param foreign the flow of the other shard, as long in every event */
export async function damageRound(
  seed: number,
  flow: RecordedFlow,
  foreign: RecordedFlow,
): Promise<DamageResult | undefined> {
  const random = new Random(seed);
  const disk = new FaultyDisk(random);
  const options = {
    catalogue: 1,
    segmentBytesMax: 2000 + random.below(10_000),
    commits: 3 + random.below(12),
    snapshotEvery: random.pick([0, 4]),
    abandoned: random.once(2),
  };
  // The same draws, so that both have files of the same names.
  const draws = random.below(2 ** 31);
  const other = new ShardLives(disk, new Random(draws), foreign, FOREIGN);
  const lives = new ShardLives(disk, new Random(draws), flow, OWN);
  other.live({ ...options, abandoned: false });
  lives.live(options);
  disk.restart('sector');
  // This process would be taken for the writer that holds it.
  disk.directory(OWN).damage((names) => names.delete(LOCK_NAME));
  const directory = random.once(4) ? snapshotDirectory(OWN) : OWN;
  if (directory !== OWN && !disk.has(directory)) return undefined;
  const done = damage(disk, directory, directory.replace(OWN, FOREIGN), random);
  if (done === undefined) return undefined;
  const story = `round ${seed}: ${done.file} ${done.what}`;
  try {
    const findings = await findingsOf(disk);
    if (directory === OWN) checkFindings(findings, done);
    const start = checkStart(lives, done, { ...options, commits: 0, abandoned: false });
    return { what: story, start, findings };
  } catch (error) {
    throw new Violation(`${String(error)}\n  in ${story}`, { cause: error });
  }
}

async function findingsOf(disk: FaultyDisk): Promise<Finding[]> {
  const findings: Finding[] = [];
  const options = { shard: 0, fileSystem: namingFiles(disk) };
  for await (const finding of verifyJournal(OWN, options)) findings.push(finding);
  return findings;
}

/** Findings may be up to a record, a commit's head or a segment's header before the wrong byte. */
const FINDING_BYTES_MAX = 4096;

function checkFindings(findings: readonly Finding[], { file, at, what }: Damage): void {
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (segmentSequence(name) === undefined) return;
  if (at < 0) {
    if (findings.length === 0) throw new Violation(`verify finds nothing of a segment ${what}`);
    return;
  }
  // Where it is cut between two commits, what is missing is named by its sequence.
  const near = findings.some(
    (finding) =>
      finding.code === 'SEGMENT_MISSING' ||
      finding.code === 'DURABLE_LOST' ||
      (finding.file === file && Math.abs(at - finding.offset) <= FINDING_BYTES_MAX),
  );
  if (!near) throw new Violation(`verify does not find it: ${JSON.stringify(findings)}`);
}

function checkStart(
  lives: ShardLives,
  { file, other, at }: Damage,
  options: Parameters<ShardLives['live']>[0],
): string {
  try {
    lives.live(options);
    return 'right';
  } catch (error) {
    if (error instanceof Violation) throw error;
    const { code, place } = error as JournalError;
    const named = code !== undefined && String(error).includes(OWN);
    const exact = at < 0 || place === undefined || place.file === file || place.file === other;
    if (!named || !exact) throw error;
    return code;
  }
}
