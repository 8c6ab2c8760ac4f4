/**
 * The disaster that has not happened yet: the newest backup is restored beside everything, verified,
 * started from, projected and compared, and then removed.
 *
 * ```
 *   backup ──► journal, every byte verified ──► state by the whole log ─┬─ state hashes on record
 *                  │                       └──► state by snapshot, tail ─┘
 *                  └──► read models in a PostgreSQL of its own ── orders, positions of the state
 * ```
 */
import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Capacity } from '../../commands/state/capacity.js';
import type { ShardState } from '../../commands/state/shard-state.js';
import { stateHash } from '../../commands/state-hash.js';
import { makeDirectories } from '../../lib/make-directories.js';
import { type FileSystem, nodeFileSystem } from '../../log/file-system.js';
import { FixedDurableEnd } from '../../log/journal/fixed-durable-end.js';
import type { SnapshotErrorCode } from '../../log/snapshots/errors.js';
import { connect } from '../../projections/database/connection-settings.js';
import { projectorLanes, readModels } from '../../projections/read-models.js';
import { projectUntil } from '../../projections/rebuild/project-until.js';
import { hashTables, type TableHash } from '../../projections/rebuild/table-hash.js';
import type { CheckFinding } from '../findings.js';
import { newState } from '../new-state.js';
import { deadLetters, startScratch } from '../read-model-comparison.js';
import { recoverState } from '../snapshots.js';
import { checkStates, recordedStates } from '../state-check.js';
import { checkTablesAgainstState } from '../table-state-check.js';
import type { BackupStore } from './backup-store.js';
import { type RestoredBackup, restoreBackup } from './restore.js';

/** The seed of the state's hash tables; the state's hash does not depend on it. */
const SEED = 1;
const OTHER_SCHEMA: SnapshotErrorCode = 'SNAPSHOT_OTHER_SCHEMA';

export interface DrillOptions {
  readonly store: BackupStore;
  readonly key?: Uint8Array | undefined;
  readonly capacity: Capacity;
  /** Where the scratch directory is made; default that of the system for such. */
  readonly scratch?: string | undefined;
  /** Without it the drill ends with the state: orders could be taken, screens stay dark. */
  readonly readModels: boolean;
  /** How far the journal is durable now, where there is one: for the recovery point. */
  readonly durableNow?: (() => number) | undefined;
  readonly now?: () => number;
  readonly onStep?: (step: string) => void;
  /** Under what is restored, and read from then on; the read models need a real one. */
  readonly fileSystem?: FileSystem;
  /** Ends the drill at the next step; what it made is removed. */
  readonly signal?: AbortSignal;
}

export interface DrillReport {
  /** Nothing was found. */
  readonly ok: boolean;
  readonly findings: readonly CheckFinding[];
  readonly events: number;
  readonly chain: string;
  readonly stateHash: string;
  /** State hashes on record that the log gave again. */
  readonly statesCompared: number;
  readonly snapshotAnchor: number;
  readonly tables: readonly TableHash[];
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly seconds: {
    readonly restore: number;
    /** From snapshot and tail: then orders can be taken. */
    readonly state: number;
    readonly readModels: number;
    /** Recovery time: until orders can be taken, and until everything is as it was. */
    readonly untilOrders: number;
    readonly untilEverything: number;
    /** The drill itself, with its comparisons. */
    readonly drill: number;
  };
  /** Recovery point: what would be lost if the box were gone now. */
  readonly lost: {
    /** Events that are durable and not in the backup; undefined without a journal to compare with. */
    readonly events: number | undefined;
    /** Age of the newest manifest: nothing that was durable before it is lost. */
    readonly secondsMax: number;
  };
}

/**
 * @throws BackupError naming the object when a byte of the backup is not what was written, or
 *   anything is missing; the scratch directory is removed in any case
 */
export async function drill(options: DrillOptions): Promise<DrillReport> {
  const startedAt = performance.now();
  const parent = options.scratch ?? tmpdir();
  const made = makeDirectories(resolve(parent));
  const scratch = mkdtempSync(join(parent, 'daybook-drill-'));
  const { signal, onStep = () => {} } = options;
  const step = (name: string) => {
    signal?.throwIfAborted();
    onStep(name);
  };
  try {
    return await drillIn({ ...options, onStep: step }, scratch, startedAt);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    if (made !== undefined) removeMade(resolve(parent), made);
  }
}

