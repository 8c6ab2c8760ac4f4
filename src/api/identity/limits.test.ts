import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TOKEN_KNOWN_MS_MAX, TokenVerifier } from './json-web-token.js';
import { RateLimit } from './rate-limit.js';
import {
  REFUSED_FILE_BYTES_MAX,
  REFUSED_LINES_PER_SECOND_MAX,
  RefusedAccess,
} from './refused-access.js';

describe('the rate of an identity', () => {
  it('is a bucket of one second, refilled as time goes by', () => {
    const rates = new RateLimit();
    for (let at = 0; at < 5; at += 1) expect(rates.take('a', 5, 1000)).toBe(0);
    expect(rates.take('a', 5, 1000)).toBe(200);
    expect(rates.take('b', 5, 1000)).toBe(0);
    expect(rates.take('a', 5, 1199)).toBeGreaterThan(0);
    expect(rates.take('a', 5, 1200)).toBe(0);
    expect(rates.take('a', 5, 1200)).toBe(200);
    // A long rest gives one bucket, not more.
    for (let at = 0; at < 5; at += 1) expect(rates.take('a', 5, 99_000)).toBe(0);
    expect(rates.take('a', 5, 99_000)).toBeGreaterThan(0);
    rates.keep(new Set(['b']));
    expect(rates.take('a', 5, 99_000)).toBe(0);
  });
});

describe('the record of refused access', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'daybook-refused-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const path = () => join(directory, 'refused.jsonl');
  const lines = () => readFileSync(path(), 'utf8').trim().split('\n');
  const refusal = {
    code: 'CREDENTIALS_INVALID',
    why: 'key unknown',
    peer: '1.2.3.4',
    what: 'GET /',
  };

  it('takes so many lines a second, and counts the others', () => {
    const record = new RefusedAccess(directory);
    for (let at = 0; at < REFUSED_LINES_PER_SECOND_MAX + 7; at += 1) record.record(refusal, 5000);
    expect(lines()).toHaveLength(REFUSED_LINES_PER_SECOND_MAX);
    record.record(refusal, 6000);
    expect(JSON.parse(lines().at(-1) ?? '')).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      omitted: 7,
    });
    record.record(refusal, 6000);
    expect(JSON.parse(lines().at(-1) ?? '').omitted).toBeUndefined();
    record.close();
  });

  it('begins a new file when one is full, and keeps the one before', () => {
    new RefusedAccess(directory).close();
    truncateSync(path(), REFUSED_FILE_BYTES_MAX - 1);
    const record = new RefusedAccess(directory);
    record.record(refusal);
    expect(lines()).toHaveLength(1);
    expect(statSync(`${path()}.1`).size).toBe(REFUSED_FILE_BYTES_MAX - 1);
    record.close();
  });
});

describe('the keys of tokens from a server', () => {
  it('are asked for once, and without them no token can be told right from wrong', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
    let asked = 0;
    let answers = true;
    const server = createServer((_request, response) => {
      asked += 1;
      response.statusCode = answers ? 200 : 500;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const options = { issuer: 'i', audience: 'a', keys: `http://127.0.0.1:${port}/keys` };
    const token = (jti: string) =>
      new SignJWT({ jti })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer('i')
        .setAudience('a')
        .setSubject('desk')
        .setExpirationTime('1h')
        .sign(privateKey);
    const verifier = new TokenVerifier(options);
    const first = await token('1');
    expect(verifier.known(first, Date.now())).toBeUndefined();
    expect(await verifier.verify(first)).toMatchObject({ subject: 'desk' });
    expect(verifier.known(first, Date.now())).toMatchObject({ subject: 'desk' });
    expect(verifier.known(first, Date.now() + TOKEN_KNOWN_MS_MAX + 1000)).toBeUndefined();
    for (const jti of ['2', '3', '4']) await verifier.verify(await token(jti));
    expect(asked).toBe(1);
    answers = false;
    await expect(new TokenVerifier(options).verify(first)).rejects.toMatchObject({
      code: 'TOKEN_KEYS_UNAVAILABLE',
    });
    await new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
  }, 60_000);
});
