import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandData, CommandName } from '../../src/domain/commands.js';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { NodeDatagramSocket } from '../../src/gateways/datagrams/node-datagram-socket.js';
import { ITCH } from '../../src/gateways/itch/catalogue.js';
import { MoldReceiver } from '../../src/gateways/moldudp64/mold-receiver.js';
import { MoldSender } from '../../src/gateways/moldudp64/mold-sender.js';
import {
  checkMoldRequest,
  MOLD_HEADER_BYTES,
  moldPacket,
  putMoldHeader,
} from '../../src/gateways/moldudp64/packets.js';
import type { FieldValue } from '../../src/gateways/wire/field-codec.js';
import { encodeMessage } from '../../src/gateways/wire/message-codec.js';
import { nativeAddon } from '../../src/lib/native-addon.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { startDropCopy } from '../../src/operations/feeds/drop-copy.js';
import { startMarketData } from '../../src/operations/feeds/market-data.js';
import { type RunningShard, startShard } from '../../src/operations/shard.js';

const LOOPBACK = '127.0.0.1';
const CAPACITY = {
  ...{ orders: 10_000, clientIds: 20_000, executions: 1000, positions: 100 },
  ...{ accounts: 10, instruments: 10 },
};
/** Heartbeat of a session whose next message is `next`. */
function heartbeatOf(session: DataView, next: number): [DataView, number, number] {
  const view = new DataView(new ArrayBuffer(64));
  return [view, 0, putMoldHeader(view, 0, session, 0, next, 0)];
}

