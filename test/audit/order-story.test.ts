/** The index against a scan of the whole log: the same events of every order and request. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { AuditError } from '../../src/audit/errors.js';
import { parseMoment, sequenceOf } from '../../src/audit/moment.js';
import { indexDirectory, OrderIndex } from '../../src/audit/order-index/order-index.js';
import { type OrderStory, orderStory } from '../../src/audit/order-story.js';
import { ReferenceHistory } from '../../src/audit/reference-history.js';
import { storyCsvLine, storyTextLines } from '../../src/audit/story-text.js';
import { lengthAt } from '../../src/commands/replay/event-groups.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import type { DaybookEvent, EventOf } from '../../src/domain/events.js';
import { LIMIT } from '../../src/domain/risk-catalogue.js';
import { formatIsoNs } from '../../src/lib/time.js';
import { AnyFlow } from '../replay/any-flow.js';
import { type TestJournal, testJournal } from './journal-of.js';

const CHUNK_EVENTS = 300;
let log: TestJournal;
afterEach(() => log.remove());

function flowOf(seed: number, steps: number): AnyFlow {
  log = testJournal();
  const flow = new AnyFlow(seed).begin();
  for (let i = 0; i < steps; i += 1) flow.step();
  log.append(flow.batches);
  return flow;
}

const eventsOf = (flow: AnyFlow): DaybookEvent[] =>
  flow.batches.flatMap((batch) => {
    const events: DaybookEvent[] = [];
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      events.push(decodeEvent(batch.bytes, at));
    }
    return events;
  });

const openIndex = (): OrderIndex => {
  const index = new OrderIndex({ ...log, chunkEvents: CHUNK_EVENTS });
  index.advanceToEnd();
  return index;
};

function story(
  index: OrderIndex,
  order: string,
  asOf = index.next - 1,
  account?: string,
): OrderStory {
  const names = { reference: new ReferenceHistory(), keys: undefined };
  return orderStory(log, index, names, { order, asOf, account });
}

const field = (event: DaybookEvent, name: string): unknown =>
  (event.data as Readonly<Record<string, unknown>>)[name];

/** By looking at every event: those of the order, and what their commands decided beside. */
function byScan(events: readonly DaybookEvent[], orderId: number, asOf: number): number[] {
  const own = new Set(
    events.filter((e) => field(e, 'orderId') === orderId || field(e, 'firstOrderId') === orderId),
  );
  const commands = new Set([...own].map(({ command, time }) => `${command} ${time}`));
  const beside = ['RiskDecided', 'CircuitBreakerTripped', 'CircuitBreakerReset', 'CommandRefused'];
  return events
    .filter((e) => e.sequence <= asOf)
    .filter(
      (e) =>
        own.has(e) ||
        (beside.includes(e.type) && !field(e, 'orderId') && commands.has(`${e.command} ${e.time}`)),
    )
    .map(({ sequence }) => sequence);
}

