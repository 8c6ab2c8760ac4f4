/** The fields of each event, in the order of their layout: wide ones first, no padding. */
import { ACTOR_KIND, SEALED_PERSONAL_BYTES, SUBJECT_BYTES } from './actor.js';
import { APPROVAL_DECISION } from './approval.js';
import { bytes, choice, i53, ns, text, u8, u16, u32 } from './field.js';
import * as T from './order-terms.js';

/** Longest payload of a command. */
export const COMMAND_PAYLOAD_BYTES_MAX = 272;

const clOrdId = text(T.CL_ORD_ID_BYTES, 'client order id [11]');
const origClOrdId = text(T.CL_ORD_ID_BYTES, 'client order id that the request refers to [41]');
const reason = u16('reject reason', 'see docs/error-codes.md; 0 none');
const spare = (meaning = 'zero') => u8('none', meaning);

/** What every event about an order starts with. */
const order = {
  orderId: i53('id', 'our id of the order chain [37]; 0 unknown'),
  account: u32('index', 'account [1]'),
  instrument: u32('index', 'instrument [55]'),
} as const;

/** The optional end of an execution of a tagged order. */
const strategyOfOrder = {
  strategy: u32('index', 'strategy that its order was tagged with; 0 none'),
  strategySpare: u32('none', 'zero'),
} as const;

/** The state of the order after the event. */
const after = {
  orderQuantity: i53('lots', 'OrderQty [38] after the event'),
  cumQuantity: i53('lots', 'CumQty [14] after the event'),
  leavesQuantity: i53('lots', 'LeavesQty [151] after the event'),
} as const;
const ordStatus = choice(T.ORD_STATUS, 'OrdStatus [39] after the event');

export const writerStarted = {
  epoch: i53('count', 'one more than the last writer of the shard'),
  shard: u32('index', 'shard'),
  shards: u32('count', 'shards in the system when it started'),
  software: text(24, 'version of Daybook'),
} as const;

export const instrument = {
  tickMantissa: i53('10^-tickScale', 'tick size: mantissa'),
  lotMantissa: i53('10^-lotScale', 'lot size: mantissa'),
  multiplierMantissa: i53('10^-multiplierScale', 'contract multiplier: mantissa'),
  feePerLot: i53('micros', 'exchange fee for each lot traded'),
  instrument: u32('index', 'instrument'),
  venue: u16('index', 'where its orders go by default; 0 nowhere'),
  tickScale: u8('digits', 'tick size: decimal digits'),
  lotScale: u8('digits', 'lot size: decimal digits'),
  symbol: text(24, 'symbol [55]'),
  currency: text(8, 'ISO 4217 code [15]'),
  multiplierScale: u8('digits', 'contract multiplier: decimal digits'),
  open: u8('0 or 1', 'open for trading'),
  negativePrices: u8('0 or 1', 'prices of 0 and below are allowed (spreads, energy)'),
  marginPercent: u8('percent', 'initial margin of the notional; 0 means paid in full'),
  spare: u32('none', 'zero'),
} as const;

export const account = {
  commissionPerLot: i53('micros', 'commission for each lot traded'),
  account: u32('index', 'account'),
  group: u32('index', 'group of accounts; 0 none'),
  name: text(32, 'name of the account [1]'),
  groupName: text(32, 'name of the group'),
  currency: text(8, 'base currency, ISO 4217 code'),
  selfTradePrevention: choice(
    T.SELF_TRADE_PREVENTION,
    'what its orders do unless they say otherwise',
  ),
  open: u8('0 or 1', 'may trade'),
  spare16: u16('none', 'zero'),
  spare32: u32('none', 'zero'),
} as const;

export const priceMarked = {
  price: i53('ticks', 'the mark'),
  instrument: u32('index', 'instrument'),
  source: u32('index', 'where it came from'),
} as const;

export const limitChanged = {
  value: i53('see the limit', 'the new limit; -1 removes it'),
  previous: i53('see the limit', 'the limit before; -1 none'),
  scopeId: u32('index', 'firm 0, group or account'),
  instrument: u32('index', 'only this instrument; 0 all'),
  limit: u16('limit kind', 'see docs/error-codes.md, limits'),
  scope: choice(T.SCOPE, 'whose limit'),
  spare: spare(),
  spare32: u32('none', 'zero'),
} as const;

