/** Reports against sums made from the events alone; CSV and Parquet say the same; manifests hold. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reports } from '../../src/audit/reports/catalogue.js';
import { type ReportManifest, runReport } from '../../src/audit/reports/run-report.js';
import { lengthAt } from '../../src/commands/replay/event-groups.js';
import { ShardState } from '../../src/commands/state/shard-state.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { limits, RISK_CHECK } from '../../src/domain/risk-catalogue.js';
import { verifyJournal } from '../../src/log/journal/verify-journal.js';
import { ANY_CAPACITY, AnyFlow } from '../replay/any-flow.js';
import { type TestJournal, testJournal } from './journal-of.js';

interface Order {
  readonly mark: number;
  price: number;
  readonly side: string;
  type: string;
  readonly venue: number;
}

let log: TestJournal;
let events: DaybookEvent[];
let all: ReadonlyMap<string, ReportManifest>;

const range = { from: 0, to: 0 };
const write = (format: 'csv' | 'parquet', out: string, part = range) =>
  new Map(
    reports.map((report) => [
      report.name,
      runReport(report, {
        ...{ log, format, out, range: part, software: 'test' },
        stateBefore: () => ({ state: new ShardState(ANY_CAPACITY, 1), time: 0n }),
      }),
    ]),
  );

beforeAll(() => {
  log = testJournal();
  const flow = new AnyFlow(71).begin();
  for (let i = 0; i < 2500; i += 1) flow.step();
  log.append(flow.batches);
  events = flow.batches.flatMap((batch) => {
    const found: DaybookEvent[] = [];
    for (let at = 0; at < batch.length; at += lengthAt(batch, at)) {
      found.push(decodeEvent(batch.bytes, at));
    }
    return found;
  });
  range.to = events.length - 1;
  all = write('csv', `${log.data}/csv`);
});
afterAll(() => log.remove());

/** RFC 4180, by hand. */
function parseCsv(text: string): Record<string, string>[] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g,
  )) {
    lines.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') lines.push([]);
  }
  expect(lines.pop()).toEqual([]);
  const [head = [], ...rows] = lines;
  for (const row of rows) expect(row.length).toBe(head.length);
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [head[i]!, cell])));
}
const csv = (name: string, out = 'csv') =>
  parseCsv(readFileSync(`${log.data}/${out}/${name}.csv`, 'utf8'));

const ofType = <T extends DaybookEvent['type']>(type: T) =>
  events.filter((event): event is Extract<DaybookEvent, { type: T }> => event.type === type);
