/** Schemas of answers. They document; what is sent is made by the use cases, typed. */
import { z } from 'zod';
import * as F from './fields.js';

export const orderView = z
  .object({
    orderId: F.orderId,
    clientOrderId: F.clientOrderId,
    account: F.accountName,
    instrument: F.symbol,
    side: F.sideShown,
    type: F.ordType,
    timeInForce: F.timeInForce,
    quantity: F.quantity,
    price: F.price.nullable(),
    stopPrice: F.price.nullable(),
    status: F.ordStatus,
    cumQuantity: F.quantity,
    leavesQuantity: F.quantity,
    averagePrice: F.price.nullable(),
    sequence: F.sequence,
    time: F.time,
  })
  .meta({ description: 'An order as of its last event' });

export const orderState = z.object({
  orderId: F.orderId,
  clientOrderId: F.clientOrderId.nullable(),
  status: F.ordStatus,
  quantity: F.quantity,
  cumQuantity: F.quantity,
  leavesQuantity: F.quantity,
});

export const requestAnswer = z.object({
  outcome: z
    .enum(['requested', 'done'])
    .meta({ description: 'requested: on record, the venue answers later; done: took effect' }),
  orderId: F.orderId,
  clientOrderId: z.string().meta({ description: 'Client order id of the request' }),
  order: orderState.nullable(),
  sequence: F.sequence,
  time: F.time,
});

export const massCancelAnswer = z.object({
  orders: z
    .array(F.orderId)
    .readonly()
    .meta({ description: 'Orders for which a cancel is on record' }),
  more: z.boolean().meta({ description: 'Too many to list: the others are canceled the same' }),
  sequence: F.sequence,
});

export const fillView = z.object({
  sequence: F.sequence,
  time: F.time,
  orderId: F.orderId,
  clientOrderId: F.clientOrderId,
  account: F.accountName,
  instrument: F.symbol,
  side: F.sideShown,
  quantity: F.quantity,
  price: F.price,
  fee: F.money,
  executionId: z.string().meta({ description: "The venue's execution id [17]" }),
});

export const positionView = z.object({
  account: F.accountName,
  instrument: F.symbol,
  quantity: F.quantity.meta({ description: 'Negative when short', examples: ['-3'] }),
  averagePrice: F.price.nullable(),
  currency: F.currency,
  sequence: F.sequence,
});

export const pnlView = z.object({
  account: F.accountName,
  instrument: F.symbol,
  realizedPnl: F.money,
  unrealizedPnl: F.money.nullable(),
  fees: F.money,
  mark: F.price.nullable(),
  currency: F.currency,
  sequence: F.sequence,
});

export const instrumentView = z.object({
  symbol: F.symbol,
  tickSize: F.decimal,
  lotSize: F.decimal,
  multiplier: F.decimal,
  currency: F.currency,
  venue: z.number().int(),
  open: z.boolean(),
  negativePrices: z.boolean(),
  marginPercent: z.number().int(),
  feePerLot: F.money,
  sequence: F.sequence,
});

export const accountView = z.object({
  name: F.accountName,
  group: F.groupName.nullable(),
  currency: F.currency,
  selfTradePrevention: F.selfTradePrevention,
  open: z.boolean(),
  commissionPerLot: F.money,
  sequence: F.sequence,
});

export const limitView = z.object({
  limit: F.limitName,
  scope: F.scope,
  name: F.scopeName.nullable(),
  instrument: F.symbol.nullable(),
  value: F.decimal.nullable().meta({ description: 'Null: removed', examples: ['100'] }),
  unit: z.string().meta({ examples: ['lots', 'money', 'basis points'] }),
  sequence: F.sequence,
});

export const tradingStateView = z.object({
  scope: F.scope,
  name: F.scopeName.nullable(),
  state: F.tradingState,
  text: z.string(),
  sequence: F.sequence,
});

export const baseCurrencyView = z
  .object({
    scope: F.scope,
    name: F.scopeName.nullable(),
    currency: F.currency,
    sequence: F.sequence,
  })
  .meta({
    description:
      'What sums and limits are in; `sequence` 0 where none was set, and that of the firm, or of its first account, counts',
  });

export const approvalView = z
  .object({
    approval: F.sequence,
    status: z.enum(['Waiting', 'Expired', 'Approved', 'Refused', 'Withdrawn']),
    change: z.enum(['limit', 'tradingState', 'baseCurrency']),
    limit: limitView.nullable(),
    tradingState: tradingStateView.nullable(),
    baseCurrency: baseCurrencyView.nullable(),
    requestedBy: F.actor,
    decidedBy: F.actor.nullable(),
    requested: F.time,
    decided: F.time.nullable(),
    expires: F.time,
    sequence: F.sequence,
  })
  .meta({ description: 'A change that takes a second identity' });

export const tradingDayView = z.object({ day: F.day, open: z.boolean(), sequence: F.sequence });

export const identityView = z.object({
  name: z.string(),
  actor: F.actor,
  credential: z.object({ kind: z.string(), id: z.string() }),
  roles: z.array(z.string()).readonly(),
  may: z
    .record(z.string(), z.union([z.literal('all'), z.array(F.accountName).readonly()]))
    .meta({ description: 'Each action that it may do, and for which accounts' }),
});

export const userView = z.object({
  name: z.string(),
  actor: F.actor,
  kind: z.enum(['person', 'program']),
  roles: z.array(z.string()).readonly(),
  accounts: z.union([z.literal('all'), z.array(F.accountName).readonly()]),
  disabled: z.boolean(),
  keys: z
    .array(z.object({ id: z.string(), revoked: z.boolean(), expires: z.string().nullable() }))
    .readonly(),
  certificates: z.array(z.string()).readonly(),
  sessions: z.array(z.string()).readonly(),
});

export const markView = z.object({
  instrument: F.symbol,
  price: F.price,
  source: z.number().int(),
  time: F.time,
  sequence: F.sequence,
});

/** A list as of a sequence. */
export const listOf = <N extends string, T extends z.ZodType>(name: N, item: T) =>
  z.object({ asOf: F.sequence, [name]: z.array(item).readonly() } as { asOf: typeof F.sequence } & {
    [K in N]: z.ZodReadonly<z.ZodArray<T>>;
  });

/** A page as of a sequence; `next` continues it, null at the end. */
export const pageOf = <N extends string, T extends z.ZodType>(name: N, item: T) =>
  listOf(name, item).extend({
    next: z.number().int().nullable().meta({ description: 'Where the next page begins' }),
  });

export const problem = z
  .looseObject({
    type: z.string().meta({ examples: ['/problems/RISK_MAX_QUANTITY'] }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().meta({ examples: ['RISK_MAX_QUANTITY'] }),
  })
  .meta({
    description: 'RFC 9457 problem document; codes in docs/error-codes.md',
    examples: [
      {
        type: '/problems/RISK_MAX_QUANTITY',
        title: 'The quantity exceeds the largest allowed in one order',
        status: 422,
        detail: 'The quantity exceeds the largest allowed in one order.',
        instance: 'urn:daybook:request:1a-7',
        code: 'RISK_MAX_QUANTITY',
        clientOrderId: 'desk7-000123',
        check: 'MaxQuantity',
        limit: '100',
        value: '250',
        unit: 'quantity',
        sequence: 4712,
      },
    ],
  });