function xorshift(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const IMPLEMENTATIONS = nativeAddon() === undefined ? ['node'] : ['node', 'native'];

describe.each(IMPLEMENTATIONS)('feeds on %s', (implementation) => {
  let directory: string;
  let shard: RunningShard;
  const before = process.env.DAYBOOK_NATIVE;
  const sockets: NodeDatagramSocket[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'feeds-'));
    // Threads take the environment over when they start.
    process.env.DAYBOOK_NATIVE = implementation === 'node' ? 'off' : 'required';
    const producers = ['admin', 'feed'];
    shard = await startShard({ directory, producers, capacity: CAPACITY });
    submit('ListInstrument', {
      ...{ symbol: 'ACME', currency: 'USD', tickMantissa: 1, tickScale: 2, lotMantissa: 1 },
      ...{ multiplierMantissa: 1, open: 1 },
    });
    submit('OpenAccount', { name: 'AA', currency: 'USD', open: 1 });
  });
  afterEach(async () => {
    await shard.stop();
    for (const socket of sockets.splice(0)) await socket.close();
    if (before === undefined) delete process.env.DAYBOOK_NATIVE;
    else process.env.DAYBOOK_NATIVE = before;
    rmSync(directory, { recursive: true, force: true });
  });

  function submit<N extends CommandName>(name: N, data: CommandData<N>): void {
    const header = { received: 1n, actor: 1, session: 0 };
    if (shard.port('admin').submit(name, header, data) < 0) throw new Error('the ring is full');
  }

  const order = (clOrdId: string) =>
    submit('NewOrder', {
      ...{ account: 1, instrument: 1, clOrdId, quantity: 1, price: 10_025 },
      ...{ side: 'Buy', ordType: 'Limit', timeInForce: 'Day' },
    });

  async function socket(options: Partial<Parameters<typeof NodeDatagramSocket.open>[0]> = {}) {
    const opened = await NodeDatagramSocket.open({ host: LOOPBACK, port: 0, ...options });
    sockets.push(opened);
    return opened;
  }

  function log(): DaybookEvent[] {
    const reader = new JournalReader(directory, { from: 0, end: shard.durableEnd });
    const events: DaybookEvent[] = [];
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2]!) {
        events.push(decodeEvent(batch.bytes, at));
      }
    }
    reader.close();
    return events;
  }

  /** What the drop copy tells of the log: the records as they are there. */
  function messagesOfLog(): string[] {
    const reader = new JournalReader(directory, { from: 0, end: shard.durableEnd });
    const records: string[] = [];
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      for (let at = 0; at < batch.length; at += batch.u16[(at + HEADER.length) / 2]!) {
        const record = batch.bytes.slice(at, at + batch.u16[(at + HEADER.length) / 2]!);
        if (decodeEvent(record, 0).type.startsWith('Order')) {
          records.push(Buffer.from(record).toString('hex'));
        }
      }
    }
    reader.close();
    return records;
  }

  /** Turns of `each` until it says that it is done. */
  async function until(done: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await done())) {
      if (Date.now() > deadline) throw new Error('it did not come');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  describe('drop copy', () => {
    class Subscriber {
      readonly types: string[] = [];
      readonly numbers: number[] = [];
      /** Hex of each message, as it came. */
      readonly bytes: string[] = [];
      readonly receiver: MoldReceiver;
      /** Whether the network loses the next datagram. */
      loses = (): boolean => false;

      readonly feed: NodeDatagramSocket;
      readonly requests: NodeDatagramSocket | undefined;

      constructor(feed: NodeDatagramSocket, requests: NodeDatagramSocket | undefined) {
        this.feed = feed;
        this.requests = requests;
        this.receiver = new MoldReceiver({
          from: 1,
          onMessage: (view, at, length, sequence) => {
            const record = new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
            this.types.push(decodeEvent(record, 0).type);
            this.bytes.push(Buffer.from(record).toString('hex'));
            this.numbers.push(sequence);
          },
        });
      }

      async turn(): Promise<void> {
        for (const from of [this.feed, this.requests]) {
          if (from === undefined) continue;
          const count = await from.receive(from === this.feed ? 5 : 0);
          const { incoming } = from;
          for (let row = 0; row < count; row += 1) {
            if (this.loses()) continue;
            this.receiver.take(incoming.view, incoming.at(row), incoming.length(row));
          }
        }
        if (this.requests === undefined) return;
        const ask = this.receiver.request(performance.now());
        if (ask === undefined) return;
        const session = new DataView(new ArrayBuffer(10));
        const name = this.receiver.session!;
        for (let i = 0; i < 10; i += 1) session.setUint8(i, name.charCodeAt(i));
        const { outgoing } = this.requests;
        outgoing.set(0, putMoldHeader(outgoing.view, 0, session, 0, ask.from, ask.count));
        this.requests.send(0, 1);
      }
    }

    it('tells what is durable, and again whoever missed it, also after a restart', async () => {
      const feed = await socket();
      const config = {
        sendTo: { host: LOOPBACK, port: feed.port },
        ...{ host: LOOPBACK, port: 0 },
      };
      const first = await startDropCopy(shard, config, 'silent');
      order('one');
      order('two');
      const live = new Subscriber(feed, undefined);
      await until(async () => {
        await live.turn();
        return live.types.length >= 2;
      });
      expect(live.types).toEqual(['OrderAccepted', 'OrderAccepted']);
      expect(live.receiver.session).toBe('DROP000000');
      expect((await first.counts()).messages).toBe(2);
      await first.stop();
      for (let i = 0; i < 3000; i += 1) {
        order(`more-${i}`);
        if (i % 200 === 0) await until(() => log().length > i * 2);
      }
      await until(() => log().filter((e) => e.type === 'OrderAccepted').length === 3002);

      // A restart: what was before is not sent again, but can be asked for.
      const second = await startDropCopy(shard, config, 'silent');
      const late = await socket({ sendTo: { host: LOOPBACK, port: second.port } });
      const subscriber = new Subscriber(feed, late);
      order('last');
      await until(async () => {
        await subscriber.turn();
        return subscriber.numbers.length >= 3003;
      });
      expect(subscriber.numbers).toEqual(Array.from({ length: 3003 }, (_, i) => i + 1));
      expect(subscriber.receiver.counts.lost).toBe(0);
      const counts = await second.stop();
      expect(counts).toMatchObject({ messages: 1, requestsRefused: 0 });
    });

    it('gives each of many receivers that lose a third of it what the log has, byte for byte', async () => {
      const seed = Number(process.env.DROP_COPY_SEED ?? Date.now() % 2 ** 31);
      const said = `DROP_COPY_SEED=${seed}`;
      const random = xorshift(seed);
      const feed = await socket();
      const config = { sendTo: { host: LOOPBACK, port: feed.port }, host: LOOPBACK, port: 0 };
      const running = await startDropCopy(shard, config, 'silent');
      const total = 1000;
      const subscribers: Subscriber[] = [];
      for (let i = 0; i < 6; i += 1) {
        const requests = await socket({ sendTo: { host: LOOPBACK, port: running.port } });
        // The first hears the group; the others have only what they are told that they missed.
        const subscriber = new Subscriber(i === 0 ? feed : requests, requests);
        subscriber.loses = () => random() < 1 / 3;
        subscribers.push(subscriber);
      }
      const asker = await socket({ sendTo: { host: LOOPBACK, port: running.port } });
      const session = new DataView(Uint8Array.from('DROP000000', (c) => c.charCodeAt(0)).buffer);
      const extremes = [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 1000n];
      for (let i = 0; i < total; i += 1) {
        order(`order-${i}`);
        if (i % 100 === 0) await until(() => log().length >= i);
        extremes.forEach((from, row) => {
          const { outgoing } = asker;
          putMoldHeader(outgoing.view, outgoing.at(row), session, 0, 1, [0, 1, 65_535][i % 3]!);
          outgoing.view.setBigUint64(outgoing.at(row) + 10, from);
          outgoing.set(row, MOLD_HEADER_BYTES);
        });
        if (i % 10 === 0) asker.send(0, extremes.length);
        if (i % 50 === 0) for (const each of subscribers) await each.turn();
      }
      await until(() => log().filter((e) => e.type === 'OrderAccepted').length === total);
      const expected = messagesOfLog();
      // The last may be lost as well: a heartbeat tells of it, within a second.
      await until(async () => {
        await subscribers[0]!.turn();
        return subscribers[0]!.bytes.length === expected.length;
      });
      for (const each of subscribers.slice(1)) {
        each.receiver.take(...heartbeatOf(session, expected.length + 1));
      }
      // All ask at once, and again for what the server or the network had no room for.
      await until(async () => {
        for (const each of subscribers) await each.turn();
        return subscribers.every((each) => each.bytes.length === expected.length);
      });
      for (const each of subscribers) {
        expect(each.bytes, said).toEqual(expected);
        expect(each.receiver.counts.lost, said).toBe(0);
      }
      await running.stop();
    }, 120_000);

    it('is another session each day', async () => {
      const feed = await socket();
      const config = { sendTo: { host: LOOPBACK, port: feed.port }, host: LOOPBACK, port: 0 };
      const running = await startDropCopy(shard, config, 'silent');
      const subscriber = new Subscriber(feed, undefined);
      order('before');
      await until(async () => {
        await subscriber.turn();
        return subscriber.types.length === 1;
      });
      submit('OpenTradingDay', { tradingDay: 20261123 });
      await until(async () => {
        await subscriber.turn();
        return subscriber.receiver.session === 'DROP261123';
      });
      // The first message of the day says that it is open; nothing of the day before was missed.
      expect(subscriber.types).toEqual(['OrderAccepted', 'TradingDayOpened']);
      expect(subscriber.numbers).toEqual([1, 1]);
      expect(subscriber.receiver.counts).toMatchObject({ foreign: 0, lost: 0 });
      await running.stop();
    });

    it('refuses requests that make no sense', async () => {
      const feed = await socket();
      const config = { sendTo: { host: LOOPBACK, port: feed.port }, host: LOOPBACK, port: 0 };
      const running = await startDropCopy(shard, config, 'silent');
      const asker = await socket({ sendTo: { host: LOOPBACK, port: running.port } });
      const { outgoing } = asker;
      const session = new DataView(Uint8Array.from('DROP000000', (c) => c.charCodeAt(0)).buffer);
      const other = new DataView(Uint8Array.from('OTHER00000', (c) => c.charCodeAt(0)).buffer);
      const ask = (row: number, of: DataView, from: number) => {
        putMoldHeader(outgoing.view, outgoing.at(row), of, 0, from, 5);
        outgoing.set(row, MOLD_HEADER_BYTES);
      };
      ask(0, session, 1);
      ask(1, other, 1);
      ask(2, session, 0);
      outgoing.set(3, 7);
      asker.send(0, 4);
      // Nothing was sent today, so there is nothing to send again either.
      await until(async () => (await running.counts()).requestsRefused === 4);
      await running.stop();
    });
  });

  describe('market data', () => {
    const SESSION = '000010059B';
    const itch = (type: string, fields: Record<string, FieldValue>) => {
      const common = { stockLocate: 7, trackingNumber: 0, timestamp: 0 };
      const message = encodeMessage(ITCH, 'out', { type, fields: { ...common, ...fields } });
      return new DataView(message.buffer, message.byteOffset, message.length);
    };
    const added = (orderReferenceNumber: number, buySellIndicator: string, price: string) =>
      itch('A', { orderReferenceNumber, buySellIndicator, shares: 100, stock: 'ACME', price });

    it('makes books and marks of it, and asks for what it missed', async () => {
      const server = await socket();
      const feed = await startMarketData(
        ...([shard, 'feed'] as const),
        {
          ...{ host: LOOPBACK, port: 0, session: SESSION, from: 1, markEveryMs: 1 },
          retransmission: { host: LOOPBACK, port: server.port },
        },
        'silent',
      );
      const out = await socket({ sendTo: { host: LOOPBACK, port: feed.port } });
      const sender = new MoldSender(out, SESSION);
      const messages = [
        added(1, 'B', '10.0000'),
        added(2, 'S', '10.0600'),
        itch('E', { orderReferenceNumber: 2, executedShares: 10, matchNumber: 1 }),
        itch('P', {
          ...{ orderReferenceNumber: 0, buySellIndicator: 'B', shares: 5, stock: 'ACME' },
          ...{ price: '10.0299', matchNumber: 2 },
        }),
      ];
      const send = (number: number, by: MoldSender) => {
        const message = messages[number - 1]!;
        by.append(message, 0, message.byteLength, number);
      };
      const marks = () =>
        log().flatMap((event) => (event.type === 'PriceMarked' ? [event.data.price] : []));
      send(1, sender);
      send(2, sender);
      sender.flush();
      await until(() => marks().length === 1);
      expect(marks()).toEqual([1003]);
      // The third is lost on the way.
      sender.flush();
      send(4, sender);
      sender.flush();
      await until(async () => {
        const count = await server.receive(5);
        for (let row = 0; row < count; row += 1) {
          const { view } = server.incoming;
          const at = server.incoming.at(row);
          expect(checkMoldRequest(view, at, server.incoming.length(row))).toBe(0);
          expect(moldPacket.sequenceNumber(view, at)).toBe(3);
          expect(moldPacket.messageCount(view, at)).toBe(1);
          const answers = new MoldSender(server, SESSION);
          answers.to(server.incoming.address(row), server.incoming.port(row));
          send(3, answers);
          answers.flush();
        }
        return count > 0;
      });
      await until(() => marks().at(-1) === 1002);
      sender.endOfSession(5);
      await until(async () => (await feed.counts()).packets >= 4);
      const counts = await feed.stop();
      expect(counts).toMatchObject({ messages: 4, lost: 0, gaps: 1, orders: 2 });
    });
  });
});
