import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CurrencyRates } from '../../domain/currency.js';
import { POSITION } from '../../domain/position.js';
import { REQUEST_KIND } from '../state/client-ids.js';
import { ENDED } from '../state/order-status.js';
import { RISK, RISK_ROW, ROW, UNLIMITED } from '../state/position-table.js';
import { SCOPED, SCOPED_WIDTH } from '../state/risk-scopes.js';
import type { ShardState } from '../state/shard-state.js';
import { desk, dollars, type Spec, types } from './spec.js';

/** The sums of a scope, the slow and obvious way. */
interface Sums {
  open: number;
  gross: number;
  long: number;
  short: number;
  margin: number;
  pnl: number;
}

const none = (): Sums => ({ open: 0, gross: 0, long: 0, short: 0, margin: 0, pnl: 0 });

/** Rates by the class of the reports, and the bases that were set: 0 the firm, else the group. */
class Bases {
  readonly rates = new CurrencyRates();
  readonly #set = new Map<number, string>();
  #sequence = 0;

  set(scope: number, currency: string): void {
    this.#set.set(scope, currency);
  }

  mark(ticks: number): void {
    const [numerator, denominator] = [BigInt(ticks), 10_000n];
    this.rates.record({
      from: 'EUR',
      to: 'USD',
      numerator,
      denominator,
      sequence: this.#sequence++,
    });
  }

  of(state: ShardState, scope: number): string {
    const { accounts, scopes } = state;
    const currency = (account: number) => accounts.terms[account]?.currency as string;
    if (scope > scopes.first) return currency(scope - scopes.first);
    return this.#set.get(scope) ?? this.#set.get(0) ?? currency(1);
  }

  /** Rounded up, or down; 0 without a rate. */
  convert(amount: number, from: string, to: string, up: boolean): number {
    if (from === to) return amount;
    try {
      const { numerator, denominator } = this.rates.rate(from, to);
      const product = BigInt(amount) * numerator;
      const rest = ((product % denominator) + denominator) % denominator;
      return Number((product - rest) / denominator) + (up && rest !== 0n ? 1 : 0);
    } catch {
      return 0;
    }
  }
}

/** What may be left of an order and at which price: as it is, and by its replaces under way. */
function asked({ orders, clientIds }: ShardState, row: number): { lots: number; price: number }[] {
  const found = [
    { lots: orders.leavesQuantity[row] as number, price: orders.price[row] as number },
  ];
  if (((orders.flags[row] as number) & ENDED) !== 0) return found;
  for (let id = (orders.requests[row] as number) - 1; id >= 0; id = clientIds.next[id]! - 1) {
    if (clientIds.kind[id] !== REQUEST_KIND.Replace) continue;
    const lots = clientIds.quantity[id]! - orders.cumQuantity[row]!;
    found.push({ lots, price: clientIds.price[id] as number });
  }
  return found;
}

/** Adds up every order and position from nothing. Instruments are worth 10,000 micros a tick and lot. */
function recount(state: ShardState, bases: Bases): Map<number, Sums> {
  const { orders, positions, instruments, accounts, scopes } = state;
  const sums = new Map<number, Sums>();
  const scopesOf = (account: number) => {
    const group = accounts.group[account] as number;
    return [0, scopes.first + account, ...(group === 0 ? [] : [group])].map((scope) => {
      const found = sums.get(scope) ?? none();
      sums.set(scope, found);
      return { of: found, base: bases.of(state, scope) };
    });
  };
  for (let position = 1; position < positions.count; position += 1) {
    const account = positions.account[position] as number;
    const instrument = positions.instrument[position] as number;
    const at = position * ROW;
    const quantity = positions.rows[at + POSITION.quantity] as number;
    const mark = instruments.mark[instrument] as number;
    const value = quantity * mark * 10_000;
    let [buys, sells, open] = [0, 0, 0];
    for (let row = 1; row < orders.used; row += 1) {
      if (orders.position[row] !== position || orders.account[row] === 0) continue;
      const wanted = asked(state, row);
      // Without a price an order counts at the mark of the moment when it last changed.
      if (wanted.some(({ price }) => price === 0)) throw new Error('only priced orders here');
      if (orders.leavesQuantity[row] !== 0) open += 1;
      const lots = Math.max(0, ...wanted.map((each) => each.lots));
      const notional = lots * Math.max(...wanted.map(({ price }) => price)) * 10_000;
      if (orders.side[row] === 1) buys += notional;
      else sells += notional;
    }
    const gross = Math.max(value + buys, sells - value);
    const percent = instruments.marginPercent[instrument] as number;
    const flows =
      (positions.rows[at + POSITION.soldValue] as number) -
      (positions.rows[at + POSITION.boughtValue] as number);
    const currency = instruments.terms[instrument]?.currency as string;
    const margin = percent === 0 ? gross : Math.ceil((gross * percent) / 100);
    const pnl = (flows + quantity * mark) * 10_000 - (positions.rows[at + POSITION.fees] as number);
    for (const { of, base } of scopesOf(account)) {
      const up = (amount: number) => bases.convert(amount, currency, base, true);
      of.open += open;
      of.gross += up(gross);
      of.long += up(value + buys);
      of.short += up(sells - value);
      of.margin += up(margin);
      of.pnl += bases.convert(pnl, currency, base, false);
    }
  }
  return sums;
}

function expectSums(state: ShardState, bases: Bases): void {
  for (const [scope, sums] of recount(state, bases)) {
    const column = (at: number) => state.scopes.rows[scope * SCOPED_WIDTH + at];
    expect({
      open: column(SCOPED.openOrders),
      gross: column(SCOPED.gross),
      long: column(SCOPED.long),
      short: column(SCOPED.short),
      margin: column(SCOPED.margin),
      pnl: column(SCOPED.pnl),
    }).toEqual(sums);
  }
}

