/** Fees and commission of trades that are corrected or busted after the rates have changed. */
import { expect, it } from 'vitest';
import { POSITION } from '../../domain/position.js';
import { desk, idOf, only } from '../risk/spec.js';
import { ROW } from '../state/position-table.js';

it.each([
  ['busted', 0, 0],
  ['corrected to 10 lots', 10, 70],
  ['corrected to 4 lots', 4, 28],
])('a trade of 10 lots at 5 a lot, at 7 by now, %s', (_, quantity, fees) => {
  const spec = desk();
  const account = { account: 1, name: 'A1', groupName: 'G', currency: 'USD', open: 1 };
  const pays = (commissionPerLot: number) =>
    spec.when('OpenAccount', { ...account, commissionPerLot });
  const total = () => spec.state.positions.rows[ROW + POSITION.fees];
  pays(5);
  const orderId = idOf(spec.order({ quantity: 10 }));
  const { execId } = only(spec.fill(orderId, 10), 'OrderFilled').data;
  expect(total()).toBe(50);
  pays(7);
  const report = quantity === 0 ? 'TradeBusted' : 'TradeCorrected';
  const trade = { orderId, lastQuantity: quantity, lastPrice: quantity === 0 ? 0 : 10_000 };
  spec.when('VenueReport', { report, execId: 'y', execRefId: execId, ...trade });
  expect(total()).toBe(fees);
  // The next one names the last, and gives back what that cost.
  pays(9);
  if (quantity > 0) {
    spec.restart();
    spec.when('VenueReport', { report: 'TradeBusted', execId: 'z', execRefId: 'y', orderId });
    expect(total()).toBe(0);
  }
  const { live, replayed } = spec.hashes();
  expect(replayed).toBe(live);
});
