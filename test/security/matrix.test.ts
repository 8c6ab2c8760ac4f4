/**
 * Every route x every role, and nobody x own and foreign account: exactly what the tables of
 * permissions and routes say. Expectations are made from the tables; only what a right request of a
 * route looks like is written down (`route-samples.ts`).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_CALLER } from '../../src/api/application/application.js';
import { closeTradingDay, openTradingDay } from '../../src/api/application/trading-days.js';
import { permissions, ROLES, type Role } from '../../src/api/identity/permissions.js';
import { type RouteAccess, routeAccess } from '../../src/api/rest/route-access.js';
import { type RunningDaybook, startDaybook } from '../../src/cli/daybook.js';
import { CAPACITY } from '../api/running-api.js';
import { samples } from './route-samples.js';
import { accessDirectoryOf, addUserPerRole, ask, seed } from './secure-api.js';

let dataDirectory: string;
let daybook: RunningDaybook;
let keys: Readonly<Record<Role, string>>;

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'daybook-matrix-'));
  keys = addUserPerRole(dataDirectory);
  daybook = await startDaybook({
    ...{ dataDirectory, host: '127.0.0.1', port: 0, samples: false, capacity: CAPACITY },
    logger: pino({ level: 'fatal' }),
    access: { directory: accessDirectoryOf(dataDirectory) },
  });
  await seed(daybook.api);
  await openTradingDay(daybook.api.application, LOCAL_CALLER, '2026-11-20');
  await closeTradingDay(daybook.api.application, LOCAL_CALLER, '2026-11-20');
}, 120_000);
afterAll(async () => {
  await daybook.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}, 60_000);

/** What the tables say: undefined, or the status and code of a refusal. */
function refusal(
  { action, account, or = [] }: RouteAccess,
  role: Role,
  whose: 'own' | 'foreign',
): readonly [number, string] | undefined {
  if (action === 'public' || action === 'known') return undefined;
  const reach = permissions[action].reach[role];
  if (reach === 'any' || (reach === 'own' && whose === 'own')) return undefined;
  const denied = [403, 'PERMISSION_DENIED'] as const;
  const other = or.some((each) => permissions[each].reach[role] !== 'none');
  if (reach === 'none') return denied;
  if (other) return denied;
  // Whose reach is `own`: lists without an account show its own, an order of others is unknown.
  if (account === 'none') return undefined;
  return account === 'order' ? [404, 'ORDER_UNKNOWN'] : denied;
}

describe.each(Object.entries(routeAccess))('%s', (route, access) => {
  const [method = ''] = route.split(' ');
  const sampleOf = async (account: string) => {
    const make = samples[route];
    if (make === undefined) throw new Error(`${route} has no sample in route-samples.ts`);
    return make(account, daybook.api);
  };

  it('lets in nobody who shows nothing', { timeout: 60_000 }, async () => {
    const { path, body, status } = await sampleOf('own');
    const answer = await ask(daybook, undefined, method, path, body);
    if (access.action === 'public') expect(answer.status).toBe(status);
    else expect([answer.status, answer.body.code]).toEqual([401, 'CREDENTIALS_MISSING']);
  });

  for (const role of ROLES) {
    // Where it is about no account, there is no foreign one.
    for (const whose of access.account === 'none'
      ? (['own'] as const)
      : (['own', 'foreign'] as const)) {
      const expected = refusal(access, role, whose);
      const label = expected === undefined ? 'answers' : `refuses with ${expected.join(' ')}`;
      it(`${label} ${role}, ${whose} account`, { timeout: 60_000 }, async () => {
        const { path, body, status } = await sampleOf(whose);
        const before = daybook.api.application.follower.sequence;
        const answer = await ask(daybook, keys[role], method, path, body);
        if (expected === undefined) {
          const shown = JSON.stringify(answer.body);
          if (status === 'taken') expect([401, 403, 500], shown).not.toContain(answer.status);
          else expect(answer.status, shown).toBe(status);
          return;
        }
        expect([answer.status, answer.body.code]).toEqual(expected);
        // What is refused leaves nothing on the log.
        await daybook.api.application.readModels.reached(before, 1);
        expect(daybook.api.application.follower.sequence).toBe(before);
      });
    }
  }
});

it('shows a trader its own accounts, and what is in them, and nothing else', {
  timeout: 60_000,
}, async () => {
  const names = async (path: string, list: string) => {
    const { body } = await ask(daybook, keys.trader, 'GET', path);
    return [
      ...new Set(
        body[list].map((each: { account?: string; name?: string }) => each.account ?? each.name),
      ),
    ].sort();
  };
  expect(await names('/v1/accounts', 'accounts')).toEqual(['own', 'own-halted']);
  const { sequence } = daybook.api.application.follower;
  expect(await names(`/v1/orders?minSequence=${sequence}`, 'orders')).toEqual(['own']);
});
