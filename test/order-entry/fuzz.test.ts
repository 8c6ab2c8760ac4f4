import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUCH } from '../../src/gateways/ouch/catalogue.js';
import { OuchTestClient } from './ouch-test-client.js';
import { IMPLEMENTATIONS, RunningGateway } from './running-gateway.js';

describe.each(IMPLEMENTATIONS)('on %s', (implementation) => {
  let running: RunningGateway;
  beforeAll(async () => {
    running = await RunningGateway.start(implementation);
  });
  afterAll(() => running.remove());

  const inbound = OUCH.layouts.filter((layout) => layout.directions.includes('in'));

  /** A message of the right shape whose fields are anything, with an appendage of anything. */
  const message = fc
    .record({
      layout: fc.constantFrom(...inbound),
      bytes: fc.uint8Array({ minLength: 66, maxLength: 66 }),
      userRef: fc.integer({ min: 0, max: 50 }),
      symbol: fc.boolean(),
      items: fc.array(fc.tuple(fc.integer({ min: 0, max: 24 }), fc.uint8Array({ maxLength: 9 })), {
        maxLength: 4,
      }),
    })
    .map(({ layout, bytes, userRef, symbol, items }) => {
      const body = Buffer.from(bytes.subarray(0, layout.length));
      body[0] = layout.typeByte;
      for (const field of layout.fields) {
        if (field.name.endsWith('serRefNum')) body.writeUInt32BE(userRef, field.offset);
        if (field.name === 'symbol' && symbol) body.write('LOTS    ', field.offset, 'latin1');
        if (field.name === 'price') body.fill(0, field.offset, field.offset + 5);
      }
      const parts = items.map(([tag, value]) => Buffer.from([value.length + 1, tag, ...value]));
      const appendage = Buffer.concat(layout.appendage === 'required' ? parts : []);
      const length = Buffer.alloc(layout.appendage === 'required' ? 2 : 0);
      if (length.length > 0) length.writeUInt16BE(appendage.length);
      return Buffer.concat([body, length, appendage]);
    });

  it('whatever a client says, the gateway goes on and sends the same again', async () => {
    const other = await OuchTestClient.login(running.port, { user: 'bob', sequence: 0 });
    const known = await OuchTestClient.login(running.port, { sequence: 0 });
    known.enter(1, { symbol: 'LOTS' });
    await known.sequenced(1);
    known.close();
    await known.untilClosed();
    let mine = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 60 }), async (messages) => {
        const client = await OuchTestClient.login(running.port, { sequence: 0 });
        for (const each of messages) client.sendData(each);
        // Whether the session still lives or not: what it said before has been looked at by then.
        client.socket.write(Buffer.from([0, 1, 0x4f]));
        await client.untilClosed();
        mine += 1;
        other.enter(mine, { symbol: 'LOTS' });
        await other.sequenced(mine);
      }),
      { numRuns: 60 },
    );
    const first = await OuchTestClient.login(running.port);
    first.send('Q', {});
    await first.until((packets) => packets.some((p) => p.type === 'U'));
    const count = first.payloads.length;
    // How much of the rest made sense is chance; what did must come again.
    expect(count).toBeGreaterThan(0);
    await running.restart();
    const again = await OuchTestClient.login(running.port);
    await again.sequenced(count);
    expect(again.payloads.slice(0, count)).toEqual(first.payloads);
    again.close();
  });
});
