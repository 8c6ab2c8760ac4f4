/** Values of limits in reports: decimals in the instrument's units and the scope's base currency. */
import { expect, it } from 'vitest';
import { killSwitch, limitChanges } from '../../src/audit/reports/control-events.js';
import type { Report, Row } from '../../src/audit/reports/report.js';
import { riskRefusals } from '../../src/audit/reports/risk-refusals.js';
import { lengthAt } from '../../src/commands/replay/event-groups.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { AnyFlow } from '../replay/any-flow.js';

function rowsOf(report: Report, flow: AnyFlow): Row[] {
  const rows: Row[] = [];
  const run = report.open({ state: flow.state, emit: (row) => rows.push(row) });
  const about: readonly string[] = report.events;
  for (const batch of flow.batches) {
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      const event = decodeEvent(batch.bytes, at);
      if (about.includes(event.type)) run.take(event);
    }
  }
  run.end?.();
  return rows;
}

const pick = (row: Row, ...names: string[]) => names.map((name) => row[name]);

function flowOf(): { flow: AnyFlow; fine: number; set: (terms: object, value: number) => void } {
  const flow = new AnyFlow(5).begin();
  const fine = flow.state.instruments.count;
  const lots = { lotMantissa: 25, lotScale: 3, tickMantissa: 1, tickScale: 2 };
  const terms = { currency: 'EUR', open: 1, venue: 1, multiplierMantissa: 1, ...lots };
  flow.send('ListInstrument', { symbol: 'FINE', ...terms });
  flow.send('MarkPrice', { instrument: fine, price: 1000 });
  const set = (terms: object, value: number) =>
    flow.send('ChangeLimit', { scope: 'Account', scopeId: 1, instrument: 0, ...terms, value });
  return { flow, fine, set };
}

it('are money, quantities or whole numbers, and empty where a limit is none', () => {
  const { flow, fine, set } = flowOf();
  const before = rowsOf(limitChanges, flow).length;
  const quantity = { limit: LIMIT.MaxOrderQuantity, instrument: fine };
  set(quantity, 500);
  set(quantity, 3);
  set(quantity, -1);
  set({ limit: LIMIT.MaxPosition }, 700);
  set({ limit: LIMIT.MaxGrossExposure, scope: 'Firm', scopeId: 0 }, 1_500_000_250_000);
  set({ limit: LIMIT.PriceCollar }, 500);
  const rows = rowsOf(limitChanges, flow).slice(before);
  expect(rows.map((row) => pick(row, 'limit', 'unit', 'previous', 'value', 'currency'))).toEqual([
    ['MaxOrderQuantity', 'quantity', null, '12.5', null],
    ['MaxOrderQuantity', 'quantity', '12.5', '0.075', null],
    ['MaxOrderQuantity', 'quantity', '0.075', null, null],
    ['MaxPosition', 'lots', null, '700', null],
    ['MaxGrossExposure', 'money', null, '1500000.25', 'EUR'],
    ['PriceCollar', 'basis points', null, '500', null],
  ]);
});

it('of a refusal are those of the instrument that was refused', () => {
  const { flow, fine, set } = flowOf();
  set({ limit: LIMIT.MaxOrderQuantity, instrument: fine }, 3);
  const order = { account: 1, instrument: fine, side: 'Buy', quantity: 7, price: 1000 } as const;
  flow.send('NewOrder', { ...order, ordType: 'Limit', timeInForce: 'Day', clOrdId: 'MUCH' });
  const [row] = rowsOf(riskRefusals, flow);
  const told = ['check', 'unit', 'largest_value', 'limit_then', 'largest_instrument'];
  expect(pick(row!, ...told)).toEqual(['MaxQuantity', 'quantity', '0.175', '0.075', 'FINE']);
});

it('of a circuit breaker are in its unit, money with the currency', () => {
  const { flow, set } = flowOf();
  set({ limit: LIMIT.BreakerLoss }, 1_500_000);
  set({ limit: LIMIT.BreakerWindow }, 60_000);
  const order = { account: 1, instrument: 1, side: 'Buy', quantity: 1, price: 1000 } as const;
  const terms = { ordType: 'Limit', timeInForce: 'Day' } as const;
  flow.send('NewOrder', { ...order, ...terms, clOrdId: 'LOSS' });
  const orderId = flow.state.orders.orderId[flow.state.orders.used - 1] as number;
  const fill = { report: 'Filled', orderId, account: 1, instrument: 1, venue: 1 } as const;
  flow.send('VenueReport', { ...fill, side: 'Buy', execId: 'X', lastQuantity: 1, lastPrice: 1000 });
  flow.send('MarkPrice', { instrument: 1, price: 700 });
  flow.send('NewOrder', { ...order, ...terms, clOrdId: 'NEXT' });
  const [row] = rowsOf(killSwitch, flow);
  expect(pick(row!, 'breaker', 'unit', 'limit', 'value', 'currency')).toEqual([
    ...['BreakerLoss', 'money', '1.5', '3', 'EUR'],
  ]);
});
