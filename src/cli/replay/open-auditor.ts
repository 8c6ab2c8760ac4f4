/** The auditor for one command: of a journal that may be written to meanwhile, or of a copy. */
import { Auditor } from '../../audit/auditor.js';
import { DEFAULT_CAPACITY } from '../../commands/state/capacity.js';
import { ShardState } from '../../commands/state/shard-state.js';
import { nodeFileSystem } from '../../log/file-system.js';
import type { DurableEnd } from '../../log/journal/durable-end.js';
import { FileDurableEnd, readDurableMark } from '../../log/journal/durable-mark.js';
import { FixedDurableEnd } from '../../log/journal/fixed-durable-end.js';
import { restoreSnapshot } from '../../operations/snapshots.js';
import { masterKeyFrom } from '../../privacy/master-key.js';
import { SubjectKeys } from '../../privacy/subject-keys.js';
import { UsageError } from '../usage.js';

/** Hash seed of states that nobody else can reach. */
const SEED = 1;

/** Copies and backups have no durable mark: their end is found by checking the last segment. */
export function openEnd(journal: string): DurableEnd {
  const mark = readDurableMark(nodeFileSystem, journal);
  if (mark !== undefined) return new FileDurableEnd(nodeFileSystem, journal);
  return FixedDurableEnd.find(nodeFileSystem, journal, 0);
}

/**
 * Runs `ask` with the auditor of a journal.
 * @param indexDirectory for journals beside which nothing can be written
 */
export async function withAuditor(
  journal: string,
  keysDirectory: string,
  indexDirectory: string | undefined,
  ask: (auditor: Auditor) => Promise<number>,
): Promise<number> {
  const end = openEnd(journal);
  try {
    const auditor = new Auditor({
      ...{ journal, end, indexDirectory },
      keys: new SubjectKeys(keysDirectory, masterKeyFrom(process.env)),
      stateBefore: (sequence) =>
        restoreSnapshot(journal, 0, sequence + 1, () => new ShardState(DEFAULT_CAPACITY, SEED)),
    });
    return await ask(auditor);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (code === 'MOMENT_INVALID' || code === 'MOMENT_AHEAD') throw new UsageError(message, code);
    throw error;
  } finally {
    end.close();
  }
}
