/**
 * Order events in the manner of the Consolidated Audit Trail (SEC Rule 613): event types, field names
 * and codes of the "CAT Reporting Technical Specifications for Industry Members", version 4.1.0 r15.
 *
 * An export to make submissions from, not a submission: see `missing`.
 */
import type { DaybookEvent } from '../../domain/events.js';
import { formatSteps } from '../../lib/decimal.js';
import { easternDate, easternTime } from './eastern-time.js';
import { type OrderFacts, orderFacts } from './order-facts.js';
import { column, type Report, type ReportContext, type Row } from './report.js';

const SIDE: Readonly<Record<string, string>> = {
  Buy: 'B',
  Sell: 'SL',
  SellShort: 'SS',
  SellShortExempt: 'SX',
};
/** Of those without a value; a day order has its date, one until a moment that moment. */
const TIME_IN_FORCE: Readonly<Record<string, string>> = {
  GoodTillCancel: 'GTC',
  ImmediateOrCancel: 'IOC',
  FillOrKill: 'FOK',
};
const CAPACITY: Readonly<Record<string, string>> = {
  Agency: 'A',
  Principal: 'P',
  RisklessPrincipal: 'R',
};

const COLUMNS = [
  column('actionType', 'string', 'code', 'NEW: every row is a new record'),
  column('firmROEID', 'string', 'yyyymmdd_sequence', 'day of the event and its sequence here'),
  column('type', 'string', 'code', 'MENO, MEOR, MEOM, MEOC or MEOT'),
  column(
    'orderKeyDate',
    'string',
    'yyyymmddThhmmss.nnnnnnnnn',
    'when the order was accepted, Eastern Time; empty if before this report',
  ),
  column('orderID', 'string', 'id', 'our id of the order chain'),
  column('symbol', 'string', 'symbol', 'as it is listed in Daybook'),
  column(
    ...(['eventTimestamp', 'string', 'yyyymmddThhmmss.nnnnnnnnn'] as const),
    'when the writer decided, Eastern Time',
  ),
  column('manualFlag', 'boolean', 'flag', 'entered by telephone'),
  column('electronicDupFlag', 'boolean', 'flag', 'false: no event is on record twice'),
  column('firmDesignatedID', 'string', 'name', 'account'),
  column('side', 'string', 'code', 'B, SL, SS or SX'),
  column('price', 'decimal', 'price', 'limit price in force, of MEOT the price of the trade'),
  column('quantity', 'decimal', 'units', 'order quantity in force, of MEOT that of the trade'),
  column('minQty', 'decimal', 'units', 'MinQty [110], of MENO'),
  column('orderType', 'string', 'code', 'LMT or MKT'),
  column('timeInForce', 'string', 'code', 'DAY=yyyymmdd, GTC, GTT=time, IOC, FOK'),
  column('tradingSession', 'string', 'code', 'REG'),
  column('handlingInstructions', 'string', 'codes', 'stop price (STP), post-only (ALO)'),
  column('capacity', 'string', 'code', 'A, P or R, of MENO'),
  column('destination', 'string', 'index', 'number of the venue, of MEOR and MEOT'),
  column('routedOrderID', 'string', 'id', 'the id that the order is routed under, of MEOR'),
  column('routeRejectedFlag', 'boolean', 'flag', 'the venue refused the order, of MEOR'),
  column('leavesQty', 'decimal', 'units', 'what is left after MEOM, MEOC, MEOT'),
  column('cancelQty', 'decimal', 'units', 'what was canceled, of MEOC'),
  column('initiator', 'string', 'code', 'C the client, F the firm, E the venue; of MEOM and MEOC'),
  column('tradeID', 'string', 'id', "the venue's execution id, of MEOT"),
  column('sequence', 'integer', 'sequence', 'of the event in the log; no field of CAT'),
];

