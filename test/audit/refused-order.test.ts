/** What the auditor says of refused orders, of limits in money, and of mass cancels. */
import { afterEach, expect, it } from 'vitest';
import { OrderIndex } from '../../src/audit/order-index/order-index.js';
import { type OrderStory, orderStory } from '../../src/audit/order-story.js';
import { ReferenceHistory } from '../../src/audit/reference-history.js';
import { killSwitch } from '../../src/audit/reports/control-events.js';
import type { Row } from '../../src/audit/reports/report.js';
import { limitsOf } from '../../src/audit/state-report.js';
import { STORY_CSV_HEAD, storyCsvLine, storyTextLines } from '../../src/audit/story-text.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { EXEC_INST } from '../../src/domain/order-terms.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { AnyFlow } from '../replay/any-flow.js';
import { type TestJournal, testJournal } from './journal-of.js';

let log: TestJournal | undefined;
afterEach(() => log?.remove());

const LOT = { instrument: 1, quantity: 5, price: 1001, side: 'Sell', ordType: 'Limit' } as const;

function storiesOf(flow: AnyFlow): (order: string) => OrderStory {
  log = testJournal();
  log.append(flow.batches);
  const index = new OrderIndex({ ...log, chunkEvents: 4 });
  index.advanceToEnd();
  const names = { reference: new ReferenceHistory(), keys: undefined };
  const of = log;
  return (order) => orderStory(of, index, names, { order, asOf: index.next - 1 });
}

const headOf = (story: OrderStory) => storyTextLines(story)[0];

it('heads the story of a refused order with what the log holds of the request', () => {
  const flow = new AnyFlow(3).begin();
  const send = (clOrdId: string, more: object) =>
    flow.send('NewOrder', { ...LOT, account: 1, clOrdId, ...more });
  send('WHOLE', { account: 99 });
  send('OFF-LOT', { quantity: 0, execInst: EXEC_INST.OffLot });
  send('OFF-TICK', { execInst: EXEC_INST.OffTick });
  send('UNKNOWN', { instrument: 0, quantity: 0, price: 0 });
  send('MARKET', { ordType: 'Market', price: 0 });
  const story = storiesOf(flow);
  const asked = (order: string) => headOf(story(order))?.split(': ')[1];
  expect(asked('WHOLE')).toBe('Sell 5 S1 Limit at 10.01, Day');
  expect(asked('OFF-LOT')).toBe('Sell S1 Limit at 10.01, Day');
  expect(asked('OFF-TICK')).toBe('Sell 5 S1 Limit, Day');
  expect(asked('UNKNOWN')).toBe('Sell #0 Limit, Day');
  expect(asked('MARKET')).toBe('Sell 5 S1 Market, Day');
  expect(story('OFF-LOT').order).toMatchObject({ quantity: '', price: '10.01', stopPrice: '' });
});

it('tells who had halted when an order was refused for it', () => {
  const flow = new AnyFlow(4).begin();
  const order = (clOrdId: string) => flow.send('NewOrder', { ...LOT, account: 1, clOrdId });
  const set = (
    scope: 'Firm' | 'Account' | 'Instrument',
    scopeId: number,
    state: State,
    text = '',
  ) => flow.send('SetTradingState', { scope, scopeId, state, text });
  type State = 'Active' | 'Reducing' | 'Halted';
  const at = () => flow.state.nextSequence;
  set('Instrument', 1, 'Halted', 'earlier');
  set('Instrument', 1, 'Active');
  set('Account', 2, 'Halted', 'another account');
  const account = at();
  set('Account', 1, 'Reducing', 'margin call');
  order('REDUCING');
  const firm = at();
  set('Firm', 0, 'Halted', 'feed is wrong');
  set('Instrument', 1, 'Reducing', 'less strict');
  order('HALTED');
  const story = storiesOf(flow);
  const decision = (of: string) => story(of).events.find(({ type }) => type === 'RiskDecided')!;
  const halt = (of: string) => decision(of).comparedWith?.halt;
  expect(halt('REDUCING')).toMatchObject({
    ...{ sequence: account, type: 'TradingHalted', scope: 'Account', name: 'A0' },
    ...{ state: 'Reducing', text: 'margin call' },
  });
  expect(halt('HALTED')).toMatchObject({
    ...{ sequence: firm, scope: 'Firm', name: '', state: 'Halted', text: 'feed is wrong' },
  });
  expect(halt('HALTED')?.actor.index).toBeGreaterThan(0);
  const { index } = halt('HALTED')!.actor;
  const text = storyTextLines(story('HALTED')).join('\n');
  expect(text).toMatch(
    new RegExp(
      `Firm Halted \\(TradingHalted\\) at sequence ${firm}, .+, by actor ${index}.*: feed is`,
    ),
  );
  const head = STORY_CSV_HEAD.split(',');
  const cells = storyCsvLine(decision('HALTED')).split(',');
  const cell = (name: string) => cells[head.indexOf(name)];
  expect([cell('halt_sequence'), cell('halt_scope'), cell('halt_actor')]).toEqual([
    ...[String(firm), 'Firm', String(index)],
  ]);
});

it('tells limits of money as decimals with their currency', () => {
  const flow = new AnyFlow(5).begin();
  const set = (limit: keyof typeof LIMIT, scopeId: number, value: number, instrument = 0) =>
    flow.send('ChangeLimit', {
      ...{ limit: LIMIT[limit], scope: scopeId === 0 ? 'Firm' : 'Account', scopeId },
      ...{ instrument, value },
    });
  set('MaxGrossExposure', 0, 1_500_000_250_000);
  set('MaxDailyLoss', 1, 100_000_000);
  set('MaxOrderNotional', 1, 7_000_000, 1);
  set('MaxOrderNotional', 2, 8_000_000);
  set('MaxOrderQuantity', 1, 12);
  const lines = limitsOf(flow.state).map(({ limit, value, unit, currency }) => {
    return `${limit} ${value} ${unit} ${currency}`.trim();
  });
  for (const each of [
    'MaxGrossExposure 1500000.25 money EUR',
    'MaxDailyLoss 100 money EUR',
    'MaxOrderNotional 7 money EUR',
    'MaxOrderNotional 8 money EUR',
    'MaxOrderQuantity 12 lots',
  ]) {
    expect(lines).toContain(each);
  }
});

it('reports a mass cancel of both sides without a side', () => {
  const flow = new AnyFlow(6).begin();
  const rows: Row[] = [];
  for (const side of [0, 2]) {
    flow.send('MassCancel', { account: 1, side });
    const batch = flow.batches.at(-1)!;
    const run = killSwitch.open({ state: flow.state, emit: (row) => rows.push(row) });
    run.take(decodeEvent(batch.bytes, 0));
  }
  expect(rows.map(({ event, side }) => [event, side])).toEqual([
    ['MassCancelDone', null],
    ['MassCancelDone', 2],
  ]);
});
