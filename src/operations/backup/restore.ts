/**
 * A journal and its snapshots out of a backup.
 *
 * ```
 *   DIR/restoring             first: daybook start refuses DIR while it is there
 *   DIR/journal.restoring/    everything is written here, made durable, and verified as it stands
 *   DIR/journal/              one rename, when nothing was found
 * ```
 *
 * Killed at any point and run again it begins anew; before the rename there is nothing that anybody
 * could take for a journal, after it everything.
 */
import { RecordBuffer } from '../../domain/event-record.js';
import {
  type FileSystem,
  nodeFileSystem,
  pwriteAll,
  systemErrorCode,
} from '../../log/file-system.js';
import { DurableMarkWriter } from '../../log/journal/durable-mark.js';
import { SEGMENT_HEADER_BYTES, segmentName } from '../../log/journal/segment.js';
import { verifyJournal } from '../../log/journal/verify-journal.js';
import type { BackupStore } from './backup-store.js';
import { BESIDE, hashOfFile } from './beside.js';
import { cutAt, type Moment } from './commit-run.js';
import { BackupError } from './errors.js';
import { fetchedAhead } from './fetch-ahead.js';
import {
  type BackedUpFile,
  getFilePiece,
  getJournalPiece,
  type JournalPiece,
  type Manifest,
  manifestName,
  missingManifest,
  readNewestManifest,
} from './manifest.js';
import { isWholeSnapshot } from './snapshot-content.js';

/** There while a restore is not through; `cli/data-directory.ts` refuses to start on it. */
const MARKER = 'restoring';
const MARKER_TEXT = Buffer.from('backup\n');
const STAGING = 'journal.restoring';
const INSTALLED = 'journal';

export interface RestoreOptions {
  readonly store: BackupStore;
  readonly key?: Uint8Array | undefined;
  /** Data directory; made, or empty, or what an earlier restore left unfinished. */
  readonly target: string;
  /** The last whole commit at or before it is the last one restored; undefined: everything. */
  readonly at?: Moment | undefined;
  /** Called after each piece: raw bytes written of all. */
  readonly onProgress?: (bytesDone: number, bytesAll: number) => void;
  readonly fileSystem?: FileSystem;
}

export interface RestoredBackup {
  /** Directory of the journal. */
  readonly journal: string;
  readonly shard: number;
  /** The events 0 to `next` - 1 are there; time of the last one, ns since 1970, and chain value. */
  readonly next: number;
  readonly time: bigint;
  readonly chain: string;
  readonly segments: number;
  /** Anchors of the snapshots restored, ascending. */
  readonly snapshots: readonly number[];
  /** Snapshots that are not what was shipped, and why: the log alone gives their state, too. */
  readonly passedOver: readonly string[];
  readonly rawBytes: number;
  readonly storedBytes: number;
  /** Of the manifest: its number, when it was made, and how far the journal was durable then. */
  readonly generation: number;
  readonly backedUpAt: number;
  readonly durableThen: number;
}

/**
 * Restores the newest backup of a store and verifies every byte of it as it stands on the disk,
 * before it is installed.
 *
 * @throws BackupError RESTORE_TARGET_NOT_EMPTY, RESTORE_POINT_OUTSIDE, RESTORE_INVALID,
 *   BACKUP_EMPTY, BACKUP_OBJECT_MISSING, BACKUP_OBJECT_DAMAGED and BACKUP_KEY_WRONG with the object
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoredBackup> {
  const { store, key, target } = options;
  const files = options.fileSystem ?? nodeFileSystem;
  refuseOccupied(files, target);
  const manifest = await readNewestManifest(store, key);
  if (manifest === undefined || manifest.journal.length === 0) {
    throw new BackupError('BACKUP_EMPTY', `there is no backup in ${store.description}`);
  }
  const pieces = piecesUntil(manifest, options.at);
  await refuseIncomplete(store, manifest, options.at);
  await refuseBefore(pieces, options);
  mark(files, target);
  const name = `shard-${manifest.shard}`;
  const staging = `${target}/${STAGING}/${name}`;
  removeFiles(files, staging);
  removeFiles(files, `${staging}.snapshots`);
  try {
    const restoring = new Restoring(options, files, staging, manifest);
    await restoring.writeJournal(pieces);
    const end = await restoring.verify();
    await restoring.writeSnapshots(end.next);
    await restoring.writeBeside(target);
    install(files, target);
    const { shard, generation, at: backedUpAt, durable: durableThen } = manifest;
    const { storedBytes, rawBytes } = restoring;
    return {
      ...{ journal: `${target}/${INSTALLED}/${name}`, shard, ...end },
      ...{ segments: restoring.segments, snapshots: restoring.snapshots, rawBytes, storedBytes },
      ...{ generation, backedUpAt, durableThen, passedOver: restoring.passedOver },
    };
  } catch (error) {
    // Nothing was installed. The marker stays: this directory is no data of anybody.
    removeFiles(files, staging);
    removeFiles(files, `${staging}.snapshots`);
    throw namingManifest(error, manifest);
  }
}

/**
 * Without its newest manifest a backup looks like an older one. Whoever asks for a moment that this one
 * has gets it all the same.
 */
