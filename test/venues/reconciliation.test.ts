/**
 * kill -9 of a process that trades with a venue that has a memory of its own: between routing and
 * sending, between trading and hearing of it. The next process asks before it trades.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CommandData, CommandName } from '../../src/domain/commands.js';
import { ExternalVenue } from './external-venue.js';

const PROCESS = fileURLToPath(new URL('linked-process.mjs', import.meta.url));
const WAIT = { timeout: 60_000, interval: 10 };

interface Line {
  readonly type?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

class Linked {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(directory: string, venue: ExternalVenue, policy: string) {
    const args = [PROCESS, directory, String(venue.port), policy];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#closed = new Promise((resolve) => this.#child.once('close', resolve));
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('no output');
    createInterface({ input: stdout }).on('line', (line) =>
      this.lines.push(JSON.parse(line) as Line),
    );
  }

  submit<N extends CommandName>(name: N, data: CommandData<N>): void {
    this.#say({ name, data });
  }

  hold(what: 'orders' | 'reports' | ''): void {
    this.#say({ hold: what });
  }

  /** The events of this type so far, once there are so many. */
  async events(type: string, count = 1): Promise<Readonly<Record<string, unknown>>[]> {
    const of = () => this.lines.filter((line) => line.type === type).map(({ data }) => data ?? {});
    await vi.waitFor(() => expect(of().length).toBeGreaterThanOrEqual(count), WAIT);
    return of();
  }

  get types(): string[] {
    return this.lines.flatMap(({ type }) => type ?? []);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  #say(message: object): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }
}

let directory: string;
let venue: ExternalVenue;
let current: Linked;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reconciliation-'));
  venue = await ExternalVenue.start();
  current = new Linked(directory, venue, 'Raise');
  current.submit('ListInstrument', {
    ...{ symbol: 'AAA', currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1 },
    ...{ multiplierMantissa: 1, open: 1, venue: 1 },
  });
  current.submit('OpenAccount', { name: 'one', currency: 'USD', open: 1 });
  await current.events('AccountOpened');
});
afterEach(async () => {
  await current.kill();
  await venue.stop();
  rmSync(directory, { recursive: true, force: true });
});

function order(clOrdId: string, quantity = 10): void {
  current.submit('NewOrder', {
    ...{ account: 1, instrument: 1, side: 'Buy', ordType: 'Limit', timeInForce: 'Day' },
    ...{ clOrdId, quantity, price: 100 },
  });
}

async function restart(policy = 'Raise'): Promise<void> {
  await current.kill();
  current = new Linked(directory, venue, policy);
}

