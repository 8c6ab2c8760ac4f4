/** Taking and restoring snapshots of a shard's state: where state, log and files meet. */
import { evolveBatch, lastTime } from '../commands/recovery.js';
import type { ShardState } from '../commands/state/shard-state.js';
import { stateHash } from '../commands/state-hash.js';
import {
  finishImage,
  type ImageValues,
  imageFingerprint,
  imagePieces,
  imageTargets,
  imageValues,
} from '../commands/state-image.js';
import { catalogueFingerprint } from '../domain/catalogue-fingerprint.js';
import { AssertionError, assert } from '../lib/assert.js';
import { hashOfPieces, pieceDigest } from '../lib/piece-hashes.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../log/file-system.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { SnapshotError } from '../log/snapshots/errors.js';
import { SNAPSHOTS_KEPT } from '../log/snapshots/limits.js';
import {
  listSnapshots,
  removeOldSnapshots,
  SnapshotReader,
  writeSnapshot,
} from '../log/snapshots/snapshot-file.js';

/** Snapshots stand beside the journal: in its directory there is nothing but the journal. */
export const snapshotDirectory = (journal: string): string => `${journal}.snapshots`;

export interface TakenSnapshot {
  readonly anchor: number;
  readonly file: string;
  readonly bytes: number;
  readonly stateHash: string;
  readonly contentHash: string;
  readonly seconds: number;
}

/**
 * Stores a state whose last event has the time `time`, and removes the oldest snapshots.
 * @param chain value of the commit that ends with that event, by which it is known again
 */
