/**
 * Evolve: state and event to state. The one way in which the state of a shard changes, live, at
 * start, in replay and in a snapshot's reader.
 */
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, type RecordBuffer } from '../../domain/event-record.js';
import { EVENT, eventLayouts } from '../../domain/events.js';
import { assert } from '../../lib/assert.js';
import { REQUEST_KIND } from '../state/client-ids.js';
import { ORDER_FLAG } from '../state/order-table.js';
import type { ShardState } from '../state/shard-state.js';
import { rateMarked } from './base-currencies.js';
import { noteTime } from './event-time.js';
import { revalueInstrument } from './exposure.js';
import { fillCorrected, fillUnmatched, orderFilled } from './fill-events.js';
import { watchMark } from './held-orders.js';
import * as order from './order-events.js';
import { evolveReference } from './reference-events.js';

const marked = eventLayouts.PriceMarked.offsets;

/**
 * Applies the record at `at`, which must be the next in sequence.
 * @param idHash `clientIds.hash` of the client order id that the event brings, where who decided it has
 *   it at hand; 0 not: then it is computed
 */
export function evolve(state: ShardState, b: RecordBuffer, at: number, idHash = 0): void {
  assert(
    b.f64[(at + HEADER.sequence) >> 3] === state.nextSequence,
    'an event is not the next in sequence',
  );
  state.nextSequence += 1;
  switch (b.bytes[at + HEADER.number]) {
    case EVENT.RiskDecided:
      return;
    case EVENT.OrderAccepted:
      return order.orderAccepted(state, b, at, idHash);
    case EVENT.OrderRouted:
      return order.orderRouted(state, b, at);
    case EVENT.OrderAcknowledged:
      return order.orderAcknowledged(state, b, at);
    case EVENT.OrderFilled:
      return orderFilled(state, b, at);
    case EVENT.CancelRequested:
      return order.cancelRequested(state, b, at, idHash);
    case EVENT.OrderCanceled:
      return order.orderCanceled(state, b, at);
    case EVENT.ReplaceRequested:
      return order.replaceRequested(state, b, at);
    case EVENT.OrderReplaced:
      return order.orderReplaced(state, b, at);
    case EVENT.PriceMarked:
      return priceMarked(state, b, at);
    case EVENT.OrderDenied:
      return order.orderDenied(state, b, at);
    default:
      return evolveRare(state, b, at);
  }
}

function evolveRare(state: ShardState, b: RecordBuffer, at: number): void {
  switch (b.bytes[at + HEADER.number]) {
    case EVENT.CancelRejected:
      return order.requestWasRejected(state, b, at, REQUEST_KIND.Cancel);
    case EVENT.ReplaceRejected:
      return order.requestWasRejected(state, b, at, REQUEST_KIND.Replace);
    case EVENT.CancelPending:
    case EVENT.ReplacePending:
      return order.requestPending(state, b, at);
    case EVENT.OrderRestated:
      return order.orderRestated(state, b, at);
    case EVENT.OrderTriggered:
      return order.orderTriggered(state, b, at);
    case EVENT.OrderRejected:
      return order.orderFlagged(state, b, at, ORDER_FLAG.Rejected);
    case EVENT.OrderExpired:
      return order.orderFlagged(state, b, at, ORDER_FLAG.Expired);
    case EVENT.OrderDoneForDay:
      return order.orderFlagged(state, b, at, ORDER_FLAG.DoneForDay);
    case EVENT.OrderCalculated:
      return order.orderFlagged(state, b, at, ORDER_FLAG.Calculated);
    case EVENT.OrderSuspended:
      return order.orderFlagged(state, b, at, ORDER_FLAG.Suspended);
    case EVENT.OrderStopped:
      return order.orderFlagged(state, b, at, ORDER_FLAG.Stopped);
    case EVENT.FillCorrected:
    case EVENT.FillBusted:
      return fillCorrected(state, b, at);
    case EVENT.FillUnmatched:
      return fillUnmatched(state, b, at);
    default:
      return evolveReference(state, decodeEvent(b.bytes, at));
  }
}

/** The mark and its time, which is rounded down to a millisecond: limits on its age are in ms. */
function priceMarked(state: ShardState, b: RecordBuffer, at: number): void {
  const { instruments } = state;
  const instrument = b.u32[(at + marked.instrument) >> 2] as number;
  const price = b.f64[(at + marked.price) >> 3] as number;
  const { now } = state.scopes;
  noteTime(now, b, at);
  instruments.mark[instrument] = price;
  instruments.hasMark[instrument] = 1;
  instruments.markTime[instrument] = now[0] as number;
  if (instruments.breaker[instrument] !== 0) {
    const { highs, lows, breakerWindow } = instruments;
    highs.raise(instrument, now, breakerWindow, instrument, price);
    lows.raise(instrument, now, breakerWindow, instrument, -price);
  }
  revalueInstrument(state, instrument);
  if (instruments.pair[instrument] === 1) rateMarked(state, instrument);
  watchMark(state, instrument);
}
