/** Open and close the trading day, and say which one it is. */
import { assert } from '../../lib/assert.js';
import { authorize } from '../identity/authorize.js';
import { type Application, type Caller, performUntil } from './application.js';
import { throwIfRefused } from './command-refusals.js';
import { invalidField } from './errors.js';
import type { TradingDayView } from './views.js';

/** @param day "2026-11-22" @throws ApplicationError PERMISSION_DENIED, DAY_INVALID, `perform` */
export function openTradingDay(
  app: Application,
  caller: Caller,
  day: string,
): Promise<TradingDayView> {
  return turn(app, caller, day, 'OpenTradingDay', 'TradingDayOpened');
}

/** Day orders expire. @throws as `openTradingDay` */
export function closeTradingDay(
  app: Application,
  caller: Caller,
  day: string,
): Promise<TradingDayView> {
  return turn(app, caller, day, 'CloseTradingDay', 'TradingDayClosed');
}

/** The day that is open, or the last one; null before the first. */
export function tradingDay(app: Application, caller: Caller): TradingDayView | null {
  authorize(caller.identity, 'tradingDay.read');
  const found = app.reference.tradingDay();
  if (found === undefined) return null;
  return { day: dayText(found.day), open: found.open, sequence: found.sequence };
}

async function turn(
  app: Application,
  caller: Caller,
  day: string,
  command: 'OpenTradingDay' | 'CloseTradingDay',
  until: 'TradingDayOpened' | 'TradingDayClosed',
): Promise<TradingDayView> {
  authorize(caller.identity, 'tradingDay.change');
  const { events } = await performUntil(
    app,
    caller,
    command,
    { tradingDay: dayNumber(day) },
    until,
  );
  throwIfRefused(events);
  const event = events.find(({ type }) => type === until);
  assert(event !== undefined, 'a day is opened, closed or refused');
  return { day, open: until === 'TradingDayOpened', sequence: event.sequence };
}

/** yyyymmdd, as events have it. @throws ApplicationError REQUEST_INVALID */
export function dayNumber(day: string): number {
  const date = new Date(`${day}T00:00:00Z`);
  const real = /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(date.getTime());
  if (!real || date.toISOString().slice(0, 10) !== day) throw invalidField('day', 'no such day');
  return Number(day.replaceAll('-', ''));
}

export function dayText(day: number): string {
  const text = String(day).padStart(8, '0');
  return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
}
