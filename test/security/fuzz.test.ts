import { afterAll, beforeAll, expect, it } from 'vitest';
import { forbiddenEvents, runFuzz } from './fuzz-run.js';
import { type SecureApi, startSecureApi } from './secure-api.js';

/** Here; `fuzz-bodies.ts` sends as many as it is told. */
const BODIES = 20_000;
const SEED = 20_261_122;

let secure: SecureApi;
beforeAll(async () => {
  secure = await startSecureApi();
}, 60_000);
afterAll(async () => {
  await secure.stop();
  secure.remove();
});

it('bodies of nonsense are refused one by one, and leave nothing that was not allowed', {
  timeout: 240_000,
}, async () => {
  const { answered, statuses, findings } = await runFuzz(secure, BODIES, SEED);
  expect(findings, `seed ${SEED}`).toEqual([]);
  expect(answered).toBeGreaterThanOrEqual(BODIES);
  // Not all is refused at the first look: some are right (until the trader happens to halt its own
  // account, then risk refuses them), many are about somebody else's account.
  const decided = (statuses[201] ?? 0) + (statuses[422] ?? 0);
  expect(decided, JSON.stringify(statuses)).toBeGreaterThan(100);
  for (const status of [400, 403]) expect(statuses[status], `${status}`).toBeGreaterThan(100);
  expect(forbiddenEvents(secure)).toEqual([]);
});
