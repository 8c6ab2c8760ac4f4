/**
 * The log evolved once more, and compared with every state hash that is on record: those of
 * SnapshotTaken events, and those of the snapshot files beside the journal.
 */
import { setImmediate } from 'node:timers/promises';
import { evolve } from '../commands/evolve/evolve.js';
import type { ShardState } from '../commands/state/shard-state.js';
import { stateHash } from '../commands/state-hash.js';
import { positionsOfState } from '../commands/state-positions.js';
import { catalogueFingerprint } from '../domain/catalogue-fingerprint.js';
import { decodeEvent } from '../domain/event-codec.js';
import { HEADER } from '../domain/event-record.js';
import { EVENT } from '../domain/events.js';
import { positionsHash } from '../domain/positions-hash.js';
import { type FileSystem, nodeFileSystem, systemErrorCode } from '../log/file-system.js';
import type { DurableEnd } from '../log/journal/durable-end.js';
import { JournalReader } from '../log/journal/journal-reader.js';
import { SnapshotError } from '../log/snapshots/errors.js';
import { listSnapshots, SnapshotReader, snapshotName } from '../log/snapshots/snapshot-file.js';
import type { CheckFinding } from './findings.js';
import { takenPositions } from './jobs/positions-snapshot.js';
import { snapshotDirectory } from './snapshots.js';

export interface RecordedStatesOptions {
  readonly journal: string;
  readonly end: DurableEnd;
  /** Where the positions of each minute are (jobs/positions-snapshot.ts), if they are compared. */
  readonly positions?: string;
  readonly fileSystem?: FileSystem;
}

export interface RecordedState {
  readonly of: 'state' | 'positions';
  readonly hash: string;
  readonly file: string;
}

/** The hashes on record, by the sequence that they are as of. */
export interface RecordedStates {
  readonly byAnchor: ReadonlyMap<number, readonly RecordedState[]>;
  /** Snapshots and positions that are damaged. */
  readonly findings: readonly CheckFinding[];
}

/**
 * Those of this version's layout: what other software computed is not to be compared with.
 * @throws JournalError when the journal cannot be read
 */
export function recordedStates(options: RecordedStatesOptions): RecordedStates {
  const byAnchor = new Map<number, RecordedState[]>();
  const findings: CheckFinding[] = [];
  const put = (anchor: number, recorded: RecordedState) => {
    const known = byAnchor.get(anchor);
    if (known === undefined) byAnchor.set(anchor, [recorded]);
    else known.push(recorded);
  };
  const add = (anchor: number, hash: string, file: string) =>
    put(anchor, { of: 'state', hash, file });
  fromEvents(options, add);
  fromFiles(options, findings, add);
  const { positions, fileSystem = nodeFileSystem } = options;
  for (const taken of positions === undefined ? [] : takenPositions(fileSystem, positions)) {
    const { sequence, stateHash: hash, file, reason } = taken;
    if (reason === undefined) put(sequence, { of: 'positions', hash, file });
    else findings.push({ file, offset: 0, sequence, code: 'POSITIONS_DAMAGED', reason });
  }
  return { byAnchor, findings };
}

export interface StateCheckOptions {
  readonly journal: string;
  readonly end: DurableEnd;
  readonly recorded: RecordedStates;
  /** An empty state to evolve. */
  readonly state: ShardState;
  /** The last sequence to evolve; undefined: all. */
  readonly to?: number | undefined;
  readonly onProgress?: (next: number) => void;
  readonly fileSystem?: FileSystem;
}

export interface StateCheck {
  readonly findings: readonly CheckFinding[];
  /** State hashes that were compared. */
  readonly compared: number;
  /** Of the state after the last event, and the sequence after it. */
  readonly stateHash: string;
  readonly next: number;
}