export const baseCurrency = {
  scopeId: u32('index', 'firm 0, or group'),
  scope: choice(T.SCOPE, 'whose base currency: Firm or Group'),
  spare: spare(),
  spare16: u16('none', 'zero'),
  currency: text(8, 'what its sums and limits are in from now on, ISO 4217 code'),
  previous: text(8, 'what they were in before; empty none'),
} as const;

export const tradingState = {
  scopeId: u32('index', 'firm 0, group, account or instrument'),
  scope: choice(T.SCOPE, 'what is halted or resumed'),
  state: choice(T.TRADING_STATE, 'the new state'),
  previous: choice(T.TRADING_STATE, 'the state before'),
  spare: spare(),
  text: text(32, 'why, in the words of who did it'),
} as const;

export const riskDecided = {
  ...order,
  limit: i53('see the check', 'the limit in force, -1 none; when all passed, MaxOrderNotional'),
  value: i53('see the check', 'the value compared with it; when all passed, the notional'),
  checks: u32('bits', 'the checks that were made, one bit each'),
  reason,
  check: u8('risk check', 'the check that decided; 0 when all passed'),
  passed: u8('0 or 1', 'whether the request passed'),
} as const;

/** Also the payload of the command NewOrder: accepting an order copies the words. */
export const newOrder = {
  ...order,
  clOrdId,
  quantity: i53('lots', 'OrderQty [38]'),
  price: i53('ticks', 'Price [44]; 0 for orders without one'),
  side: choice(T.SIDE, 'Side [54]'),
  ordType: choice(T.ORD_TYPE, 'OrdType [40]'),
  timeInForce: choice(T.TIME_IN_FORCE, 'TimeInForce [59]'),
  capacity: choice(T.CAPACITY, 'OrderCapacity [528]'),
  execInst: u16('bits', 'ExecInst [18] and neighbours, see EXEC_INST'),
  venue: u16('index', 'where it goes; 0 the default of the instrument'),
  strategy: u32('index', 'strategy that it is tagged with, numbered by the desk; 0 none'),
  userRef: u32('number', 'reference of a binary client (OUCH UserRefNum); 0 none'),
  stopPrice: i53('ticks', 'StopPx [99]'),
  displayQuantity: i53('lots', 'MaxFloor [111]; 0 all shown'),
  minQuantity: i53('lots', 'MinQty [110]'),
  expireTime: i53('ms since 1970', 'ExpireTime [126]'),
  offset: i53('ticks', 'PegOffsetValue [211]: of a trailing stop or a peg'),
  cashQuantity: i53('micros', 'CashOrderQty [152]; quantity follows from it and the mark'),
  listId: i53('id', 'contingency group [66], chosen by the client, unique in the account'),
  contingency: choice(T.CONTINGENCY, 'ContingencyType [1385]'),
  selfTradePrevention: choice(T.SELF_TRADE_PREVENTION, 'which order gives way'),
  peg: choice(T.PEG, 'PegPriceType [1094]'),
  listIndex: u8('number', 'place in the list: 0 parent, 1 and 2 children'),
  locate: u32('number', 'locate of a short sale [5700]; 0 none'),
} as const;

export const orderDenied = {
  ...newOrder,
  ...after,
  firstOrderId: i53('id', 'for a repeated client order id: the first order; else 0'),
  reason,
  ordStatus,
  spare: spare(),
  spare32: u32('none', 'zero'),
} as const;

export const orderRouted = {
  ...order,
  venue: u16('index', 'venue'),
  spare16: u16('none', 'zero'),
  spare32: u32('none', 'zero'),
} as const;

