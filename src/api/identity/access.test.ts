import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccessBook } from './access-book.js';
import type { AccessChange } from './access-change.js';
import { changeAccess, newSubject, readAccessBook } from './access-changes.js';
import { accessLogPath, readAccessLog } from './access-log.js';
import { hashOfSecret, newKey, parseKey, secretMatches } from './api-key.js';
import { accountsFor, authorize, EVERY_ACCOUNT, mayDo } from './authorize.js';
import { Identities } from './identities.js';
import { permissionsOf } from './identity.js';
import { ACTIONS, permissions, ROLES } from './permissions.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'daybook-access-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const user = (name: string, more: Partial<Extract<AccessChange, { type: 'UserAdded' }>> = {}) =>
  ({
    ...{ type: 'UserAdded', name, kind: 'program', subject: newSubject(), roles: ['trader'] },
    ...{ accounts: ['alpha'], ...more },
  }) as AccessChange;

const add = (...changes: AccessChange[]) => changeAccess(directory, 'test', () => changes);
const inForce = () => {
  let actors = 0;
  return Identities.read(directory, async () => {
    actors += 1;
    return actors;
  });
};

describe('an API key', () => {
  it('is found by its id and proved by its secret, which is kept nowhere', () => {
    const { id, text, hash } = newKey();
    const parsed = parseKey(text);
    expect(parsed?.id).toBe(id);
    expect(text).toMatch(/^dbk_[2-9a-z]{10}_[A-Za-z0-9_-]{43}$/);
    expect(hash).toBe(hashOfSecret(parsed?.secret as string));
    expect(secretMatches(parsed?.secret as string, hash)).toBe(true);
    expect(secretMatches(`${parsed?.secret.slice(0, -2)}xx`, hash)).toBe(false);
    add(user('desk'), { type: 'KeyAdded', user: 'desk', id, hash });
    expect(readFileSync(accessLogPath(directory), 'utf8')).not.toContain(parsed?.secret);
  });

  it('of another form is none', () => {
    const { text } = newKey();
    for (const wrong of ['', 'dbk_', `${text}x`, text.slice(1), text.toUpperCase(), `${text}\n`]) {
      expect(parseKey(wrong), wrong).toBeUndefined();
    }
  });
});

describe('the access log', () => {
  it('is folded into the same book however often it is read', () => {
    const { id, hash } = newKey();
    add(user('desk'), user('chief', { roles: ['risk'], accounts: 'all' }));
    add({ type: 'KeyAdded', user: 'desk', id, hash, expires: '2030-01-01T00:00:00.000Z' });
    add({ type: 'KeyRevoked', id }, { type: 'UserChanged', name: 'chief', disabled: true });
    const book = readAccessBook(directory);
    expect(book.n).toBe(5);
    expect(book.keys.get(id)).toMatchObject({
      user: 'desk',
      revoked: true,
      expiresMs: 1893456000000,
    });
    expect(book.users.get('chief')).toMatchObject({ disabled: true, roles: ['risk'] });
    expect(statSync(accessLogPath(directory)).mode & 0o777).toBe(0o600);
  });

  it('refuses a change that contradicts it, and stays as it was', () => {
    add(user('desk'));
    const before = readFileSync(accessLogPath(directory), 'utf8');
    const { id, hash } = newKey();
    const wrong: AccessChange[] = [
      user('desk'),
      { type: 'UserChanged', name: 'nobody' },
      { type: 'KeyAdded', user: 'nobody', id, hash },
      { type: 'KeyRevoked', id },
      { type: 'CertificateRemoved', match: 'CN=x' },
      { type: 'SessionRemoved', login: 'x' },
    ];
    for (const change of wrong) {
      expect(() => add(user('other'), change), JSON.stringify(change)).toThrow(
        expect.objectContaining({ code: 'ACCESS_CHANGE_INVALID' }),
      );
    }
    expect(() => add({ type: 'KeyRevoked', id: 'UPPER' })).toThrow();
    expect(readFileSync(accessLogPath(directory), 'utf8')).toBe(before);
  });

  it('shows that a line was altered, removed or put between', () => {
    add(user('a'), user('b'), user('c'));
    const lines = readFileSync(accessLogPath(directory), 'utf8').split('\n');
    const [a, b, c] = lines as [string, string, string];
    for (const altered of [
      [a, b.replace('"trader"', '"risk"'), c],
      [a, c],
      [b, a, c],
      [a, b, b, c],
      [a, 'nonsense', c],
    ]) {
      writeFileSync(accessLogPath(directory), `${altered.join('\n')}\n`);
      expect(() => readAccessLog(directory)).toThrow(
        expect.objectContaining({ code: 'ACCESS_LOG_DAMAGED' }),
      );
    }
  });

  it('takes a last line without an end for never written, and writes over it', () => {
    add(user('a'), user('b'));
    const text = readFileSync(accessLogPath(directory), 'utf8');
    writeFileSync(accessLogPath(directory), text.slice(0, -10));
    expect(readAccessLog(directory).map(({ n }) => n)).toEqual([1]);
    add(user('c'));
    const names = [...readAccessBook(directory).users.keys()];
    expect(names).toEqual(['a', 'c']);
  });

  it('waits for nobody who is gone, and says whose lock it is', () => {
    writeFileSync(join(directory, 'access.lock'), '4711');
    expect(() => add(user('a'))).toThrow(/4711/);
  });
});

