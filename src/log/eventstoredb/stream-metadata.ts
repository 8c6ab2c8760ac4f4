/**
 * Settings of a stream, read from the JSON of the last `$metadata` event of `$$stream`.
 * Keys the server does not know are the client's own and stay untouched in the JSON.
 */
export interface StreamMetadata {
  /** Only the newest `maxCount` events are visible. */
  readonly maxCount?: number;
  /** Events older than this are invisible, seconds; the age is taken when reading. */
  readonly maxAgeSeconds?: number;
  /** Events below this revision are invisible. */
  readonly truncateBefore?: number;
}

/** `$tb` of a soft-deleted stream: int64 max. As a double it reads back a little above it. */
const DELETED_TRUNCATE_BEFORE = Number.MAX_SAFE_INTEGER;

/** JSON of a soft delete; it replaces whatever the metadata held, custom keys and ACL included. */
export const SOFT_DELETE_JSON = '{"$tb":9223372036854775807}';

/** Metadata streams keep one event only: settings are what was said last. */
export const METASTREAM_METADATA: StreamMetadata = { maxCount: 1 };

function parseObject(data: Uint8Array): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString('utf8'));
  } catch {
    // Anyone may write any bytes to a metadata stream; what is no JSON object sets nothing.
    return undefined;
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

export function parseStreamMetadata(data: Uint8Array): StreamMetadata {
  const object = parseObject(data);
  if (object === undefined) return {};
  const maxCount = count(object.$maxCount);
  const maxAgeSeconds = count(object.$maxAge);
  const truncateBefore = count(object.$tb);
  return {
    ...(maxCount !== undefined && maxCount > 0 && { maxCount }),
    ...(maxAgeSeconds !== undefined && maxAgeSeconds > 0 && { maxAgeSeconds }),
    ...(truncateBefore !== undefined && { truncateBefore }),
  };
}

export function isSoftDeleted(metadata: StreamMetadata): boolean {
  return (metadata.truncateBefore ?? 0) >= DELETED_TRUNCATE_BEFORE;
}

/**
 * The metadata JSON of a stream that is written to again after a soft delete: the same keys, with
 * `$tb` at the first revision that lives. Undefined when the bytes are no JSON object.
 */
export function undeletedJson(data: Uint8Array, firstRevision: number): Uint8Array | undefined {
  const object = parseObject(data);
  if (object === undefined) return undefined;
  return Buffer.from(JSON.stringify({ ...object, $tb: firstRevision }), 'utf8');
}

/**
 * Lowest revision `$maxCount` and `$tb` leave visible in a stream whose head is `last`.
 *
 *     first = max(0, last - maxCount + 1, truncateBefore)
 */
export function firstVisibleRevision(metadata: StreamMetadata, last: number): number {
  const byCount = metadata.maxCount === undefined ? 0 : last - metadata.maxCount + 1;
  return Math.max(0, byCount, metadata.truncateBefore ?? 0);
}
