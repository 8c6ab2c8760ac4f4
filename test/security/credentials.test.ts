/** What a client may show, and everything like it that it may not. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey } from '../../src/api/identity/api-key.js';
import {
  type DevelopmentCertificates,
  makeDevelopmentCertificates,
} from '../../src/cli/identity/development-certificates.js';
import { TLS_HANDSHAKE_MS_MAX } from '../../src/lib/tls-files.js';
import { ask, type SecureApi, startSecureApi, userWithKey } from './secure-api.js';

const ISSUER = 'https://idp.example';
const AUDIENCE = 'daybook';

let folder: string;
let secure: SecureApi;
let keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
const keysFile = () => join(folder, 'keys.json');

async function publish(...published: KeyObject[]): Promise<void> {
  const jwks = await Promise.all(published.map((key) => exportJWK(key)));
  const named = jwks.map((jwk) => ({ ...jwk, kid: jwk.x, alg: 'ES256' }));
  writeFileSync(keysFile(), JSON.stringify({ keys: named }));
}

const newPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface Claims {
  readonly issuer?: string;
  readonly audience?: string;
  readonly subject?: string;
  readonly expires?: number;
  readonly notBefore?: number;
  readonly scope?: string;
}
const now = () => Math.floor(Date.now() / 1000);

async function token(claims: Claims = {}, key: KeyObject = keys.privateKey): Promise<string> {
  const { scope } = claims;
  const { x: kid = '' } = await exportJWK(key);
  return new SignJWT(scope === undefined ? {} : { scope })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuer(claims.issuer ?? ISSUER)
    .setAudience(claims.audience ?? AUDIENCE)
    .setSubject(claims.subject ?? 'trader')
    .setNotBefore(claims.notBefore ?? now())
    .setExpirationTime(claims.expires ?? now() + 600)
    .sign(key);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daybook-credentials-'));
  keys = newPair();
  await publish(keys.publicKey);
  const tokens = { issuer: ISSUER, audience: AUDIENCE, keys: keysFile() };
  secure = await startSecureApi({ tokens });
}, 60_000);
afterAll(async () => {
  await secure.stop();
  secure.remove();
  rmSync(folder, { recursive: true });
});

const who = async (bearer: string | undefined, headers: Record<string, string> = {}) => {
  const { status, body } = await ask(secure, bearer, 'GET', '/v1/identity', undefined, headers);
  return status === 200 ? body.name : `${status} ${body.code}`;
};

describe('a token', () => {
  it('is taken for the user that it names, again and again', async () => {
    const good = await token();
    expect(await who(good)).toBe('trader');
    expect(await who(good)).toBe('trader');
  });

  it('is refused when anything about it is not right', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'trader', exp: now() + 600 };
    const unsigned = (alg: string) => `${part({ alg, typ: 'JWT' })}.${part(claims)}.`;
    const good = await token();
    const [head, body, signature] = good.split('.') as [string, string, string];
    const pem = keys.publicKey.export({ type: 'spki', format: 'pem' });
    const confused = `${part({ alg: 'HS256' })}.${part(claims)}`;
    const mac = createHmac('sha256', pem).update(confused).digest('base64url');
    const wrong: Record<string, string> = {
      'alg none': unsigned('none'),
      'alg NONE': unsigned('NONE'),
      'no signature': `${head}.${body}.`,
      'the public key as a shared secret': `${confused}.${mac}`,
      'another key': await token({}, newPair().privateKey),
      'other claims': `${head}.${part({ ...claims, sub: 'risk' })}.${signature}`,
      'another audience': await token({ audience: 'somebody-else' }),
      'another issuer': await token({ issuer: 'https://evil.example' }),
      'not yet': await token({ notBefore: now() + 60 }),
      'nobody we know': await token({ subject: 'stranger' }),
      'no token': 'not.a.token',
      'too long': `${good}${'x'.repeat(9000)}`,
    };
    for (const [what, text] of Object.entries(wrong)) {
      expect(await who(text), what).toBe('401 CREDENTIALS_INVALID');
    }
    expect(await who(await token({ expires: now() - 60 }))).toBe('401 CREDENTIALS_EXPIRED');
    const endless = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('trader')
      .sign(keys.privateKey);
    expect(await who(endless)).toBe('401 CREDENTIALS_INVALID');
  });

  it('may be narrowed by its scope, and not widened', async () => {
    const scope = 'openid daybook:orders.read daybook:limits.change';
    const { body } = await ask(secure, await token({ scope }), 'GET', '/v1/identity');
    expect(Object.keys(body.may)).toEqual(['orders.read']);
  });

  it('of a key that is new is taken, of one that is withdrawn is not', async () => {
    const next = newPair();
    expect(await who(await token({}, next.privateKey))).toBe('401 CREDENTIALS_INVALID');
    await publish(keys.publicKey, next.publicKey);
    expect(await who(await token({ scope: 'a' }, next.privateKey))).toBe('trader');
    await publish(next.publicKey);
    expect(await who(await token({ scope: 'b' }))).toBe('401 CREDENTIALS_INVALID');
    keys = next;
  });
});

describe('a key', () => {
  it('is refused when it is wrong, revoked, expired, or of a user who is off', async () => {
    const { key, id, changes } = userWithKey('passing', ['trader'], ['own']);
    await secure.change(...changes);
    expect(await who(key)).toBe('passing');
    const [prefix, keyId] = key.split('_') as [string, string];
    const other = newKey();
    for (const wrong of [
      `${prefix}_${keyId}_${'A'.repeat(43)}`,
      other.text,
      `${prefix}_${keyId}`,
    ]) {
      expect(await who(wrong)).toBe('401 CREDENTIALS_INVALID');
    }
    const expires = new Date(Date.now() - 1000).toISOString();
    const old = {
      type: 'KeyAdded',
      user: 'passing',
      id: other.id,
      hash: other.hash,
      expires,
    } as const;
    await secure.change(old);
    expect(await who(other.text)).toBe('401 CREDENTIALS_EXPIRED');
    await secure.change({ type: 'UserChanged', name: 'passing', disabled: true });
    expect(await who(key)).toBe('401 CREDENTIALS_INVALID');
    await secure.change({ type: 'UserChanged', name: 'passing', disabled: false });
    expect(await who(key)).toBe('passing');
    await secure.change({ type: 'KeyRevoked', id });
    expect(await who(key)).toBe('401 CREDENTIALS_INVALID');
  });

  it('may be narrowed to actions and accounts', async () => {
    const { id, text, hash } = newKey();
    const scope = { actions: ['orders.read' as const], accounts: ['foreign'] };
    await secure.change({ type: 'KeyAdded', user: 'risk', id, hash, ...scope });
    const { body } = await ask(secure, text, 'GET', '/v1/identity');
    expect(body.may).toEqual({ 'orders.read': ['foreign'] });
    const limit = { limit: 'MaxOrderQuantity', scope: 'Firm', value: '1' };
    expect((await ask(secure, text, 'PUT', '/v1/limits', limit)).status).toBe(403);
  });

  it('is shown in one way only', async () => {
    const { trader } = secure.keys;
    for (const authorization of [
      trader,
      `Basic ${trader}`,
      `Bearer  ${trader}`,
      `Bearer ${trader} x`,
      '',
    ]) {
      expect(await who(undefined, { authorization }), authorization).toMatch(/^401/);
    }
    const { status } = await ask(secure, undefined, 'GET', `/v1/identity?authorization=${trader}`);
    expect(status).toBe(401);
    expect(await who(undefined, { 'x-api-key': trader, cookie: `key=${trader}` })).toMatch(/^401/);
  });
});

it('writes who was not let in to a record, and no secret anywhere', async () => {
  const secret = newKey();
  await ask(secure, undefined, 'GET', `/v1/accounts/${secret.text}?key=${secret.text}`);
  expect(await who(secret.text)).toBe('401 CREDENTIALS_INVALID');
  const record = readFileSync(join(secure.accessDirectory, 'refused.jsonl'), 'utf8');
  const last = JSON.parse(record.trim().split('\n').at(-1) as string);
  expect(last).toMatchObject({
    code: 'CREDENTIALS_INVALID',
    // Nobody's: it may be anything that was typed there.
    credential: expect.stringMatching(/^unknown:[0-9a-f]{16}$/),
    peer: '127.0.0.1',
  });
  const list = await ask(secure, secure.keys.administrator, 'GET', '/v1/identities');
  expect(list.body.users.map(({ name }: { name: string }) => name)).toContain('trader');
  const shown = JSON.stringify(list.body);
  expect(shown).not.toMatch(/[0-9a-f]{32}|scrypt/);
  const everything = record + shown + secure.lines.join('');
  for (const text of [secret.text, ...Object.values(secure.keys)]) {
    expect(everything).not.toContain(text.slice('dbk_'.length + 11));
  }
});

describe('TLS', () => {
  let ours: DevelopmentCertificates;
  let theirs: DevelopmentCertificates;
  let api: SecureApi;
  let tls: { certificate: string; key: string; clientAuthorities: string };

  beforeAll(async () => {
    ours = makeDevelopmentCertificates(join(folder, 'ours'), 'localhost');
    theirs = makeDevelopmentCertificates(join(folder, 'theirs'), 'localhost');
    tls = {
      certificate: ours.serverCertificate,
      key: ours.serverKey,
      clientAuthorities: ours.authority,
    };
    api = await startSecureApi({ tls });
    await api.change({ type: 'CertificateAdded', user: 'auditor', match: 'URI:daybook://client' });
  }, 60_000);
  afterAll(async () => {
    await api.stop();
    api.remove();
  });

  const port = () => Number(new URL(api.api.address).port);

  it('lets go of a connection that shakes no hands, over REST and gRPC', {
    timeout: 10 * TLS_HANDSHAKE_MS_MAX,
  }, async () => {
    const silent = [port(), api.api.grpc?.port ?? 0].map(async (each) => {
      const socket = connectTcp(each, 'localhost');
      // It may be reset: what counts is that it is over.
      socket.on('error', () => undefined);
      const over = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      await new Promise((resolve) => socket.once('connect', resolve));
      await over;
    });
    await Promise.all(silent);
  });
  const get = (
    client: { readonly cert?: Buffer; readonly key?: Buffer },
    ca: string,
    bearer?: string,
  ) =>
    new Promise<string>((resolve, reject) => {
      const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
      const options = {
        host: 'localhost',
        port: port(),
        path: '/v1/identity',
        agent: false,
        headers,
      };
      httpsRequest({ ...options, ca: readFileSync(ca), ...client }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          const body = JSON.parse(text);
          resolve(response.statusCode === 200 ? body.name : `${response.statusCode} ${body.code}`);
        });
      })
        .on('error', reject)
        .end();
    });
  const clientOf = (of: DevelopmentCertificates) => ({
    cert: readFileSync(of.clientCertificate),
    key: readFileSync(of.clientKey),
  });

  it('lets in whom a certificate of our authority names, and nobody of another', async () => {
    expect(await get(clientOf(ours), ours.authority)).toBe('auditor');
    expect(await get({}, ours.authority)).toBe('401 CREDENTIALS_MISSING');
    expect(await get(clientOf(theirs), ours.authority)).toBe('401 CREDENTIALS_INVALID');
    // Not even with a key that is right: somebody pretends something.
    expect(await get(clientOf(theirs), ours.authority, api.keys.trader)).toBe(
      '401 CREDENTIALS_INVALID',
    );
    expect(await get(clientOf(ours), ours.authority, api.keys.trader)).toBe('trader');
    await api.change({ type: 'CertificateRemoved', match: 'URI:daybook://client' });
    expect(await get(clientOf(ours), ours.authority)).toBe('401 CREDENTIALS_INVALID');
  });

  it('is 1.2 at least, and speaks no plain text', async () => {
    const version = (maxVersion: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const options = { host: 'localhost', port: port(), ca: readFileSync(ours.authority) };
        const minVersion = maxVersion === 'TLSv1.1' ? ('TLSv1' as const) : maxVersion;
        const ciphers = 'DEFAULT:@SECLEVEL=0';
        const socket = connect({ ...options, minVersion, maxVersion, ciphers }, () => {
          resolve(socket.getProtocol() ?? 'none');
          socket.destroy();
        });
        socket.on('error', () => resolve('refused'));
      });
    expect(await version('TLSv1.1')).toBe('refused');
    expect(await version('TLSv1.2')).toBe('TLSv1.2');
    expect(await version('TLSv1.3')).toBe('TLSv1.3');
    await expect(fetch(`http://localhost:${port()}/v1/identity`)).rejects.toThrow();
  });

  it('takes a renewed certificate without a restart, and keeps the old one for a wrong one', async () => {
    await expect(get({}, theirs.authority)).rejects.toThrow();
    writeFileSync(tls.key, 'no key');
    writeFileSync(tls.certificate, readFileSync(theirs.serverCertificate));
    await expect
      .poll(() => api.lines.some((line) => line.includes('TLS_FILES_INVALID')), { timeout: 20_000 })
      .toBe(true);
    expect(await get({}, ours.authority)).toBe('401 CREDENTIALS_MISSING');
    writeFileSync(tls.key, readFileSync(theirs.serverKey));
    const renewed = () => get({}, theirs.authority).catch(() => 'not yet');
    await expect.poll(renewed, { timeout: 20_000 }).toBe('401 CREDENTIALS_MISSING');
  }, 60_000);
});
