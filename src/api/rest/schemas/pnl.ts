/** Schemas of positions and P&L as they were, and summed up. */
import { z } from 'zod';
import { INTERVALS, TOTALS_BY } from '../../application/pnl-views.js';
import { instant, strategy } from './cuts.js';
import * as F from './fields.js';

const intervals = 'Length of a point, UTC: as it stood at its end; without a change there is none';
const interval = z.enum(INTERVALS).meta({ description: intervals, examples: ['1h'] });
const from = instant('From this time');
const to = instant('Before this time');

export const positionHistoryQuery = z.strictObject({
  account: F.accountName,
  instrument: F.symbol,
  strategy,
  interval: z
    .enum(['change', ...INTERVALS])
    .meta({ description: `change: after each execution. ${intervals}`, examples: ['change'] })
    .optional(),
  from,
  to,
  after: F.after,
  limit: F.limit,
  minSequence: F.minSequence,
});

const scope = {
  account: F.accountName.optional(),
  group: F.groupName.optional(),
  instrument: F.symbol.optional(),
  strategy,
  limit: F.limit,
  minSequence: F.minSequence,
};

export const pnlHistoryQuery = z.strictObject({
  ...scope,
  interval: interval.optional(),
  from,
  to,
  after: instant('Next page: points after this time'),
});

export const pnlDaysQuery = z.strictObject({
  ...scope,
  from: F.day.meta({ description: 'From this trading day' }).optional(),
  to: F.day.meta({ description: 'To this trading day, included' }).optional(),
  after: F.day.meta({ description: 'Next page: days after this one' }).optional(),
});

export const totalsQuery = z.strictObject({
  by: z.enum(TOTALS_BY).meta({ description: 'By what; account unless given' }).optional(),
  minSequence: F.minSequence,
});

export const positionPoint = z.object({
  time: F.time,
  sequence: F.sequence,
  quantity: F.quantity,
  averagePrice: F.price.nullable(),
  mark: F.price.nullable(),
  realizedPnl: F.money,
  unrealizedPnl: F.money.nullable(),
  fees: F.money,
  currency: F.currency,
});

const scopePnl = {
  baseCurrency: F.currency,
  realizedPnl: F.money.nullable().meta({ description: 'Null without a rate for a currency' }),
  unrealizedPnl: F.money.nullable(),
  fees: F.money.nullable(),
  unmarked: z.number().int().meta({ description: 'Open positions without a mark' }),
  currencies: z
    .array(
      z.object({
        currency: F.currency,
        realizedPnl: F.money,
        unrealizedPnl: F.money,
        fees: F.money,
      }),
    )
    .readonly(),
};

export const pnlPoint = z.object({ time: F.time, sequence: F.sequence, ...scopePnl });

export const pnlDay = z.object({
  day: F.day,
  opened: pnlPoint.nullable(),
  closed: pnlPoint.nullable().meta({ description: 'Null while the day is open' }),
});

const name = z
  .string()
  .nullable()
  .meta({ description: 'Of the group, account or instrument; the strategy; null for the firm' });

export const pnlTotal = z.object({ name, ...scopePnl });

const exposureAmounts = {
  long: F.money.meta({ description: 'Positions at the mark: the values above 0' }),
  short: F.money.meta({ description: 'The values below 0' }),
  gross: F.money.meta({ description: 'long - short' }),
  net: F.money.meta({ description: 'long + short' }),
};

export const scopeExposure = z.object({
  name,
  baseCurrency: F.currency,
  exposure: z.object(exposureAmounts).nullable(),
  unmarked: scopePnl.unmarked,
  currencies: z.array(z.object({ currency: F.currency, ...exposureAmounts })).readonly(),
});
