/** The topic of market data: the marks on record. */
import type { RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { priceText } from '../application/order-texts.js';
import type { MarkView } from '../application/views.js';
import { type Entry, entry } from './entry.js';
import { stampOf } from './position-entries.js';
import type { StreamState } from './stream-state.js';

export const MARKET_DATA_EVENTS: readonly number[] = [EVENT.PriceMarked];

const AT = eventLayouts.PriceMarked.offsets;

export function marketDataEntries(
  { terms }: StreamState,
  batch: RecordBuffer,
  at: number,
): Entry[] {
  const { sequence, time } = stampOf(batch, at);
  const instrument = terms.instrument(batch.u32[(at + AT.instrument) >> 2] as number, sequence);
  if (instrument === undefined) return [];
  const view: MarkView = {
    sequence,
    time,
    instrument: instrument.symbol,
    price: priceText(batch.f64[(at + AT.price) >> 3] as number, instrument),
    source: batch.u32[(at + AT.source) >> 2] as number,
  };
  return [entry(view, { account: null, instrument: instrument.symbol })];
}