describe('the story of an order', () => {
  it.each([11, 12, 13])('has every event that a scan finds, seed %i', (seed) => {
    const flow = flowOf(seed, 1500);
    const events = eventsOf(flow);
    const index = openIndex();
    expect(readdirSync(indexDirectory(log.journal)).length).toBeGreaterThan(2);
    const accepted = events.filter((e) => e.type === 'OrderAccepted');
    expect(accepted.length).toBeGreaterThan(20);
    for (const { data, sequence } of accepted.filter((_, i) => i % 3 === 0)) {
      for (const asOf of [index.next - 1, sequence + 40]) {
        const at = Math.min(asOf, index.next - 1);
        const told = story(index, String(data.orderId), at);
        expect(told.asOf).toBe(at);
        expect(told.events.map((e) => e.sequence)).toEqual(byScan(events, data.orderId, at));
      }
    }
  });

  it('is the same by any client order id of the chain and by an execution id', () => {
    const flow = flowOf(21, 1200);
    const events = eventsOf(flow);
    const index = openIndex();
    const filled = events.find((e): e is EventOf<'OrderFilled'> => e.type === 'OrderFilled')!;
    const { orderId, execId } = filled.data;
    const accepted = events.find(
      (e) => e.type === 'OrderAccepted' && field(e, 'orderId') === orderId,
    );
    const byId = story(index, String(orderId)).events.map((e) => e.sequence);
    const account = `A${(field(accepted!, 'account') as number) - 1}`;
    const byClient = story(index, field(accepted!, 'clOrdId') as string, index.next - 1, account);
    expect(byClient.events.map((e) => e.sequence)).toEqual(expect.arrayContaining(byId));
    const byFill = story(index, execId, index.next - 1, account).events.map((e) => e.sequence);
    expect(byFill).toEqual(expect.arrayContaining(byId));
  });

  it('tells the mark and the limit in force, and who set it', () => {
    log = testJournal();
    const flow = new AnyFlow(1).begin();
    const order = { account: 1, instrument: 1, quantity: 5, price: 1001 } as const;
    const terms = { side: 'Buy', ordType: 'Limit', timeInForce: 'Day' } as const;
    const limit = { limit: LIMIT.MaxOrderQuantity, scope: 'Account', scopeId: 1 } as const;
    flow.send('ChangeLimit', { ...limit, value: 10 });
    flow.send('ChangeLimit', { ...limit, value: 4 });
    flow.send('MarkPrice', { instrument: 1, price: 1003 });
    flow.send('NewOrder', { ...order, ...terms, clOrdId: 'TOO-MUCH' });
    flow.send('ChangeLimit', { ...limit, value: 3 });
    flow.send('MarkPrice', { instrument: 1, price: 1004 });
    log.append(flow.batches);
    const events = eventsOf(flow);
    const index = openIndex();
    const told = story(index, 'TOO-MUCH');
    const changes = events.filter((e) => e.type === 'LimitChanged');
    const marks = events.filter((e) => e.type === 'PriceMarked');
    const decision = told.events.find(({ type }) => type === 'RiskDecided')!;
    expect(decision.comparedWith).toMatchObject({
      ...{ check: 'MaxQuantity', passed: false, limitName: 'MaxOrderQuantity' },
      ...{ limit: '4', value: '5', unit: 'quantity' },
      setBy: {
        sequence: changes[1]!.sequence,
        scope: 'Account',
        name: 'A0',
        actor: { index: changes[1]!.actor },
      },
      mark: { sequence: marks.at(-2)!.sequence, price: '10.03' },
    });
    expect(told.order).toMatchObject({
      orderId: 0,
      status: 'Rejected',
      account: 'A0',
      price: '10.01',
    });
    const text = storyTextLines(told).join('\n');
    expect(text).toContain('check MaxQuantity REFUSED: MaxOrderQuantity 5 quantity, limit 4');
    expect(text).toContain(`mark 10.03 of sequence ${marks.at(-2)!.sequence}`);
    expect(storyCsvLine(decision).split(',').slice(10, 18)).toEqual([
      ...['MaxQuantity', '4', '5', 'quantity', String(changes[1]!.sequence), 'Account'],
      ...['10.03', String(marks.at(-2)!.sequence)],
    ]);
  });

  it('asks for the account where two used the same client order id', () => {
    log = testJournal();
    const flow = new AnyFlow(1).begin();
    const terms = {
      instrument: 1,
      quantity: 5,
      price: 1001,
      side: 'Buy',
      ordType: 'Limit',
    } as const;
    flow.send('NewOrder', { ...terms, account: 1, clOrdId: 'SAME' });
    flow.send('NewOrder', { ...terms, account: 2, clOrdId: 'SAME' });
    log.append(flow.batches);
    const index = openIndex();
    expect(() => story(index, 'SAME')).toThrow('A0, A1: name the account');
    expect(story(index, 'SAME', index.next - 1, 'A1').order).toMatchObject({ account: 'A1' });
    expect(() => story(index, 'SAME', index.next - 1, 'A2')).toThrow(AuditError);
    expect(() => story(index, 'NOBODY')).toThrow('no order NOBODY');
    expect(() => story(index, '777777')).toThrow('no order 777777');
  });
});

