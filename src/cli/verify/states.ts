/** What `daybook verify` compares within one data directory: states on record with those evolved. */
import { join } from 'node:path';
import { DEFAULT_CAPACITY } from '../../commands/state/capacity.js';
import { nodeFileSystem } from '../../log/file-system.js';
import { FixedDurableEnd } from '../../log/journal/fixed-durable-end.js';
import { durablePosition } from '../../operations/backup/durable-position.js';
import type { CheckFinding } from '../../operations/findings.js';
import { newState } from '../../operations/new-state.js';
import { checkStates, recordedStates } from '../../operations/state-check.js';
import { TerminalProgress } from '../rebuild/terminal-progress.js';

/** The seed of the state's hash tables; the state's hash does not depend on it. */
const SEED = 1;
export const SHARD = 0;

/** What was compared, for the summary. */
export interface Compared {
  readonly states?: { readonly compared: number };
  readonly against?: { readonly what: string; readonly compared: string };
}

export type Add = (finding: CheckFinding) => void;

export const fixedEnd = (journal: string): FixedDurableEnd =>
  new FixedDurableEnd(durablePosition(nodeFileSystem, journal, SHARD));

/** Evolves the log where there is a state hash on record to compare with. */
export async function statesOf(
  journal: string,
  dataDirectory: string,
  to: number | undefined,
  add: Add,
): Promise<Compared> {
  const end = fixedEnd(journal);
  const positions = join(dataDirectory, 'positions');
  const recorded = recordedStates({ journal, end, positions });
  if (recorded.byAnchor.size === 0) {
    for (const finding of recorded.findings) add(finding);
    return { states: { compared: 0 } };
  }
  const state = newState(DEFAULT_CAPACITY, SEED);
  const progress = new TerminalProgress(process.stderr);
  const position = { nextSequence: 0, segment: 0, offset: 0 };
  end.read(position);
  const onProgress = (next: number) => progress.show('states', next, position.nextSequence);
  const options = { journal, end, recorded, state, to, onProgress };
  const { findings, compared } = await checkStates(options);
  progress.end();
  for (const finding of findings) add(finding);
  return { states: { compared } };
}
