import type { HypertablePlan } from './timescale.js';

/** The append-only tables, and how they are partitioned where the server can. */
export function factPlans(schema: string): readonly HypertablePlan[] {
  return ['order_events', 'fills', 'risk_decisions'].map((table) => ({
    table: `${schema}.${table}`,
    chunk: '1 day',
    segmentBy: 'shard, account',
    // A day is never written again after a month, also not by a rebuild: that fills fresh tables.
    compressAfter: '30 days',
  }));
}
