/** A state to evolve a log into. */
import type { Capacity } from '../commands/state/capacity.js';
import { ShardState } from '../commands/state/shard-state.js';
import { nativeAddon } from '../lib/native-addon.js';
import { useHugePages } from './huge-pages.js';

/**
 * An empty state, its tables on large pages where the addon is there: a replay touches all of them
 * once, and a third of its time went into faults of small pages (`npm run bench -- recovery`).
 */
export function newState(capacity: Capacity, seed: number): ShardState {
  const state = new ShardState(capacity, seed);
  const addon = nativeAddon();
  if (addon !== undefined) useHugePages(addon, [state], false);
  return state;
}