export function takeSnapshot(
  state: ShardState,
  time: bigint,
  journal: string,
  files: FileSystem = nodeFileSystem,
  chain?: Uint8Array,
): TakenSnapshot {
  assert(state.nextSequence > 0, 'an empty state needs no snapshot');
  const started = performance.now();
  const directory = snapshotDirectory(journal);
  files.makeDirectory(directory);
  // On one processor: the other ones are at work, this has time.
  const pieces = imagePieces(state).map((piece) => ({
    ...piece,
    digest: pieceDigest(piece.bytes, 1),
  }));
  const hash = stateHash(state, hashOfPieces(pieces));
  const anchor = state.nextSequence - 1;
  const header = {
    shard: state.shard,
    anchor,
    epoch: state.epoch,
    time: time.toString(),
    catalogue: catalogueFingerprint(),
    schema: imageFingerprint(state),
    stateHash: hash,
    ...(chain === undefined ? {} : { chain: hex(chain) }),
    values: imageValues(state),
  };
  if (listSnapshots(files, directory).includes(anchor))
    files.unlink(`${directory}/${nameOf(anchor)}`);
  const written = writeSnapshot(files, directory, header, pieces);
  removeOldSnapshots(files, directory, SNAPSHOTS_KEPT);
  const seconds = (performance.now() - started) / 1000;
  return { anchor, stateHash: hash, ...written, seconds };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const nameOf = (anchor: number) => `snapshot-${anchor.toString().padStart(16, '0')}`;

export interface Restored {
  readonly state: ShardState;
  /** Time of the last event, ns since 1970; 0 when there is none. */
  readonly time: bigint;
  /** The last event that came from a snapshot; -1 all were evolved. */
  readonly anchor: number;
  /** Snapshots that could not be used, and why. */
  readonly passedOver: readonly string[];
  /** Chain value of the log's commit that ends with the last event; undefined where not looked at. */
  readonly chain: Uint8Array | undefined;
}

/**
 * The newest state that a snapshot gives. Each is checked byte by byte and by its state hash in
 * memory of its own before anybody sees it; what fails, for whatever reason (a disk that cannot read
 * it, too), is passed over for an older one, at last for an empty state: the log has it all.
 *
 * @param nextSequence of the log: a snapshot may not be ahead of it
 * @param chainAt chain value that the log's commit at a sequence continues; a snapshot that says
 *   another one is of another history. By default nothing is compared
 */
export function restoreSnapshot(
  journal: string,
  shard: number,
  nextSequence: number,
  newState: () => ShardState,
  files: FileSystem = nodeFileSystem,
  chainAt: (nextSequence: number) => Uint8Array | undefined = () => undefined,
): Restored {
  const passedOver: string[] = [];
  const directory = snapshotDirectory(journal);
  for (const anchor of existing(files, directory, passedOver)) {
    const state = newState();
    try {
      if (anchor >= nextSequence) {
        throw new SnapshotError('SNAPSHOT_AHEAD', `${nameOf(anchor)} is ahead of the log`);
      }
      const { time, chain } = restoreInto(state, files, directory, anchor, shard);
      const found = chain === undefined ? undefined : chainAt(anchor + 1);
      if (found !== undefined && hex(found) !== chain) {
        throw new SnapshotError('SNAPSHOT_OTHER_HISTORY', 'the log has another commit there');
      }
      return { state, time, anchor, passedOver, chain: found };
    } catch (error) {
      passedOver.push(`${nameOf(anchor)}: ${reasonOf(error)}`);
    }
  }
  return { state: newState(), time: 0n, anchor: -1, passedOver, chain: undefined };
}

function existing(files: FileSystem, directory: string, passedOver: string[]): number[] {
  try {
    return listSnapshots(files, directory);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') passedOver.push(`${directory}: ${reasonOf(error)}`);
    return [];
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = error instanceof SnapshotError || error instanceof AssertionError;
  const code = known ? error.code : (systemErrorCode(error) ?? error.name);
  return `${error.message} (${code})`;
}

function restoreInto(
  state: ShardState,
  files: FileSystem,
  directory: string,
  anchor: number,
  shard: number,
): { readonly time: bigint; readonly chain: string | undefined } {
  const reader = SnapshotReader.open(files, directory, anchor);
  try {
    const { header } = reader;
    const sameSchema =
      header.catalogue === catalogueFingerprint() &&
      header.schema === imageFingerprint(state) &&
      header.shard === shard;
    if (!sameSchema) {
      throw new SnapshotError('SNAPSHOT_OTHER_SCHEMA', 'of other software, capacity or shard');
    }
    const values = header.values as ImageValues;
    const memory = reader.read(imageTargets(state, values));
    finishImage(state, values);
    const same =
      stateHash(state, memory) === header.stateHash &&
      state.nextSequence === anchor + 1 &&
      state.epoch === header.epoch;
    if (!same) throw new SnapshotError('SNAPSHOT_STATE_DIFFERS', 'the state has another hash');
    return { time: BigInt(header.time), chain: header.chain };
  } finally {
    reader.close();
  }
}

/** The state of a log: the newest good snapshot, then the tail, by the same evolving as live. */
export function recoverState(
  journal: string,
  shard: number,
  end: DurableEnd,
  newState: () => ShardState,
  files: FileSystem = nodeFileSystem,
): Restored {
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  const from = (sequence: number, ahead = false) =>
    new JournalReader(journal, { from: sequence, end, shard, fileSystem: files, ahead });
  const chainAt = (sequence: number) => {
    const reader = from(sequence);
    try {
      return reader.chainBefore();
    } finally {
      reader.close();
    }
  };
  const restored = restoreSnapshot(
    ...([journal, shard, position.nextSequence, newState, files, chainAt] as const),
  );
  const { state } = restored;
  let { time, chain } = restored;
  if (state.nextSequence < position.nextSequence) {
    const reader = from(state.nextSequence, true);
    try {
      for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
        evolveBatch(state, batch);
        if (reader.nextSequence >= position.nextSequence) time = lastTime(batch);
      }
      chain = reader.chain;
    } finally {
      reader.close();
    }
  }
  assert(state.nextSequence >= position.nextSequence, 'the state is as new as the log');
  return { ...restored, time, chain };
}
