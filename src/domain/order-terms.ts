/** The closed lists of an order's terms. Numbers are FIX 4.4's where FIX has one (tag in brackets). */

/** Side [54]; None where a report does not say. */
export const SIDE = { None: 0, Buy: 1, Sell: 2, SellShort: 5, SellShortExempt: 6 } as const;

/** OrdType [40]; trailing stops are types of their own here, an ExecInst in FIX. */
export const ORD_TYPE = {
  Market: 1,
  Limit: 2,
  Stop: 3,
  StopLimit: 4,
  TrailingStop: 5,
  TrailingStopLimit: 6,
  Pegged: 7,
} as const;

/** TimeInForce [59]. */
export const TIME_IN_FORCE = {
  Day: 0,
  GoodTillCancel: 1,
  AtTheOpening: 2,
  ImmediateOrCancel: 3,
  FillOrKill: 4,
  GoodTillCrossing: 5,
  GoodTillDate: 6,
  AtTheClose: 7,
} as const;

/** OrdStatus [39]; 10 to 14 are FIX's A to E. */
export const ORD_STATUS = {
  New: 0,
  PartiallyFilled: 1,
  Filled: 2,
  DoneForDay: 3,
  Canceled: 4,
  PendingCancel: 6,
  Stopped: 7,
  Rejected: 8,
  Suspended: 9,
  PendingNew: 10,
  Calculated: 11,
  Expired: 12,
  AcceptedForBidding: 13,
  PendingReplace: 14,
} as const;

/** OrderCapacity [528]. */
export const CAPACITY = { Agency: 0, Principal: 1, RisklessPrincipal: 2 } as const;

/** ExecInst [18] and neighbours, as bits of one field. */
export const EXEC_INST = {
  PostOnly: 1,
  ReduceOnly: 2,
  PossResend: 4,
  /** Entered by telephone: it is on the book already, nothing is routed. */
  Manual: 8,
  /** Canceled when its session disconnects. */
  CancelOnDisconnect: 16,
  /** Set by a gateway: the price was not on a tick and is recorded rounded down; always denied. */
  OffTick: 32,
  /** Set by a gateway: the quantity was no whole number of lots; always denied. */
  OffLot: 64,
  /** Set by a gateway: it came while the shard takes no new orders; always denied. */
  Overload: 128,
} as const;

/** ExecInst of a replace alone, beside PossResend, OffTick, OffLot and Overload of `EXEC_INST`. */
export const REPLACE_INST = {
  /** Refused unless the id it names is of the newest reference (userRef) of the order, as OUCH has it. */
  NewestRef: 1,
} as const;

/** ContingencyType [1385]; a bracket is an OTO whose children are an OCO. */
export const CONTINGENCY = {
  None: 0,
  OneCancelsOther: 1,
  OneTriggersOther: 2,
  Bracket: 3,
} as const;

/** Which order gives way when an account would trade with itself. */
export const SELF_TRADE_PREVENTION = {
  AccountDefault: 0,
  CancelNewest: 1,
  CancelOldest: 2,
  CancelBoth: 3,
  Decrement: 4,
  Allow: 5,
} as const;

/** PegPriceType [1094]. */
export const PEG = { None: 0, Primary: 1, Market: 2, Midpoint: 3, Last: 4 } as const;

/** LastLiquidityInd [851]. */
export const LIQUIDITY = { Unknown: 0, Added: 1, Removed: 2, Auction: 4 } as const;

/** CxlRejReason [102]. */
export const CXL_REJ_REASON = {
  TooLateToCancel: 0,
  UnknownOrder: 1,
  BrokerOption: 2,
  AlreadyPending: 3,
  UnableToProcessMassCancel: 4,
  OrigOrdModTimeMismatch: 5,
  DuplicateClOrdId: 6,
  Other: 99,
} as const;

/** ExecRestatementReason [378]. */
export const RESTATEMENT = {
  GtCorporateAction: 0,
  GtRenewal: 1,
  VerbalChange: 2,
  Repricing: 3,
  BrokerOption: 4,
  PartialDeclineOfOrderQty: 5,
  CancelOnTradingHalt: 6,
  CancelOnSystemFailure: 7,
  MarketOption: 8,
  CanceledNotBest: 9,
  Other: 99,
} as const;

/** Whose limit or state: tightest holds along account, group, firm. */
export const SCOPE = { Firm: 0, Group: 1, Account: 2, Instrument: 3 } as const;

/** Trading state of a firm, group, account or instrument. Cancels pass in all of them. */
export const TRADING_STATE = { Active: 0, Reducing: 1, Halted: 2 } as const;

/** How an order stands at a venue, in answer to an OrderStatusRequest [35=H, AF]. */
export const VENUE_ORDER_STATE = {
  /** The venue does not know it (FIX: OrdStatus Rejected, "unknown order"). */
  Unknown: 0,
  Open: 1,
  Filled: 2,
  DoneForDay: 3,
  Canceled: 4,
  /** Open, and a cancel that the venue has received is not answered yet. */
  PendingCancel: 6,
  Rejected: 8,
  Expired: 12,
  /** The same of a replace. */
  PendingReplace: 14,
} as const;

/** What differs between Daybook and a venue in an order, as a reconciliation finds it. */
export const VENUE_DIFFERENCE = {
  /** Routed here, held there, and nobody had said so. */
  NotAcknowledged: 1,
  /** Open here; the venue never heard of it, or forgot it. */
  UnknownToVenue: 2,
  /** Open here, ended there. */
  EndedAtVenue: 3,
  /** Quantity or price are others. */
  TermsDiffer: 4,
  /** The venue counts more executed than it could list. */
  FillsMissing: 5,
  /** More is booked here than the venue counts. */
  FillsUnknownToVenue: 6,
  /** Open there; here it never was, or has ended. */
  NotOpenHere: 7,
  /** Open on both sides, and what it was asked of it was not answered. */
  RequestUnanswered: 8,
} as const;

/** What a reconciliation does about a difference. */
export const RECONCILING_ACTION = {
  /** An alarm for people: nothing that a program may decide. */
  Raised: 1,
  Acknowledged: 2,
  Rejected: 3,
  Canceled: 4,
  Restated: 5,
  /** The venue is asked to cancel. */
  CancelAtVenue: 6,
  /** Every request under way goes to the venue once more. */
  AskedAgain: 7,
  /** The venue has the request: nothing is sent, it is asked again later how the order stands. */
  Awaited: 8,
} as const;

/** What a request under way asks of a venue. */
export const REQUEST = { Cancel: 1, Replace: 2 } as const;

/** What becomes of an order that is open at a venue and not here. */
export const STRAY_ORDER_POLICY = { Raise: 0, CancelAtVenue: 1 } as const;

/** Length in bytes of a client order id; canonical UUIDs (36) fit. */
export const CL_ORD_ID_BYTES = 40;
/** Length in bytes of a venue's execution id or order id. */
export const EXEC_ID_BYTES = 24;