export const cat: Report = {
  name: 'cat',
  title: 'Order events',
  source:
    'CAT Reporting Technical Specifications for Industry Members, 4.1.0 r15: names of events and fields',
  missing: [
    'CATReporterIMID, senderIMID, destinationType, department, account holder type, affiliate and solicited flags, RFQ ids',
    'MEOA (order accepted from another CAT reporter): Daybook takes orders of its own clients only',
    'requests that were refused before acceptance are not reportable and not in it',
    'fills at an exchange are reported to CAT by the exchange: MEOT rows are here for completeness, and name our order, not both sides (tradeKeyDate, sideDetailsInd, buyDetails, sellDetails)',
    'fractions of clock drift, late and correction records, file names and compression of a submission',
  ],
  columns: COLUMNS,
  events: [
    ...([
      'OrderAccepted',
      'OrderRouted',
      'OrderRejected',
      'OrderReplaced',
      'OrderRestated',
    ] as const),
    ...(['OrderCanceled', 'OrderExpired', 'OrderFilled'] as const),
  ],
  open: ({ state, emit }: ReportContext) => {
    /** Time of acceptance by row of the order; ns as two words would not be worth it here. */
    const keys = new BigInt64Array(state.orders.capacity + 1);
    return {
      take(event) {
        const facts = orderFacts(state, (event.data as { orderId: number }).orderId);
        if (facts === undefined) return;
        if (event.type === 'OrderAccepted') keys[facts.row] = event.time;
        const key = keys[facts.row] as bigint;
        emit({
          ...common(event, facts, key),
          orderKeyDate: key === 0n ? null : easternTime(key),
          ...ofType(event, facts),
        });
      },
    };
  },
};

/** A name, or a name and its value. @param of a day order: when it was taken, if that is known */
function timeInForce(facts: OrderFacts, of: bigint): string {
  if (facts.timeInForce === 'GoodTillDate' && facts.expireTime !== null) {
    return `GTT=${easternTime(facts.expireTime)}`;
  }
  return TIME_IN_FORCE[facts.timeInForce] ?? `DAY=${easternDate(of)}`;
}

function common(event: DaybookEvent, facts: OrderFacts, key: bigint): Row {
  const handling = [
    ...(facts.stopPrice === null ? [] : [`STP=${facts.stopPrice}`]),
    ...(facts.postOnly ? ['ALO'] : []),
  ].join('|');
  return {
    actionType: 'NEW',
    firmROEID: `${easternDate(event.time)}_${event.sequence}`,
    orderID: String((event.data as { orderId: number }).orderId),
    symbol: facts.symbol,
    eventTimestamp: easternTime(event.time),
    manualFlag: facts.manual,
    electronicDupFlag: false,
    firmDesignatedID: facts.account,
    side: SIDE[facts.side] ?? null,
    price: facts.price,
    quantity: facts.quantity,
    orderType: facts.price === null ? 'MKT' : 'LMT',
    timeInForce: timeInForce(facts, key === 0n ? event.time : key),
    tradingSession: 'REG',
    handlingInstructions: handling === '' ? null : handling,
    sequence: event.sequence,
  };
}

function ofType(event: DaybookEvent, facts: OrderFacts): Row {
  const lots = (quantity: number) => formatSteps(quantity, facts.lot);
  switch (event.type) {
    case 'OrderAccepted': {
      const { capacity, minQuantity } = event.data;
      const minQty = minQuantity === 0 ? null : lots(minQuantity);
      return { type: 'MENO', capacity: CAPACITY[capacity] ?? null, minQty };
    }
    case 'OrderRouted':
      return { type: 'MEOR', ...routeOf(event.data.venue, event.data.orderId, false) };
    case 'OrderRejected':
      return { type: 'MEOR', ...routeOf(facts.venue, event.data.orderId, true) };
    case 'OrderReplaced':
    case 'OrderRestated': {
      const byClient = event.type === 'OrderReplaced' && event.data.clOrdId !== '';
      return { type: 'MEOM', leavesQty: facts.leavesQuantity, initiator: byClient ? 'C' : 'E' };
    }
    case 'OrderCanceled': {
      const { clOrdId, canceledQuantity, leavesQuantity, reason } = event.data;
      const initiator = clOrdId !== '' ? 'C' : reason === 0 ? 'E' : 'F';
      const cancelQty = lots(canceledQuantity - leavesQuantity);
      return { type: 'MEOC', cancelQty, leavesQty: lots(leavesQuantity), initiator };
    }
    case 'OrderExpired':
      return { type: 'MEOC', leavesQty: '0', initiator: 'E' };
    case 'OrderFilled': {
      const { lastPrice, lastQuantity, leavesQuantity, execId } = event.data;
      return {
        ...{
          type: 'MEOT',
          price: formatSteps(lastPrice, facts.tick),
          quantity: lots(lastQuantity),
        },
        ...{ leavesQty: lots(leavesQuantity), tradeID: execId, destination: String(facts.venue) },
      };
    }
    default:
      return {};
  }
}

const routeOf = (venue: number, orderId: number, rejected: boolean): Row => ({
  destination: String(venue),
  routedOrderID: String(orderId),
  routeRejectedFlag: rejected,
});
