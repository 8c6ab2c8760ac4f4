/** The fields of an event as people read them: decimals, names, codes in place of whole numbers. */
import { type DaybookEvent, type EventDeclaration, events } from '../domain/events.js';
import { rejectCode } from '../domain/reject-reasons.js';
import { formatDecimal, formatSteps } from '../lib/decimal.js';
import { formatIsoNs } from '../lib/time.js';
import { lotOf, type ReferenceHistory, tickOf } from './reference-history.js';

export type EventValues = Readonly<Record<string, string | number>>;

export const microsText = (micros: number): string =>
  formatDecimal({ digits: BigInt(micros), scale: 6 });

/**
 * What the event says: prices and quantities as decimals of its instrument, money as decimals,
 * accounts and instruments by their names of then, reasons by their codes. Fields that say nothing
 * (spare, empty, zero) are left out.
 */
export function valuesOf(event: DaybookEvent, reference: ReferenceHistory): EventValues {
  const declared = (events[event.type] as EventDeclaration).fields;
  const data = event.data as Readonly<Record<string, string | number | bigint>>;
  const values: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(data)) {
    if (name.startsWith('spare') || value === 0 || value === '' || value === 0n) continue;
    const unit = declared[name]?.unit ?? '';
    values[name] = readValue(name, unit, value, event, reference);
  }
  return values;
}

function readValue(
  name: string,
  unit: string,
  value: string | number | bigint,
  event: DaybookEvent,
  reference: ReferenceHistory,
): string | number {
  if (typeof value === 'bigint') return formatIsoNs(value);
  if (typeof value === 'string') return value;
  const { sequence } = event;
  if (name === 'account') return accountName(reference, value, sequence);
  if (name === 'instrument') return reference.instrument(value, sequence)?.symbol ?? `#${value}`;
  if (name === 'reason') return rejectCode(value) ?? value;
  const { instrument } = event.data as { instrument?: number };
  const terms = instrument === undefined ? undefined : reference.instrument(instrument, sequence);
  if (unit === 'micros') return microsText(value);
  if (terms === undefined) return value;
  if (unit === 'ticks') return formatSteps(value, tickOf(terms));
  if (unit === 'lots') return formatSteps(value, lotOf(terms));
  return value;
}

/** Fills that fit no order are booked to the account's suspense, or to the shard's. */
export function accountName(
  reference: ReferenceHistory,
  account: number,
  sequence: number,
): string {
  return reference.account(account, sequence)?.name ?? `#${account}`;
}
