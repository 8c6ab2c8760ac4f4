/**
 * Sample reference data for a first look, entered into an empty log through the same use cases as a
 * client's, so that it is on record like everything else.
 */
import { openAccount } from '../api/application/accounts.js';
import { type Application, LOCAL_CALLER } from '../api/application/application.js';
import { listInstrument } from '../api/application/instruments.js';
import { changeLimit } from '../api/application/limits.js';
import { markPrice } from '../api/application/marks.js';

const instruments = [
  { symbol: 'ESH4', tickSize: '0.25', multiplier: '50', currency: 'USD', mark: '4799.25' },
  { symbol: 'NQH4', tickSize: '0.25', multiplier: '20', currency: 'USD', mark: '16950.5' },
  { symbol: 'AAPL', tickSize: '0.01', multiplier: '1', currency: 'USD', mark: '193.6' },
  { symbol: 'EURUSD', tickSize: '0.00005', multiplier: '125000', currency: 'USD', mark: '1.1045' },
] as const;

const accounts = ['alpha', 'beta', 'gamma'] as const;
const group = 'samples';

const limits = [
  { limit: 'MaxOrderQuantity', value: '500' },
  { limit: 'MaxOrderNotional', value: '250000000' },
  { limit: 'PriceCollar', value: '500' },
  { limit: 'MaxPosition', value: '2000' },
] as const;

/** Enters the samples. */
export async function enterSamples(app: Application): Promise<void> {
  for (const { symbol, mark, ...terms } of instruments) {
    await listInstrument(app, LOCAL_CALLER, symbol, { ...terms, lotSize: '1' });
    await markPrice(app, LOCAL_CALLER, symbol, mark);
  }
  for (const name of accounts) {
    await openAccount(app, LOCAL_CALLER, name, { currency: 'USD', group });
  }
  for (const { limit, value } of limits) {
    await changeLimit(app, LOCAL_CALLER, { limit, scope: 'Group', name: group, value });
  }
}
