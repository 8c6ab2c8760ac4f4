import { describe, expect, it } from 'vitest';
import { Clock } from '../../lib/time.js';
import { RECEIVED_STEP_NS } from '../application/application.js';
import {
  IDEMPOTENCY_MS_MAX,
  type KeyedRequest,
  KeyedRequests,
  type KeyedRequestsOptions,
} from './keyed-requests.js';

const who = { name: 'desk', actor: 7 };
const answer = { status: 201, headers: {}, body: 'done' };

function open(options: Partial<KeyedRequestsOptions> = {}): Promise<KeyedRequests> {
  const readFrom = () => {
    throw new Error('nothing is looked for');
  };
  const sequence = () => 41;
  return KeyedRequests.open({
    path: undefined,
    clock: new Clock(),
    sequence,
    readFrom,
    ...options,
  });
}

async function begun(requests: KeyedRequests, key: string): Promise<KeyedRequest> {
  const result = await requests.begin(who, key, 'POST /');
  if (result.kind !== 'begun') throw new Error(`${key} is answered`);
  return result.request;
}

const kindOf = async (requests: KeyedRequests, key: string) =>
  (await requests.begin(who, key, 'POST /')).kind;

describe('requests with a key', () => {
  it('are answered again until they are too old: below, at and above', async () => {
    let now = 1000;
    const requests = await open({ now: () => now });
    await requests.settle(await begun(requests, 'a'), answer);
    now = 1000 + IDEMPOTENCY_MS_MAX - 1;
    expect(await kindOf(requests, 'a')).toBe('answered');
    now += 1;
    expect(await kindOf(requests, 'a')).toBe('begun');
  });

  it('are forgotten, the oldest first, when there are too many: below, at and above', async () => {
    const requests = await open({ keysMax: 3 });
    for (const key of ['a', 'b', 'c']) await requests.settle(await begun(requests, key), answer);
    expect(requests.size).toBe(3);
    expect(await kindOf(requests, 'a')).toBe('answered');
    await requests.settle(await begun(requests, 'd'), answer);
    expect(requests.size).toBe(3);
    expect(await kindOf(requests, 'b')).toBe('answered');
    expect(await kindOf(requests, 'a')).toBe('begun');
  });

  it('of one key are done one at a time, and of another request refused', async () => {
    const requests = await open();
    const first = await begun(requests, 'a');
    await expect(requests.begin(who, 'a', 'POST /')).rejects.toMatchObject({
      code: 'IDEMPOTENCY_IN_PROGRESS',
    });
    await requests.settle(first, answer);
    await expect(requests.begin(who, 'a', 'PUT /')).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect((await requests.begin({ ...who, name: 'b' }, 'a', 'PUT /')).kind).toBe('begun');
  });

  it('that were not taken may be done again, without a look at the log', async () => {
    const requests = await open();
    await requests.settle(await begun(requests, 'a'), undefined);
    const again = await begun(requests, 'a');
    expect(again.repeated).toBe(true);
    expect(await again.recorded(undefined, false)).toBeUndefined();
  });

  it('have times of receipt that are no other command’s, also when the clock stands', async () => {
    const source = { originMs: 5, readMonotonic: () => undefined, wallMs: () => 5 };
    const requests = await open({ clock: new Clock(source) });
    const times = new Set<bigint>();
    for (let n = 0; n < 100; n += 1) {
      const request = await begun(requests, `key-${n}`);
      for (let command = 1; command < RECEIVED_STEP_NS; command += 1) {
        const received = request.received();
        expect(received % BigInt(RECEIVED_STEP_NS)).not.toBe(0n);
        times.add(received);
      }
      expect(() => request.received()).toThrow();
    }
    expect(times.size).toBe(100 * (RECEIVED_STEP_NS - 1));
  });
});
