import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from '../stored-event.js';
import { DEFAULT_FILTER_WINDOW, FILTER_MEMORY_NAMES } from './limits.js';
import { namePattern } from './name-pattern.js';
import { invalidArgument } from './rpc-error.js';

type FilterOptions = streams.ReadReq.Options.FilterOptions;
type Expression = streams.ReadReq.Options.FilterOptions.Expression;

/** A filter on `$all`: which events pass, and after how many considered ones a checkpoint is due. */
export interface EventFilter {
  readonly passes: (event: StoredEvent) => boolean;
  readonly checkpointInterval: number;
}

/** Housekeeping of the store that readers of `$all` never see, with a filter or without. */
const HIDDEN_STREAM = /^\$persistentsubscription-\$all::.*-(checkpoint|parked)$/;

export function isHidden(event: StoredEvent): boolean {
  if (!event.stream.startsWith('$')) return false;
  return event.stream === '$epoch-information' || HIDDEN_STREAM.test(event.stream);
}

/** @throws RpcError INVALID_ARGUMENT for a filter that says nothing, or says it wrongly. */
export function eventFilter(options: FilterOptions): EventFilter {
  const multiplier = options.getCheckpointintervalmultiplier();
  if (multiplier < 1) throw invalidArgument('The checkpoint interval multiplier is at least 1.');
  if (!options.hasMax() && !options.hasCount()) throw invalidArgument('A filter has a window.');
  const window = options.hasMax() ? options.getMax() : DEFAULT_FILTER_WINDOW;
  if (window < 1) throw invalidArgument('The filter window is at least 1.');
  const checkpointInterval = multiplier * window;
  const onType = options.getEventType();
  if (onType !== undefined) {
    const passes = remembered(expression(onType));
    return { passes: (event) => passes(event.type), checkpointInterval };
  }
  const onStream = options.getStreamIdentifier();
  if (onStream !== undefined) {
    const passes = remembered(expression(onStream));
    return { passes: (event) => passes(event.stream), checkpointInterval };
  }
  throw invalidArgument('A filter names an event type or a stream.');
}

function expression(source: Expression): (name: string) => boolean {
  const regex = source.getRegex();
  if (regex.length === 0) {
    const prefixes = source.getPrefixList();
    return (name) => prefixes.some((prefix) => name.startsWith(prefix));
  }
  return namePattern(regex);
}

/** Types and streams repeat; a client's expression is run once per name, not once per event. */
function remembered(test: (name: string) => boolean): (name: string) => boolean {
  const verdicts = new Map<string, boolean>();
  return (name) => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    if (verdicts.size >= FILTER_MEMORY_NAMES) verdicts.clear();
    const verdict = test(name);
    verdicts.set(name, verdict);
    return verdict;
  };
}
