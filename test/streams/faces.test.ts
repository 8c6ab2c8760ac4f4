/**
 * One table of cases through REST, gRPC calls, a gRPC stream and OUCH: each face tells the same. The
 * writer decides; a face that decided for itself would differ.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccount } from '../../src/api/application/accounts.js';
import { LOCAL_CALLER } from '../../src/api/application/application.js';
import { listInstrument } from '../../src/api/application/instruments.js';
import { changeLimit } from '../../src/api/application/limits.js';
import { markPrice } from '../../src/api/application/marks.js';
import { setTradingState } from '../../src/api/application/trading-states.js';
import { type RunningOrderEntry, startOrderEntry } from '../../src/operations/order-entry.js';
import { sessionOf } from '../order-entry/running-gateway.js';
import { type Face, GrpcFace, type Order, OuchFace, RestFace } from './faces.js';
import { type Running, remove, startRunning } from './running-streams.js';

const SESSION = 7;

let running: Running;
let gateway: RunningOrderEntry;
let faces: Face[];

beforeAll(async () => {
  running = await startRunning({ venue: false, producers: ['ouch'] });
  const { application: app } = running.api;
  const usd = { currency: 'USD' };
  const terms = { ...usd, tickSize: '0.01', lotSize: '1', multiplier: '1', venue: 0 };
  await listInstrument(app, LOCAL_CALLER, 'ACME', terms);
  await listInstrument(app, LOCAL_CALLER, 'LOTS', { ...terms, lotSize: '100' });
  await listInstrument(app, LOCAL_CALLER, 'HALT', terms);
  await listInstrument(app, LOCAL_CALLER, 'SHUT', { ...terms, open: false });
  await openAccount(app, LOCAL_CALLER, 'AA', usd);
  await openAccount(app, LOCAL_CALLER, 'BB', usd);
  await openAccount(app, LOCAL_CALLER, 'OFF', { ...usd, open: false });
  await markPrice(app, LOCAL_CALLER, 'ACME', '10');
  const limit = { scope: 'Account', name: 'BB' } as const;
  await changeLimit(app, LOCAL_CALLER, { ...limit, limit: 'MaxOrderQuantity', value: '50' });
  await changeLimit(app, LOCAL_CALLER, { ...limit, limit: 'MaxOrderNotional', value: '500' });
  await changeLimit(app, LOCAL_CALLER, { ...limit, limit: 'PriceCollar', value: '1000' });
  const halt = { scope: 'Instrument', name: 'HALT', state: 'Halted' } as const;
  await setTradingState(app, LOCAL_CALLER, halt);
  const accounts = ['AA', 'BB', 'OFF'];
  gateway = await startOrderEntry(
    running.shard,
    'ouch',
    { host: '127.0.0.1', port: 0, sessions: [sessionOf(SESSION, 'ALIC', 'alice', { accounts })] },
    'silent',
  );
  faces = [
    new RestFace(running),
    new GrpcFace(running, false),
    new GrpcFace(running, true),
    await OuchFace.open(running, gateway.port, SESSION),
  ];
});
afterAll(async () => {
  for (const face of faces) await face.close();
  await gateway.stop();
  await running.stop();
  remove(running);
});

const BASE = { account: 'AA', instrument: 'ACME', quantity: '10', price: '10.25' };

type Step = (face: Face, order: (more?: Partial<Order>) => Order) => Promise<string>;

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  /** What each step comes to. */
  readonly outcomes: readonly string[];
  /** Faces that cannot say this at all, with the reason. */
  readonly except?: Readonly<Record<string, string>>;
}

const submit =
  (more: Partial<Order> = {}): Step =>
  (face, order) =>
    face.submit(order(more));
const cancel: Step = (face, order) => face.cancel(order().name);
const replace =
  (quantity: string, price: string): Step =>
  (face, order) =>
    face.replace(order().name, quantity, price);

