/**
 * Which of the oldest segments of a journal nobody needs here any more, and their removal.
 *
 * ```
 *   segment   in the backup,    a snapshot      no reader on    older than
 *             byte by byte      behind it       record wants it asked for     all four: may go
 *   0 ......... yes ............. yes ............. yes ............ yes ....... goes
 *   1 ......... yes ............. yes ............. no  -------------------- and so 1 and all later stay
 * ```
 *
 * Nothing is removed that was not read back from the backup and compared just now.
 */
import { catalogueFingerprint } from '../../domain/catalogue-fingerprint.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../../log/file-system.js';
import type { DurablePosition } from '../../log/journal/durable-end.js';
import { listSegments, segmentName } from '../../log/journal/segment.js';
import { type Trimmed, trimJournal } from '../../log/journal/trim.js';
import { listSnapshots, SnapshotReader, snapshotName } from '../../log/snapshots/snapshot-file.js';
import type { BackupStore } from '../backup/backup-store.js';
import { BackupError } from '../backup/errors.js';
import { getJournalPiece, type JournalPiece, readNewestManifest } from '../backup/manifest.js';
import { isWholeSnapshot } from '../backup/snapshot-content.js';
import { snapshotDirectory } from '../snapshots.js';
import { registeredReaders } from './reader-register.js';

/** Why a segment, and with it all later ones, stays. */
export type HeldCode =
  /** It is the one being written, or the only one. */
  | 'HELD_LAST'
  /** A reader on record will ask for its events. */
  | 'HELD_READER'
  /** Two good snapshots must lie behind it: a start takes the newest, or else the one before. */
  | 'HELD_SNAPSHOT'
  /** It is younger than is kept. */
  | 'HELD_AGE'
  /** The backup does not have all of it, or not as it is here. */
  | 'HELD_BACKUP';

export interface Held {
  /** First sequence of the segment. */
  readonly segment: number;
  readonly code: HeldCode;
  readonly reason: string;
}

export interface RetentionOptions {
  readonly journal: string;
  readonly shard: number;
  readonly durable: DurablePosition;
  readonly store: BackupStore;
  readonly key?: Uint8Array | undefined;
  /** Age of its last event from which on a segment may go, ms. */
  readonly keepMs: number;
  readonly fileSystem?: FileSystem;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface TrimPlan {
  /** The first sequence that would be held. */
  readonly first: number;
  readonly removable: readonly number[];
  readonly bytes: number;
  /** What holds the first segment that stays. */
  readonly held: Held;
}

/** Snapshots that must lie behind what goes. */
const SNAPSHOTS_BEHIND = 2;

/**
 * What could go now; changes nothing.
 * @throws BackupError, JournalError: what cannot be read holds everything
 */
export async function planTrim(options: RetentionOptions): Promise<TrimPlan> {
  const { journal, durable } = options;
  const files = options.fileSystem ?? nodeFileSystem;
  const segments = listSegments(files, journal);
  const pieces = (await readNewestManifest(options.store, options.key))?.journal ?? [];
  const behind = goodSnapshots(files, journal)[SNAPSHOTS_BEHIND - 1] ?? -1;
  const removable: number[] = [];
  let bytes = 0;
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    const held =
      next === undefined || segment >= durable.segment
        ? { segment, code: 'HELD_LAST' as const, reason: 'the journal ends in it' }
        : (heldHere(files, options, segment, next, behind, pieces) ??
          (await heldByBackup(files, options, segment, next, pieces)));
    if (held !== undefined) return { first: segment, removable, bytes, held };
    removable.push(segment);
    bytes += sizeOf(files, `${journal}/${segmentName(segment)}`);
  }
  const held = { segment: 0, code: 'HELD_LAST' as const, reason: 'there is no segment' };
  return { first: 0, removable, bytes, held };
}

