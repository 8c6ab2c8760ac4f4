/**
 * What a client is told about an order: FIX 4.4's Execution Report (35=8) and Order Cancel Reject
 * (35=9), as values. Gateways put them into their wire format and add nothing of their own.
 */
import type { CXL_REJ_REASON, ORD_STATUS, RESTATEMENT } from './order-terms.js';
import { rejectCode, rejectReasons } from './reject-reasons.js';

/** ExecType [150]; FIX numbers it with characters, see `docs/fix-order-states.md`. */
export type ExecType =
  | 'New'
  | 'DoneForDay'
  | 'Canceled'
  | 'Replaced'
  | 'PendingCancel'
  | 'Stopped'
  | 'Rejected'
  | 'Suspended'
  | 'PendingNew'
  | 'Calculated'
  | 'Expired'
  | 'Restated'
  | 'PendingReplace'
  | 'Trade'
  | 'TradeCorrect'
  | 'TradeCancel'
  | 'OrderStatus'
  /** FIX 5.0's L: a stop order was triggered; sessions of FIX 4.4 leave the report out. */
  | 'Triggered';

export type OrdStatus = keyof typeof ORD_STATUS;

/** What both messages carry. Quantities in lots, prices in ticks of the instrument. */
interface OrderReport {
  /** ExecID [17]: the sequence of the event, so unique in the shard; 0 for an order status. */
  readonly execId: number;
  /** TransactTime [60], ns since 1970; 0 for an order status. */
  readonly time: bigint;
  /** Session that the report is for. */
  readonly session: number;
  /** Command that caused it; 0 for an order status. */
  readonly command: number;
  /** OrderID [37]; 0 is sent as "NONE". */
  readonly orderId: number;
  readonly account: number;
  readonly instrument: number;
  /** ClOrdID [11]; empty for an order that was entered by telephone. */
  readonly clOrdId: string;
  /** OrigClOrdID [41]; empty when there is none. */
  readonly origClOrdId: string;
  readonly ordStatus: OrdStatus;
  /** Why: our stable code, 0 none. See `docs/error-codes.md`. */
  readonly reason: number;
  /** Text [58]; empty when there is none. */
  readonly text: string;
  /** Reference of a binary client (OUCH UserRefNum); 0 none. */
  readonly userRef: number;
}

/** 35=8. */
export interface ExecutionReport extends OrderReport {
  readonly message: 'ExecutionReport';
  readonly execType: ExecType;
  readonly side: string;
  readonly ordType: string;
  readonly timeInForce: string;
  /** Price [44] in force, ticks; 0 none. */
  readonly price: number;
  readonly orderQty: number;
  readonly cumQty: number;
  readonly leavesQty: number;
  readonly lastQty: number;
  readonly lastPx: number;
  /** AvgPx [6] as a fraction of whole numbers: cumValue / cumQty in ticks; see `averagePrice`. */
  readonly cumValue: number;
  /** DayOrderQty [424] = OrderQty - (CumQty - DayCumQty), DayCumQty [425]. */
  readonly dayOrderQty: number;
  readonly dayCumQty: number;
  /** DayAvgPx [426] = dayCumValue / dayCumQty. */
  readonly dayCumValue: number;
  /** ExecRefID [19]: our ExecID of the execution that is corrected or busted; 0 none. */
  readonly execRefId: number;
  /** The venue's id of the execution; empty when it is none. */
  readonly venueExecId: string;
  /** ExecRestatementReason [378], for Restated and for an unsolicited cancel. */
  readonly restatement: keyof typeof RESTATEMENT | undefined;
  /** OrdRejReason [103], for Rejected. */
  readonly ordRejReason: number | undefined;
}

/** 35=9. */
export interface CancelReject extends OrderReport {
  readonly message: 'OrderCancelReject';
  readonly cxlRejReason: keyof typeof CXL_REJ_REASON;
  /** CxlRejResponseTo [434]. */
  readonly responseTo: 'Cancel' | 'Replace';
}

export type Report = ExecutionReport | CancelReject;

/** OrdRejReason [103] of one of our reasons; 99 (other) for those of newer software. */
export function ordRejReason(reason: number): number {
  const code = rejectCode(reason);
  return code === undefined ? 99 : rejectReasons[code].fix;
}

/**
 * Average price as decimal text, rounded half to even.
 *
 * @param value sum of quantity x price, ticks x lots
 * @param quantity lots; 0 gives "0"
 * @param tickMantissa,tickScale the tick: mantissa x 10^-scale
 * @param digits decimal digits of the text
 */
export function averagePrice(
  value: number,
  quantity: number,
  tickMantissa: number,
  tickScale: number,
  digits: number,
): string {
  if (quantity === 0) return '0';
  const negative = value < 0;
  const numerator = BigInt(Math.abs(value)) * BigInt(tickMantissa) * 10n ** BigInt(digits);
  const denominator = BigInt(quantity) * 10n ** BigInt(tickScale);
  let whole = numerator / denominator;
  const twice = (numerator - whole * denominator) * 2n;
  if (twice > denominator || (twice === denominator && whole % 2n === 1n)) whole += 1n;
  const all = whole.toString().padStart(digits + 1, '0');
  const point = all.length - digits;
  const text = digits === 0 ? all : `${all.slice(0, point)}.${all.slice(point)}`;
  return negative && whole !== 0n ? `-${text}` : text;
}
