/**
 * Which events of the log are messages of the drop copy, and their numbers: the place among them since
 * the trading day was opened, from 1. So the stream follows from the log alone, as that of an OUCH
 * session does, and a restart changes nothing. A message is the event's record as it is in the journal
 * (docs/events.md).
 */
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, type EventName, eventLayouts } from '../../domain/events.js';
import { StreamIndex } from '../../gateways/order-entry/stream-index.js';

/** What FIX would tell in execution reports and cancel rejects, and the trading day around it. */
const MESSAGES: readonly EventName[] = [
  'OrderAccepted',
  'OrderDenied',
  'OrderAcknowledged',
  'OrderRejected',
  'OrderFilled',
  'OrderTriggered',
  'OrderCanceled',
  'CancelRejected',
  'OrderReplaced',
  'ReplaceRejected',
  'OrderExpired',
  'OrderDoneForDay',
  'OrderRestated',
  'OrderSuspended',
  'OrderStopped',
  'FillCorrected',
  'FillBusted',
  'FillUnmatched',
  'TradingDayOpened',
  'TradingDayClosed',
];

const IS_MESSAGE = new Uint8Array(256);
for (const name of MESSAGES) IS_MESSAGE[EVENT[name]] = 1;

const tradingDayAt = eventLayouts.TradingDayOpened.offsets.tradingDay;

export class DropCopyStream {
  readonly index = new StreamIndex();
  /** Messages so far today: the number of the last one. */
  count = 0;
  /** yyyymmdd, 0 before the first day. */
  tradingDay = 0;

  /** 10 characters: the session of MoldUDP64, another one each trading day. */
  get session(): string {
    return `DROP${String(this.tradingDay % 1_000_000).padStart(6, '0')}`;
  }

  static isMessage(batch: RecordBuffer, at: number): boolean {
    return IS_MESSAGE[batch.bytes[at + HEADER.number]!] === 1;
  }

  static opensDay(batch: RecordBuffer, at: number): boolean {
    return batch.bytes[at + HEADER.number] === EVENT.TradingDayOpened;
  }

  /** Folds an event. @returns the number of its message, 0 when it is none */
  take(batch: RecordBuffer, at: number): number {
    if (!DropCopyStream.isMessage(batch, at)) return 0;
    if (DropCopyStream.opensDay(batch, at)) {
      this.tradingDay = batch.u32[(at + tradingDayAt) >> 2]!;
      this.count = 0;
      this.index.clear();
    }
    this.count += 1;
    this.index.add(this.count, batch.f64[(at + HEADER.sequence) >> 3]!);
    return this.count;
  }
}
