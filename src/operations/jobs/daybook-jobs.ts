/** What Daybook does by the clock, and when. */
import { join } from 'node:path';
import type { Capacity } from '../../commands/state/capacity.js';
import { nodeFileSystem } from '../../log/file-system.js';
import type { DurablePosition } from '../../log/journal/durable-end.js';
import type { ConnectionSettings } from '../../projections/database/connection-settings.js';
import { Backup, type Shipped } from '../backup/backup.js';
import type { BackupStore } from '../backup/backup-store.js';
import type { DrillReport } from '../backup/drill.js';
import { dumpDatabase, removeDump } from './database-dump.js';
import type { JobDefinition } from './job-runner.js';
import { takePositions } from './positions-snapshot.js';

/** Pause between two shipments of the log, ms: how much is lost with the box. */
export const SHIP_EVERY_MS = 5_000;
const EVERY_MINUTE = '* * * * *';
const EVERY_NIGHT = '0 2 * * *';
const EVERY_SUNDAY = '0 3 * * 0';

/** A dump is tried so often: the next is a day away. */
const DUMP_TRIES_MAX = 3;

/** Names of all jobs, for those who ask how they are. */
export const JOB_NAMES = ['ship', 'positions', 'dump', 'drill'] as const;

export interface DaybookJobsOptions {
  readonly dataDirectory: string;
  readonly journal: string;
  readonly shard: number;
  readonly durable: () => DurablePosition;
  readonly store: BackupStore;
  readonly key: Uint8Array | undefined;
  readonly database: ConnectionSettings;
  readonly capacity: Capacity;
  /** Runs a drill elsewhere: it keeps a thread busy. */
  readonly drill: () => Promise<DrillReport>;
  readonly onShipped: (shipped: Shipped) => void;
}

export function daybookJobs(options: DaybookJobsOptions): readonly JobDefinition[] {
  const shipping = new Shipping(options);
  return [
    {
      ...{ name: 'ship', schedule: { every: SHIP_EVERY_MS }, attempts: 1 },
      run: async () => {
        const { next, behind, storedBytes } = await shipping.ship();
        return { next, behind, storedBytes };
      },
    },
    {
      ...{ name: 'positions', schedule: { pattern: EVERY_MINUTE }, attempts: 1 },
      run: async () => ({
        ...(await takePositions(
          options.database,
          options.shard,
          join(options.dataDirectory, 'positions'),
        )),
      }),
    },
    {
      ...{ name: 'dump', schedule: { pattern: EVERY_NIGHT }, attempts: DUMP_TRIES_MAX },
      run: () => shipping.dump(),
    },
    {
      ...{ name: 'drill', schedule: { pattern: EVERY_SUNDAY }, attempts: 1 },
      run: async () => resultOf(await options.drill()),
    },
  ];
}

/** A drill that found something is a run that failed. */
function resultOf(report: DrillReport): Record<string, unknown> {
  const { findings, events, stateHash, seconds, lost } = report;
  const [first] = findings;
  if (first === undefined) return { events, stateHash, seconds, lost };
  const { code, file, sequence, reason } = first;
  throw new Error(`${findings.length} findings: ${code} ${file}, sequence ${sequence}: ${reason}`);
}

/** The backup that stays open between shipments, and is opened anew after any failure. */
class Shipping {
  readonly #options: DaybookJobsOptions;
  #backup: Promise<Backup> | undefined;

  constructor(options: DaybookJobsOptions) {
    this.#options = options;
  }

  async ship(): Promise<Shipped> {
    const shipped = await this.#with((backup) => backup.ship());
    this.#options.onShipped(shipped);
    return shipped;
  }

  async dump(): Promise<Record<string, unknown>> {
    const { dataDirectory, database } = this.#options;
    const path = join(dataDirectory, 'database-dump.sql');
    removeDump(path);
    try {
      const dumped = await dumpDatabase(database, path, nodeFileSystem);
      const day = new Date().toISOString().slice(0, 10);
      const name = `daybook-${day}.sql`;
      await this.#with((backup) => backup.shipFile('dump', name, path, dumped.next));
      return { name, ...dumped };
    } finally {
      removeDump(path);
    }
  }

  async #with<T>(work: (backup: Backup) => Promise<T>): Promise<T> {
    const { journal, shard, durable, store, key, dataDirectory } = this.#options;
    this.#backup ??= Backup.open({ journal, shard, durable, store, key, dataDirectory });
    const opened = this.#backup;
    try {
      return await work(await opened);
    } catch (error) {
      if (this.#backup === opened) this.#backup = undefined;
      throw error;
    }
  }
}
