import type { HypertablePlan } from './timescale.js';

type FactTable = Omit<HypertablePlan, 'table'>;

/** A day is never written again after a month, also not by a rebuild: that fills fresh tables. */
const COMPRESS_AFTER = '30 days';

/** What happened: kept for good. */
const evidence: FactTable = {
  chunk: '1 day',
  segmentBy: 'shard, account',
  compressAfter: COMPRESS_AFTER,
};

/**
 * Minute by minute, which can be had again from the log: dropped after seven years, longer than books
 * and records must be kept (17 CFR 240.17a-4: six). Hours and days of them are aggregates, and stay.
 */
const minutes = (segmentBy: string): FactTable => ({
  chunk: '7 days',
  segmentBy,
  compressAfter: COMPRESS_AFTER,
  dropAfter: '2557 days',
});

const FACT_TABLES: Readonly<Record<string, FactTable>> = {
  order_events: evidence,
  fills: evidence,
  risk_decisions: evidence,
  position_changes: evidence,
  position_days: { ...evidence, chunk: '30 days' },
  position_minutes: minutes('shard, account'),
  pnl_minutes: minutes('shard, scope, scope_id'),
  pnl_days: { chunk: '30 days', segmentBy: 'shard, scope', compressAfter: COMPRESS_AFTER },
};

/** The append-only tables, and how they are partitioned and kept where the server can. */
export function factPlans(
  schema: string,
  wanted: (table: string) => boolean = () => true,
): readonly HypertablePlan[] {
  return Object.entries(FACT_TABLES)
    .filter(([table]) => wanted(table))
    .map(([table, plan]) => ({ table: `${schema}.${table}`, ...plan }));
}
