import { describe, expect, it } from 'vitest';
import { CommandPort } from '../../commands/command-port.js';
import { decodeCommand } from '../../domain/command-codec.js';
import { COMMAND_SLOT_BYTES } from '../../domain/commands.js';
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import { Doorbell } from '../../lib/doorbell.js';
import { SpscRing } from '../../lib/ring.js';
import { LEG } from './execution-id.js';
import { VenueOrders } from './venue-orders.js';
import { VenueCutOffError, VenueReports } from './venue-reports.js';

const SLOTS = 4;

/** Reports into a ring of four; `onFull` is asked each time the ring is full. */
function reportsInto(ring: SpscRing, onFull: () => boolean): VenueReports {
  const orders = new VenueOrders();
  orders.orderId[7] = 7;
  orders.account[7] = 2;
  orders.instrument[7] = 3;
  return new VenueReports(new CommandPort(ring, Doorbell.create(), 5), orders, 9, onFull);
}

const newRing = () => SpscRing.create({ slots: SLOTS, slotBytes: COMMAND_SLOT_BYTES });

describe('reports of the venue', () => {
  it('wait while the ring is full, and none is dropped', () => {
    const ring = newRing();
    const seen: string[] = [];
    const drainOne = () => {
      expect(ring.available()).toBeGreaterThan(0);
      seen.push(decodeCommand('VenueReport', ring.u8, ring.at(0)).execId);
      ring.release(1);
      return false;
    };
    const reports = reportsInto(ring, drainOne);
    for (let match = 1; match <= SLOTS + 3; match += 1) {
      reports.filled(7, LEG.Maker, 1, 100, 50, match);
    }
    expect(reports.waits).toBe(3);
    while (ring.available() > 0) drainOne();
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map((match) => `50-${match}M`));
  });

  it('at the last slot do not wait; beyond it, with the writer gone, they give up', () => {
    const ring = newRing();
    const reports = reportsInto(ring, () => true);
    for (let i = 0; i < SLOTS; i += 1) reports.acknowledged(7);
    expect(reports.waits).toBe(0);
    expect(() => reports.acknowledged(7)).toThrow(VenueCutOffError);
    expect(ring.available()).toBe(SLOTS);
  });

  it('say who, what and since when; a slot used again holds nothing of its last use', () => {
    const ring = newRing();
    const reports = reportsInto(ring, () => true);
    const event = new RecordBuffer(64);
    new DataView(event.bytes.buffer).setBigInt64(HEADER.time, 1_700_000_000_123_456_789n, true);
    reports.answer(event, 0);
    for (let i = 0; i < SLOTS; i += 1) {
      reports.filled(7, LEG.Taker, 2, 100, 50, 1);
      ring.available();
      ring.release(1);
    }
    reports.expired(7);
    expect(ring.available()).toBe(1);
    const at = ring.at(0);
    expect(decodeCommand('VenueReport', ring.u8, at)).toMatchObject({
      ...{ orderId: 7, account: 2, instrument: 3, venue: 9, report: 'Expired' },
      ...{ execId: '', lastQuantity: 0, liquidity: 'Unknown', clOrdId: '', reason: 0 },
    });
    const view = new DataView(ring.shared);
    expect(view.getBigInt64(at + HEADER.received, true)).toBe(1_700_000_000_123_456_789n);
    expect(view.getFloat64(at + HEADER.command, true)).toBe(5 * 2 ** 32 + SLOTS + 1);
  });
});
