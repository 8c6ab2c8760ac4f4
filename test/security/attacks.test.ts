/** Paths, headers and bodies that are meant to get round something. */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUEST_MS_MAX } from '../../src/api/rest/server.js';
import { exchange, openSocket, type RawAnswer } from './raw-http.js';
import { ask, type SecureApi, startSecureApi } from './secure-api.js';

let secure: SecureApi;
beforeAll(async () => {
  secure = await startSecureApi();
}, 60_000);
afterAll(async () => {
  await secure.stop();
  secure.remove();
});

const send = (bytes: string): Promise<RawAnswer[]> => exchange(secure.api.address, bytes);
const request = (line: string, ...headers: string[]) =>
  `${[`${line} HTTP/1.1`, 'Host: daybook', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
const bearer = () => `Authorization: Bearer ${secure.keys.trader}`;
const order = (clientOrderId: string, more: object = {}) => ({
  ...{ clientOrderId, account: 'own', instrument: 'ESH4', side: 'Buy', type: 'Limit' },
  ...{ quantity: '1', price: '4700', ...more },
});
const submit = (body: unknown, headers: Record<string, string> = {}) =>
  ask(secure, secure.keys.trader, 'POST', '/v1/orders', body, headers);

/** Words that only the inside of Daybook knows. */
const INTERNALS = /node_modules|\/src\/|\.js:\d|\.ts:\d|at \w+ \(|Error:|fastify|FST_/i;

describe('nothing is answered without credentials', () => {
  const paths = [
    ...['/v1/orders', '//v1/orders', '/v1//orders', '/v1/orders/', '/V1/ORDERS', '/v1/./orders'],
    ...['/v1/orders;x=1', '/v1/orders%00', '/v1/orders%2f', '/v1%2forders', '/%76%31/orders'],
    ...[
      '/docs/../v1/orders',
      '/docs/%2e%2e/v1/orders',
      '/docs/..%2fv1/orders',
      '/docs\\..\\v1/orders',
    ],
    ...[
      '/health/live/../../v1/orders',
      '/health/live/%2e%2e/%2e%2e/v1/identity',
      '/docs/static/../../etc/passwd',
    ],
    ...[
      '/docs/static/%2e%2e/%2e%2e/%2e%2e/package.json',
      '/problems/..%2f..%2fv1%2forders',
      '/metrics',
      '/metrics/',
    ],
    ...[
      'http://daybook/v1/orders',
      'http://localhost/health/live/../v1/orders',
      '*',
      '/v1/orders?x=/health/live',
    ],
    ...[
      '/v1/orders#/health/live',
      '/v1/identity?access_token=x',
      '/.env',
      '/.git/config',
      '/v1/accounts/%ff',
    ],
  ];
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'];

  it('on no path, by no method', { timeout: 60_000 }, async () => {
    for (const path of paths) {
      for (const method of methods) {
        const [answer] = await send(request(`${method} ${path}`, 'Content-Length: 0'));
        const label = `${method} ${path}: ${answer?.status} ${answer?.body}`;
        expect([400, 401, 404, 405], label).toContain(answer?.status);
        expect(answer?.body, label).not.toMatch(INTERNALS);
      }
    }
  });

  it('whatever a header claims', async () => {
    const claims = [
      ...[
        'X-Forwarded-For: 127.0.0.1',
        'X-Real-IP: 127.0.0.1',
        'Forwarded: for=127.0.0.1;proto=https',
      ],
      ...[
        'X-Original-URL: /health/live',
        'X-Rewrite-URL: /health/live',
        'X-HTTP-Method-Override: GET',
      ],
      ...['X-Forwarded-User: admin', 'X-Client-Cert: admin', 'X-SSL-Client-Verify: SUCCESS'],
      ...['Upgrade: h2c', 'Cookie: identity=admin', 'Authorization: Bearer undefined'],
      ...['Authorization: Bearer null', 'Authorization: Bearer dbk__', 'Authorization: Bearer'],
    ];
    for (const claim of claims) {
      const [answer] = await send(request('GET /v1/identity', claim));
      expect(answer?.status, claim).toBe(401);
    }
    const [twice] = await send(request('GET /v1/identity', 'Authorization: Bearer x', bearer()));
    expect(twice?.status).toBe(401);
  });

  it('and HEAD says no more than GET', async () => {
    const [head] = await send(request('HEAD /v1/orders'));
    expect(head?.status ?? 401).toBe(401);
  });
});

describe('a request is one request', () => {
  it('with two lengths, or a length and chunks, it is none', async () => {
    const inner = request('GET /v1/identity', bearer());
    const smuggled = [
      `POST /v1/orders HTTP/1.1\r\nHost: a\r\n${bearer()}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      `POST /v1/orders HTTP/1.1\r\nHost: a\r\n${bearer()}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde${inner}`,
      `POST /v1/orders HTTP/1.1\r\nHost: a\r\n${bearer()}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
      `POST /v1/orders HTTP/1.1\r\nHost: a\r\n${bearer()}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
      `GET /v1/identity HTTP/1.1\nHost: a\n${bearer()}\n\n`,
      `GET /v1/identity HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n${bearer()}\r\n\r\n`,
    ];
    for (const bytes of smuggled) {
      const answers = await send(bytes);
      // Whatever the rest is taken for, what is hidden in it is never answered.
      const statuses = answers.map(({ status }) => status);
      expect(statuses.at(-1), bytes.slice(0, 160)).toBe(400);
      for (const status of statuses) expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('bodies', () => {
  it('of 10 MB are refused, and from strangers not even read', { timeout: 60_000 }, async () => {
    const big = 'x'.repeat(10 * 1024 * 1024);
    const post = (...headers: string[]) =>
      send(
        request(
          'POST /v1/orders',
          'Content-Type: application/json',
          `Content-Length: ${big.length}`,
          ...headers,
        ) + big,
      );
    // A connection that is cut while we send has given its answer, or none at all.
    expect([413, undefined]).toContain((await post(bearer()))[0]?.status);
    expect([401, undefined]).toContain((await post())[0]?.status);
    const { status } = await submit(order('small-after-big'));
    expect(status).toBe(201);
  });

  it('that are no order are refused by what is wrong with them', async () => {
    const before = secure.api.application.follower.sequence;
    const wrong: unknown[] = [
      ...[null, [], 'x', 1, true, {}, [order('a')], { order: order('a') }],
      order('a', { account: { $ne: '' } }),
      order('a', { account: ['own', 'foreign'] }),
      order('a', { quantity: 1 }),
      order('a', { quantity: '1e3' }),
      order('a', { price: 'NaN' }),
      order("a'; DROP TABLE orders; --\u0000"),
      order('a', { admin: true }),
      order('a', { constructor: { prototype: { roles: ['administrator'] } } }),
      { ...order('a'), account: `own${'x'.repeat(50_000)}` },
    ];
    for (const body of wrong) {
      const answer = await submit(body);
      const label = JSON.stringify(body).slice(0, 200);
      expect(answer.status, label).toBe(400);
      expect(['REQUEST_INVALID', 'REQUEST_MALFORMED'], label).toContain(answer.body.code);
      expect(JSON.stringify(answer.body), label).not.toMatch(INTERNALS);
    }
    const raw = (text: string, type = 'application/json') =>
      send(
        request(
          'POST /v1/orders',
          bearer(),
          `Content-Type: ${type}`,
          `Content-Length: ${text.length}`,
        ) + text,
      );
    const valid = JSON.stringify(order('a'));
    for (const text of [
      ...[
        '{',
        '[',
        '\u0000',
        '{"a":1,}',
        "{'a':1}",
        `${valid}${valid}`,
        '[['.repeat(5000),
        '{"a":'.repeat(5000),
      ],
      valid.replace('{', '{"__proto__":{"account":"foreign"},'),
      valid.replace('{', '{"constructor":{"prototype":{"x":1}},'),
    ]) {
      const [answer] = await raw(text);
      expect(answer?.status, text.slice(0, 100)).toBe(400);
      expect(answer?.body).not.toMatch(INTERNALS);
    }
    for (const type of [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ]) {
      expect((await raw(valid, type))[0]?.status, type).toBe(415);
    }
    expect(secure.api.application.follower.sequence).toBe(before);
  });

  it('that are encoded are told so', async () => {
    const text = JSON.stringify(order('encoded'));
    const encoded = (encoding: string, body: string) =>
      send(
        `${request('POST /v1/orders', bearer(), 'Content-Type: application/json', `Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`)}${body}`,
      );
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip', 'x']) {
      const [answer] = await encoded(encoding, text);
      expect(answer?.status, encoding).toBe(415);
      expect(answer?.body).toContain('REQUEST_MEDIA_TYPE');
    }
    expect((await encoded('Identity', text))[0]?.status).toBe(201);
  });
});

