/** The TypeScript client against the API in this process: calls, order entry, streams, refusals. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { DaybookClient } from '../../clients/typescript/src/daybook-client.js';
import {
  OrdStatus,
  OrdType,
  Side,
} from '../../clients/typescript/src/generated/daybook/v1/order.gen.js';
import type { Run } from '../../clients/typescript/src/run.js';
import {
  type SocketClass,
  StreamRefused,
  webSocketStream,
} from '../../clients/typescript/src/web-socket-streams.js';
import { request } from '../api/running-api.js';
import { type Running, remove, seedStreams, startRunning, trade } from './running-streams.js';

let running: Running;
let client: DaybookClient;
beforeAll(async () => {
  running = await startRunning();
  await seedStreams(running);
  client = new DaybookClient({ address: running.grpc, deadlineMs: 60_000 });
});
afterAll(async () => {
  client.close();
  await running.stop();
  remove(running);
});

const order = (clientOrderId: string, more: object = {}) => ({
  clientOrderId,
  account: 'alpha',
  instrument: 'NOWHERE',
  side: Side.SIDE_BUY,
  type: OrdType.ORD_TYPE_LIMIT,
  quantity: '2',
  price: '10.25',
  ...more,
});

/** Sequences of a stream until it has everything up to `to`. */
async function sequencesTo(
  stream: AsyncIterable<Run<{ sequence: number }>>,
  to: number,
): Promise<number[]> {
  const sequences: number[] = [];
  for await (const run of stream) {
    sequences.push(...run.entries.map(({ sequence }) => sequence));
    if (run.to >= to) break;
  }
  return sequences;
}

