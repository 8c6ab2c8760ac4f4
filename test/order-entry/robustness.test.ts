import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/domain/event-codec.js';
import { HEADER } from '../../src/domain/event-record.js';
import type { DaybookEvent } from '../../src/domain/events.js';
import { JournalReader } from '../../src/log/journal/journal-reader.js';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  let running: RunningGateway;
  const clients: OuchTestClient[] = [];

  const login = async (...args: Parameters<typeof OuchTestClient.login>) => {
    const client = await OuchTestClient.login(...args);
    clients.push(client);
    return client;
  };

  /** Everything that is durable now. */
  function log(): DaybookEvent[] {
    const { directory, durableEnd } = running.shard;
    const reader = new JournalReader(directory, { from: 0, end: durableEnd });
    const events: DaybookEvent[] = [];
    for (let batch = reader.read(); batch !== undefined; batch = reader.read()) {
      let at = 0;
      while (at < batch.length) {
        events.push(decodeEvent(batch.bytes, at));
        at += batch.u16[(at + HEADER.length) / 2]!;
      }
    }
    reader.close();
    return events;
  }

  beforeAll(async () => {
    running = await RunningGateway.start(implementation, {
      limits: { connections: 8, outputBytes: 8192, inputBytes: 4096, turn: 16 },
      times: { heartbeatMs: 40, silenceMs: 2500, loginMs: 1500, stalledMs: 1000 },
    });
  });
  afterAll(() => running.remove());
  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.close();
      await client.untilClosed();
    }
  });

  const heartbeat = Buffer.from([0, 1, 0x52]);

  /** A client that keeps talking, so that it is not silent. */
  async function lively(user: string): Promise<OuchTestClient> {
    const client = await login(running.port, { user, sequence: 0 });
    const timer = setInterval(() => client.socket.write(heartbeat), 50);
    client.socket.once('close', () => clearInterval(timer));
    return client;
  }

  let ref = 0;
  const nextRef = () => {
    ref += 1;
    return ref;
  };

  describe('a session that misbehaves ends alone', () => {
    const data = (...bytes: number[]) => Buffer.from([0, bytes.length + 1, 0x55, ...bytes]);
    it.each([
      ['an empty packet', Buffer.from([0, 0])],
      ['an oversize packet', Buffer.from([0x10, 0, 0x55])],
      ['a packet of the server', Buffer.from([0, 1, 0x48])],
      ['an unknown packet', Buffer.from([0, 1, 0x21])],
      ['a second login', Buffer.from([0, 1, 0x4c])],
      ['an empty message', data()],
      ['an unknown message', data(0x7a, 1, 2, 3)],
      ['a message that is too short', data(0x4f, 0, 0, 0, 1)],
      ['a message that is too long', data(0x58, 0, 0, 0, 1, 0, 0, 0, 0, 0)],
      ['an appendage that overruns', data(0x4f, ...Array(44).fill(0), 0, 3, 9, 2, 0x41)],
    ])('%s', async (_, bytes) => {
      const other = await lively('bob');
      const bad = await login(running.port, { user: 'alice', sequence: 0 });
      bad.socket.write(bytes);
      await bad.untilClosed();
      const mine = nextRef();
      other.enter(mine);
      await other.until(() => other.messages.some((m) => m.fields.userRefNum === mine));
    });

    it('a client that is killed in the middle of a packet', async () => {
      const other = await lively('bob');
      const killed = await login(running.port, { user: 'alice', sequence: 0 });
      killed.socket.write(Buffer.from([0, 48, 0x55, 0x4f]));
      killed.socket.resetAndDestroy();
      await killed.untilClosed();
      const mine = nextRef();
      other.enter(mine);
      await other.until(() => other.messages.some((m) => m.fields.userRefNum === mine));
    });

    it('a client that says nothing, before and after its login', async () => {
      const mute = await OuchTestClient.connect(running.port);
      const silent = await login(running.port, { user: 'alice', sequence: 0 });
      await mute.untilClosed();
      await silent.untilClosed();
      expect(silent.received.filter((p) => p.type === 'H').length).toBeGreaterThan(2);
    });

    it('a client that logs out is told the end of the session', async () => {
      const client = await login(running.port, { user: 'alice', sequence: 0 });
      client.socket.write(Buffer.from([0, 1, 0x4f]));
      await client.untilClosed();
      expect(client.received.at(-1)!.type).toBe('Z');
    });
  });

  describe('bytes in odd pieces', () => {
    it('make the same orders', async () => {
      const client = await lively('bob');
      const first = nextRef();
      const write = client.socket.write.bind(client.socket);
      const pieces: Buffer[] = [];
      client.socket.write = ((packet: Buffer) => pieces.push(packet)) as never;
      client.enter(first);
      client.enter(nextRef());
      client.socket.write = write as never;
      for (const byte of Buffer.concat(pieces)) client.socket.write(Buffer.from([byte]));
      await client.sequenced(2);
      expect(client.messages.map((m) => m.fields.userRefNum)).toEqual([first, first + 1]);
    });
  });

  describe('a slow reader', () => {
    const ORDERS = 4000;

    it('gets everything in order once it reads again, others go on meanwhile', async () => {
      const slow = await login(running.port, { user: 'alice', sequence: 0 });
      const timer = setInterval(() => slow.socket.write(heartbeat), 50);
      slow.socket.pause();
      for (let i = 1; i <= ORDERS; i += 1) slow.enter(i);
      const other = await lively('bob');
      const mine = nextRef();
      other.enter(mine);
      await other.until(() => other.messages.some((m) => m.fields.userRefNum === mine));
      slow.socket.resume();
      await slow.sequenced(ORDERS);
      clearInterval(timer);
      const refs = slow.messages.map((m) => m.fields.userRefNum);
      expect(refs).toEqual(Array.from({ length: ORDERS }, (_, i) => i + 1));
      const again = await login(running.port, { user: 'alice', sequence: ORDERS - 10 });
      await again.sequenced(11);
      expect(again.payloads).toEqual(slow.payloads.slice(-11));
    });

    it('that never reads is ended, and has all of it when it comes back', async () => {
      const stuck = await login(running.port, { user: 'alice', sequence: 0 });
      stuck.socket.pause();
      const timer = setInterval(() => stuck.socket.write(heartbeat), 50);
      let sent = ORDERS;
      const flood = () => {
        for (let i = 0; i < 4000; i += 1) {
          sent += 1;
          stuck.enter(sent);
        }
      };
      const closed = new Promise<void>((resolve) => {
        stuck.socket.once('close', () => resolve());
      });
      const flooding = setInterval(flood, 50);
      await closed;
      clearInterval(flooding);
      clearInterval(timer);
      const asking = await login(running.port, { user: 'alice', sequence: 0 });
      asking.send('Q', {});
      await asking.until((packets) => packets.some((p) => p.type === 'U'));
      const answer = asking.received.find((p) => p.type === 'U')!;
      const last = Number(answer.message!.fields.nextUserRefNum) - 1;
      expect(last).toBeGreaterThanOrEqual(ORDERS);
      // On a busy machine this reader may itself be too slow, and goes on where it was, as clients do.
      const refs: unknown[] = [];
      while (refs.length < last) {
        const back = await login(running.port, { user: 'alice', sequence: refs.length + 1 });
        const alive = setInterval(() => back.socket.write(heartbeat), 50);
        const all = back.sequenced(last - refs.length);
        await Promise.race([all.catch(() => undefined), back.untilClosed()]);
        clearInterval(alive);
        const had = refs.length;
        // There may be more than a call takes as arguments.
        for (const { fields } of back.messages) refs.push(fields.userRefNum);
        expect(refs.length).toBeGreaterThan(had);
      }
      expect(refs).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    });
  });

  describe('cancel on disconnect', () => {
    it('cancels the open orders of the session, of no other', async () => {
      const other = await lively('bob');
      const kept = nextRef();
      other.enter(kept, { symbol: 'LOTS' });
      const carol = await login(running.port, { user: 'carol' });
      carol.enter(1, { symbol: 'LOTS' });
      carol.enter(2, { symbol: 'LOTS' }, [{ tag: 2, name: 'firm', value: 'BB' }]);
      await carol.sequenced(2);
      carol.close();
      await carol.untilClosed();
      const back = await login(running.port, { user: 'carol', sequence: 3 });
      await back.sequenced(2);
      expect(back.messages.map((m) => [m.type, m.fields.userRefNum, m.fields.reason])).toEqual([
        ['C', 1, 'Z'],
        ['C', 2, 'Z'],
      ]);
      expect(other.messages.filter((m) => m.type === 'C')).toEqual([]);
    });

    it('mass cancel on request is answered order by order', async () => {
      const carol = await login(running.port, { user: 'carol', sequence: 0 });
      carol.enter(3, { symbol: 'LOTS' });
      carol.send('C', { userRefNum: 4, firm: '', symbol: 'LOTS' });
      await carol.sequenced(2);
      expect(carol.messages.map((m) => m.type)).toEqual(['A', 'C']);
      // Its own wish, as a cancel of one order is; that of an operator is supervisory.
      expect(carol.messages[1]?.fields.reason).toBe('U');
    });
  });

  describe('a new trading day', () => {
    it('starts sequence and UserRefNums again under a new name', async () => {
      running.admin('OpenTradingDay', { tradingDay: 20261123 });
      const fresh = async () => {
        const client = await login(running.port, { user: 'bob' });
        return client.received[0]!.payload.toString('latin1').startsWith('BOB_261123');
      };
      while (!(await fresh()));
      const client = await login(running.port, { user: 'bob' });
      client.enter(1);
      await client.sequenced(2);
      running.admin('CloseTradingDay', { tradingDay: 20261123 });
      await client.sequenced(3);
      expect(client.messages.map((m) => [m.type, m.fields.eventCode])).toEqual([
        ['S', 'S'],
        ['A', undefined],
        ['S', 'E'],
      ]);
      await running.restart();
      const again = await login(running.port, { user: 'bob' });
      await again.sequenced(3);
      expect(again.payloads).toEqual(client.payloads);
    });
  });

  describe('the log', () => {
    it('holds every request once, whatever happened on the wire', () => {
      const ids = new Set<string>();
      for (const event of log()) {
        if (event.type !== 'OrderAccepted' && event.type !== 'OrderDenied') continue;
        expect(event.session).not.toBe(0);
        expect(ids.has(event.data.clOrdId)).toBe(false);
        ids.add(event.data.clOrdId);
      }
      expect(ids.size).toBeGreaterThan(8000);
    });
  });
});