describe('the order index', () => {
  it('goes on where it was, and gives the same however it came to be', () => {
    log = testJournal();
    const flow = new AnyFlow(31).begin();
    const directory = () => indexDirectory(log.journal);
    let written = 0;
    for (let part = 0; part < 6; part += 1) {
      for (let i = 0; i < 200; i += 1) flow.step();
      log.append(flow.batches.slice(written));
      written = flow.batches.length;
      openIndex();
    }
    const grown = readdirSync(directory()).sort();
    const bytes = grown.map((name) => readFileSync(`${directory()}/${name}`).toString('hex'));
    expect(grown.length).toBeGreaterThan(2);
    const elsewhere = `${log.data}/index`;
    const whole = new OrderIndex({ ...log, directory: elsewhere, chunkEvents: CHUNK_EVENTS });
    whole.advanceToEnd();
    expect(readdirSync(elsewhere).sort()).toEqual(grown);
    expect(grown.map((name) => readFileSync(`${elsewhere}/${name}`).toString('hex'))).toEqual(
      bytes,
    );
  });

  it('is built anew where a byte of it is wrong, or the journal is another', () => {
    const flow = flowOf(41, 1200);
    const events = eventsOf(flow);
    openIndex();
    const directory = indexDirectory(log.journal);
    const orderId = field(events.find((e) => e.type === 'OrderAccepted')!, 'orderId') as number;
    for (const place of [8, 40, 60, 200]) {
      const name = `${directory}/${readdirSync(directory).sort()[1]!}`;
      const content = readFileSync(name);
      content[place]! ^= 1;
      writeFileSync(name, content);
      const told = story(openIndex(), String(orderId)).events.map((e) => e.sequence);
      expect(told).toEqual(byScan(events, orderId, events.length - 1));
    }
    const kept = readdirSync(directory).map(
      (name) => [name, readFileSync(`${directory}/${name}`)] as const,
    );
    log.remove();
    const other = eventsOf(flowOf(42, 1200));
    openIndex();
    for (const [name, content] of kept)
      writeFileSync(`${indexDirectory(log.journal)}/${name}`, content);
    const of = field(other.find((e) => e.type === 'OrderAccepted')!, 'orderId') as number;
    const told = story(openIndex(), String(of)).events.map((e) => e.sequence);
    expect(told).toEqual(byScan(other, of, other.length - 1));
  });

  it('never hides an event behind a damaged bucket: it says so', () => {
    flowOf(51, 1200);
    const index = openIndex();
    const directory = indexDirectory(log.journal);
    const name = `${directory}/${readdirSync(directory).sort()[0]!}`;
    const content = readFileSync(name);
    // Every entry: whichever is looked up.
    for (let at = content.length - 8; at > content.length / 2; at -= 8) content[at]! ^= 1;
    writeFileSync(name, content);
    const all = Array.from({ length: 200 }, (_, i) => String(i + 1));
    expect(() => all.map((order) => index.find(Number(order) * 0x0100_0193, 1e9))).toThrow(
      'damaged',
    );
  });

  it('finds the sequence of a time', () => {
    const events = eventsOf(flowOf(61, 1200));
    const index = openIndex();
    const at = (text: string) => sequenceOf(log, index, parseMoment(text));
    for (const event of events.filter((_, i) => i % 97 === 0)) {
      const last = events.findLast((e) => e.time <= event.time)!.sequence;
      expect(at(formatIsoNs(event.time))).toBe(last);
      const before = events.findLast((e) => e.time < event.time);
      if (before) expect(at(formatIsoNs(event.time - 1n))).toBe(before.sequence);
    }
    expect(at('2100-01-01T00:00:00Z')).toBe(events.length - 1);
    expect(at(String(events.length - 1))).toBe(events.length - 1);
    expect(() => at(String(events.length))).toThrow('not there yet');
    expect(() => at('1999-01-01T00:00:00Z')).toThrow('begins after');
    expect(() => at('yesterday')).toThrow('a sequence, or a time');
  });
});