async function refuseIncomplete(
  store: BackupStore,
  { generation, journal }: Manifest,
  at: Moment | undefined,
): Promise<void> {
  const { next, time } = journal.at(-1) as JournalPiece;
  const has = at !== undefined && ('sequence' in at ? at.sequence < next : at.time <= BigInt(time));
  const object = has ? undefined : await missingManifest(store);
  if (object === undefined) return;
  const newer = manifestName(generation + 1);
  const message =
    `${store.description}: ${object} is gone, so there may have been ${newer} with more events; what ` +
    `${manifestName(generation)} has can be restored up to sequence ${next - 1} (--at)`;
  throw new BackupError('BACKUP_OBJECT_MISSING', message, { object });
}

/** The object may be the wrong one to ask for: then it is the manifest that is not what it was. */
function namingManifest(error: unknown, { generation, shard }: Manifest): unknown {
  if (!(error instanceof BackupError) || error.code !== 'BACKUP_OBJECT_MISSING') return error;
  const { code, object, message } = error;
  const by = `${message}, but named by ${manifestName(generation)} of shard ${shard}`;
  return new BackupError(code, by, { cause: error, ...(object === undefined ? {} : { object }) });
}

/** The pieces up to the one that holds the moment. */
function piecesUntil(manifest: Manifest, at: Moment | undefined): readonly JournalPiece[] {
  const { journal } = manifest;
  if (at === undefined) return journal;
  const last = journal.at(-1) as JournalPiece;
  if ('sequence' in at && at.sequence >= last.next) {
    const message = `sequence ${at.sequence} is not in the backup, it ends with ${last.next - 1}`;
    throw new BackupError('RESTORE_POINT_OUTSIDE', message);
  }
  const beyond = journal.findIndex((piece) =>
    'sequence' in at ? piece.next > at.sequence : BigInt(piece.time) > at.time,
  );
  return beyond < 0 ? journal : journal.slice(0, beyond + 1);
}

/** The last piece written, how much of it, and the time of its last event. */
interface LastPiece {
  readonly piece: JournalPiece;
  readonly end: number;
  readonly cut: boolean;
  readonly time: bigint;
}

const before = (): BackupError =>
  new BackupError('RESTORE_POINT_OUTSIDE', 'the backup begins after that moment');

/** Before anything is made: the backup has nothing as old as the moment. */
async function refuseBefore(
  pieces: readonly JournalPiece[],
  { store, key, at }: RestoreOptions,
): Promise<void> {
  const [piece, ...more] = pieces;
  if (at === undefined || piece === undefined || more.length > 0) return;
  if (wantedOf(piece, await getJournalPiece(store, piece, key), at) === undefined) throw before();
}

/** How much of the last piece is wanted; undefined when nothing of it is. */
function wantedOf(piece: JournalPiece, raw: Uint8Array, at: Moment): LastPiece | undefined {
  const view = new RecordBuffer(Math.ceil(raw.length / 8) * 8);
  view.bytes.set(raw);
  const from = piece.offset === 0 ? SEGMENT_HEADER_BYTES : 0;
  const { end, time } = cutAt(view, from, raw.length, at);
  return end > from ? { piece, end, cut: end < raw.length, time } : undefined;
}

class Restoring {
  rawBytes = 0;
  storedBytes = 0;
  segments = 0;
  readonly snapshots: number[] = [];
  readonly passedOver: string[] = [];
  readonly #options: RestoreOptions;
  readonly #files: FileSystem;
  readonly #staging: string;
  readonly #manifest: Manifest;
  #bytesAll = 0;
  #last: LastPiece | undefined;