const countBy = (values: readonly string[]) => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
};
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe('reports', () => {
  it('rts24 has a row for each change of an order, with its quantities', () => {
    const rows = csv('rts24');
    const codes = countBy(rows.map((row) => Object.values(row)[20]!));
    const fills = ofType('OrderFilled');
    expect(codes).toMatchObject({
      NEWO: ofType('OrderAccepted').length,
      REMO: ofType('OrderDenied').length + ofType('OrderRejected').length,
      FILL: fills.filter(({ data }) => data.leavesQuantity === 0).length,
      PARF: fills.filter(({ data }) => data.leavesQuantity !== 0).length,
    });
    expect((codes.CAME ?? 0) + (codes.CAMO ?? 0)).toBe(ofType('OrderCanceled').length);
    const traded = rows.filter((row) => ['FILL', 'PARF'].includes(Object.values(row)[20]!));
    expect(sum(traded.map((row) => Number(row.traded_quantity)))).toBe(
      sum(fills.map(({ data }) => data.lastQuantity)),
    );
    const accepted = ofType('OrderAccepted')[3]!;
    const row = rows.find((each) => each.sequence_number === String(accepted.sequence))!;
    expect(row).toMatchObject({
      client_identification_code: `A${accepted.data.account - 1}`,
      order_identification_code: String(accepted.data.orderId),
      buy_sell_indicator: accepted.data.side === 'Buy' ? 'BUYI' : 'SELL',
      initial_quantity: String(accepted.data.quantity),
    });
    expect(Object.keys(row).length).toBe(51);
  });

  it('rts24 has no code that ISO 20022 auth.113 has not', () => {
    const rows = csv('rts24');
    const codes = (column: string) => [...new Set(rows.map((row) => row[column]))].filter(Boolean);
    for (const status of codes('order_status')) {
      expect(status).toMatch(/^(ACTI|INAC|SUSP)( ROUT)?$/);
    }
    for (const validity of codes('validity_period')) {
      expect(validity).toMatch(/^(DAVY|GTCV|GTSV|IOCV|FOKV)$/);
    }
    expect(codes('order_status').length).toBeGreaterThan(1);
  });

  it('cat has ids of its own, Eastern Time, and values in the form of the specification', () => {
    const rows = csv('cat');
    expect(new Set(rows.map(({ firmROEID }) => firmROEID)).size).toBe(rows.length);
    for (const { firmROEID, eventTimestamp, timeInForce, sequence } of rows) {
      expect(eventTimestamp).toMatch(/^\d{8}T\d{6}\.\d{9}$/);
      expect(firmROEID).toBe(`${eventTimestamp?.slice(0, 8)}_${sequence}`);
      expect(timeInForce).toMatch(/^(DAY=\d{8}|GTC|GTT=\d{8}T\d{6}\.\d{9}|IOC|FOK)$/);
    }
  });

  it('cat has the events of each order under its types', () => {
    const types = countBy(csv('cat').map(({ type }) => type!));
    expect(types).toEqual({
      MENO: ofType('OrderAccepted').length,
      MEOR: ofType('OrderRouted').length + ofType('OrderRejected').length,
      MEOM: ofType('OrderReplaced').length + ofType('OrderRestated').length,
      MEOC: ofType('OrderCanceled').length + ofType('OrderExpired').length,
      MEOT: ofType('OrderFilled').length,
    });
  });

  it('best-execution adds up what the executions say', () => {
    const rows = csv('best-execution');
    const marks = new Map<number, number>();
    const orders = new Map<number, Order>();
    const venues = new Map<number, Record<'spread' | 'improvement' | 'lots' | 'limited', number>>();
    const add = (id: number, quantity: number, price: number) => {
      const order = orders.get(id)!;
      const none = { spread: 0, improvement: 0, lots: 0, limited: 0 };
      const sums = venues.get(order.venue) ?? none;
      venues.set(order.venue, sums);
      const sign = order.side === 'Buy' ? 1 : -1;
      sums.spread += 2 * sign * quantity * (price - order.mark);
      sums.lots += quantity;
      if (order.type !== 'Limit' && order.type !== 'StopLimit') return;
      sums.improvement += sign * quantity * (order.price - price);
      sums.limited += quantity;
    };
    for (const { type, data } of events) {
      if (type === 'PriceMarked') marks.set(data.instrument, data.price);
      else if (type === 'OrderAccepted') {
        const { price, side, ordType, instrument, venue } = data;
        const mark = marks.get(instrument)!;
        orders.set(data.orderId, { mark, price, side, type: ordType, venue });
      } else if (type === 'OrderReplaced' || type === 'OrderRestated') {
        orders.get(data.orderId)!.price = data.price;
      } else if (type === 'OrderTriggered') {
        Object.assign(orders.get(data.orderId)!, { price: data.price, type: data.ordType });
      } else if (type === 'OrderFilled') {
        if (data.instrument === 1) add(data.orderId, data.lastQuantity, data.lastPrice);
      } else if ((type === 'FillCorrected' || type === 'FillBusted') && data.instrument === 1) {
        add(data.orderId, -data.previousQuantity, data.previousPrice);
        add(data.orderId, data.lastQuantity, data.lastPrice);
      }
    }
    const ours = rows.filter(({ instrument }) => instrument === 'S1');
    for (const row of ours.filter(({ executions }) => executions !== '0')) {
      const sums = venues.get(Number(row.venue))!;
      expect(Number(row.quantity_filled)).toBe(sums.lots);
      // A tick is 0.01.
      expect(Number(row.effective_spread) * 100).toBeCloseTo(sums.spread / sums.lots, 4);
      expect(Number(row.price_improvement) * 100).toBeCloseTo(sums.improvement / sums.limited, 4);
    }
    expect(sum(ours.map(({ executions }) => Number(executions)))).toBe(
      ofType('OrderFilled').filter(({ data }) => data.instrument === 1).length,
    );
    expect(venues.size).toBeGreaterThan(0);
  });

  it('risk-refusals, limit-changes and kill-switch hold each event that they are about', () => {
    const refused = ofType('RiskDecided').filter(({ data }) => data.passed === 0);
    const names = new Map(
      Object.entries(RISK_CHECK).map(([name, number]) => [number as number, name]),
    );
    const byCheck: Record<string, number> = {};
    for (const { check, refusals } of csv('risk-refusals')) {
      byCheck[check!] = (byCheck[check!] ?? 0) + Number(refusals);
    }
    expect(byCheck).toEqual(countBy(refused.map(({ data }) => names.get(data.check)!)));
    const changes = csv('limit-changes');
    const told = changes.map(({ sequence, actor, value, currency }) => [
      ...[sequence, actor, value, currency],
    ]);
    const unitOf = new Map<number, string>(Object.values(limits).map((of) => [of.number, of.unit]));
    // A lot of any flow is one; its money is in EUR.
    const set = ofType('LimitChanged').map(({ sequence, actor, data }) => {
      const money = unitOf.get(data.limit) === 'micros';
      const value = data.value < 0 ? '' : money ? data.value / 1e6 : data.value;
      return [sequence, actor, value, money ? 'EUR' : ''];
    });
    const bases = ofType('BaseCurrencyChanged').map(({ sequence, actor, data }) => [
      ...[sequence, actor, '', data.currency],
    ]);
    expect(bases.length).toBeGreaterThan(0);
    const inTurn = [...set, ...bases].sort(([a], [b]) => Number(a) - Number(b));
    expect(told).toEqual(inTurn.map((row) => row.map(String)));
    const switches = csv('kill-switch');
    const types = [
      'TradingHalted',
      'TradingResumed',
      'CircuitBreakerTripped',
      'CircuitBreakerReset',
      'MassCancelDone',
    ];
    expect(switches.map(({ sequence, event }) => [sequence, event])).toEqual(
      events
        .filter(({ type }) => types.includes(type))
        .map(({ sequence, type }) => [String(sequence), type]),
    );
    expect(switches.length).toBeGreaterThan(5);
  });

  it('are the same in Parquet, with types', async () => {
    write('parquet', `${log.data}/parquet`);
    for (const { name, columns } of reports) {
      const file = await asyncBufferFromFile(`${log.data}/parquet/${name}.parquet`);
      const metadata = await parquetMetadataAsync(file);
      expect(metadata.schema.slice(1).map((each) => each.name)).toEqual(columns.map((c) => c.name));
      const rows = await parquetReadObjects({ file });
      const expected = csv(name);
      expect(rows.length).toBe(expected.length);
      rows.forEach((row, i) => {
        for (const { name: column, type } of columns) {
          const cell = row[column] as unknown;
          const text = expected[i]![column]!;
          if (cell === null || cell === undefined) expect(text).toBe('');
          else if (type === 'integer')
            expect([typeof cell, String(cell)]).toEqual(['bigint', text]);
          else if (type === 'timestamp') expect(new Date(text).getTime()).toBe(milliseconds(cell));
          else expect(String(cell)).toBe(text);
        }
      });
    }
  });

  it('come with a manifest that holds: files, rows, sequences, the chain', async () => {
    const verification = verifyJournal(log.journal);
    let step = await verification.next();
    while (step.done !== true) step = await verification.next();
    for (const [name, manifest] of all) {
      expect(manifest).toMatchObject({
        fromSequence: 0,
        toSequence: range.to,
        chain: step.value.chain,
      });
      expect(manifest.rows).toBe(csv(name).length);
      expect(JSON.parse(readFileSync(`${log.data}/csv/${name}.manifest.json`, 'utf8'))).toEqual(
        manifest,
      );
      for (const file of manifest.files) {
        const content = readFileSync(`${log.data}/csv/${file.name}`);
        expect(content.length).toBe(file.bytes);
        expect(createHash('sha256').update(content).digest('hex')).toBe(file.sha256);
      }
      const schema = JSON.parse(readFileSync(`${log.data}/csv/${name}.schema.json`, 'utf8'));
      for (const column of schema.columns) expect(column.meaning).not.toBe('');
    }
  });

  it('of a part have the rows of that part, and write over nothing', () => {
    const part = { from: 1000, to: 2000 };
    write('csv', `${log.data}/part`, part);
    const inPart = (row: Record<string, string>) => {
      const sequence = Number(row.sequence_number ?? row.sequence);
      return sequence >= part.from && sequence <= part.to;
    };
    const without = ({ date_of_receipt: _, orderKeyDate: __, ...row }: Record<string, string>) =>
      row;
    for (const name of ['rts24', 'cat', 'limit-changes', 'kill-switch']) {
      expect(csv(name, 'part').map(without)).toEqual(csv(name).filter(inPart).map(without));
    }
    expect(() => write('csv', `${log.data}/part`, part)).toThrow('EEXIST');
  });
});

const milliseconds = (cell: unknown): number =>
  cell instanceof Date ? cell.getTime() : Number((cell as bigint) / 1_000_000n);
