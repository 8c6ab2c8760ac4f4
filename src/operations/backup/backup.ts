/**
 * Ships a journal and its snapshots to a store, again and again: each call of `ship` sends what has
 * become durable since. What a crash leaves behind is found by the next start: the newest manifest
 * says what is there, and objects that no manifest names are removed.
 */
import { createHash } from 'node:crypto';
import { RecordBuffer } from '../../domain/event-record.js';
import { assert } from '../../lib/assert.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../../log/file-system.js';
import type { DurablePosition } from '../../log/journal/durable-end.js';
import { listSnapshots, snapshotName } from '../../log/snapshots/snapshot-file.js';
import { snapshotDirectory } from '../snapshots.js';
import type { BackupStore } from './backup-store.js';
import { filesBeside, hashOfFile } from './beside.js';
import { BackupError } from './errors.js';
import { type JournalToShip, nextPiece, type RawPiece } from './journal-shipping.js';
import {
  BACKUP_FILES_KEPT,
  BACKUP_SNAPSHOTS_KEPT,
  MANIFEST_EVERY_MS,
  MANIFESTS_KEPT,
  PIECE_BYTES_MAX,
  PIECES_PER_MANIFEST,
  RETIRED_KEPT_MS,
  SNAPSHOT_SHIPPED_EVERY_MS,
} from './limits.js';
import {
  type BackedUpFile,
  emptyManifest,
  listManifests,
  type Manifest,
  manifestName,
  objectsOf,
  putFilePiece,
  putJournalPiece,
  readNewestManifest,
  type StoredPiece,
  writeManifest,
} from './manifest.js';
import { isWholeSnapshot } from './snapshot-content.js';

/** First size of the buffer for pieces. */
const BUFFER_BYTES = 64 * 1024;

export interface BackupOptions {
  /** Directory of the shard's journal; snapshots stand beside it. */
  readonly journal: string;
  readonly shard: number;
  /** How far the journal is durable: nothing beyond is shipped. */
  readonly durable: () => DurablePosition;
  readonly store: BackupStore;
  /** 32 bytes; undefined: stored in the clear. */
  readonly key?: Uint8Array | undefined;
  /** Data directory, for the small files beside the journal (`beside.ts`); undefined: none. */
  readonly dataDirectory?: string | undefined;
  readonly fileSystem?: FileSystem;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface Shipped {
  /** Stored bytes of this call, and the raw bytes in them. */
  readonly storedBytes: number;
  readonly rawBytes: number;
  /** Everything before this sequence is in the backup. */
  readonly next: number;
  /** Events that are durable and not in it: what became so meanwhile. */
  readonly behind: number;
  /** Snapshots that are damaged and were left out; the log alone gives their state, too. */
  readonly passedOver: readonly string[];
}

export class Backup {
  readonly #options: BackupOptions;
  readonly #files: FileSystem;
  readonly #now: () => number;
  /** Grows to the largest piece met, PIECE_BYTES_MAX at most. */
  #buffer = new RecordBuffer(BUFFER_BYTES);
  /** As stored; what is being shipped stands in a draft until a manifest names it. */
  #manifest: Manifest;
  #cleaned = false;
  #turn: Promise<void> = Promise.resolve();
  #storedBytes = 0;
  #rawBytes = 0;
  #passedOver: string[] = [];

  private constructor(options: BackupOptions, manifest: Manifest) {
    this.#options = options;
    this.#files = options.fileSystem ?? nodeFileSystem;
    this.#now = options.now ?? Date.now;
    this.#manifest = manifest;
  }

  /**
   * Goes on from the newest manifest of the store, or begins.
   * @throws BackupError BACKUP_OBJECT_DAMAGED, BACKUP_KEY_WRONG, BACKUP_OTHER_JOURNAL of another shard
   */
  static async open(options: BackupOptions): Promise<Backup> {
    const { shard, store } = options;
    const manifest = (await readNewestManifest(store, options.key)) ?? emptyManifest(shard);
    if (manifest.shard !== shard) {
      const name = manifestName(manifest.generation);
      const message = `${store.description}: ${name} is of shard ${manifest.shard}, not ${shard}`;
      throw new BackupError('BACKUP_OTHER_JOURNAL', message);
    }
    return new Backup(options, manifest);
  }

  /** As it was stored last. */
  get manifest(): Manifest {
    return this.#manifest;
  }

  /**
   * Ships what has become durable, and the newest snapshot when it is due. After an error what was
   * stored before counts; begin anew with `open`.
   *
   * @throws BackupError BACKUP_STORE_FAILED, BACKUP_CONFLICT, BACKUP_OTHER_JOURNAL; JournalError
   *   JOURNAL_DAMAGED: nothing damaged is ever shipped
   */
  ship(): Promise<Shipped> {
    return this.#inTurn(() => this.#shipDue());
  }

