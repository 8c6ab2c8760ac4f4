import { afterAll, beforeAll, expect, it } from 'vitest';
import { forbiddenEvents } from './fuzz-run.js';
import { runGrpcFuzz } from './grpc-fuzz-run.js';
import { type SecureApi, startSecureApi } from './secure-api.js';

/** Here; `fuzz-bodies.ts --protocol grpc` sends as many as it is told. */
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

it('messages of nonsense are refused one by one, and leave nothing that was not allowed', {
  timeout: 240_000,
}, async () => {
  const { answered, statuses, findings } = await runGrpcFuzz(secure, BODIES, SEED);
  expect(findings, `seed ${SEED}`).toEqual([]);
  expect(answered).toBeGreaterThanOrEqual(BODIES);
  const shown = JSON.stringify(statuses);
  // Not all is refused at the first look: many are right, many are about somebody else's account.
  for (const name of ['OK', 'INVALID_ARGUMENT', 'PERMISSION_DENIED', 'NOT_FOUND']) {
    expect(statuses[name], `${name} in ${shown}`).toBeGreaterThan(100);
  }
  expect(statuses['answer accepted'], shown).toBeGreaterThan(100);
  expect(forbiddenEvents(secure)).toEqual([]);
});
