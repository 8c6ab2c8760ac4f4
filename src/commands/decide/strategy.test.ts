import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventLayouts } from '../../domain/events.js';
import { desk, idOf, only, type Spec } from '../risk/spec.js';

let spec: Spec;
beforeEach(() => {
  spec = desk();
});
afterEach(() => {
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});

it('the strategy of an order is on its executions, corrections and busts', () => {
  const orderId = idOf(spec.order({ strategy: 4_000_000_000, quantity: 9 }));
  const filled = only(spec.fill(orderId, 2), 'OrderFilled');
  expect(filled.data.strategy).toBe(4_000_000_000);
  const { execId } = filled.data;
  const corrected = spec.when('VenueReport', {
    ...{ report: 'TradeCorrected', execId: 'C1', execRefId: execId, orderId },
    ...{ lastQuantity: 3, lastPrice: 10_000, venue: 1 },
  });
  expect(only(corrected, 'FillCorrected').data.strategy).toBe(4_000_000_000);
  const busted = spec.when('VenueReport', {
    ...{ report: 'TradeBusted', execId: 'B1', execRefId: 'C1', orderId, venue: 1 },
  });
  expect(only(busted, 'FillBusted').data.strategy).toBe(4_000_000_000);
});

it('an order without one leaves nothing of the order that had its row before', () => {
  const tagged = idOf(spec.order({ strategy: 7 }));
  expect(only(spec.fill(tagged, 1), 'OrderFilled').data.strategy).toBe(7);
  const plain = idOf(spec.order({}));
  expect(only(spec.fill(plain, 1), 'OrderFilled').data.strategy).toBe(0);
});

it('records of executions without a strategy are no longer than before there were any', () => {
  for (const name of ['OrderFilled', 'FillCorrected', 'FillBusted'] as const) {
    const { bytes, bytesMin, offsets } = eventLayouts[name];
    expect(bytes - bytesMin).toBe(8);
    expect(offsets.strategy).toBe(bytesMin);
  }
});