it('two credentials are none, in whatever order', async () => {
  const own = bearer();
  const [one] = await send(request('GET /v1/identity', own));
  expect(one?.status).toBe(200);
  for (const other of [own, 'authorization: Bearer nothing', 'AUTHORIZATION: ']) {
    for (const headers of [
      [own, other],
      [other, own],
    ]) {
      const [answer] = await send(request('GET /v1/identity', ...headers));
      expect(answer?.status, other.slice(0, 24)).toBe(401);
      expect(answer?.body).toContain('CREDENTIALS_INVALID');
    }
  }
});

describe('a request that is sent again', () => {
  it('with the same idempotency key has the same answer, and is one order', async () => {
    const headers = { 'idempotency-key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"' };
    const first = await submit(order('again'), headers);
    const second = await submit(order('again'), headers);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    const other = await submit(order('another'), headers);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    // Somebody else's key of that name is another one.
    const risk = await ask(secure, secure.keys.risk, 'POST', '/v1/orders/mass-cancel', {}, headers);
    expect(risk.status).toBe(202);
    for (const key of ['', 'x'.repeat(65), 'a b', 'é']) {
      const { status } = await submit(order('bad-key'), { 'idempotency-key': key });
      expect(status, key).toBe(400);
    }
  });

  it('at the same time is one order, whoever is first', async () => {
    const headers = { 'idempotency-key': 'at-once' };
    const answers = await Promise.all([1, 2, 3, 4].map(() => submit(order('at-once'), headers)));
    const codes = answers.map(({ status }) => status);
    expect(codes.filter((status) => status === 201).length).toBeGreaterThan(0);
    for (const code of codes) expect([201, 409]).toContain(code);
    const ids = answers.filter(({ status }) => status === 201).map(({ body }) => body.orderId);
    expect(new Set(ids).size).toBe(1);
  });

  it('without a key is refused by its client order id, and shown the first', async () => {
    const first = await submit(order('twice'));
    const second = await submit(order('twice'));
    expect([second.status, second.body.code]).toEqual([409, 'ORDER_DUPLICATE_CLIENT_ID']);
    expect(second.body.firstOrder.orderId).toBe(first.body.orderId);
  });
});