/** Plans and removes. @throws as `planTrim`, and errors of the file system: then call again */
export async function trimToPlan(options: RetentionOptions): Promise<TrimPlan & Trimmed> {
  const files = options.fileSystem ?? nodeFileSystem;
  const plan = await planTrim(options);
  if (plan.removable.length === 0) return { ...plan, removed: [] };
  // A reader may have come since the plan began.
  const reader = registeredReaders(files, options.journal).find(({ from }) => from < plan.first);
  if (reader !== undefined) return { ...(await planTrim(options)), removed: [] };
  return { ...plan, ...trimJournal(files, options.journal, options.shard, plan.first) };
}

function heldHere(
  files: FileSystem,
  { journal, keepMs, now = Date.now }: RetentionOptions,
  segment: number,
  next: number,
  behind: number,
  pieces: readonly JournalPiece[],
): Held | undefined {
  const reader = registeredReaders(files, journal).find(({ from }) => from < next);
  if (reader !== undefined) {
    const reason = `${reader.name} reads from event ${reader.from} on`;
    return { segment, code: 'HELD_READER', reason };
  }
  if (behind < next - 1) {
    const reason = `${SNAPSHOTS_BEHIND} good snapshots of event ${next - 1} or later are needed`;
    return { segment, code: 'HELD_SNAPSHOT', reason };
  }
  const last = pieces.findLast((piece) => piece.segment === segment);
  const ageMs = last === undefined ? 0 : now() - Number(BigInt(last.time) / 1_000_000n);
  if (ageMs >= keepMs) return undefined;
  return {
    segment,
    code: 'HELD_AGE',
    reason: `its last event is ${Math.floor(ageMs / 1000)} s old`,
  };
}

/** Whether the backup has the whole segment, read back and compared with what stands here. */
async function heldByBackup(
  files: FileSystem,
  { journal, store, key }: RetentionOptions,
  segment: number,
  next: number,
  pieces: readonly JournalPiece[],
): Promise<Held | undefined> {
  const path = `${journal}/${segmentName(segment)}`;
  const held = (reason: string): Held => ({ segment, code: 'HELD_BACKUP', reason });
  const own = pieces.filter((piece) => piece.segment === segment);
  const file = files.open(path, 'read');
  try {
    const size = files.size(file);
    let at = 0;
    for (const piece of own) {
      if (piece.offset !== at) return held(`${path}: the backup lacks bytes ${at} on`);
      const raw = await getJournalPiece(store, piece, key);
      const here = new Uint8Array(raw.length);
      const count = files.pread(file, here, 0, here.length, at);
      if (count !== raw.length || Buffer.compare(here, raw) !== 0) {
        return held(`${path} at byte ${at}: ${piece.object} has other bytes`);
      }
      at += raw.length;
    }
    if (at === size && own.at(-1)?.next === next) return undefined;
    return held(`${path}: the backup has ${at} of ${size} bytes`);
  } catch (error) {
    if (!(error instanceof BackupError) || error.code === 'BACKUP_STORE_FAILED') throw error;
    return held(error.message);
  } finally {
    files.close(file);
  }
}

/** Anchors of the whole snapshots of this software, newest first. */
function goodSnapshots(files: FileSystem, journal: string): number[] {
  const directory = snapshotDirectory(journal);
  let anchors: number[];
  try {
    anchors = listSnapshots(files, directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
  return anchors.filter((anchor) => isGood(files, directory, anchor));
}

function isGood(files: FileSystem, directory: string, anchor: number): boolean {
  const path = `${directory}/${snapshotName(anchor)}`;
  if (!isWholeSnapshot(files, path)) return false;
  const reader = new SnapshotReader(files, path);
  try {
    const { header } = reader;
    return header.anchor === anchor && header.catalogue === catalogueFingerprint();
  } finally {
    reader.close();
  }
}

function sizeOf(files: FileSystem, path: string): number {
  const file = files.open(path, 'read');
  try {
    return files.size(file);
  } finally {
    files.close(file);
  }
}
