import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { IdForm } from '../read-message.js';
import { safeNumber } from '../stored-event.js';
import type { Direction } from '../stream-source.js';
import { type EventFilter, eventFilter } from './event-filter.js';
import { invalidArgument } from './rpc-error.js';

type Options = streams.ReadReq.Options;

/** Where to begin: a revision or a position, or an end of the stream. */
export type ReadFrom = number | 'start' | 'end';

/** A `ReadReq` that makes sense. */
export interface ReadPlan {
  /** Name of the stream, or undefined for `$all`. */
  readonly stream: string | undefined;
  readonly from: ReadFrom;
  readonly direction: Direction;
  /** Events wanted, or undefined for a subscription, which has no end. */
  readonly count: number | undefined;
  readonly filter: EventFilter | undefined;
  readonly resolveLinks: boolean;
  readonly ids: IdForm;
}

/** @throws RpcError INVALID_ARGUMENT for a combination the protocol does not know. */
export function readPlan(request: streams.ReadReq): ReadPlan {
  const options = request.getOptions();
  if (options === undefined) throw invalidArgument('A read has options.');
  if (!options.hasUuidOption()) throw invalidArgument('A read says how it wants its ids.');
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  if (!options.hasSubscription() && !options.hasCount()) {
    throw invalidArgument('A read has a count or is a subscription.');
  }
  if (options.hasSubscription() && backwards) {
    throw invalidArgument('A subscription runs forwards.');
  }
  const stream = streamOf(options);
  const filterOptions = options.getFilter();
  if (stream !== undefined && filterOptions !== undefined) {
    throw invalidArgument('Only $all can be filtered.');
  }
  return {
    stream,
    from: stream === undefined ? fromPosition(options) : fromRevision(options),
    direction: backwards ? 'backwards' : 'forwards',
    count: options.hasSubscription() ? undefined : safeNumber(options.getCount()),
    filter: filterOptions === undefined ? undefined : eventFilter(filterOptions),
    resolveLinks: options.getResolveLinks(),
    ids: options.getUuidOption()?.hasString() ? 'text' : 'halves',
  };
}

function streamOf(options: Options): string | undefined {
  if (options.hasAll()) return undefined;
  const name = options.getStream()?.getStreamIdentifier()?.getStreamName_asU8();
  if (name === undefined || name.length === 0)
    throw invalidArgument('A read names a stream or $all.');
  return Buffer.from(name).toString('utf8');
}

function fromRevision(options: Options): ReadFrom {
  const stream = options.getStream();
  if (stream?.hasRevision()) return safeNumber(stream.getRevision());
  return stream?.hasEnd() ? 'end' : 'start';
}

function fromPosition(options: Options): ReadFrom {
  const all = options.getAll();
  const position = all?.getPosition();
  if (position === undefined) return all?.hasEnd() ? 'end' : 'start';
  const commit = safeNumber(position.getCommitPosition());
  if (safeNumber(position.getPreparePosition()) > commit) throw invalidPosition();
  return commit;
}

export function invalidPosition(): Error {
  return invalidArgument('Trying to read from an invalid position.');
}