  constructor(options: RestoreOptions, files: FileSystem, staging: string, manifest: Manifest) {
    this.#options = options;
    this.#files = files;
    this.#staging = staging;
    this.#manifest = manifest;
  }

  async writeJournal(pieces: readonly JournalPiece[]): Promise<void> {
    const { store, key } = this.#options;
    const files = this.#files;
    files.makeDirectory(this.#staging);
    this.#bytesAll = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    let file: number | undefined;
    try {
      for await (const [piece, raw] of fetchedAhead(pieces, (each) =>
        getJournalPiece(store, each, key),
      )) {
        if (piece.segment !== this.#last?.piece.segment) {
          const ended: number | undefined = file;
          file = undefined;
          if (ended !== undefined) this.#finish(ended);
        }
        const wanted = this.#wanted(piece, raw, piece === pieces.at(-1));
        if (wanted === undefined) break;
        file ??= files.open(`${this.#staging}/${segmentName(piece.segment)}`, 'create');
        pwriteAll(files, file, raw, wanted.end, piece.offset);
        this.#last = wanted;
        this.#took(piece);
      }
      const ended: number | undefined = file;
      file = undefined;
      if (ended !== undefined) this.#finish(ended);
    } finally {
      if (file !== undefined) files.close(file);
    }
    if (this.#last === undefined) throw before();
    files.syncDirectory(this.#staging);
  }

  /** How much of a piece is wanted; undefined when nothing of it is. */
  #wanted(piece: JournalPiece, raw: Uint8Array, isLast: boolean): LastPiece | undefined {
    const { at } = this.#options;
    const whole = { piece, end: raw.length, cut: false, time: BigInt(piece.time) };
    if (at === undefined || !isLast) return whole;
    return wantedOf(piece, raw, at);
  }

  #finish(file: number): void {
    try {
      this.#files.fsync(file);
    } finally {
      this.#files.close(file);
    }
    this.segments += 1;
  }

  #took(piece: { bytes: number; stored: number }): void {
    this.rawBytes += piece.bytes;
    this.storedBytes += piece.stored;
    this.#options.onProgress?.(this.rawBytes, this.#bytesAll);
  }