describe('permissions', () => {
  it('are what roles, accounts and scope come to', () => {
    const may = permissionsOf(['trader', 'risk'], new Set(['alpha', 'beta']), {
      actions: ['orders.submit', 'orders.cancel', 'limits.change'],
      accounts: ['beta', 'gamma'],
    });
    expect([...may.keys()]).toEqual(['orders.submit', 'orders.cancel', 'limits.change']);
    expect(may.get('orders.submit')).toEqual(new Set(['beta']));
    expect(may.get('orders.cancel')).toEqual(new Set(['beta', 'gamma']));
  });

  it('hold for the named account and no other, every action and role', async () => {
    for (const role of ROLES) add(user(role, { roles: [role] }));
    const identities = await inForce();
    for (const role of ROLES) {
      const identity = identities.ofUser(role, 'key', 'x');
      if (identity === undefined) throw new Error(role);
      for (const action of ACTIONS) {
        const { about, reach } = permissions[action];
        const expected = reach[role];
        const label = `${role} ${action}`;
        const any = expected === 'any' || (expected !== 'none' && about === 'firm');
        expect(mayDo(identity, action, 'alpha'), label).toBe(expected !== 'none');
        expect(mayDo(identity, action, 'beta'), label).toBe(any);
        expect(mayDo(identity, action, EVERY_ACCOUNT), label).toBe(any);
        expect(mayDo(identity, action), label).toBe(any);
        if (!any) {
          expect(() => authorize(identity, action, 'beta'), label).toThrow(
            expect.objectContaining({ code: 'PERMISSION_DENIED' }),
          );
        }
        if (expected === 'own') expect(accountsFor(identity, action)).toEqual(new Set(['alpha']));
        if (expected === 'any') expect(accountsFor(identity, action)).toBe('all');
      }
    }
  });

  it('are none for a user who is disabled, and none without a role', async () => {
    add(
      user('off'),
      { type: 'UserChanged', name: 'off', disabled: true },
      user('idle', { roles: [] }),
    );
    const identities = await inForce();
    expect(identities.ofUser('off', 'key', 'x')).toBeUndefined();
    expect(identities.ofUser('idle', 'key', 'x')?.may.size).toBe(0);
  });
});

describe('a book', () => {
  it('gives no session number twice, also after its session was removed', () => {
    const book = new AccessBook();
    book.take(user('desk'));
    const session = {
      type: 'SessionAdded' as const,
      ...{ user: 'desk', id: 7, session: 'S1', login: 'desk' },
      ...{ passwordHash: 'x', accounts: ['alpha'], cancelOnDisconnect: true },
    };
    book.take(session);
    book.take({ type: 'SessionRemoved', login: 'desk' });
    expect(() => book.take({ ...session, session: 'S2' })).toThrow(/given before/);
    book.take({ ...session, id: 8 });
    expect(book.sessions.get('desk')?.id).toBe(8);
  });
});