/** @throws JournalError when the journal cannot be read */
export async function checkStates(options: StateCheckOptions): Promise<StateCheck> {
  const { state, recorded, to = Number.MAX_SAFE_INTEGER } = options;
  const findings = [...recorded.findings];
  let compared = 0;
  const { journal, end, fileSystem = nodeFileSystem } = options;
  const reader = new JournalReader(journal, { from: 0, end, fileSystem });
  try {
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2] as number) {
        const sequence = batch.f64[(at + HEADER.sequence) / 8] as number;
        if (sequence > to) break;
        evolve(state, batch, at);
        const wanted = recorded.byAnchor.get(sequence);
        if (wanted === undefined) continue;
        compared += wanted.length;
        findings.push(...differences(state, sequence, wanted));
      }
      if (state.nextSequence > to) break;
      options.onProgress?.(state.nextSequence);
      await setImmediate();
    }
  } finally {
    reader.close();
  }
  return { findings, compared, stateHash: stateHash(state), next: state.nextSequence };
}

/** Compares a state with what is on record of it. */
function differences(
  state: ShardState,
  sequence: number,
  wanted: readonly RecordedState[],
): CheckFinding[] {
  const findings: CheckFinding[] = [];
  const hashes = new Map<string, string>();
  for (const { of, hash, file } of wanted) {
    const found =
      hashes.get(of) ??
      (of === 'positions' ? positionsHash(positionsOfState(state)) : stateHash(state));
    hashes.set(of, found);
    if (hash === found) continue;
    const code = of === 'positions' ? 'POSITIONS_HASH' : 'STATE_HASH';
    const reason = `the log gives the ${of} ${found}, recorded is ${hash}`;
    findings.push({ file, offset: 0, sequence, code, reason });
  }
  return findings;
}

/** Every SnapshotTaken of the log, in a pass of its own: the event comes after its anchor. */
function fromEvents(
  { journal, end, fileSystem: files = nodeFileSystem }: RecordedStatesOptions,
  add: (anchor: number, hash: string, file: string) => void,
): void {
  const options = { from: 0, end, checkRecords: false, fileSystem: files };
  const reader = new JournalReader(journal, options);
  const own = catalogueFingerprint();
  try {
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      if (reader.segmentHeader?.catalogue !== own) continue;
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2] as number) {
        if (batch.bytes[at + HEADER.number] !== EVENT.SnapshotTaken) continue;
        const event = decodeEvent(batch.bytes, at);
        if (event.type !== 'SnapshotTaken') continue;
        const { anchor, stateHash: hash } = event.data;
        add(anchor, hash, `SnapshotTaken, event ${event.sequence}`);
      }
    }
  } finally {
    reader.close();
  }
}

function fromFiles(
  { journal, end, fileSystem: files = nodeFileSystem }: RecordedStatesOptions,
  findings: CheckFinding[],
  add: (anchor: number, hash: string, file: string) => void,
): void {
  const directory = snapshotDirectory(journal);
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  for (const anchor of snapshotsIn(files, directory)) {
    const file = `${directory}/${snapshotName(anchor)}`;
    const place = { file, offset: 0, sequence: anchor };
    if (anchor >= position.nextSequence) {
      const reason = `is ahead of the log, which ends at ${position.nextSequence - 1}`;
      findings.push({ ...place, code: 'SNAPSHOT_AHEAD', reason });
      continue;
    }
    try {
      const reader = SnapshotReader.open(files, directory, anchor);
      try {
        // Every byte is checked, nothing is evolved.
        reader.check();
        if (reader.header.catalogue === catalogueFingerprint()) {
          add(anchor, reader.header.stateHash, file);
        }
      } finally {
        reader.close();
      }
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      // Of another version of the software: recovery passes it over, and nothing is wrong with it.
      if (error.code === 'SNAPSHOT_OTHER_SCHEMA') continue;
      findings.push({ ...place, code: error.code, reason: error.message });
    }
  }
}

function snapshotsIn(files: FileSystem, directory: string): number[] {
  try {
    return listSnapshots(files, directory);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    return [];
  }
}