/** Best prices are those of the orders that are open. */
function expectBest(state: ShardState): void {
  const { orders, positions } = state;
  for (let position = 1; position < positions.count; position += 1) {
    const prices = (side: 'openBuys' | 'openSells') => {
      const found: number[] = [];
      for (let row = positions[side][position] as number; row !== 0; ) {
        found.push(...asked(state, row).map(({ price }) => price));
        row = orders.next[row] as number;
      }
      return found;
    };
    const at = position * RISK_ROW;
    const best = Math.max(-UNLIMITED, ...prices('openBuys'));
    expect(positions.risk[at + RISK.bestBuy]).toBe(best);
    expect(positions.risk[at + RISK.bestSell]).toBe(Math.min(UNLIMITED, ...prices('openSells')));
  }
}

const step = fc.record({
  kind: fc.constantFrom(
    'order',
    'order',
    'cancel',
    'replace',
    'fill',
    'mark',
    'bust',
    'move',
    'day',
    'rate',
    'base',
    'grant',
    'refuse',
  ),
  account: fc.integer({ min: 1, max: 3 }),
  instrument: fc.integer({ min: 1, max: 3 }),
  side: fc.constantFrom('Buy', 'Sell'),
  quantity: fc.integer({ min: 1, max: 50 }),
  price: fc.integer({ min: 9_000, max: 11_000 }),
  choice: fc.nat(),
  limited: fc.boolean(),
} as const);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Asked {
  readonly orderId: number;
  readonly clOrdId: string;
}

function take(spec: Spec, bases: Bases, replaces: Asked[], s: Step, day: number, n: number): void {
  const { orders } = spec.state;
  const row = 1 + (s.choice % Math.max(1, orders.used - 1));
  const orderId = orders.orderId[row] as number;
  const account = orders.account[row] as number;
  const { instrument, side, quantity, price } = s;
  if (s.kind === 'order') spec.order({ account: s.account, instrument, side, quantity, price });
  else if (s.kind === 'mark') spec.after(10).mark(price, instrument);
  else if (s.kind === 'move') {
    const name = `A${s.account}`;
    const groupName = s.limited ? 'G' : 'H';
    const currency = s.side === 'Buy' ? 'USD' : 'EUR';
    spec.when('OpenAccount', { account: s.account, name, groupName, currency, open: 1 });
  } else if (s.kind === 'rate') {
    spec.after(10).mark(price, 4);
    bases.mark(price);
  } else if (s.kind === 'base') {
    const scopeId = s.limited ? 0 : 1;
    const currency = s.side === 'Buy' ? 'USD' : 'EUR';
    const scope = s.limited ? 'Firm' : 'Group';
    const events = spec.when('SetBaseCurrency', { scope, scopeId, currency });
    if (types(events).includes('BaseCurrencyChanged')) bases.set(scopeId, currency);
  } else if (s.kind === 'day') {
    spec.when('CloseTradingDay', { tradingDay: day });
    spec.when('OpenTradingDay', { tradingDay: day + 1 });
  } else if (account === 0) return;
  else if (s.kind === 'cancel') spec.cancel(orderId, account);
  else if (s.kind === 'replace') {
    for (const event of spec.replace(orderId, quantity, price, account)) {
      if (event.type !== 'ReplaceRequested') continue;
      replaces.push({ orderId, clOrdId: (event.data as { clOrdId: string }).clOrdId });
    }
  } else if (s.kind === 'grant' || s.kind === 'refuse') {
    const asked = replaces.at(s.choice % Math.max(1, replaces.length));
    if (asked === undefined) return;
    const report = s.kind === 'grant' ? 'Replaced' : 'RequestRejected';
    spec.when('VenueReport', { report, ...asked, venue: 1 });
  } else if (s.kind === 'bust') {
    const execRefId = `x${s.choice % (n + 1)}`;
    spec.when('VenueReport', { report: 'TradeBusted', orderId, execId: `b${n}`, execRefId });
  } else {
    const fill = { report: 'Filled', orderId, execId: `x${n}`, lastPrice: price } as const;
    spec.when('VenueReport', { ...fill, lastQuantity: quantity });
  }
}

it('sums, best prices and replays agree with a recount, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.nat(59), (steps, switchedOn) => {
      const spec = desk();
      spec.when('ListInstrument', {
        symbol: 'FUT',
        currency: 'EUR',
        tickMantissa: 1,
        tickScale: 2,
        lotMantissa: 1,
        multiplierMantissa: 1,
        marginPercent: 7,
        feePerLot: 3,
        // Replaces of these wait for its word.
        venue: 1,
        open: 1,
      });
      spec.mark(10_000, 3);
      const terms = { tickMantissa: 1, tickScale: 4, lotMantissa: 1, multiplierMantissa: 1 };
      spec.when('ListInstrument', { ...terms, symbol: 'EUR/USD', currency: 'USD' });
      const bases = new Bases();
      const replaces: Asked[] = [];
      spec.when('OpenTradingDay', { tradingDay: 1 });
      for (const [n, s] of steps.entries()) {
        // Valuing begins in the middle: the sums are built from what is there.
        if (n === switchedOn) spec.limit('MaxGrossExposure', dollars(1e9), 'Firm');
        take(spec, bases, replaces, s, spec.state.tradingDay, n);
        if (n >= switchedOn) expectSums(spec.state, bases);
        expectBest(spec.state);
      }
      const { live, replayed } = spec.hashes();
      expect(replayed).toBe(live);
    }),
    { numRuns: 100 },
  );
});