describe('after kill -9 a venue with a memory of its own is asked first', () => {
  it('books a fill that was never heard of, once, and goes on', async () => {
    order('a');
    await current.events('OrderAcknowledged');
    venue.fill(1, 3, 'E1');
    await current.events('OrderFilled');
    current.hold('reports');
    // Whatever follows it on the same pipe is held, too.
    order('b');
    await current.events('OrderRouted', 2);
    await vi.waitFor(() => expect(venue.orders.size).toBe(2), WAIT);
    venue.fill(1, 4, 'E2');
    venue.fill(2, 10, 'E3');

    await restart();
    const [reconciled] = await current.events('VenueReconciled');
    expect(reconciled).toMatchObject({ venue: 1, openOrders: 1 });
    const fills = await current.events('OrderFilled', 2);
    expect(fills.map(({ execId, cumQuantity }) => [execId, cumQuantity])).toEqual([
      ['E2', 7],
      ['E3', 10],
    ]);
    // E1 was booked before: its order differs, so the venue's executions of it are all offered.
    const refused = await current.events('CommandRefused');
    expect(refused.map(({ reason }) => reason)).toEqual([81]);
    expect(current.types).not.toContain('VenueDifferenceFound');

    // Again, with nothing to find.
    await restart();
    expect((await current.events('VenueReconciled'))[0]).toMatchObject({
      openOrders: 1,
      differences: 0,
    });
    expect(current.types).not.toContain('OrderFilled');
    expect(venue.received.filter((kind) => kind === 'new').length).toBe(2);
  }, 120_000);

  it('rejects an order that was routed and never sent, and never sends it', async () => {
    current.hold('orders');
    order('a');
    await current.events('OrderRouted');
    await restart();
    await current.events('VenueReconciled');
    expect(await current.events('VenueDifferenceFound')).toMatchObject([
      { orderId: 1, difference: 'UnknownToVenue', action: 'Rejected', ourQuantity: 10 },
    ]);
    expect(await current.events('OrderRejected')).toMatchObject([{ orderId: 1, reason: 87 }]);
    expect(venue.received).not.toContain('new');
    // The client may enter it again under another id.
    order('b');
    await current.events('OrderAcknowledged');
  }, 120_000);

  it('cancels an order that the venue has forgotten or ended', async () => {
    order('a');
    order('b');
    await current.events('OrderAcknowledged', 2);
    await current.kill();
    venue.orders.delete(1);
    const second = venue.orders.get(2);
    if (second !== undefined) second.report = 'Expired';
    current = new Linked(directory, venue, 'Raise');
    await current.events('VenueReconciled');
    expect(await current.events('VenueDifferenceFound', 2)).toMatchObject([
      { orderId: 2, difference: 'EndedAtVenue', action: 'Canceled', report: 'Expired' },
      { orderId: 1, difference: 'UnknownToVenue', action: 'Canceled' },
    ]);
    expect(await current.events('OrderCanceled', 2)).toMatchObject([
      { orderId: 2, reason: 88, leavesQuantity: 0 },
      { orderId: 1, reason: 87, leavesQuantity: 0 },
    ]);
  }, 120_000);

  it.each(['Raise', 'CancelAtVenue'])(
    'finds an order and a trade that nobody here knows: %s',
    async (policy) => {
      order('a');
      await current.events('OrderAcknowledged');
      await current.kill();
      const known = venue.orders.get(1);
      if (known === undefined) throw new Error('no order');
      venue.orders.set(77, { ...known, orderId: 77, clOrdId: 'stray', venueOrderId: 'X77' });
      venue.fill(77, 2, 'E9');
      current = new Linked(directory, venue, policy);
      await current.events('VenueReconciled');
      expect(await current.events('FillUnmatched')).toMatchObject([
        { orderId: 77, execId: 'E9', lastQuantity: 2, reason: 82 },
      ]);
      const action = policy === 'Raise' ? 'Raised' : 'CancelAtVenue';
      expect(await current.events('VenueDifferenceFound')).toMatchObject([
        { orderId: 77, venueOrderId: 'X77', difference: 'NotOpenHere', action },
      ]);
      if (policy === 'Raise') return;
      await vi.waitFor(() => expect(venue.straysCanceled).toEqual(['X77']), WAIT);
      // Suspense holds the trade once, however often the venue is asked.
      await restart(policy);
      await current.events('VenueReconciled');
      expect(current.types).not.toContain('FillUnmatched');
    },
    120_000,
  );

  it('acknowledges what the venue holds, and takes over its terms', async () => {
    current.hold('reports');
    order('a');
    await current.events('OrderRouted');
    await vi.waitFor(() => expect(venue.orders.size).toBe(1), WAIT);
    await current.kill();
    const first = venue.orders.get(1);
    if (first !== undefined) first.price = 99;
    current = new Linked(directory, venue, 'Raise');
    await current.events('VenueReconciled');
    expect(await current.events('OrderAcknowledged')).toMatchObject([{ orderId: 1 }]);
    expect(await current.events('OrderRestated')).toMatchObject([{ orderId: 1, price: 99 }]);
  }, 120_000);

  it.each([true, false])(
    'asks again for a mass cancel that was lost (killed: %s)',
    async (killed) => {
      order('a');
      await current.events('OrderAcknowledged');
      current.hold('orders');
      current.submit('MassCancel', { account: 1 });
      await current.events('CancelRequested');
      if (killed) await restart();
      // On record, and lost like the request itself: so it is repeated until the link is back.
      else await current.events('RequestRepeated');
      current.hold('');
      await current.events('OrderCanceled');
      expect(venue.orders.get(1)?.report).toBe('Canceled');
    },
    120_000,
  );

  it('raises an order whose venue is asked in vain', async () => {
    order('a');
    await current.events('OrderAcknowledged');
    current.hold('orders');
    current.submit('CancelOrder', { account: 1, orderId: 1, clOrdId: 'c' });
    await vi.waitFor(() => expect(current.lines).toContainEqual({ unresolved: [1] }), WAIT);
    expect((await current.events('VenueDifferenceFound', 4)).map(({ action }) => action)).toEqual([
      ...['AskedAgain', 'AskedAgain', 'AskedAgain', 'Raised'],
    ]);
  }, 120_000);

  it('takes no new orders until the venue has answered, and lets cancels pass', async () => {
    order('a');
    await current.events('OrderAcknowledged');
    const letGo = venue.holdAnswers();
    await restart();
    await current.events('VenueReconciliationStarted');
    order('b');
    expect(await current.events('OrderDenied')).toMatchObject([{ clOrdId: 'b', reason: 86 }]);
    current.submit('CancelOrder', { account: 1, orderId: 1, clOrdId: 'c' });
    await current.events('OrderCanceled');
    expect(current.types).not.toContain('VenueReconciled');
    letGo();
    await current.events('VenueReconciled');
    // The refusal did not use the client order id up.
    order('b');
    await current.events('OrderAcknowledged');
  }, 120_000);
});
