import {
  alpha,
  char,
  type FieldSpec,
  message,
  price64,
  signedPrice32,
  u16,
  u32,
  u64,
} from '../wire/layout.js';
import { protocol } from '../wire/message-codec.js';

/**
 * Every message of OUCH 5.0 (Nasdaq), big-endian. Offsets follow from the order of the fields.
 *
 * Enter and Replace, Accepted, Replaced, Executed and Restated carry appendages; later editions
 * of the specification add them to every message, so they are allowed there (`optional`).
 * Mass Cancel, Disable and Enable Order Entry with their answers, and the appendage of Account
 * Query, are from those later editions and not checked against captured packets.
 */
const ID = 14;
const optional = { appendage: 'optional' } as const;
const required = { appendage: 'required' } as const;

const timestamp = u64('timestamp');
const userRefNum = u32('userRefNum');
const clOrdID = alpha('clOrdID', ID);
const quantity = u32('quantity');
const price = price64('price');

const INBOUND = [
  message(
    'EnterOrder',
    'O',
    ['in'],
    [
      userRefNum,
      char('side'),
      quantity,
      alpha('symbol', 8),
      price,
      char('timeInForce'),
      char('display'),
      char('capacity'),
      char('interMarketSweepEligibility'),
      char('crossType'),
      clOrdID,
    ],
    required,
  ),
  message(
    'ReplaceOrder',
    'U',
    ['in'],
    [
      u32('origUserRefNum'),
      userRefNum,
      quantity,
      price,
      char('timeInForce'),
      char('display'),
      char('interMarketSweepEligibility'),
      clOrdID,
    ],
    required,
  ),
  message('CancelOrder', 'X', ['in'], [userRefNum, quantity], optional),
  message('ModifyOrder', 'M', ['in'], [userRefNum, char('side'), quantity], optional),
  message(
    'MassCancelRequest',
    'C',
    ['in'],
    [userRefNum, alpha('firm', 4), alpha('symbol', 8)],
    optional,
  ),
  message('DisableOrderEntryRequest', 'D', ['in'], [userRefNum, alpha('firm', 4)], optional),
  message('EnableOrderEntryRequest', 'E', ['in'], [userRefNum, alpha('firm', 4)], optional),
  message('AccountQuery', 'Q', ['in'], [], optional),
];

/** The terms that Accepted and Replaced both state, from Side on. */
const STATED_TERMS = [
  char('side'),
  quantity,
  alpha('symbol', 8),
  price,
  char('timeInForce'),
  char('display'),
  u64('orderReferenceNumber'),
  char('capacity'),
  char('interMarketSweepEligibility'),
  char('crossType'),
  char('orderState'),
  clOrdID,
];

const OUTBOUND = [
  message('SystemEvent', 'S', ['out'], [timestamp, char('eventCode')], optional),
  message('OrderAccepted', 'A', ['out'], [timestamp, userRefNum, ...STATED_TERMS], required),
  message(
    'OrderReplaced',
    'U',
    ['out'],
    [timestamp, u32('origUserRefNum'), userRefNum, ...STATED_TERMS],
    required,
  ),
  message(
    'OrderCanceled',
    'C',
    ['out'],
    [timestamp, userRefNum, quantity, char('reason')],
    optional,
  ),
  message(
    'AIQCanceled',
    'D',
    ['out'],
    [
      timestamp,
      userRefNum,
      u32('decrementShares'),
      char('reason'),
      u32('quantityPreventedFromTrading'),
      price64('executionPrice'),
      char('liquidityFlag'),
    ],
    optional,
  ),
  message(
    'OrderExecuted',
    'E',
    ['out'],
    [timestamp, userRefNum, quantity, price, char('liquidityFlag'), u64('matchNumber')],
    required,
  ),
  message(
    'BrokenTrade',
    'B',
    ['out'],
    [timestamp, userRefNum, u64('matchNumber'), char('reason'), clOrdID],
    optional,
  ),
  message(
    'TradeCorrection',
    'F',
    ['out'],
    [
      timestamp,
      userRefNum,
      quantity,
      price,
      char('liquidityFlag'),
      u64('matchNumber'),
      char('reason'),
      clOrdID,
    ],
    optional,
  ),
  message('Rejected', 'J', ['out'], [timestamp, userRefNum, u16('reason'), clOrdID], optional),
  message('CancelPending', 'P', ['out'], [timestamp, userRefNum], optional),
  message('CancelReject', 'I', ['out'], [timestamp, userRefNum], optional),
  message(
    'OrderPriorityUpdate',
    'T',
    ['out'],
    [timestamp, userRefNum, price, char('display'), u64('orderReferenceNumber')],
    optional,
  ),
  message('OrderModified', 'M', ['out'], [timestamp, userRefNum, char('side'), quantity], optional),
  message('OrderRestated', 'R', ['out'], [timestamp, userRefNum, char('reason')], required),
  message(
    'MassCancelResponse',
    'X',
    ['out'],
    [timestamp, userRefNum, alpha('firm', 4), alpha('symbol', 8)],
    optional,
  ),
  message(
    'DisableOrderEntryResponse',
    'G',
    ['out'],
    [timestamp, userRefNum, alpha('firm', 4)],
    optional,
  ),
  message(
    'EnableOrderEntryResponse',
    'K',
    ['out'],
    [timestamp, userRefNum, alpha('firm', 4)],
    optional,
  ),
  message('AccountQueryResponse', 'Q', ['out'], [timestamp, u32('nextUserRefNum')], optional),
];

/** Appendage tags. 8 and 21 are not assigned. */
export const OUCH_TAG = {
  secondaryOrdRefNum: 1,
  firm: 2,
  minQty: 3,
  customerType: 4,
  maxFloor: 5,
  priceType: 6,
  pegOffset: 7,
  discretionPrice: 9,
  discretionPegType: 10,
  discretionPegOffset: 11,
  postOnly: 12,
  randomReserves: 13,
  route: 14,
  expireTime: 15,
  tradeNow: 16,
  handleInst: 17,
  bboWeightIndicator: 18,
  referencePrice: 19,
  referencePriceType: 20,
  displayQuantity: 22,
  displayPrice: 23,
} as const;

const TAG_FIELDS: readonly FieldSpec[] = [
  u64('secondaryOrdRefNum'),
  alpha('firm', 4),
  u32('minQty'),
  char('customerType'),
  u32('maxFloor'),
  char('priceType'),
  signedPrice32('pegOffset'),
  price64('discretionPrice'),
  char('discretionPegType'),
  signedPrice32('discretionPegOffset'),
  char('postOnly'),
  u32('randomReserves'),
  alpha('route', 4),
  u32('expireTime'),
  char('tradeNow'),
  char('handleInst'),
  char('bboWeightIndicator'),
  price64('referencePrice'),
  char('referencePriceType'),
  u32('displayQuantity'),
  price64('displayPrice'),
];

function fieldsByTag(): (FieldSpec | undefined)[] {
  const fields = new Array<FieldSpec | undefined>(256).fill(undefined);
  for (const field of TAG_FIELDS) fields[OUCH_TAG[field.name as keyof typeof OUCH_TAG]] = field;
  return fields;
}

export const OUCH = protocol('ouch', [...INBOUND, ...OUTBOUND], fieldsByTag());