  async #shipDue(): Promise<Shipped> {
    this.#storedBytes = 0;
    this.#rawBytes = 0;
    this.#passedOver = [];
    const durable = this.#options.durable();
    let draft = this.#manifest;
    draft = await this.#shipJournal(draft, durable);
    draft = await this.#shipSnapshot(draft);
    draft = await this.#shipBeside(draft);
    const due = this.#isDue(this.#manifest.at, MANIFEST_EVERY_MS) && draft.journal.length > 0;
    if (draft !== this.#manifest || due) await this.#store(draft, durable);
    const next = this.#manifest.journal.at(-1)?.next ?? 0;
    const behind = Math.max(0, this.#options.durable().nextSequence - next);
    const passedOver = this.#passedOver;
    return { storedBytes: this.#storedBytes, rawBytes: this.#rawBytes, next, behind, passedOver };
  }

  /**
   * Ships a file, such as a database dump, and lets the oldest of its kind go.
   * @param sequence what it is as of
   */
  shipFile(
    kind: BackedUpFile['kind'],
    name: string,
    path: string,
    sequence: number,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const draft = await this.#addFile(this.#manifest, kind, name, path, sequence);
      await this.#store(draft, this.#options.durable());
    });
  }

  /** One shipment at a time: each begins with the manifest of the one before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async #shipJournal(from: Manifest, durable: DurablePosition): Promise<Manifest> {
    const { journal: directory, shard } = this.#options;
    const journal: JournalToShip = { files: this.#files, directory, shard, durable };
    let draft = from;
    let unnamed = 0;
    for (;;) {
      const piece = nextPiece(journal, draft.journal, (bytes) => this.#bufferOf(bytes));
      if (piece === undefined) return draft;
      draft = await this.#shipPiece(draft, piece);
      unnamed += 1;
      if (unnamed < PIECES_PER_MANIFEST) continue;
      await this.#store(draft, durable);
      draft = this.#manifest;
      unnamed = 0;
    }
  }

  async #shipPiece(draft: Manifest, raw: RawPiece): Promise<Manifest> {
    const { store, key } = this.#options;
    const stored = await putJournalPiece(store, raw.segment, raw.offset, raw.bytes, key);
    this.#count(stored);
    const kept = draft.journal.length - raw.replaces;
    const { segment, next, chain } = raw;
    const piece = { ...stored, segment, next, chain, time: raw.time.toString() };
    return {
      ...draft,
      journal: [...draft.journal.slice(0, kept), piece],
      retired: [...draft.retired, ...this.#retire(draft.journal.slice(kept))],
    };
  }

  /** The newest snapshot, if it is of what is shipped already, and the last one is old enough. */
  async #shipSnapshot(draft: Manifest): Promise<Manifest> {
    const directory = snapshotDirectory(this.#options.journal);
    const next = draft.journal.at(-1)?.next ?? 0;
    const shipped = draft.files.filter(({ kind }) => kind === 'snapshot');
    const newest = Math.max(-1, ...shipped.map(({ sequence }) => sequence));
    const last = Math.max(0, ...shipped.map(({ at }) => at));
    if (!this.#isDue(last, SNAPSHOT_SHIPPED_EVERY_MS)) return draft;
    for (const anchor of this.#snapshots(directory)) {
      if (anchor >= next) continue;
      if (anchor <= newest) return draft;
      const name = snapshotName(anchor);
      const path = `${directory}/${name}`;
      try {
        if (isWholeSnapshot(this.#files, path)) {
          return await this.#addFile(draft, 'snapshot', name, path, anchor);
        }
      } catch (error) {
        // The shard has just removed it for a newer one.
        if (systemErrorCode(error) !== 'ENOENT') throw error;
        continue;
      }
      this.#passedOver.push(path);
    }
    return draft;
  }

  /** Files that are part of no log, when they have changed. */
  async #shipBeside(from: Manifest): Promise<Manifest> {
    const { dataDirectory } = this.#options;
    if (dataDirectory === undefined) return from;
    let draft = from;
    for (const { kind, name, path } of filesBeside(this.#files, dataDirectory)) {
      const known = draft.files.find((each) => each.kind === kind && each.name === name);
      if (known?.content === hashOfFile(this.#files, path)) continue;
      draft = await this.#addFile(draft, kind, name, path, draft.journal.at(-1)?.next ?? 0);
    }
    return draft;
  }

  #snapshots(directory: string): number[] {
    try {
      return listSnapshots(this.#files, directory);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      return [];
    }
  }

  async #addFile(
    draft: Manifest,
    kind: BackedUpFile['kind'],
    name: string,
    path: string,
    sequence: number,
  ): Promise<Manifest> {
    const { store, key } = this.#options;
    const pieces: StoredPiece[] = [];
    const content = createHash('sha256');
    const file = this.#files.open(path, 'read');
    try {
      const size = this.#files.size(file);
      for (let offset = 0; offset < size; ) {
        const length = Math.min(PIECE_BYTES_MAX, size - offset);
        const { bytes: buffer } = this.#bufferOf(length);
        const count = this.#files.pread(file, buffer, 0, length, offset);
        if (count === 0) throw new BackupError('BACKUP_STORE_FAILED', `${path} became shorter`);
        const raw = buffer.subarray(0, count);
        const piece = await putFilePiece(store, { kind, name }, offset, raw, key);
        content.update(raw);
        this.#count(piece);
        pieces.push(piece);
        offset += count;
      }
    } finally {
      this.#files.close(file);
    }
    const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    const at = this.#now();
    const added = { kind, name, bytes, content: content.digest('hex'), at, sequence, pieces };
    // Nothing else would tell of a byte that was read wrong, or changed meanwhile, before a restore does.
    if (hashOfFile(this.#files, path) !== added.content) {
      const message = `${path}: read once more it has other bytes than were shipped`;
      throw new BackupError('BACKUP_FILE_CHANGED', message, { object: name });
    }
    const same = draft.files.filter((each) => each.kind === kind && each.name !== name);
    const keep = kind === 'snapshot' ? BACKUP_SNAPSHOTS_KEPT : BACKUP_FILES_KEPT;
    const kept = [...same, added].sort((a, b) => a.sequence - b.sequence || a.at - b.at);
    const files = [...draft.files.filter((each) => each.kind !== kind), ...kept.slice(-keep)];
    const named = new Set(files.flatMap((each) => each.pieces.map(({ object }) => object)));
    const gone = draft.files
      .flatMap((each) => each.pieces)
      .filter(({ object }) => !named.has(object));
    return { ...draft, files, retired: [...draft.retired, ...this.#retire(gone)] };
  }

  /** Also when the last time is still to come: the clock was set back, and nothing waits for it. */
  #isDue(last: number, every: number): boolean {
    const passed = this.#now() - last;
    return passed < 0 || passed >= every;
  }

  #bufferOf(bytes: number): RecordBuffer {
    assert(bytes <= PIECE_BYTES_MAX, 'a piece is within its limit');
    const { length } = this.#buffer.bytes;
    if (length < bytes) {
      // In whole words, and doubled: a journal that grows needs few of them.
      const larger = Math.min(PIECE_BYTES_MAX, Math.max(2 * length, Math.ceil(bytes / 8) * 8));
      this.#buffer = new RecordBuffer(larger);
    }
    return this.#buffer;
  }

  #retire(pieces: readonly StoredPiece[]): Manifest['retired'] {
    return pieces.map(({ object }) => ({ object, at: this.#now() }));
  }

  #count(piece: StoredPiece): void {
    this.#storedBytes += piece.stored;
    this.#rawBytes += piece.bytes;
  }

  /** Makes the draft the newest manifest, then removes what nobody reads any more. */
  async #store(draft: Manifest, durable: DurablePosition): Promise<void> {
    const { store, key } = this.#options;
    await this.#refuseLost();
    const at = this.#now();
    const live = objectsOf(draft);
    const retired = draft.retired.filter((each) => !live.has(each.object));
    const gone = retired.filter((each) => at - each.at > RETIRED_KEPT_MS);
    const manifest: Manifest = {
      ...draft,
      generation: this.#manifest.generation + 1,
      at,
      durable: durable.nextSequence,
      retired: retired.filter((each) => !gone.includes(each)),
    };
    await writeManifest(store, manifest, key);
    this.#manifest = manifest;
    for (const { object } of gone) await store.remove(object);
    if (this.#cleaned) await store.remove(manifestName(manifest.generation - MANIFESTS_KEPT));
    else await this.#clean();
  }

  /**
   * A place that has lost our last manifest has lost more: a disk that is not mounted, a bucket that was
   * emptied. A manifest over nothing would look like a backup.
   */
  async #refuseLost(): Promise<void> {
    const { store } = this.#options;
    const { generation } = this.#manifest;
    if (generation === 0 || (await listManifests(store)).includes(generation)) return;
    const name = manifestName(generation);
    const message = `${store.description}: ${name} is gone, which was stored there; begin anew`;
    throw new BackupError('BACKUP_CONFLICT', message, { object: name });
  }

  /**
   * Removes what no manifest names: objects of a shipment that broke off. Only once a manifest of our
   * own stands: whoever else ships here then fails to write theirs, and their objects are not needed.
   */
  async #clean(): Promise<void> {
    const { store } = this.#options;
    const kept = objectsOf(this.#manifest);
    for (const { object } of this.#manifest.retired) kept.add(object);
    const manifests = (await listManifests(store)).slice(0, MANIFESTS_KEPT);
    for (const generation of manifests) kept.add(manifestName(generation));
    for (const folder of ['journal', 'files', 'manifest']) {
      for (const name of await store.list(folder)) {
        if (!kept.has(name)) await store.remove(name);
      }
    }
    this.#cleaned = true;
  }
}
