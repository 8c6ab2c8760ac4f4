/**
 * MiFID II RTS 24: order records, field by field as Table 2 of the Annex to Commission Delegated
 * Regulation (EU) 2017/580 of 24 June 2016 (OJ L 87, 31.3.2017, p. 193) names them. Codes are those of
 * ISO 20022 auth.113.001.01 (Order Book Report), the message in which authorities take such records.
 *
 * The regulation binds operators of trading venues; firms keep the same facts under other rules. Codes
 * that only a register gives (LEI, MIC, ISIN, national ids) are not in Daybook: columns stay empty, or
 * hold its own names, which whoever submits translates.
 */
import { ORDER_FLAG } from '../../commands/state/order-table.js';
import type { ShardState } from '../../commands/state/shard-state.js';
import type { DaybookEvent } from '../../domain/events.js';
import { formatSteps } from '../../lib/decimal.js';
import { accountName } from '../position-lines.js';
import { instrumentFacts, type OrderFacts, orderFacts } from './order-facts.js';
import type { Column, ColumnType, Report, ReportContext, Row } from './report.js';

const field = (
  number: number,
  title: string,
  type: ColumnType,
  unit: string,
  meaning: string,
): Column => ({
  name: `${title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')}`,
  type,
  unit,
  meaning,
  field: `${number} ${title}`,
});

const EMPTY = 'empty: Daybook does not know it';

/** In the order of the table. */
const COLUMNS = [
  field(
    1,
    'Identification of the entity which submitted the order',
    'string',
    'name',
    'group of the account; no LEI',
  ),
  field(2, 'Direct Electronic Access (DEA)', 'boolean', 'flag', EMPTY),
  field(3, 'Client identification code', 'string', 'name', 'account; no LEI or national id'),
  field(4, 'Investment decision within firm', 'string', 'code', EMPTY),
  field(
    5,
    'Execution within firm',
    'string',
    'index',
    'actor of the event, as ActorRegistered has it',
  ),
  field(6, 'Non-executing broker', 'string', 'code', EMPTY),
  field(7, 'Trading capacity', 'string', 'code', 'DEAL, MTCH or AOTC; of new and refused orders'),
  field(8, 'Liquidity provision activity', 'boolean', 'flag', EMPTY),
  field(9, 'Date and time', 'timestamp', 'ns since 1970', 'when the writer decided'),
  field(10, 'Validity period', 'string', 'code', 'DAVY, GTCV, GTSV, IOCV, FOKV, or other'),
  field(11, 'Order restriction', 'string', 'code', 'VFAR: for the opening or closing auction'),
  field(12, 'Validity period and time', 'timestamp', 'ns since 1970', 'of good-till-date orders'),
  field(13, 'Priority time stamp', 'timestamp', 'ns since 1970', EMPTY),
  field(14, 'Priority size', 'decimal', 'units', EMPTY),
  field(15, 'Sequence number', 'integer', 'sequence', 'of the event in the log'),
  field(16, 'Segment MIC code', 'string', 'index', 'number of the venue; no MIC'),
  field(17, 'Order book code', 'string', 'code', EMPTY),
  field(18, 'Financial instrument identification code', 'string', 'symbol', 'no ISIN'),
  field(
    19,
    'Date of receipt',
    'string',
    'yyyy-mm-dd',
    'of the original order; empty if before this report',
  ),
  field(
    20,
    'Order identification code',
    'string',
    'id',
    'our id of the order chain; of refused requests the client order id',
  ),
  field(
    21,
    'New order, order modification, order cancellation, order rejections, partial or full execution',
    'string',
    'code',
    'NEWO, TRIG, REME, REMA, CHMO, CAME, CAMO, REMO, EXPI, PARF or FILL',
  ),
  field(22, 'Order type', 'string', 'OrdType', 'OrdType [40]'),
  field(23, 'Order type classification', 'string', 'code', 'LMTO or STOP'),
  field(24, 'Limit price', 'decimal', 'price', 'empty for orders without one'),
  field(25, 'Additional limit price', 'decimal', 'price', EMPTY),
  field(26, 'Stop price', 'decimal', 'price', 'of stop orders'),
  field(27, 'Pegged limit price', 'decimal', 'price', EMPTY),
  field(28, 'Transaction price', 'decimal', 'price', 'of executions'),
  field(29, 'Price currency', 'string', 'ISO 4217', 'of the instrument'),
  field(30, 'Currency of leg 2', 'string', 'ISO 4217', EMPTY),
  field(31, 'Price notation', 'string', 'code', 'MONE'),
  field(32, 'Buy-sell indicator', 'string', 'code', 'BUYI or SELL'),
  field(
    33,
    'Order status',
    'string',
    'codes',
    'ACTI, INAC or SUSP, and ROUT once it was routed; FIRM, INDI are of quotes',
  ),
  field(34, 'Quantity notation', 'string', 'code', 'UNIT'),
  field(35, 'Quantity currency', 'string', 'ISO 4217', EMPTY),
  field(36, 'Initial quantity', 'decimal', 'units', 'OrderQty [38] in force'),
  field(
    37,
    'Remaining quantity including hidden',
    'decimal',
    'units',
    'LeavesQty [151] after the event',
  ),
  field(38, 'Displayed quantity', 'decimal', 'units', 'MaxFloor [111] of what is left'),
  field(39, 'Traded quantity', 'decimal', 'units', 'LastQty [32] of executions'),
  field(
    40,
    'Minimum acceptable quantity (MAQ)',
    'decimal',
    'units',
    'MinQty [110], of new and refused orders',
  ),
  field(41, 'Minimum executable size (MES)', 'decimal', 'units', EMPTY),
  field(42, 'MES first execution only', 'boolean', 'flag', EMPTY),
  field(43, 'Passive only indicator', 'boolean', 'flag', 'post-only'),
  field(
    44,
    'Passive or aggressive indicator',
    'string',
    'code',
    'PASV or AGRE, of executions where the venue says',
  ),
  field(
    45,
    'Self-execution prevention',
    'boolean',
    'flag',
    'whether the order gives way to its own account',
  ),
  field(46, 'Strategy linked order identification', 'string', 'id', EMPTY),
  field(47, 'Routing strategy', 'string', 'code', EMPTY),
  field(
    48,
    'Trading venue transaction identification code',
    'string',
    'id',
    "the venue's execution id",
  ),
  field(49, 'Trading phases', 'string', 'code', EMPTY),
  field(50, 'Indicative auction price', 'decimal', 'price', EMPTY),
  field(51, 'Indicative auction volume', 'decimal', 'units', EMPTY),
] as const;

