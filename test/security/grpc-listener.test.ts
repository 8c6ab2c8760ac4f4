/** What strangers can do to the port of gRPC: too many connections, too slow, too large. */
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { type Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OrderServiceService } from '../../src/api/grpc/generated/daybook/v1/order_service.gen.js';
import { limitListener } from '../../src/api/grpc/listener-limits.js';
import { SEVERAL } from '../../src/api/identity/several-credentials.js';
import { type SecureApi, startSecureApi } from './secure-api.js';

const SUBMIT = '/daybook.v1.OrderService/SubmitOrder';
const ENTER = '/daybook.v1.OrderService/EnterOrders';

function call(session: ClientHttp2Session, path: string, key?: string) {
  return session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    [constants.HTTP2_HEADER_TE]: 'trailers',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  });
}

/** A frame of HTTP/2: length (24), type (8), flags (8), stream (32), payload. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A call as node:http2 would not send it: each header a literal without index (RFC 7541, 6.2.2). */
function requestWith(credentials: readonly string[]): Buffer {
  const headers = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', SUBMIT],
    [':authority', 'daybook'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...credentials.map((each) => ['authorization', each]),
  ];
  const block = headers.map(([name = '', value = '']) =>
    Buffer.concat([
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  );
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(1, 0x4, 1, Buffer.concat(block)),
    // An empty message, not compressed, and the end of the request.
    frame(0, 0x1, 1, Buffer.alloc(5)),
  ]);
}

describe('a listener of gRPC', () => {
  const left: (() => void)[] = [];
  afterEach(() => {
    for (const undo of left.splice(0).reverse()) undo();
  });

  async function listening(
    limits: { connections?: number; requestMs?: number },
    submitOrder: (call: { readonly metadata: Metadata }) => void = () => undefined,
  ): Promise<number> {
    const server = new Server();
    server.addService(OrderServiceService, { enterOrders: () => undefined, submitOrder });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    left.push(() => server.forceShutdown());
    left.push(limitListener(server, [OrderServiceService], limits));
    return port;
  }

  it('takes so many connections: at the limit, and one above', { timeout: 60_000 }, async () => {
    const port = await listening({ connections: 2 });
    // HTTP/2 is spoken to at once by whom it takes.
    const open = (): Promise<string> =>
      new Promise((resolve) => {
        const socket: Socket = connectTcp(port, '127.0.0.1');
        left.push(() => socket.destroy());
        socket.once('data', () => resolve('taken'));
        socket.once('close', () => resolve('refused'));
        socket.on('error', () => undefined);
      });
    expect([await open(), await open(), await open()]).toEqual(['taken', 'taken', 'refused']);
  });

  it('takes two credentials for none', { timeout: 60_000 }, async () => {
    for (const [shown, seen] of [
      [['Bearer a'], 'Bearer a'],
      [['Bearer a', 'Bearer b'], SEVERAL],
      [['Bearer a', 'Bearer a'], SEVERAL],
    ] as const) {
      const taken = await new Promise((resolve, reject) => {
        const take = ({ metadata }: { readonly metadata: Metadata }) =>
          resolve(metadata.get('authorization'));
        listening({}, take).then((port) => {
          const socket = connectTcp(port, '127.0.0.1');
          left.push(() => socket.destroy());
          socket.on('error', reject);
          socket.write(requestWith(shown));
        }, reject);
      });
      expect(taken).toEqual([seen]);
    }
  });

  it('ends a request that does not arrive, and leaves streams of requests alone', {
    timeout: 60_000,
  }, async () => {
    const port = await listening({ requestMs: 50 });
    const session = connect(`http://127.0.0.1:${port}`);
    const entering = call(session, ENTER);
    entering.on('error', () => undefined);
    const slow = call(session, SUBMIT);
    slow.write(Buffer.from([0, 0, 0, 0, 99, 1]));
    slow.on('error', () => undefined);
    await new Promise<void>((resolve) => slow.once('close', resolve));
    expect(entering.closed).toBe(false);
    const closed = new Promise<void>((resolve) => entering.once('close', resolve));
    entering.close(constants.NGHTTP2_CANCEL);
    await closed;
    await new Promise<void>((resolve) => session.close(resolve));
  });
});

describe('over gRPC', () => {
  let secure: SecureApi;
  beforeAll(async () => {
    secure = await startSecureApi();
  }, 60_000);
  afterAll(async () => {
    await secure.stop();
    secure.remove();
  });

  it('bodies of 10 MB are refused, and nothing else suffers', { timeout: 60_000 }, async () => {
    const send = (path: string, bytes: number, key?: string): Promise<number> =>
      new Promise((resolve) => {
        const session = connect(`http://${secure.api.grpc?.address}`);
        session.on('error', () => undefined);
        const stream = call(session, path, key);
        let told = -1;
        const take = (headers: Record<string, unknown>): void => {
          told = Number(headers['grpc-status'] ?? told);
        };
        stream.on('response', take);
        stream.on('trailers', take);
        stream.on('error', () => undefined);
        stream.on('close', () => session.close(() => resolve(told)));
        stream.resume();
        const frame = Buffer.alloc(5 + bytes);
        frame.writeUInt32BE(bytes, 1);
        stream.end(frame);
      });
    const before = secure.api.application.follower.sequence;
    const { trader } = secure.keys;
    for (const path of [SUBMIT, ENTER]) {
      // A call that is ended while we send has been given its status, or none at all.
      const told = await send(path, 10 * 1024 * 1024, trader);
      expect([status.RESOURCE_EXHAUSTED, -1]).toContain(told);
    }
    const stranger = await send(ENTER, 10 * 1024 * 1024);
    expect([status.UNAUTHENTICATED, status.RESOURCE_EXHAUSTED, -1]).toContain(stranger);
    expect(await send(SUBMIT, 0, trader)).toBe(status.INVALID_ARGUMENT);
    expect(secure.api.application.follower.sequence).toBe(before);
  });
});
