/** Lengths of the points of a series. Times are UTC. */
export const INTERVALS = ['1m', '5m', '15m', '1h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];

const MINUTES: Readonly<Record<Interval, number>> = {
  '1m': 1,
  '5m': 5,
  '15m': 15,
  '1h': 60,
  '1d': 1440,
};

/** The beginning of the bucket that a minute since 1970 is in, as a minute since 1970. */
export function bucketOfMinute(interval: Interval, minute: number): number {
  const length = MINUTES[interval];
  return Math.floor(minute / length) * length;
}

/** SQL for the beginning of the bucket that the timestamp `column` is in. */
export function bucketSql(interval: Interval, column: string): string {
  const minutes = MINUTES[interval];
  return `date_bin('${minutes} minutes', ${column}, TIMESTAMPTZ '1970-01-01 00:00:00+00')`;
}

const NS_PER_MINUTE = 60_000_000_000n;

export const minuteNs = (minute: number): bigint => BigInt(minute) * NS_PER_MINUTE;

/** SQL for ns since 1970 of a whole timestamp, as an exact bigint. */
export const nsSql = (column: string): string =>
  `(extract(epoch FROM ${column})::bigint * 1000000000)`;
