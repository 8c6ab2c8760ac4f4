/**
 * What the rows of a scenario make the two sides do. Inferred from the row and from how the order
 * stands, never from the name of a scenario; `docs/fix-order-states.md` lists the inferences.
 */
import type { CommandData } from '../../domain/commands.js';
import { EXEC_INST } from '../../domain/order-terms.js';
import type { OrderView } from '../../domain/order-view.js';
import { isExecution } from './compare.js';
import { ACCOUNT, type Exchange, INSTRUMENT, MARK, VENUE } from './exchange.js';
import { dayOf, type Ids, idsOf, type Row } from './scenario.js';

type VenueReport = CommandData<'VenueReport'>;
type TimeInForce = 'Day' | 'GoodTillCancel' | 'ImmediateOrCancel' | 'FillOrKill';

/** CashOrderQty of an order without a quantity, micros: 10,000 of the currency. */
const CASH_MICROS = 10_000_000_000;

/** A row that no side can act on, in words. */
export type Impossible = string | undefined;

interface Execution {
  readonly orderId: number;
  readonly execId: string;
  quantity: number;
}

const letters = (text: string) => text.toLowerCase().replaceAll(/[^a-z]/g, '');

/** The requests, by what FIX and its readers call them; the special ones first. */
const REQUESTS = [
  ['mass cancel', /masscancel/],
  ['mass status', /massstatus/],
  ['status', /status/],
  ['replace', /replace|modif|amend/],
  ['cancel', /cancel/],
  ['new', /^new/],
] as const;

/** PossResend [97] in words: `PossResend=Y`, `possible resend`; and that it is N, not set or absent. */
const RESEND = /\b(poss(ible|\.)?[\s_-]*(resend|resent)|97\s*=\s*y)/i;
const NO_RESEND = new RegExp(
  `\\b(no|not|non|without|w/o)\\b[^.;,]*${RESEND.source}|` +
    `${RESEND.source}[\\w\\s()]*?([=:]\\s*|\\b)(n\\b|no\\b|not\\b|none\\b|false\\b|unset\\b|absent\\b)|\\b97\\s*=\\s*n`,
  'i',
);

const HALT_END = /\b(lift|resum|reinstat|re-?open)/i;
const HALT_OR_END = new RegExp(`\\bhalt|${HALT_END.source}`, 'i');

/** What the sell side does: what ExecType says, else the OrdStatus that it leads to. */
const actOf = ({ execType, ordStatus }: Row) => {
  const act = execType ?? ordStatus ?? '';
  return act === 'PartiallyFilled' || act === 'Filled' ? 'Trade' : act;
};

const requestOf = (row: Row) => REQUESTS.find(([, name]) => name.test(letters(row.msg)))?.[0];

export class SellSide {
  readonly #exchange: Exchange;
  readonly #rows: readonly Row[];
  /** Trades that stand, newest last. */
  readonly #executions: Execution[] = [];
  #nextExecution = 1;
  #halted = false;

  constructor(exchange: Exchange, rows: readonly Row[]) {
    this.#exchange = exchange;
    this.#rows = rows;
  }

  /** Sends the request of a `>` row. */
  request(row: Row): Impossible {
    const exchange = this.#exchange;
    const { clOrdId, origClOrdId } = idsOf(row)[0] as Ids;
    const execInst = this.#isResend(row, clOrdId) ? EXEC_INST.PossResend : 0;
    const about = { account: ACCOUNT, clOrdId, origClOrdId, execInst };
    switch (requestOf(row)) {
      case 'new':
        exchange.submit('NewOrder', this.#newOrder(row, clOrdId, execInst));
        return undefined;
      case 'cancel':
        exchange.submit('CancelOrder', about);
        return undefined;
      case 'replace': {
        const order = this.#find(origClOrdId);
        const quantity = row.orderQty ?? order?.orderQty ?? 0;
        // A request that leaves the quantity as it is asks for another price.
        const price = (order?.price ?? MARK) + (quantity === order?.orderQty ? 1 : 0);
        exchange.submit('ReplaceOrder', { ...about, quantity, price });
        return undefined;
      }
      case 'status':
        exchange.queue.push(exchange.reports.status(ACCOUNT, clOrdId));
        return undefined;
      case 'mass status':
        exchange.queue.push(...exchange.reports.massStatus(ACCOUNT));
        return undefined;
      case 'mass cancel':
        exchange.submit('MassCancel', { account: ACCOUNT });
        return undefined;
      default:
        return `no such request: ${row.msg}`;
    }
  }

  /** An event without a message: a halt and its end are told to the writer. */
  happen(row: Row): void {
    const comment = row.comment ?? '';
    const over = HALT_END.test(comment);
    if (over ? !this.#halted : !/\bhalt/i.test(comment)) return;
    this.#halted = !over;
    this.#exchange.submit('SetTradingState', {
      scope: 'Instrument',
      scopeId: INSTRUMENT,
      state: over ? 'Active' : 'Halted',
    });
  }

