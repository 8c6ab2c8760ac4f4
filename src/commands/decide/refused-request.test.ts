import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../domain/command-codec.js';
import { COMMAND_SLOT_BYTES, type CommandData, type CommandName } from '../../domain/commands.js';
import { decodeEvent } from '../../domain/event-codec.js';
import { HEADER, RecordBuffer } from '../../domain/event-record.js';
import type { DaybookEvent } from '../../domain/events.js';
import { Emitter } from '../emitter.js';
import { ShardState } from '../state/shard-state.js';
import { decide } from './decide.js';

const capacity = {
  ...{ orders: 9, clientIds: 99, executions: 9, positions: 9, accounts: 9, instruments: 9 },
};

describe('a refused request', () => {
  const state = new ShardState(capacity, 1);
  const out = new RecordBuffer(100_000);
  const emitter = new Emitter(state, out);
  const slot = new RecordBuffer(COMMAND_SLOT_BYTES);
  let commands = 0;
  const send = <N extends CommandName>(name: N, data: CommandData<N>): DaybookEvent[] => {
    commands += 1;
    const header = { received: 1n, command: commands, actor: 0, session: 0 };
    encodeCommand(name, header, data, slot.bytes);
    out.clear();
    // What an earlier batch left is no part of this one.
    out.bytes.fill(0xaa);
    emitter.setTime(BigInt(commands));
    decide(emitter, slot, 0);
    const events: DaybookEvent[] = [];
    for (let at = 0; at < out.length; at += out.u16[(at + HEADER.length) >> 1] as number) {
      events.push(decodeEvent(out.bytes, at));
    }
    return events;
  };
  const terms = { tickMantissa: 1, lotMantissa: 1, multiplierMantissa: 1 };
  send('StartWriter', { shards: 1 });
  send('ListInstrument', { symbol: 'S', currency: 'EUR', open: 1, venue: 1, ...terms });
  send('OpenAccount', { name: 'A', currency: 'EUR', open: 1 });
  const order = { account: 1, instrument: 1, quantity: 9, price: 9 } as const;
  send('NewOrder', { ...order, clOrdId: 'SHORT', side: 'Buy', ordType: 'Limit' });
  send('VenueReport', { orderId: 1, report: 'Filled', lastQuantity: 9, lastPrice: 9, execId: 'E' });
  const longer = 'AN-ID-THAT-IS-LONGER-THAN-THE-LAST-ONE';

  it.each(['CancelOrder', 'ReplaceOrder'] as const)(
    'names the last accepted id, however long the one was that it gave: %s',
    (name) => {
      const events = send(name, {
        ...{ account: 1, orderId: 1, quantity: 1, clOrdId: `OF-${name}`, origClOrdId: longer },
      });
      expect(events.at(-1)!.data).toMatchObject({ orderId: 1, origClOrdId: 'SHORT' });
    },
  );

  it('gives back what it named when that is no order', () => {
    const [event] = send('CancelOrder', { account: 1, clOrdId: 'X', origClOrdId: longer });
    expect(event!.data).toMatchObject({ orderId: 0, origClOrdId: longer });
  });
});
