/** The binary gateway lets in whom the identities let in, and knows who acts. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { AccessChange } from '../../src/api/identity/access-change.js';
import { changeAccess, newSubject } from '../../src/api/identity/access-changes.js';
import { Identities } from '../../src/api/identity/identities.js';
import { ROLES, type Role, reachOf } from '../../src/api/identity/permissions.js';
import { makeDevelopmentCertificates } from '../../src/cli/identity/development-certificates.js';
import { permitsOf } from '../../src/cli/session-permits.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { hashPassword } from '../../src/gateways/order-entry/password.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { OuchTestClient } from '../order-entry/ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway, sessionOf } from '../order-entry/running-gateway.js';

const left: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of left.splice(0).reverse()) await undo();
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-order-entry-'));
  left.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function eventsOf({ shard }: RunningGateway): DaybookEvent[] {
  const reader = new JournalReader(shard.directory, { from: 0, end: shard.durableEnd });
  const events: DaybookEvent[] = [];
  for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
    for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) >> 1] as number) {
      events.push(decodeEvent(batch.bytes, at));
    }
  }
  reader.close();
  return events;
}

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  it('a session follows its user: actor, accounts, password, and the end', {
    timeout: 60_000,
  }, async () => {
    const directory = temporary();
    const running = await RunningGateway.start(implementation, {
      sessions: [sessionOf(7, 'ALIC', 'alice', { cancelOnDisconnect: true })],
    });
    left.push(() => running.remove());
    const change = async (...changes: AccessChange[]) => {
      changeAccess(directory, 'test', () => changes);
      const identities = await Identities.read(directory, async () => 42);
      running.gateway.permit(permitsOf(identities));
    };
    await change(
      {
        ...{ type: 'UserAdded', name: 'desk', kind: 'program', subject: newSubject() },
        ...{ roles: ['trader'], accounts: ['AA', 'BB'] },
      },
      {
        ...{ type: 'SessionAdded', user: 'desk', id: 7, session: 'ALIC', login: 'alice' },
        ...{ passwordHash: hashPassword('0123456789'), accounts: ['AA', 'BB', 'CC'] },
        cancelOnDisconnect: true,
      },
    );
    const loginWith = async (password: string) => {
      const client = await OuchTestClient.login(running.port, { user: 'alice', password });
      left.push(() => client.close());
      return client;
    };
    const first = async (password: string) => (await loginWith(password)).received[0]?.type;
    await expect.poll(() => first('0123456789'), { timeout: 30_000 }).toBe('A');
    // The password that the gateway was started with is none any more.
    expect(await first('secret')).toBe('J');
    const client = await loginWith('0123456789');
    client.enter(1);
    const [accepted] = await client.sequenced(1);
    expect(accepted?.type).toBe('A');
    const order = eventsOf(running).find(({ type }) => type === 'OrderAccepted');
    expect(order).toMatchObject({ actor: 42, session: 7 });

    // AA is taken from the user: the account of orders without Firm is none any more.
    await change({ type: 'UserChanged', name: 'desk', accounts: ['BB'] });
    // In force within a moment: until then its orders are taken.
    for (let userRef = 2; client.messages.at(-1)?.type !== 'J'; userRef += 1) {
      client.enter(userRef);
      await client.sequenced(userRef);
    }
    expect(eventsOf(running).findLast(({ type }) => type === 'OrderDenied')).toMatchObject({
      data: { account: 0 },
    });

    await change({ type: 'UserChanged', name: 'desk', disabled: true });
    await client.untilClosed();
    // What it had open goes with it, also in the account it lost.
    await expect
      .poll(() => eventsOf(running).some(({ type }) => type === 'CancelRequested'), {
        timeout: 30_000,
      })
      .toBe(true);
    expect(await first('0123456789')).toBe('J');
    await change({ type: 'UserChanged', name: 'desk', disabled: false });
    await expect.poll(() => first('0123456789'), { timeout: 30_000 }).toBe('A');
    const passwordHash = hashPassword('9876543210');
    await change({ type: 'SessionPasswordChanged', login: 'alice', passwordHash });
    await expect.poll(() => first('9876543210'), { timeout: 30_000 }).toBe('A');
    expect(await first('0123456789')).toBe('J');
  });
});

/** What the table lets a session of that role do: all that OUCH can ask for, or nothing. */
const trades = (role: Role): boolean =>
  (['orders.submit', 'orders.replace', 'orders.cancel'] as const).every(
    (action) => reachOf([role], action) !== 'none',
  );

it('logs in each role as the table says, for accounts of its own', {
  timeout: 60_000,
}, async () => {
  const directory = temporary();
  const sessions = ROLES.map((_role, n) => sessionOf(n + 1, `S${n}`, `u${n}`));
  const running = await RunningGateway.start('node', { sessions });
  left.push(() => running.remove());
  const passwordHash = hashPassword('0123456789');
  for (const [n, role] of ROLES.entries()) {
    const subject = newSubject();
    changeAccess(directory, 'test', () => [
      {
        ...{ type: 'UserAdded', name: role, kind: 'program', subject },
        ...{ roles: [role], accounts: ['AA'] },
      },
      {
        ...{ type: 'SessionAdded', user: role, id: n + 1, session: `S${n}`, login: `u${n}` },
        // The session names an account that is not its user's.
        ...{ passwordHash, accounts: ['AA', 'BB'], cancelOnDisconnect: false },
      },
    ]);
  }
  const identities = await Identities.read(directory, async (user) => user.name.length);
  const permits = permitsOf(identities);
  expect(permits.map(({ user, accounts }) => [user, accounts])).toEqual(
    ROLES.flatMap((role, n) => (trades(role) ? [[`u${n}`, ['AA']]] : [])),
  );
  running.gateway.permit(permits);
  for (const [n, role] of ROLES.entries()) {
    const loginOf = async (password: string) => {
      const client = await OuchTestClient.login(running.port, { user: `u${n}`, password });
      left.push(() => client.close());
      return client;
    };
    if (!trades(role)) {
      expect((await loginOf('0123456789')).received[0]?.type, role).toBe('J');
      continue;
    }
    const first = async () => (await loginOf('0123456789')).received[0]?.type;
    await expect.poll(first, { timeout: 30_000 }).toBe('A');
    expect((await loginOf('9876543210')).received[0]?.type, role).toBe('J');
    const client = await loginOf('0123456789');
    const firm = (value: string) => [{ tag: 2, name: 'firm', value }] as const;
    client.enter(1, {}, firm('AA'));
    client.enter(2, {}, firm('BB'));
    const [own, foreign] = await client.sequenced(2);
    expect([own?.type, foreign?.type], role).toEqual(['A', 'J']);
  }
});

it('speaks TLS when it is told to, and nothing else then', { timeout: 60_000 }, async () => {
  const files = makeDevelopmentCertificates(join(temporary(), 'certificates'), 'localhost');
  const tls = { certificate: files.serverCertificate, key: files.serverKey };
  const running = await RunningGateway.start('node', { tls });
  left.push(() => running.remove());
  const ca = readFileSync(files.authority);
  const socket = connectTls({ host: 'localhost', port: running.port, ca });
  await once(socket, 'secureConnect');
  const client = OuchTestClient.over(socket);
  left.push(() => client.close());
  client.sendLogin({});
  await client.until((packets) => packets.some(({ type }) => type === 'A'));
  client.enter(1);
  expect((await client.sequenced(1))[0]?.type).toBe('A');
  const plain = await OuchTestClient.connect(running.port);
  plain.sendLogin({});
  await plain.untilClosed();
  expect(plain.received).toEqual([]);
});