it('requests beyond the rate of an identity are refused, and its neighbours are not', {
  timeout: 60_000,
}, async () => {
  await secure.change({ type: 'UserChanged', name: 'auditor', requestsPerSecond: 5 });
  const ask5 = await Promise.all(
    Array.from({ length: 40 }, () => ask(secure, secure.keys.auditor, 'GET', '/v1/identity')),
  );
  const refused = ask5.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.body.code).toBe('RATE_LIMITED');
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
  expect((await ask(secure, secure.keys.trader, 'GET', '/v1/identity')).status).toBe(200);
});

it('clients that send a byte now and then are cut off, and hold up nobody', {
  timeout: 120_000,
}, async () => {
  const half = `POST /v1/orders HTTP/1.1\r\nHost: a\r\n${bearer()}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{`;
  const starts = ['GET /v1/id', half];
  const sockets: Socket[] = [];
  for (let at = 0; at < 60; at += 1) {
    const socket = await openSocket(secure.api.address);
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(starts[at % 2] as string);
    sockets.push(socket);
  }
  const trickle = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x');
  }, 500);
  const closed = sockets.map(
    (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
  );
  const begun = performance.now();
  for (let at = 0; at < 20; at += 1)
    expect((await submit(order(`meanwhile-${at}`))).status).toBe(201);
  await Promise.all(closed);
  clearInterval(trickle);
  // Not sooner than promised: a slow client that is within its time is served.
  expect(performance.now() - begun).toBeLessThan(10 * REQUEST_MS_MAX);
});