  /** Does, as the venue, what the report of a `<` row is about. */
  act(row: Row): Impossible {
    const ids = idsOf(row)[0] as Ids;
    const order = this.#meant(row, ids);
    if (order === undefined) return `no order ${row.ids ?? ''} to report on`;
    const type = isExecution(row) ? actOf(row) : row.msg;
    const report = this.#reportOf(letters(type), row, order, ids);
    if (report === undefined) return `the venue cannot report ${type || 'what has no ExecType'}`;
    this.#exchange.submit('VenueReport', {
      orderId: order.orderId,
      account: ACCOUNT,
      instrument: INSTRUMENT,
      venue: VENUE,
      ...report,
    });
    return undefined;
  }

  /** The order of the ids; of a row without that column, the latest. */
  #meant(row: Row, ids: Ids): Readonly<OrderView> | undefined {
    if (row.ids == null) {
      const latest = this.#exchange.events.findLast(({ type }) => type === 'OrderAccepted');
      if (latest?.type === 'OrderAccepted')
        return this.#exchange.reports.order(latest.data.orderId);
    }
    if (ids.clOrdId !== '') return this.#find(ids.clOrdId) ?? this.#find(ids.origClOrdId);
    const telephoned = this.#telephoned();
    if (telephoned !== undefined || !this.#mayTelephone(row)) return telephoned;
    this.#exchange.submit('NewOrder', this.#newOrder(row, '', 0));
    return this.#telephoned();
  }

  /** A report without ids is of a telephoned order when something happened before it, or nothing did. */
  #mayTelephone(row: Row): boolean {
    const before = this.#rows.slice(0, this.#rows.indexOf(row));
    const isCall = ({ dir, comment }: Row) => dir === '*' && !HALT_OR_END.test(comment ?? '');
    return before.every(({ dir }) => dir !== '>') || before.some(isCall);
  }

  #reportOf(
    type: string,
    row: Row,
    order: Readonly<OrderView>,
    { clOrdId, origClOrdId }: Ids,
  ): VenueReport | undefined {
    // Two ids answer a request; one alone says that nobody asked.
    const answered = origClOrdId === '' ? {} : { clOrdId };
    switch (type) {
      case 'new':
        return { report: 'Acknowledged', quantity: this.#acknowledged(row, order) };
      case 'trade':
        return this.#trade(row, order);
      case 'tradecancel':
      case 'tradecorrect':
        return this.#correction(type, row, order);
      case 'canceled':
        return { report: 'Canceled', ...answered };
      case 'replaced':
        return { report: 'Replaced', ...answered, ...this.#granted(row, order, clOrdId) };
      case 'pendingcancel':
        return { report: 'PendingCancel', clOrdId };
      case 'pendingreplace':
        return { report: 'PendingReplace', clOrdId };
      case 'cancelreject':
      case 'ordercancelreject':
        return { report: 'RequestRejected', clOrdId };
      case 'restated':
        return restatement(row, order);
      case 'stopped':
        return { report: 'Stopped', lastQuantity: row.lastQty ?? 0, lastPrice: MARK };
      case 'rejected':
        return { report: 'Rejected' };
      case 'expired':
        return { report: 'Expired' };
      case 'doneforday':
        return { report: 'DoneForDay' };
      case 'suspended':
        return { report: 'Suspended' };
      case 'calculated':
        return { report: 'Calculated' };
      default:
        return undefined;
    }
  }

  /** The quantity needs saying for an order of cash only: 0 is what was asked for. */
  #acknowledged(row: Row, order: Readonly<OrderView>): number {
    const asked = this.#rows.find(
      (each) => each.dir === '>' && (idsOf(each)[0] as Ids).clOrdId === order.clOrdId,
    );
    return asked?.orderQty == null ? (row.orderQty ?? 0) : 0;
  }

  #trade(row: Row, order: Readonly<OrderView>): VenueReport {
    const quantity = row.lastQty ?? (row.cumQty ?? 0) - order.cumQty;
    const execId = this.#execute(order.orderId, quantity);
    return { report: 'Filled', execId, lastQuantity: quantity, lastPrice: MARK };
  }

  #execute(orderId: number, quantity: number): string {
    const execId = `E${this.#nextExecution}`;
    this.#nextExecution += 1;
    this.#executions.push({ orderId, execId, quantity });
    return execId;
  }

  /** Which execution is meant follows from what CumQty loses; of equal ones it is the newest. */
  #correction(type: string, row: Row, order: Readonly<OrderView>): VenueReport | undefined {
    const bust = type === 'tradecancel';
    const quantity = bust ? 0 : (row.lastQty ?? 0);
    const meant = quantity - ((row.cumQty ?? order.cumQty) - order.cumQty);
    const own = this.#executions.filter(({ orderId }) => orderId === order.orderId);
    const old = own.findLast((each) => each.quantity === meant) ?? own.at(-1);
    if (old === undefined) return undefined;
    this.#executions.splice(this.#executions.indexOf(old), 1);
    const execId = this.#execute(order.orderId, quantity);
    if (bust) this.#executions.pop();
    const execRefId = old.execId;
    if (bust) return { report: 'TradeBusted', execId, execRefId };
    return {
      report: 'TradeCorrected',
      execId,
      execRefId,
      lastQuantity: quantity,
      lastPrice: MARK + 1,
    };
  }

  /** What was asked for needs no saying; the venue states what it grants instead, or on its own. */
  #granted(row: Row, order: Readonly<OrderView>, clOrdId: string): VenueReport {
    const asked = this.#rows.findLast(
      (each) => each.dir === '>' && (idsOf(each)[0] as Ids).clOrdId === clOrdId,
    )?.orderQty;
    const wanted = row.orderQty ?? 0;
    const solicited = idsOf(row)[0]?.origClOrdId !== '';
    if (solicited && (asked == null || wanted === Math.max(asked, order.cumQty))) return {};
    return { quantity: wanted };
  }

  #newOrder(row: Row, clOrdId: string, execInst: number): CommandData<'NewOrder'> {
    const cash = row.orderQty == null;
    const bits = execInst | (clOrdId === '' ? EXEC_INST.Manual : 0);
    return {
      account: ACCOUNT,
      instrument: INSTRUMENT,
      clOrdId,
      quantity: row.orderQty ?? 0,
      ...(cash ? { cashQuantity: CASH_MICROS } : {}),
      ordType: cash ? 'Market' : 'Limit',
      price: cash ? 0 : MARK,
      side: 'Buy',
      timeInForce: this.#timeInForce(row),
      execInst: bits,
    };
  }

  /** An id seen before whose answer is a status, though nobody asks for one; or the comment says so. */
  #isResend(row: Row, clOrdId: string): boolean {
    const comment = `${row.msg} ${row.comment ?? ''}`;
    if (NO_RESEND.test(comment)) return false;
    if (RESEND.test(comment)) return true;
    if (this.#find(clOrdId) === undefined) return false;
    const later = this.#rows.slice(this.#rows.indexOf(row) + 1);
    const about = (each: Row) => idsOf(each).some((ids) => ids.clOrdId === clOrdId);
    const next = later.find(about);
    return next?.dir === '<' && letters(next.execType ?? '') === 'orderstatus';
  }

  /**
   * Good till cancel when a later day follows or something is left when the order is done for the day;
   * immediate or all-or-nothing when the comment says so; else day.
   */
  #timeInForce(row: Row): TimeInForce {
    const comment = row.comment ?? '';
    if (/\b(FOK|fill[ -]or[ -]kill)\b/i.test(comment)) return 'FillOrKill';
    if (/\b(IOC|immediate[ -]or[ -]cancel)\b/i.test(comment)) return 'ImmediateOrCancel';
    const outlives = this.#rows.some(
      (each) =>
        dayOf(each) > dayOf(row) ||
        (letters(each.execType ?? '') === 'doneforday' && (each.leavesQty ?? 0) > 0),
    );
    return outlives || /\bG(TC|TD|T)\b/.test(comment) ? 'GoodTillCancel' : 'Day';
  }

  #find(clOrdId: string): Readonly<OrderView> | undefined {
    const found = clOrdId === '' ? undefined : this.#exchange.reports.find(ACCOUNT, clOrdId);
    return found?.orderId === 0 ? undefined : found;
  }

  /** The order without a client order id. */
  #telephoned(): Readonly<OrderView> | undefined {
    const accepted = this.#exchange.events.findLast(
      (event) => event.type === 'OrderAccepted' && event.data.clOrdId === '',
    );
    if (accepted?.type !== 'OrderAccepted') return undefined;
    return this.#exchange.reports.order(accepted.data.orderId);
  }
}

/** Why the venue restates follows from what changed. */
function restatement(row: Row, order: Readonly<OrderView>): VenueReport {
  const quantity = row.orderQty ?? 0;
  const cumQuantity = row.cumQty ?? order.cumQty;
  if (cumQuantity !== order.cumQty) {
    return { report: 'Restated', restatement: 'GtCorporateAction', quantity, cumQuantity };
  }
  if (quantity === 0 || quantity === order.orderQty) {
    return { report: 'Restated', restatement: 'GtRenewal', quantity };
  }
  const declined = quantity < order.orderQty;
  return {
    report: 'Restated',
    restatement: declined ? 'PartialDeclineOfOrderQty' : 'Other',
    quantity,
  };
}