const CASES: readonly Case[] = [
  { name: 'accepted', steps: [submit()], outcomes: ['accepted'] },
  {
    name: 'price off the tick',
    steps: [submit({ price: '10.255' })],
    outcomes: ['ORDER_PRICE_INVALID'],
  },
  {
    name: 'a broken lot',
    steps: [submit({ instrument: 'LOTS', quantity: '150' })],
    outcomes: ['ORDER_QUANTITY_INVALID'],
  },
  {
    name: 'an instrument that is not listed',
    steps: [submit({ instrument: 'NONE' })],
    outcomes: ['INSTRUMENT_UNKNOWN'],
  },
  {
    name: 'an instrument that is closed',
    steps: [submit({ instrument: 'SHUT' })],
    outcomes: ['INSTRUMENT_CLOSED'],
  },
  {
    name: 'an account that is not there',
    steps: [submit({ account: 'CC' })],
    outcomes: ['ACCOUNT_UNKNOWN'],
  },
  {
    name: 'an account that is closed',
    steps: [submit({ account: 'OFF' })],
    outcomes: ['ACCOUNT_CLOSED'],
  },
  {
    name: 'trading is halted',
    steps: [submit({ instrument: 'HALT' })],
    outcomes: ['TRADING_HALTED'],
  },
  {
    name: 'the largest quantity and notional, and one above each',
    steps: [
      submit({ name: 'at-both', account: 'BB', quantity: '50', price: '10' }),
      submit({ name: 'quantity', account: 'BB', quantity: '51', price: '9.5' }),
      submit({ name: 'notional', account: 'BB', quantity: '50', price: '10.01' }),
    ],
    outcomes: ['accepted', 'RISK_MAX_QUANTITY', 'RISK_MAX_NOTIONAL'],
  },
  {
    name: 'at the collar, and one tick beyond',
    steps: [
      submit({ name: 'at-collar', account: 'BB', quantity: '1', price: '11' }),
      submit({ name: 'beyond-collar', account: 'BB', quantity: '1', price: '11.01' }),
    ],
    outcomes: ['accepted', 'RISK_PRICE_COLLAR'],
  },
  { name: 'canceled', steps: [submit(), cancel], outcomes: ['accepted', 'done'] },
  {
    name: 'canceled too late',
    steps: [submit(), cancel, cancel],
    outcomes: ['accepted', 'done', 'ORDER_TOO_LATE'],
  },
  { name: 'replaced', steps: [submit(), replace('12', '10.5')], outcomes: ['accepted', 'done'] },
  {
    name: 'replaced off the tick',
    steps: [submit(), replace('12', '10.505')],
    outcomes: ['accepted', 'ORDER_PRICE_INVALID'],
  },
  {
    name: 'replaced too late',
    steps: [submit(), cancel, replace('12', '10.5')],
    outcomes: ['accepted', 'done', 'ORDER_TOO_LATE'],
  },
  {
    name: 'a repeated client order id',
    steps: [submit(), submit()],
    outcomes: ['accepted', 'ORDER_DUPLICATE_CLIENT_ID'],
    except: { OUCH: 'its orders are known by UserRefNum; one that is not new is ignored' },
  },
  {
    name: 'canceling what nobody has',
    steps: [cancel],
    outcomes: ['ORDER_UNKNOWN'],
  },
];

describe('every face tells the same', () => {
  it.each(CASES.map((each, at) => ({ ...each, at })))('$name', async (each) => {
    const { at, steps, outcomes, except = {} } = each;
    for (const face of faces) {
      if (face.name in except) continue;
      const order = (more: Partial<Order> = {}) => ({ ...BASE, name: `o${at}`, ...more });
      const told: string[] = [];
      for (const step of steps) told.push(await step(face, order));
      expect({ face: face.name, told }).toEqual({ face: face.name, told: outcomes });
    }
  });

  it('overload: nothing is taken, and cancels pass', async () => {
    const names = faces.map((_, index) => `open-${index}`);
    for (const [index, face] of faces.entries()) {
      const name = names[index] as string;
      expect(await face.submit({ ...BASE, name })).toBe('accepted');
    }
    running.orderGate.set(false);
    for (const [index, face] of faces.entries()) {
      const order = { ...BASE, name: `late-${index}` };
      expect([face.name, await face.submit(order)]).toEqual([face.name, 'CAPACITY_OVERLOAD']);
      expect([face.name, await face.cancel(names[index] as string)]).toEqual([face.name, 'done']);
    }
    running.orderGate.set(true);
    for (const [index, face] of faces.entries()) {
      const order = { ...BASE, name: `again-${index}` };
      expect([face.name, await face.submit(order)]).toEqual([face.name, 'accepted']);
    }
  });
});
