/** Who counts what: a stream counts revisions 0, 1, 2 …; the log counts positions, which only grow. */
export interface StoredEvent {
  /** Name of the stream the event was written to. */
  readonly stream: string;
  /** Place in its stream, from 0; {@link TOMBSTONE_REVISION} for a tombstone. */
  readonly revision: number;
  /** Place in `$all`. Commit and prepare position are the same, as for every write over gRPC. */
  readonly position: number;
  /** UUID in its 36-character lower-case text form. */
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  /** Time of the write, 100 ns units since the Unix epoch (the unit `created` has on the wire). */
  readonly createdTicks: bigint;
  readonly customMetadata: Uint8Array;
  readonly data: Uint8Array;
}

/** An event as a client proposes it; the log adds revision, position and time. */
export type ProposedEvent = Pick<
  StoredEvent,
  'id' | 'type' | 'contentType' | 'customMetadata' | 'data'
>;

/**
 * Revision of a tombstone. On the wire it is int64 max, which no double holds; inside we use the
 * largest safe integer, and {@link revisionText} writes it out in full.
 */
export const TOMBSTONE_REVISION = Number.MAX_SAFE_INTEGER;
const TOMBSTONE_REVISION_TEXT = '9223372036854775807';

/** Decimal text of a revision as the protocol writes it. */
export function revisionText(revision: number): string {
  return revision === TOMBSTONE_REVISION ? TOMBSTONE_REVISION_TEXT : String(revision);
}

/** A revision or position off the wire; anything a double cannot hold is clamped to the largest. */
export function safeNumber(decimal: string): number {
  return Math.min(Number(decimal), Number.MAX_SAFE_INTEGER);
}

/** Bytes the server counts for one event against the append limit. */
export function sizeInLog(event: {
  readonly type: string;
  readonly data: Uint8Array;
  readonly customMetadata: Uint8Array;
}): number {
  return event.data.length + event.customMetadata.length + 2 * event.type.length;
}

export const SYSTEM_TYPE = {
  metadata: '$metadata',
  tombstone: '$streamDeleted',
  link: '$>',
} as const;

export function isMetastream(stream: string): boolean {
  return stream.startsWith('$$');
}

export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

export function originalStreamOf(metastream: string): string {
  return metastream.slice(2);
}
