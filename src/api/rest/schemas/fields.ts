/** The building blocks of the schemas: texts, numbers of queries, closed lists. */
import { z } from 'zod';
import {
  CAPACITY,
  CL_ORD_ID_BYTES,
  CONTINGENCY,
  ORD_STATUS,
  ORD_TYPE,
  PEG,
  SCOPE,
  SELF_TRADE_PREVENTION,
  SIDE,
  TIME_IN_FORCE,
  TRADING_STATE,
} from '../../../domain/order-terms.js';
import { type LimitName, limits } from '../../../domain/risk-catalogue.js';
import { DECIMAL_TEXT_CHARS_MAX } from '../../../lib/decimal.js';
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '../../application/read-models.js';

const namesOf = <T extends Readonly<Record<string, number>>>(list: T) =>
  Object.keys(list) as [keyof T & string, ...(keyof T & string)[]];

const choiceOf = <T extends Readonly<Record<string, number>>>(list: T) => z.enum(namesOf(list));

const { None: _noSide, ...sides } = SIDE;
export const side = choiceOf(sides).meta({ description: 'Side [54]', examples: ['Buy'] });
/** In answers: None where an event has no side. */
export const sideShown = choiceOf(SIDE).meta({ description: 'Side [54]', examples: ['Buy'] });
export const ordType = choiceOf(ORD_TYPE).meta({
  description: 'OrdType [40]',
  examples: ['Limit'],
});
export const timeInForce = choiceOf(TIME_IN_FORCE).meta({
  description: 'TimeInForce [59]',
  examples: ['Day'],
});
export const ordStatus = choiceOf(ORD_STATUS).meta({
  description: 'OrdStatus [39]',
  examples: ['New'],
});
export const peg = choiceOf(PEG).meta({
  description: 'PegPriceType [1094]',
  examples: ['Midpoint'],
});
export const contingency = choiceOf(CONTINGENCY).meta({
  description: 'ContingencyType [1385]',
  examples: ['OneCancelsOther'],
});
export const capacity = choiceOf(CAPACITY).meta({ description: 'OrderCapacity [528]' });
export const selfTradePrevention = choiceOf(SELF_TRADE_PREVENTION).meta({
  description: 'Which order gives way when the account would trade with itself',
});
export const scope = choiceOf(SCOPE).meta({ description: 'Whose', examples: ['Account'] });
export const tradingState = choiceOf(TRADING_STATE).meta({ examples: ['Halted'] });
export const limitName = z
  .enum(Object.keys(limits) as [LimitName, ...LimitName[]])
  .meta({ description: 'See docs/error-codes.md, limits', examples: ['MaxOrderQuantity'] });

/** Decimal text: exact, never a JSON number, which many readers round. */
export const decimal = z
  .string()
  .max(DECIMAL_TEXT_CHARS_MAX)
  .regex(/^-?[0-9]+(\.[0-9]+)?$/, 'not a decimal number in text, such as "4799.25"');

export const price = decimal.meta({ description: 'Price', examples: ['4799.25'] });
export const quantity = decimal.meta({ description: 'Quantity', examples: ['2'] });
export const money = decimal.meta({ description: 'Amount of money', examples: ['1250.50'] });

const printable = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'not printable ASCII');

export const clientOrderId = printable(CL_ORD_ID_BYTES).meta({
  description:
    "Client's id of the order [11], unique in the account until three trading days after its order ended",
  examples: ['desk7-000123'],
});
const word = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\x21-\x7e]+$/, 'not printable ASCII without spaces');

export const symbol = word(24).meta({ description: 'Symbol [55]', examples: ['ESH4'] });
export const accountName = word(32).meta({ description: 'Account [1]', examples: ['alpha'] });
export const groupName = printable(32).meta({ description: 'Group', examples: ['desk'] });
export const scopeName = printable(32).meta({
  description: 'Name of the group, account or instrument; absent for the firm',
  examples: ['alpha'],
});
export const text32 = z
  .string()
  .max(32)
  .regex(/^[\x20-\x7e]*$/, 'not printable ASCII');
export const currency = z
  .string()
  .regex(/^[A-Z][A-Z0-9]{2,7}$/, 'not a currency code')
  .meta({ description: 'ISO 4217 code [15]', examples: ['USD'] });

export const sequence = z
  .number()
  .int()
  .min(-1)
  .meta({ description: 'Number of the event behind this', examples: [4711] });
export const orderId = z
  .number()
  .int()
  .positive()
  .meta({ description: "Daybook's id of the order chain [37]", examples: [17] });
export const actor = z
  .number()
  .int()
  .nonnegative()
  .meta({ description: 'Index of an identity, as events name it', examples: [3] });
export const day = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'not a day such as 2026-11-22')
  .meta({ description: 'Trading day', examples: ['2026-11-22'] });
export const time = z.string().meta({
  description: 'ISO 8601, nanoseconds, UTC',
  examples: ['2026-11-22T14:50:06.123456789Z'],
});

/** A whole number in a path or query: text there, a number in the use cases. */
const wholeNumber = (description: string, example: string) =>
  z
    .string()
    .regex(/^[0-9]{1,15}$/, 'not a whole number')
    .transform(Number)
    .meta({ description, examples: [example] });

export const orderIdText = wholeNumber("Daybook's id of the order", '17');
export const approvalText = wholeNumber('Id of the approval', '4711');
export const minSequence = wholeNumber(
  'Answer only once the read model holds the event with this sequence',
  '4711',
).optional();
export const before = wholeNumber('Next page: orders with a smaller id', '1017').optional();
export const after = wholeNumber('Next page: fills with a larger sequence', '4711').optional();
export const limit = wholeNumber(
  `Rows of the page, 1 to ${PAGE_ROWS_MAX}; ${PAGE_ROWS_DEFAULT} unless given`,
  '100',
)
  .refine((rows) => rows >= 1 && rows <= PAGE_ROWS_MAX, `1 to ${PAGE_ROWS_MAX}`)
  .optional();
export const flag = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .optional();
export const statuses = z
  .string()
  .max(256)
  .transform((list) => list.split(','))
  .pipe(z.array(ordStatus))
  .meta({ description: 'One or more of OrdStatus, separated by commas', examples: ['New'] })
  .optional();