/** Directories that were made for a scratch directory, unless somebody has put something there. */
function removeMade(last: string, topmost: string): void {
  for (let directory = last; ; directory = dirname(directory)) {
    if (readdirSync(directory).length > 0) return;
    rmdirSync(directory);
    if (directory === topmost) return;
  }
}

/** The same in a directory that the caller makes and removes. @throws as `drill` */
export async function drillIn(
  options: DrillOptions,
  scratch: string,
  startedAt = performance.now(),
): Promise<DrillReport> {
  const { store, key, capacity, onStep = () => {}, now = Date.now } = options;
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  const since = (from: number) => (performance.now() - from) / 1000;
  onStep('restoring and verifying');
  const restored = await restoreBackup({ store, key, target: join(scratch, 'data'), fileSystem });
  const restoreSeconds = since(startedAt);
  const lost = {
    events: lostEvents(options, restored),
    secondsMax: Math.max(0, (now() - restored.backedUpAt) / 1000),
  };

  onStep('state from snapshot and tail');
  let at = performance.now();
  const { journal, shard } = restored;
  const end = FixedDurableEnd.find(fileSystem, journal, shard);
  const findings: CheckFinding[] = restored.passedOver.map((reason) => {
    return { file: reason, offset: 0, sequence: 0, code: 'BACKUP_OBJECT_DAMAGED', reason };
  });
  const { anchor, passedOver, hash } = quickState(
    ...([journal, shard, end, capacity, fileSystem] as const),
  );
  // One of another capacity or version is no use, and no damage: recovery takes the whole log.
  for (const reason of passedOver.filter((each) => !each.includes(OTHER_SCHEMA))) {
    findings.push({ file: reason, offset: 0, sequence: 0, code: 'SNAPSHOT_PASSED_OVER', reason });
  }
  const stateSeconds = since(at);

  onStep('state from the whole log');
  const recorded = recordedStates({ journal, end, fileSystem });
  const state = newState(capacity, SEED);
  const check = await checkStates({ journal, end, recorded, state, fileSystem });
  findings.push(...check.findings);
  if (check.stateHash !== hash) {
    const reason = `snapshot and tail give the state ${hash}, the log ${check.stateHash}`;
    findings.push({
      ...{ file: journal, offset: 0, sequence: restored.next - 1, code: 'STATE_HASH', reason },
    });
  }

  at = performance.now();
  const tables = options.readModels
    ? await project(options, restored, end, state, scratch, findings)
    : [];
  const projectSeconds = tables.length > 0 ? since(at) : 0;
  const untilOrders = restoreSeconds + stateSeconds;
  return {
    ...{ ok: findings.length === 0, findings, events: restored.next, chain: restored.chain },
    ...{ stateHash: check.stateHash, statesCompared: check.compared, tables, lost },
    ...{ snapshotAnchor: anchor, storedBytes: restored.storedBytes },
    rawBytes: restored.rawBytes,
    seconds: {
      ...{ restore: restoreSeconds, state: stateSeconds, readModels: projectSeconds, untilOrders },
      ...{ untilEverything: untilOrders + projectSeconds, drill: since(startedAt) },
    },
  };
}

/** As a start does it. Its tables are given back before the next ones are filled. */
function quickState(
  journal: string,
  shard: number,
  end: FixedDurableEnd,
  capacity: Capacity,
  files: FileSystem,
) {
  const empty = () => newState(capacity, SEED);
  const { state, anchor, passedOver } = recoverState(journal, shard, end, empty, files);
  return { anchor, passedOver, hash: stateHash(state) };
}

function lostEvents({ durableNow }: DrillOptions, restored: RestoredBackup): number | undefined {
  return durableNow === undefined ? undefined : Math.max(0, durableNow() - restored.next);
}

async function project(
  { onStep = () => {} }: DrillOptions,
  { journal, shard, next: until }: RestoredBackup,
  end: FixedDurableEnd,
  state: ShardState,
  scratch: string,
  findings: CheckFinding[],
): Promise<TableHash[]> {
  onStep('read models');
  const database = await startScratch(join(scratch, 'postgres'));
  const open = () => connect(database.settings, 'daybook drill');
  try {
    await Promise.all(
      projectorLanes.map((models) =>
        projectUntil({ models, shard, journal, end, until, connect: open }),
      ),
    );
    onStep('comparing');
    const client = await open();
    try {
      findings.push(...(await deadLetters(client, shard)));
      findings.push(...(await checkTablesAgainstState(client, state)));
      return await hashTables(client, readModels);
    } finally {
      await client.end();
    }
  } finally {
    await database.stop();
  }
}
