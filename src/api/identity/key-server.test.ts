import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { TokenVerifier } from './json-web-token.js';

const TOKENS = 300;

/** Tokens of strangers, each with a `kid` of its own, one after the other: a storm shares its fetches. */
async function storm(answer: (keys: unknown) => { status: number; body: string }) {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'ours', alg: 'ES256' }] };
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    const { status, body } = answer(keys);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/keys`;
  const verifier = new TokenVerifier({ issuer: 'idp', audience: 'daybook', keys: url });
  const sign = (kid: string) =>
    new SignJWT({ sub: 'ann', iss: 'idp', aud: 'daybook', exp: Date.now() / 1000 + 600 })
      .setProtectedHeader({ alg: 'ES256', kid })
      .sign(privateKey);
  const codes = new Set<string>();
  for (let n = 0; n < TOKENS; n += 1) {
    await verifier.verify(await sign(`stranger-${n}`)).catch(({ code }) => codes.add(code));
  }
  const own = await verifier.verify(await sign('ours')).catch(({ code }) => code);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { asked, codes: [...codes], own };
}

it('is not asked again for every key that it does not have', async () => {
  const result = await storm((keys) => ({ status: 200, body: JSON.stringify(keys) }));
  expect(result.codes).toEqual(['TOKEN_INVALID']);
  expect(result.own).toMatchObject({ subject: 'ann' });
  // More only if the storm takes longer than the cool-down.
  expect(result.asked).toBeLessThan(TOKENS / 10);
});

it.each([
  ['fails', 500, ''],
  ['answers nonsense', 200, '"nothing"'],
  ['answers what is no JSON', 200, '<html>'],
])('is left alone for a while when it %s', async (_how, status, body) => {
  const result = await storm(() => ({ status, body }));
  expect(result.codes).toEqual(['TOKEN_KEYS_UNAVAILABLE']);
  expect(result.own).toBe('TOKEN_KEYS_UNAVAILABLE');
  expect(result.asked).toBeLessThan(TOKENS / 10);
});
