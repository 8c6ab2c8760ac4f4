/** Times as the Consolidated Audit Trail takes them: of New York, with nanoseconds. */
const HOUR_MS = 3_600_000;

const parts = new Intl.DateTimeFormat('en-US', {
  ...{ timeZone: 'America/New_York', hourCycle: 'h23', year: 'numeric', month: '2-digit' },
  ...{ day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' },
});

/** Clocks there change on a full hour of UTC: one hour has one offset. */
let known = { hour: Number.NaN, offsetMs: 0 };

function offsetMs(ms: number): number {
  const hour = Math.floor(ms / HOUR_MS);
  if (hour === known.hour) return known.offsetMs;
  const of = (wanted: Intl.DateTimeFormatPartTypes): number =>
    Number(parts.formatToParts(hour * HOUR_MS).find(({ type }) => type === wanted)?.value);
  const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'));
  known = { hour, offsetMs: wall - hour * HOUR_MS };
  return known.offsetMs;
}

/** `20261122T095006.123456789`. @param ns since 1970, UTC */
export function easternTime(ns: bigint): string {
  const ms = Number(ns / 1_000_000n);
  const wall = new Date(ms + offsetMs(ms)).toISOString();
  const fraction = String(ns % 1_000_000_000n).padStart(9, '0');
  return `${wall.slice(0, 19).replaceAll(/[-:]/g, '')}.${fraction}`;
}

/** `20261122`. @param ns since 1970, UTC */
export const easternDate = (ns: bigint): string => easternTime(ns).slice(0, 8);