export const orderAcknowledged = {
  ...order,
  ...after,
  venueOrderId: text(T.EXEC_ID_BYTES, "the venue's id of the order"),
  ordStatus,
  spare: spare(),
  venue: u16('index', 'venue'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const orderRejected = {
  ...order,
  ...after,
  reason,
  ordStatus,
  spare: spare(),
  userRef: u32('number', 'reference of a binary client; 0 none'),
  text: text(32, "the venue's words"),
} as const;

export const orderFilled = {
  ...order,
  ...after,
  lastQuantity: i53('lots', 'LastQty [32]'),
  lastPrice: i53('ticks', 'LastPx [31]'),
  cumValue: i53(
    'ticks x lots',
    'sum of quantity x price of the chain; AvgPx [6] = cumValue / CumQty',
  ),
  fee: i53('micros', 'fees and commission of this trade'),
  execId: text(T.EXEC_ID_BYTES, "the venue's execution id [17]"),
  ordStatus,
  side: choice(T.SIDE, 'Side [54]'),
  liquidity: choice(T.LIQUIDITY, 'LastLiquidityInd [851]'),
  overfill: u8('0 or 1', 'the fill exceeds the order, or came after its end: raised as an alarm'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
  ...strategyOfOrder,
} as const;

export const orderTriggered = {
  ...order,
  ...after,
  price: i53('ticks', 'limit price from now on; 0 market'),
  mark: i53('ticks', 'the mark that triggered; 0 another cause'),
  ordStatus,
  ordType: choice(T.ORD_TYPE, 'type from now on'),
  spare16: u16('none', 'zero'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

/** Also the payload of the command CancelOrder. */
export const cancelRequested = {
  ...order,
  clOrdId,
  origClOrdId,
  quantity: i53('lots', 'cancel down to this OrderQty; 0 cancels all that is left'),
  reason: u16('reject reason', 'why Daybook itself cancels; 0 the client asks'),
  ordStatus,
  forced: u8('0 or 1', 'canceled here without asking a venue'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
  execInst: u8('bits', 'PossResend 4'),
  spare: spare(),
  spare16: u16('none', 'zero'),
  spare32: u32('none', 'zero'),
} as const;

export const orderCanceled = {
  ...order,
  ...after,
  clOrdId: text(T.CL_ORD_ID_BYTES, 'the cancel request that it answers; empty when unsolicited'),
  canceledQuantity: i53('lots', 'what was left before'),
  reason,
  ordStatus,
  spare: spare(),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const requestRejected = {
  ...order,
  ...after,
  clOrdId,
  origClOrdId,
  reason,
  ordStatus,
  cxlRejReason: choice(T.CXL_REJ_REASON, 'CxlRejReason [102]'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
  quantity: i53('lots', 'what a request refused here wanted, so that it can be decided again'),
  price: i53('ticks', 'Price [44] that it wanted'),
  stopPrice: i53('ticks', 'StopPx [99] that it wanted'),
  displayQuantity: i53('lots', 'MaxFloor [111] that it wanted'),
  refusedHere: u8('0 or 1', '1: the request never left; 0: the venue refused it'),
  execInst: u8('bits', 'ExecInst of the request refused here; a replace also has NewestRef 1'),
  spare16: u16('none', 'zero'),
  spare32: u32('none', 'zero'),
} as const;

/** Also the payload of the command ReplaceOrder. */
export const replaceRequested = {
  ...order,
  clOrdId,
  origClOrdId,
  quantity: i53('lots', 'total OrderQty wanted, what is executed included [38]'),
  price: i53('ticks', 'Price [44] wanted'),
  stopPrice: i53('ticks', 'StopPx [99] wanted, from when the replace is granted; 0 unchanged'),
  displayQuantity: i53('lots', 'MaxFloor [111] wanted, the same way; 0 unchanged'),
  ordStatus,
  execInst: u8('bits', 'PossResend 4'),
  venue: u16('index', 'zero'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const requestPending = {
  ...order,
  ...after,
  clOrdId,
  ordStatus,
  spare: spare(),
  spare16: u16('none', 'zero'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const orderReplaced = {
  ...order,
  ...after,
  clOrdId: text(T.CL_ORD_ID_BYTES, 'the id of the order from now on; empty when unsolicited'),
  price: i53('ticks', 'Price [44] from now on'),
  stopPrice: i53('ticks', 'StopPx [99] from now on'),
  displayQuantity: i53('lots', 'MaxFloor [111] from now on'),
  ordStatus,
  spare: spare(),
  spare16: u16('none', 'zero'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const orderEnded = {
  ...order,
  ...after,
  reason,
  ordStatus,
  spare: spare(),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const orderRestated = {
  ...order,
  ...after,
  price: i53('ticks', 'Price [44] from now on'),
  cumValue: i53('ticks x lots', 'sum of quantity x price from now on (a split restates it)'),
  ordStatus,
  restatement: choice(T.RESTATEMENT, 'ExecRestatementReason [378]'),
  spare16: u16('none', 'zero'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const orderStopped = {
  ...order,
  ...after,
  lastQuantity: i53('lots', 'quantity guaranteed'),
  lastPrice: i53('ticks', 'price guaranteed'),
  ordStatus,
  spare: spare(),
  spare16: u16('none', 'zero'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
} as const;

export const fillCorrected = {
  ...order,
  ...after,
  lastQuantity: i53('lots', 'quantity of the execution from now on; 0 busted'),
  lastPrice: i53('ticks', 'price of the execution from now on'),
  previousQuantity: i53('lots', 'quantity before'),
  previousPrice: i53('ticks', 'price before'),
  cumValue: i53('ticks x lots', 'sum of quantity x price of the chain after'),
  fee: i53('micros', 'change of fees and commission'),
  execId: text(T.EXEC_ID_BYTES, 'id of this report [17]'),
  execRefId: text(T.EXEC_ID_BYTES, 'the execution that it corrects [19]'),
  ordStatus,
  side: choice(T.SIDE, 'Side [54]'),
  spare16: u16('none', 'zero'),
  userRef: u32('number', 'reference of a binary client; 0 none'),
  ...strategyOfOrder,
} as const;

export const fillUnmatched = {
  lastQuantity: i53('lots', 'LastQty [32]'),
  lastPrice: i53('ticks', 'LastPx [31]'),
  orderId: i53('id', 'the order that the venue named; 0 none'),
  account: u32('index', 'account it is booked to; 0 the suspense account'),
  instrument: u32('index', 'instrument'),
  execId: text(T.EXEC_ID_BYTES, "the venue's execution id [17]"),
  clOrdId: text(T.CL_ORD_ID_BYTES, 'client order id that the venue named'),
  side: choice(T.SIDE, 'Side [54]'),
  spare: spare(),
  venue: u16('index', 'venue'),
  reason,
  spare16: u16('none', 'zero'),
} as const;

export const circuitBreaker = {
  limit: i53('see the breaker', 'the limit of the breaker'),
  value: i53('see the breaker', 'the value that tripped it'),
  scopeId: u32('index', 'firm 0, group, account or instrument'),
  breaker: u16('limit kind', 'which breaker'),
  scope: choice(T.SCOPE, 'what it stops'),
  state: choice(T.TRADING_STATE, 'trading state from now on'),
} as const;

export const tradingDay = {
  tradingDay: u32('yyyymmdd', 'the day'),
  spare32: u32('none', 'zero'),
} as const;

export const snapshotTaken = {
  anchor: i53('sequence', 'the last event in the snapshot'),
  bytes: i53('bytes', 'size of the file'),
  stateHash: bytes(32, 'hash of the state'),
  contentHash: bytes(32, 'hash of the file'),
} as const;

export const venueReconciled = {
  openOrders: i53('count', 'orders that both sides hold'),
  differences: i53('count', 'what differed, each an event of its own'),
  asked: ns('when the venue was asked'),
  venue: u32('index', 'venue'),
  spare32: u32('none', 'zero'),
} as const;

export const venueReconciliationStarted = {
  venue: u32('index', 'venue'),
  spare32: u32('none', 'zero'),
} as const;

/** How the venue says that an order stands, and how it stands here: the fields of its command, first. */
export const venueDifferenceFound = {
  orderId: i53('id', 'our id of the order; 0 when the venue named none that we know'),
  account: u32('index', 'account'),
  instrument: u32('index', 'instrument'),
  quantity: i53('lots', 'OrderQty at the venue'),
  price: i53('ticks', 'Price at the venue'),
  cumQuantity: i53('lots', 'CumQty at the venue'),
  ourQuantity: i53('lots', 'OrderQty here, before'),
  ourPrice: i53('ticks', 'Price here, before'),
  ourCumQuantity: i53('lots', 'CumQty here, before'),
  clOrdId: text(T.CL_ORD_ID_BYTES, 'client order id that the venue named'),
  venueOrderId: text(T.EXEC_ID_BYTES, "the venue's id of the order"),
  difference: choice(T.VENUE_DIFFERENCE, 'what differs'),
  action: choice(
    T.RECONCILING_ACTION,
    'what is done about it; an event of its own where one follows',
  ),
  report: choice(T.VENUE_ORDER_STATE, 'how the order stands at the venue'),
  side: choice(T.SIDE, 'Side [54]'),
  policy: choice(T.STRAY_ORDER_POLICY, 'what becomes of orders that are open there and not here'),
  overdue: u8('0 or 1', 'what was asked of the venue is lost or overdue'),
  venue: u16('index', 'venue'),
} as const;

export const requestRepeated = {
  ...order,
  clOrdId: text(T.CL_ORD_ID_BYTES, 'the request; empty for a cancel of our own'),
  origClOrdId,
  quantity: i53('lots', 'of a cancel: down to this OrderQty, 0 all; of a replace: OrderQty wanted'),
  price: i53('ticks', 'Price wanted by a replace'),
  stopPrice: i53('ticks', 'StopPx wanted by a replace; 0 unchanged'),
  displayQuantity: i53('lots', 'MaxFloor wanted by a replace; 0 unchanged'),
  request: choice(T.REQUEST, 'what is asked'),
  attempt: u8(
    'count',
    'how often it was repeated since the venue last answered, this one included',
  ),
  venue: u16('index', 'venue'),
  spare32: u32('none', 'zero'),
} as const;

export const actorRegistered = {
  actor: u32('index', 'the identity, as the header of every event names it'),
  kind: choice(ACTOR_KIND, 'what kind of identity'),
  spare: spare(),
  spare16: u16('none', 'zero'),
  subject: bytes(SUBJECT_BYTES, 'random id of the person or program, the name of its key'),
  sealed: bytes(
    SEALED_PERSONAL_BYTES,
    "name, e-mail: sealed with the subject's own key (docs/audit.md), zeros without any",
  ),
} as const;

/** Holds all terms of ChangeLimit or SetTradingState, so that what is approved is what was asked for. */
export const approvalRequested = {
  expires: ns('after this it cannot be approved any more'),
  value: i53('see the limit', 'ChangeLimit: the new limit; -1 removes it'),
  scopeId: u32('index', 'firm 0, group, account or instrument'),
  instrument: u32('index', 'ChangeLimit: only this instrument; 0 all'),
  commandNumber: u16('command', 'number of the command that waits, in the catalogue'),
  limit: u16('limit kind', 'ChangeLimit: see docs/error-codes.md, limits'),
  scope: choice(T.SCOPE, 'whose limit, trading state or base currency'),
  state: choice(T.TRADING_STATE, 'SetTradingState: the new state'),
  spare16: u16('none', 'zero'),
  text: text(32, 'why, in the words of who asks; SetBaseCurrency: the new currency'),
} as const;

export const approvalDecided = {
  approval: i53('sequence', 'of the ApprovalRequested that it decides'),
  decision: choice(APPROVAL_DECISION, 'how'),
  spare: spare(),
  spare16: u16('none', 'zero'),
  text: text(32, 'why, in the words of who decides'),
  spare32: u32('none', 'zero'),
} as const;

export const commandRefused = {
  reference: i53('id', 'the order, account or instrument that the command named'),
  commandNumber: u16('command', 'number of the command in the catalogue'),
  reason,
  spare32: u32('none', 'zero'),
  text: text(32, 'more about it'),
  payload: bytes(
    COMMAND_PAYLOAD_BYTES_MAX,
    'the command as it came, zeros behind, so that it can be decided again',
  ),
} as const;

/** Also the payload of the command MassCancel. */
export const massCancel = {
  account: u32('index', 'account; 0 every account'),
  instrument: u32('index', 'instrument; 0 every instrument'),
  ofSession: u32('index', 'only orders of this session; 0 every session'),
  reason: u16('reject reason', 'why; 0 the client asks'),
  side: u8('side', '0 both, else FIX Side'),
  onlyOnDisconnect: u8('0 or 1', 'only orders marked cancel on disconnect'),
} as const;
