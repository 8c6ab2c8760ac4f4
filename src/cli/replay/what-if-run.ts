/**
 * Decides a log again with given modules, ours or those of another build, and samples exposure and
 * P&L under both histories. What was recorded is always evolved by our own code.
 */
import { positionLines, type Total, totals } from '../../audit/position-lines.js';
import { evolve } from '../../commands/evolve/evolve.js';
import { evolveBatch, lastTime } from '../../commands/recovery.js';
import { DecideAgain, type Difference } from '../../commands/replay/decide-again.js';
import { lengthAt, sequenceAt } from '../../commands/replay/event-groups.js';
import { type ChangedDecision, type LimitOverride, WhatIf } from '../../commands/replay/what-if.js';
import { type Capacity, capacityForReplay } from '../../commands/state/capacity.js';
import { ShardState } from '../../commands/state/shard-state.js';
import { decodeEvent, RecordError } from '../../domain/event-codec.js';
import { rejectCode } from '../../domain/reject-reasons.js';
import { formatIsoNs } from '../../lib/time.js';
import { eventJson } from '../event-json.js';
import { partsOf } from './batch-parts.js';
import { findEnd, logBatches, nextSequence } from './log-batches.js';

/** Points in time at which exposure and P&L are told, at most. */
const POINTS_MAX = 200;
/** Changed decisions that are listed; more are counted. */
export const LISTED_MAX = 100_000;
/** Differing events that are listed for another build; each costs a replay of the log before it. */
export const DIFFERENCES_MAX = 10;

/** What decides: our modules, or the same of another build. */
export interface Deciding {
  readonly WhatIf: typeof WhatIf;
  readonly DecideAgain: typeof DecideAgain;
  readonly ShardState: typeof ShardState;
  readonly evolve: typeof evolve;
  readonly positionLines: typeof positionLines;
}

export const OWN: Deciding = { WhatIf, DecideAgain, ShardState, evolve, positionLines };

export interface Point {
  readonly time: string;
  readonly sequence: number;
  readonly currency: string;
  readonly recorded: Total;
  readonly whatIf: Total;
}

export interface ListedChange extends Omit<ChangedDecision, 'reason'> {
  /** Code of the reason that refused, then or now. */
  readonly reason: string;
}

export interface WhatIfResult {
  readonly summary: Readonly<Record<string, number>>;
  readonly changes: readonly ListedChange[];
  readonly points: readonly Point[];
  /** Limits for which the log has no place. */
  readonly notApplied: readonly LimitOverride[];
}

const NOTHING: Total = { exposure: '0', pnl: '0' };

export function runWhatIf(
  deciding: Deciding,
  directory: string,
  limits: readonly LimitOverride[],
): WhatIfResult {
  const changes: ListedChange[] = [];
  const counts = { refused: 0, letThrough: 0, replacesRefused: 0, replacesLetThrough: 0 };
  const events = nextSequence(directory);
  const capacity = capacityForReplay(events);
  const replay = new deciding.WhatIf(capacity, limits, (change) => {
    const refused = change.change === 'refused';
    if (change.request === 'order') counts[refused ? 'refused' : 'letThrough'] += 1;
    else counts[refused ? 'replacesRefused' : 'replacesLetThrough'] += 1;
    if (changes.length >= LISTED_MAX) return;
    changes.push({ ...change, reason: rejectCode(change.reason) ?? '' });
  });
  const recorded = new ShardState(capacity, 1);
  const points: Point[] = [];
  const step = Math.max(1, Math.ceil(events / POINTS_MAX));
  let due = step;
  for (const batch of logBatches(directory)) {
    for (const part of partsOf(batch, () => due)) {
      replay.take(part);
      evolveBatch(recorded, part);
      const { nextSequence: next } = recorded;
      if (next < due && next < events) continue;
      due = next + step;
      const then = totals(positionLines(recorded));
      const now = totals(deciding.positionLines(replay.state));
      points.push(...pointsOf(then, now, next - 1, formatIsoNs(lastTime(part))));
    }
  }
  const { orders, acceptedThen, acceptedNow, skipped, skippedFills, notApplied } = replay;
  const summary = { orders, acceptedThen, acceptedNow, ...counts, skipped, skippedFills };
  return { summary, changes, points, notApplied };
}

function pointsOf(
  then: ReadonlyMap<string, Total>,
  now: ReadonlyMap<string, Total>,
  sequence: number,
  time: string,
): Point[] {
  return [...new Set([...then.keys(), ...now.keys()])].sort().map((currency) => ({
    ...{ time, sequence, currency },
    recorded: then.get(currency) ?? NOTHING,
    whatIf: now.get(currency) ?? NOTHING,
  }));
}

export interface ListedDifference extends Omit<Difference, 'recorded' | 'decided'> {
  /** Events as JSON. */
  readonly recorded: string;
  readonly decided: string;
}

export interface CodeDifferences {
  readonly commands: number;
  readonly events: number;
  /** The first DIFFERENCES_MAX; then the comparison ends. */
  readonly differences: readonly ListedDifference[];
}

/** Every recorded command by another build, event by event. */
export function runDecideAgain(deciding: Deciding, directory: string): CodeDifferences {
  const differences: ListedDifference[] = [];
  const capacity = capacityForReplay(nextSequence(directory));
  const replay = new deciding.DecideAgain({
    stateBefore: (sequence) => stateBefore(deciding, capacity, directory, sequence),
    findEnd: (command, sequence) => findEnd(directory, command, sequence),
    onDifference: (each) => {
      if (differences.length >= DIFFERENCES_MAX) return;
      differences.push({ ...each, recorded: textOf(each.recorded), decided: textOf(each.decided) });
    },
  });
  for (const batch of logBatches(directory)) {
    replay.take(batch);
    if (differences.length >= DIFFERENCES_MAX) break;
  }
  return { commands: replay.commands, events: replay.events, differences };
}

function stateBefore(
  deciding: Deciding,
  capacity: Capacity,
  directory: string,
  sequence: number,
): ShardState {
  const state = new deciding.ShardState(capacity, 1);
  if (sequence === 0) return state;
  for (const batch of logBatches(directory)) {
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      if (sequenceAt(batch, at) >= sequence) return state;
      deciding.evolve(state, batch, at);
    }
  }
  return state;
}

function textOf(record: Uint8Array | undefined): string {
  if (record === undefined) return 'null';
  try {
    return eventJson(decodeEvent(record));
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return JSON.stringify({ unreadable: error.message });
  }
}
