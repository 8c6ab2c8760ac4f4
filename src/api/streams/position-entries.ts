/** The topics of positions and of profit and loss: what a fill or a mark has changed, after it. */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { amountParts, POSITION, SUSPENSE, unrealizedParts } from '../../domain/position.js';
import { formatIsoNs, nsFromWords } from '../../lib/time.js';
import { priceText, quantityText } from '../application/order-texts.js';
import { microsText } from '../application/terms.js';
import type { PnlView, PositionView } from '../application/views.js';
import { averagePriceText, moneyText } from './amounts.js';
import { type Entry, entry } from './entry.js';
import type { BookedPosition } from './position-book.js';
import type { StreamState } from './stream-state.js';

export const POSITION_EVENTS: readonly number[] = [
  EVENT.OrderFilled,
  EVENT.FillCorrected,
  EVENT.FillBusted,
  EVENT.FillUnmatched,
];
export const PNL_EVENTS: readonly number[] = [...POSITION_EVENTS, EVENT.PriceMarked];

export type PositionChange = Optional<PositionView> & { readonly time: string };
export type PnlChange = Optional<PnlView> & { readonly time: string };

/** Absent instead of null. */
type Optional<T> = { readonly [K in keyof T]: null extends T[K] ? string | undefined : T[K] };

const marked = eventLayouts.PriceMarked.offsets;

/** @param changed the position that the record changed */
export function positionEntries(
  state: StreamState,
  batch: RecordBuffer,
  at: number,
  changed: BookedPosition | undefined,
): Entry[] {
  if (changed === undefined) return [];
  const { sequence, time } = stampOf(batch, at);
  const instrument = state.terms.instrument(changed.instrument, sequence);
  if (instrument === undefined) return [];
  const { row } = changed;
  const lots = row[POSITION.quantity] as number;
  const owner = ownerOf(state, changed, sequence);
  const view: PositionChange = {
    sequence,
    time,
    account: owner.text,
    instrument: instrument.symbol,
    quantity: quantityText(lots, instrument),
    averagePrice: averagePriceText(amountParts(row, POSITION.cost), lots, instrument.tick),
    currency: instrument.currency,
  };
  return [entry(view, { account: owner.account, instrument: instrument.symbol })];
}

/** Of the position that a fill changed, or of all that a mark values anew. */
export function pnlEntries(
  state: StreamState,
  batch: RecordBuffer,
  at: number,
  changed: BookedPosition | undefined,
): Entry[] {
  if (batch.bytes[at + HEADER.number] !== EVENT.PriceMarked) {
    return changed === undefined ? [] : pnlOf(state, batch, at, changed);
  }
  const instrument = batch.u32[(at + marked.instrument) >> 2] as number;
  const entries: Entry[] = [];
  for (const position of state.book.ofInstrument(instrument)) {
    // A flat position is worth nothing at any mark.
    if (position.row[POSITION.quantity] === 0) continue;
    entries.push(...pnlOf(state, batch, at, position));
  }
  return entries;
}

function pnlOf(
  state: StreamState,
  batch: RecordBuffer,
  at: number,
  position: BookedPosition,
): Entry[] {
  const { sequence, time } = stampOf(batch, at);
  const instrument = state.terms.instrument(position.instrument, sequence);
  if (instrument === undefined) return [];
  const { row } = position;
  const mark = state.book.mark(position.instrument);
  const owner = ownerOf(state, position, sequence);
  const flat = row[POSITION.quantity] === 0;
  const view: PnlChange = {
    sequence,
    time,
    account: owner.text,
    instrument: instrument.symbol,
    realizedPnl: moneyText(amountParts(row, POSITION.realized), instrument),
    unrealizedPnl:
      mark !== undefined
        ? moneyText(unrealizedParts(row, 0, mark), instrument)
        : flat
          ? '0'
          : undefined,
    fees: microsText(row[POSITION.fees] as number),
    mark: mark === undefined ? undefined : priceText(mark, instrument),
    currency: instrument.currency,
  };
  return [entry(view, { account: owner.account, instrument: instrument.symbol })];
}

/** The account that a position is shown under, and who may see it. */
function ownerOf(
  { terms }: StreamState,
  { account }: BookedPosition,
  sequence: number,
): { account: string; text: string } {
  const suspense = account >= SUSPENSE;
  const index = suspense ? account - SUSPENSE : account;
  const name = terms.account(index, sequence)?.name ?? '';
  if (!suspense) return { account: name, text: name };
  return { account: name, text: name === '' ? 'suspense' : `suspense of ${name}` };
}

export function stampOf({ f64, u32, i32 }: RecordBuffer, at: number) {
  const time = (at + HEADER.time) >> 2;
  return {
    sequence: f64[(at + HEADER.sequence) >> 3] as number,
    time: formatIsoNs(nsFromWords(u32[time] as number, i32[time + 1] as number)),
  };
}