const nameOf = (number: number): string => (COLUMNS[number - 1] as Column).name;

const CAPACITY: Readonly<Record<string, string>> = {
  Agency: 'AOTC',
  Principal: 'DEAL',
  RisklessPrincipal: 'MTCH',
};
const VALIDITY: Readonly<Record<string, string>> = {
  Day: 'DAVY',
  GoodTillCancel: 'GTCV',
  // Until a moment, not until the end of a day, which would be GTDV.
  GoodTillDate: 'GTSV',
  ImmediateOrCancel: 'IOCV',
  FillOrKill: 'FOKV',
};
const LIQUIDITY: Readonly<Record<string, string>> = { Added: 'PASV', Removed: 'AGRE' };

/** Field 21; undefined: the event is no change of the order that the table knows. */
function codeOf(event: DaybookEvent): string | undefined {
  switch (event.type) {
    case 'OrderAccepted':
      return 'NEWO';
    case 'OrderDenied':
    case 'OrderRejected':
      return 'REMO';
    case 'OrderTriggered':
      return 'TRIG';
    case 'OrderReplaced':
      return event.data.clOrdId === '' ? 'REMA' : 'REME';
    case 'OrderRestated':
      return 'REMA';
    case 'OrderCanceled':
      return event.data.clOrdId === '' ? 'CAMO' : 'CAME';
    case 'OrderExpired':
      return 'EXPI';
    case 'OrderDoneForDay':
    case 'OrderSuspended':
    case 'OrderStopped':
    case 'FillCorrected':
    case 'FillBusted':
      return 'CHMO';
    case 'OrderFilled':
      return event.data.leavesQuantity === 0 ? 'FILL' : 'PARF';
    default:
      return undefined;
  }
}