  /** Every byte as it stands on the disk, and that it ends where the manifest says. */
  async verify(): Promise<{ next: number; time: bigint; chain: string }> {
    const { piece, end, cut, time } = this.#last as LastPiece;
    const { shard } = this.#manifest;
    const verification = verifyJournal(this.#staging, { shard, fileSystem: this.#files });
    const first = await verification.next();
    if (first.done !== true) {
      const { code, file, offset, sequence, reason } = first.value;
      const where = `${file} at byte ${offset}, sequence ${sequence}`;
      throw invalid(file, `${where}: ${reason} (${code})`);
    }
    const { nextSequence: next, chain } = first.value;
    if (!cut && (next !== piece.next || chain !== piece.chain)) {
      const said = `the manifest says ${piece.next}, ${piece.chain}`;
      throw invalid(piece.object, `the journal ends at ${next}, chain ${chain}; ${said}`);
    }
    // What is durable here may be told to readers: they need no writer to have been there.
    const mark = new DurableMarkWriter(this.#files, this.#staging, shard);
    try {
      mark.publish({ nextSequence: next, segment: piece.segment, offset: piece.offset + end });
      // Then nobody can take the last segment away unnoticed, from the first start on.
      mark.sync();
    } finally {
      mark.close();
    }
    this.#files.syncDirectory(this.#staging);
    return { next, time, chain };
  }

  async writeSnapshots(next: number): Promise<void> {
    const directory = `${this.#staging}.snapshots`;
    const wanted = this.#manifest.files.filter(
      ({ kind, sequence }) => kind === 'snapshot' && sequence < next,
    );
    if (wanted.length === 0) return;
    this.#files.makeDirectory(directory);
    for (const snapshot of wanted) {
      try {
        await this.#writeSnapshot(directory, snapshot);
        this.snapshots.push(snapshot.sequence);
      } catch (error) {
        if (!(error instanceof BackupError) || error.code === 'BACKUP_STORE_FAILED') throw error;
        this.passedOver.push(`${snapshot.name}: ${error.message} (${error.code})`);
        removeFile(this.#files, directory, snapshot.name);
      }
    }
    this.#files.syncDirectory(directory);
  }

  async #writeSnapshot(directory: string, snapshot: BackedUpFile): Promise<void> {
    const path = `${directory}/${snapshot.name}`;
    await writeFile(this.#files, path, snapshot, this.#options, (piece) => this.#took(piece));
    if (!isWholeSnapshot(this.#files, path)) {
      throw invalid(snapshot.name, `${path} does not have its hash`);
    }
  }

  /** The small files beside the journal, as they were last. */
  async writeBeside(target: string): Promise<void> {
    for (const entry of this.#manifest.files.filter(({ kind }) => kind === 'identity')) {
      const directory = `${target}/${BESIDE.identity}`;
      this.#files.makeDirectory(directory);
      removeFiles(this.#files, directory);
      await writeFile(this.#files, `${directory}/${entry.name}`, entry, this.#options);
      this.#files.syncDirectory(directory);
    }
  }
}

/**
 * Writes a file of a backup anew and compares it, as it stands on the disk, with what was shipped.
 * @throws BackupError RESTORE_INVALID and those of the store
 */
export async function writeFile(
  files: FileSystem,
  path: string,
  entry: BackedUpFile,
  { store, key }: Pick<RestoreOptions, 'store' | 'key'>,
  onPiece: (piece: { bytes: number; stored: number }) => void = () => {},
): Promise<void> {
  const file = files.open(path, 'create');
  try {
    for await (const [piece, raw] of fetchedAhead(entry.pieces, (each) =>
      getFilePiece(store, entry, each, key),
    )) {
      pwriteAll(files, file, raw, raw.length, piece.offset);
      onPiece(piece);
    }
    files.fsync(file);
  } finally {
    files.close(file);
  }
  if (hashOfFile(files, path) !== entry.content) {
    throw invalid(entry.name, `${path} does not have its hash`);
  }
}

const invalid = (object: string, message: string): BackupError =>
  new BackupError('RESTORE_INVALID', message, { object });

/** @throws BackupError when the directory holds anything but what a restore of ours left unfinished */
function refuseOccupied(files: FileSystem, target: string): void {
  const names = namesIn(files, target);
  // Alone, a marker is one of ours that has no text yet, or of others who have nothing yet.
  const ours = names.includes(MARKER) && (names.length === 1 || isOurs(files, target));
  const found = ours
    ? names.find((name) => ![MARKER, STAGING, INSTALLED, BESIDE.identity].includes(name))
    : names[0];
  if (found === undefined) {
    // It ended between its rename and its last word: nobody has been told of this journal.
    if (names.includes(INSTALLED)) {
      files.rename(`${target}/${INSTALLED}`, `${target}/${STAGING}`);
    }
    return;
  }
  const message = `${target} is not empty: it holds ${found}; nothing is restored over it`;
  throw new BackupError('RESTORE_TARGET_NOT_EMPTY', message, { object: target });
}

/** Another way of restoring (from EventStoreDB) has a marker of the same name, which is empty. */
function isOurs(files: FileSystem, target: string): boolean {
  const file = files.open(`${target}/${MARKER}`, 'read');
  try {
    const found = new Uint8Array(MARKER_TEXT.length + 1);
    const count = files.pread(file, found, 0, found.length, 0);
    return Buffer.from(found.subarray(0, count)).equals(MARKER_TEXT);
  } finally {
    files.close(file);
  }
}

function mark(files: FileSystem, target: string): void {
  files.makeDirectory(target);
  const isThere = namesIn(files, target).includes(MARKER);
  const file = files.open(`${target}/${MARKER}`, isThere ? 'write' : 'create');
  try {
    pwriteAll(files, file, MARKER_TEXT, MARKER_TEXT.length, 0);
    files.fsync(file);
  } finally {
    files.close(file);
  }
  files.syncDirectory(target);
}

function install(files: FileSystem, target: string): void {
  files.syncDirectory(`${target}/${STAGING}`);
  files.rename(`${target}/${STAGING}`, `${target}/${INSTALLED}`);
  files.syncDirectory(target);
  files.unlink(`${target}/${MARKER}`);
  files.syncDirectory(target);
}

function removeFiles(files: FileSystem, directory: string): void {
  for (const name of namesIn(files, directory)) files.unlink(`${directory}/${name}`);
}

function removeFile(files: FileSystem, directory: string, name: string): void {
  if (namesIn(files, directory).includes(name)) files.unlink(`${directory}/${name}`);
}

function namesIn(files: FileSystem, directory: string): string[] {
  try {
    return files.readdir(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