describe('the TypeScript client', () => {
  it('submits, cancels and reads back', async () => {
    const entered = await client.submitOrder(order('c-1'));
    expect(entered).toMatchObject({ status: OrdStatus.ORD_STATUS_PENDING_NEW, price: '10.25' });
    const by = { $case: 'orderId', value: entered.orderId } as const;
    const canceled = await client.cancelOrder({ order: { by } });
    expect(canceled.orderId).toBe(entered.orderId);
    const { orderIds } = await client.massCancel({ account: 'alpha', side: 0 });
    expect(orderIds).toEqual(expect.any(Array));
    await expect(client.getOrder({ by })).rejects.toMatchObject({ code: 'VIEW_UNAVAILABLE' });
  });

  it('replaces and reduces by client order id while no read model answers, also after a restart', {
    timeout: 120_000,
  }, async () => {
    let box = await startRunning({ venue: false });
    await seedStreams(box);
    let desk = new DaybookClient({ address: box.grpc, deadlineMs: 60_000 });
    const by = (clientOrderId: string) =>
      ({ by: { $case: 'accountOrder', value: { account: 'alpha', clientOrderId } } }) as const;
    const replace = (of: string, clientOrderId: string, quantity: string) =>
      desk.replaceOrder({ order: by(of), clientOrderId, quantity, price: '10.5' });
    const { orderId } = await desk.submitOrder(order('one', { quantity: '9' }));
    expect(await replace('one', 'two', '8')).toMatchObject({ orderId, clientOrderId: 'two' });
    const put = await request(`${box.api.address}/v1/accounts/alpha/orders/two`, 'PUT', {
      ...{ clientOrderId: 'three', quantity: '7', price: '10.25' },
    });
    expect([put.status, put.body.orderId]).toEqual([200, orderId]);
    const entry = desk.orderEntry();
    const streamed = { order: by('three'), clientOrderId: 'four', quantity: '6', price: '10.25' };
    expect((await entry.replace(streamed)).orderId).toBe(orderId);
    // Right behind the order itself, before anything of it is answered.
    const [quick, replaced] = await Promise.all([
      entry.submit(order('quick')),
      entry.replace({ order: by('quick'), clientOrderId: 'quicker', quantity: '3', price: '10.5' }),
    ]);
    expect(replaced.orderId).toBe(quick.orderId);
    await entry.close();
    desk.close();
    await box.stop();
    const { dataDirectory } = box;
    box = await startRunning({ venue: false, dataDirectory });
    desk = new DaybookClient({ address: box.grpc, deadlineMs: 60_000 });
    expect((await replace('four', 'five', '5')).orderId).toBe(orderId);
    const reduced = await desk.cancelOrder({
      ...{ order: by('five'), clientOrderId: 'six', quantity: '4' },
    });
    expect(reduced).toMatchObject({ orderId, order: { quantity: '4' } });
    await expect(replace('nobody', 'seven', '1')).rejects.toMatchObject({
      code: 'VIEW_UNAVAILABLE',
    });
    desk.close();
    await box.stop();
    remove(box);
  });

  it('says why something was refused, with all that is known', async () => {
    await client.submitOrder(order('c-2'));
    await expect(client.submitOrder(order('c-2'))).rejects.toMatchObject({
      code: 'ORDER_DUPLICATE_CLIENT_ID',
      retryable: false,
      problem: { order: { clientOrderId: undefined, quantity: '2' } },
    });
    await expect(client.submitOrder(order('c-3', { price: 'ten' }))).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      problem: { fields: [{ field: 'price' }] },
    });
  });

  it('enters orders over one stream, answered by client order id', async () => {
    const entry = client.orderEntry();
    const answers = await Promise.allSettled(
      Array.from({ length: 3000 }, (_, i) =>
        entry.submit(order(`s-${i}`, i % 100 === 7 ? { price: '10.26' } : {})),
      ),
    );
    for (const [i, answer] of answers.entries()) {
      if (i % 100 !== 7) expect(answer.status).toBe('fulfilled');
      else expect(answer).toMatchObject({ reason: { code: 'ORDER_PRICE_INVALID' } });
    }
    const accountOrder = { account: 'alpha', clientOrderId: 's-0' };
    const by = { $case: 'accountOrder', value: accountOrder } as const;
    const canceled = await entry.cancel({ clientOrderId: 's-0-cancel', order: { by } });
    expect(canceled.clientOrderId).toBe('s-0-cancel');
    await entry.close();
    expect(entry.pending).toBe(0);
  });

  it('answers what was asked in the turn in which order entry is closed', async () => {
    const entry = client.orderEntry();
    const first = [entry.submit(order('z-1')), entry.submit(order('z-2'))];
    await entry.close();
    expect((await Promise.all(first)).map(({ orderId }) => orderId > 0)).toEqual([true, true]);
    const again = client.orderEntry();
    await again.submit(order('z-3'));
    const last = again.submit(order('z-4'));
    await again.close();
    expect((await last).orderId).toBeGreaterThan(0);
    await expect(again.submit(order('z-5'))).rejects.toThrow('closed');
  });

  it('takes a WebSocket that says nothing for dead, and goes on where it was', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    const asked: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (text) => {
        asked.push(JSON.parse(String(text)).after);
        const run = { type: 'events', topic: 'risk', after: asked.length === 1 ? 7 : 9 };
        // Each says one thing and then nothing, as one of a host without power.
        socket.send(JSON.stringify({ ...run, to: run.after + 2, events: [] }));
      });
    });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const abort = new AbortController();
    const got: number[] = [];
    const stream = webSocketStream('risk', {
      ...{ url: `ws://127.0.0.1:${port}`, after: 7, silenceMs: 100, signal: abort.signal },
      WebSocket: WebSocket as unknown as SocketClass,
    });
    for await (const { to } of stream) {
      got.push(to);
      if (got.length === 2) break;
    }
    expect(got).toEqual([9, 11]);
    expect(asked.slice(0, 2)).toEqual([7, 9]);
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  it('gets the same from gRPC and from a WebSocket', async () => {
    await trade(running, 20);
    const to = running.api.hub.sequence;
    const socket = { url: running.ws, WebSocket: WebSocket as unknown as SocketClass };
    const pairs = [
      [client.executions({ after: -1 }), webSocketStream('executions', { ...socket, after: -1 })],
      [client.positions({ after: -1 }), webSocketStream('positions', { ...socket, after: -1 })],
      [client.profitAndLoss({ after: -1 }), webSocketStream('pnl', { ...socket, after: -1 })],
      [client.risk({ after: 30 }), webSocketStream('risk', { ...socket, after: 30 })],
      [client.marketData({ after: -1 }), webSocketStream('market-data', { ...socket, after: -1 })],
    ] as const;
    for (const [calls, web] of pairs) {
      const expected = await sequencesTo(calls as AsyncIterable<Run<{ sequence: number }>>, to);
      expect(expected.length).toBeGreaterThan(5);
      expect(await sequencesTo(web, to)).toEqual(expected);
    }
  });

  it('ends a stream that is aborted, and one that is refused', async () => {
    const abort = new AbortController();
    let runs = 0;
    for await (const _run of client.executions({ after: -1, signal: abort.signal })) {
      runs += 1;
      abort.abort();
    }
    expect(runs).toBeGreaterThan(0);
    const ahead = running.api.hub.sequence + 1_000_000;
    const first = client.executions({ after: ahead }).next();
    await expect(first).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const socket = { url: running.ws, WebSocket: WebSocket as unknown as SocketClass };
    const web = webSocketStream('executions', { ...socket, after: ahead }).next();
    await expect(web).rejects.toBeInstanceOf(StreamRefused);
  });

  it('is kept from a page of another origin', async () => {
    const socket = new WebSocket(running.ws, 'daybook.v1', { origin: 'https://evil.example' });
    const status = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      socket.on('open', () => resolve('open'));
      socket.on('error', () => undefined);
    });
    expect(status).toBe(403);
  });

  it('answers what is under way when the server stops, and is told so', async () => {
    const other = await startRunning({ venue: false });
    await seedStreams(other);
    const stopping = new DaybookClient({ address: other.grpc, deadlineMs: 60_000 });
    const entry = stopping.orderEntry();
    await entry.submit(order('e-first'));
    const answers = Promise.allSettled(
      Array.from({ length: 200 }, (_, i) => entry.submit(order(`e-${i}`))),
    );
    await entry.submit(order('e-last'));
    const stream = stopping.executions({ after: -1 });
    await stream.next();
    await other.stop();
    for (const { status } of await answers) expect(status).toBe('fulfilled');
    await expect(entry.submit(order('e-late'))).rejects.toMatchObject({ code: 'UNANSWERED' });
    await stream.return(undefined);
    stopping.close();
    remove(other);
  });
});