export const rts24: Report = {
  name: 'rts24',
  title: 'Order records',
  source: 'MiFID II RTS 24, Commission Delegated Regulation (EU) 2017/580, Annex, Table 2',
  missing: [
    'LEI, MIC, ISIN, national ids, algorithm ids: Daybook holds its own names and indexes',
    'direct electronic access, liquidity provision, non-executing broker, legs, auctions, phases',
    'priority time stamp and size: the venue has them',
    'a correction or bust of an execution has no code of its own: CHMO with the quantity after it',
  ],
  columns: COLUMNS,
  events: [
    ...(['OrderAccepted', 'OrderDenied', 'OrderRejected', 'OrderTriggered'] as const),
    ...(['OrderReplaced', 'OrderRestated', 'OrderCanceled', 'OrderExpired'] as const),
    ...(['OrderDoneForDay', 'OrderSuspended', 'OrderStopped', 'OrderFilled'] as const),
    ...(['FillCorrected', 'FillBusted'] as const),
  ],
  open: ({ state, emit }: ReportContext) => {
    /** Day of receipt by row of the order, yyyymmdd; 0 not in this report. */
    const received = new Int32Array(state.orders.capacity + 1);
    return {
      take(event) {
        const code = codeOf(event);
        if (code === undefined) return;
        if (event.type === 'OrderDenied') return emit(deniedRow(state, event, code));
        const orderId = (event.data as { orderId: number }).orderId;
        const facts = orderFacts(state, orderId);
        if (facts === undefined) return;
        const day = new Date(Number(event.time / 1_000_000n)).toISOString().slice(0, 10);
        if (code === 'NEWO') received[facts.row] = Number(day.replaceAll('-', ''));
        const date = String(received[facts.row]);
        const receipt =
          date === '0' ? null : `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
        emit({ ...orderRow(state, event, code, facts), [nameOf(19)]: receipt });
      },
    };
  },
};

function common(
  event: DaybookEvent,
  code: string,
): Record<string, string | bigint | number | boolean | null> {
  return {
    [nameOf(5)]: String(event.actor),
    [nameOf(9)]: event.time,
    [nameOf(15)]: event.sequence,
    [nameOf(21)]: code,
    [nameOf(31)]: 'MONE',
    [nameOf(34)]: 'UNIT',
  };
}

function orderRow(state: ShardState, event: DaybookEvent, code: string, facts: OrderFacts): Row {
  const { orders, accounts } = state;
  const account = orders.account[facts.row] as number;
  const auction = facts.timeInForce === 'AtTheOpening' || facts.timeInForce === 'AtTheClose';
  const routed = facts.venue !== 0;
  const row: Record<string, string | bigint | number | boolean | null> = {
    ...common(event, code),
    [nameOf(1)]: accounts.terms[account]?.groupName || null,
    [nameOf(3)]: facts.account,
    [nameOf(10)]: VALIDITY[facts.timeInForce] ?? (auction ? 'DAVY' : 'other'),
    [nameOf(11)]: auction ? 'VFAR' : null,
    [nameOf(12)]: facts.expireTime,
    [nameOf(16)]: facts.venue === 0 ? null : String(facts.venue),
    [nameOf(18)]: facts.symbol,
    [nameOf(20)]: String(orders.orderId[facts.row]),
    [nameOf(22)]: facts.ordType,
    [nameOf(23)]: facts.ordType.includes('Stop') ? 'STOP' : 'LMTO',
    [nameOf(24)]: facts.price,
    [nameOf(26)]: facts.stopPrice,
    [nameOf(29)]: facts.currency,
    [nameOf(32)]: facts.side === 'Buy' ? 'BUYI' : 'SELL',
    [nameOf(33)]: [statusOf(orders, facts.row), ...(routed ? ['ROUT'] : [])].join(' '),
    [nameOf(36)]: facts.quantity,
    [nameOf(37)]: facts.leavesQuantity,
    [nameOf(38)]: facts.displayQuantity,
    [nameOf(43)]: facts.postOnly,
  };
  if (event.type === 'OrderAccepted') {
    const { capacity, minQuantity, selfTradePrevention } = event.data;
    row[nameOf(7)] = CAPACITY[capacity] ?? null;
    row[nameOf(40)] = minQuantity === 0 ? null : formatSteps(minQuantity, facts.lot);
    row[nameOf(45)] = selfTradePrevention !== 'Allow';
  } else if ('lastPrice' in event.data && 'execId' in event.data) {
    row[nameOf(28)] = formatSteps(event.data.lastPrice, facts.tick);
    row[nameOf(39)] = formatSteps(event.data.lastQuantity, facts.lot);
    row[nameOf(48)] = event.data.execId;
    if (event.type === 'OrderFilled') row[nameOf(44)] = LIQUIDITY[event.data.liquidity] ?? null;
  }
  return row;
}

/** Field 33, of an order as the event leaves it. */
function statusOf({ leavesQuantity, flags }: ShardState['orders'], row: number): string {
  if (leavesQuantity[row] === 0) return 'INAC';
  return ((flags[row] as number) & ORDER_FLAG.Suspended) === 0 ? 'ACTI' : 'SUSP';
}

/** A refused request: no order, only what it wanted. */
function deniedRow(
  state: ShardState,
  event: Extract<DaybookEvent, { type: 'OrderDenied' }>,
  code: string,
): Row {
  const { data } = event;
  const of = instrumentFacts(state, data.instrument);
  return {
    ...common(event, code),
    [nameOf(1)]: state.accounts.terms[data.account]?.groupName || null,
    [nameOf(3)]: accountName(state, data.account),
    [nameOf(7)]: CAPACITY[data.capacity] ?? null,
    [nameOf(10)]: VALIDITY[data.timeInForce] ?? 'other',
    [nameOf(18)]: of.symbol,
    [nameOf(20)]: data.clOrdId,
    [nameOf(22)]: data.ordType,
    [nameOf(23)]: data.ordType.includes('Stop') ? 'STOP' : 'LMTO',
    [nameOf(24)]: data.price === 0 ? null : formatSteps(data.price, of.tick),
    [nameOf(26)]: data.stopPrice === 0 ? null : formatSteps(data.stopPrice, of.tick),
    [nameOf(29)]: of.currency,
    [nameOf(32)]: data.side === 'Buy' ? 'BUYI' : 'SELL',
    [nameOf(33)]: 'INAC',
    [nameOf(36)]: formatSteps(data.quantity, of.lot),
    [nameOf(37)]: '0',
  };
}
