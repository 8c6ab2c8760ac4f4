import { afterEach, describe, expect, it } from 'vitest';
import {
  addressText,
  addressWord,
  DATAGRAM_BYTES_MAX,
  DATAGRAMS_MAX,
  type DatagramSocket,
  type DatagramSocketOptions,
} from '../../src/gateways/datagrams/datagram-socket.js';
import { NativeDatagramSocket } from '../../src/gateways/datagrams/native-datagram-socket.js';
import { NodeDatagramSocket } from '../../src/gateways/datagrams/node-datagram-socket.js';
import { nativeAddon } from '../../src/lib/native-addon.js';

const LOOPBACK = '127.0.0.1';
const addon = nativeAddon();
const IMPLEMENTATIONS: [string, (o: DatagramSocketOptions) => Promise<DatagramSocket>][] = [
  ['node', (options) => NodeDatagramSocket.open(options)],
];
if (addon !== undefined) {
  IMPLEMENTATIONS.push(['native', async (options) => new NativeDatagramSocket(addon, options)]);
}

describe.each(IMPLEMENTATIONS)('datagrams on %s', (_, open) => {
  const sockets: DatagramSocket[] = [];
  const socket = async (options: Partial<DatagramSocketOptions> = {}) => {
    const opened = await open({ host: LOOPBACK, port: 0, ...options });
    sockets.push(opened);
    return opened;
  };
  afterEach(async () => {
    for (const each of sockets.splice(0)) await each.close();
  });

  /** Receives until `count` came; `each` looks at them while they are there. */
  async function receive(from: DatagramSocket, count: number, each: (row: number) => void) {
    const deadline = Date.now() + 20_000;
    for (let got = 0; got < count; ) {
      if (Date.now() > deadline) throw new Error(`${got} of ${count} datagrams came`);
      // On the addon `receive` blocks the thread, and the event loop has to send.
      await new Promise((resolve) => setImmediate(resolve));
      const rows = await from.receive(5);
      for (let row = 0; row < rows; row += 1) each(row);
      got += rows;
    }
  }

  function put(into: DatagramSocket, row: number, bytes: Uint8Array, address = 0, port = 0) {
    into.outgoing.bytes.set(bytes, into.outgoing.at(row));
    into.outgoing.set(row, bytes.length, address, port);
  }

  const bytesOf = (of: DatagramSocket, row: number) => {
    const at = of.incoming.at(row);
    return Buffer.from(of.incoming.bytes.slice(at, at + of.incoming.length(row)));
  };

  it('sends a batch to its usual place, and answers whoever wrote', async () => {
    const server = await socket();
    const client = await socket({ sendTo: { host: LOOPBACK, port: server.port } });
    for (let i = 0; i < 100; i += 1) put(client, i, Buffer.from(`hello ${i}`));
    expect(client.send(0, 100)).toBe(100);
    const heard: string[] = [];
    let address = 0;
    let port = 0;
    await receive(server, 100, (row) => {
      heard.push(bytesOf(server, row).toString());
      address = server.incoming.address(row);
      port = server.incoming.port(row);
    });
    expect(heard.sort()).toEqual(Array.from({ length: 100 }, (__, i) => `hello ${i}`).sort());
    expect(addressText(address)).toBe(LOOPBACK);
    expect(port).toBe(client.port);
    put(server, 0, Buffer.from('back'), address, port);
    expect(server.send(0, 1)).toBe(1);
    await receive(client, 1, (row) => expect(bytesOf(client, row).toString()).toBe('back'));
  });

  it('waits no longer than it is told', async () => {
    const one = await socket();
    expect(await one.receive(0)).toBe(0);
    expect(await one.receive(5)).toBe(0);
  });

  it('takes the longest datagram, and says of a longer one that it is no whole one', async () => {
    const server = await socket();
    const sendTo = { host: LOOPBACK, port: server.port };
    const sender = await NodeDatagramSocket.open({ host: LOOPBACK, port: 0, sendTo });
    sockets.push(sender);
    put(sender, 0, new Uint8Array(DATAGRAM_BYTES_MAX).fill(7));
    sender.send(0, 1);
    await receive(server, 1, (row) => {
      expect(server.incoming.length(row)).toBe(DATAGRAM_BYTES_MAX);
      expect(bytesOf(server, row).every((byte) => byte === 7)).toBe(true);
    });
    const { createSocket } = await import('node:dgram');
    const raw = createSocket('udp4');
    raw.send(new Uint8Array(DATAGRAM_BYTES_MAX + 1), server.port, LOOPBACK);
    await receive(server, 1, (row) => expect(server.incoming.length(row)).toBe(-1));
    raw.close();
  });

  it('receives what is sent to its multicast group', async () => {
    const group = '239.192.7.9';
    const listener = await socket({ host: '0.0.0.0', group, interfaceAddress: LOOPBACK });
    const sender = await socket({
      ...{ sendTo: { host: group, port: listener.port }, interfaceAddress: LOOPBACK },
    });
    put(sender, 0, Buffer.from('to all'));
    expect(sender.send(0, 1)).toBe(1);
    await receive(listener, 1, (row) => expect(bytesOf(listener, row).toString()).toBe('to all'));
  });

  it('refuses a row that does not fit', async () => {
    const one = await socket();
    expect(() => one.outgoing.set(DATAGRAMS_MAX, 1)).toThrow();
    expect(() => one.outgoing.set(0, DATAGRAM_BYTES_MAX + 1)).toThrow();
  });
});

it('an address is one word in network order', () => {
  for (const text of ['127.0.0.1', '239.255.255.250', '10.1.2.3']) {
    expect(addressText(addressWord(text))).toBe(text);
  }
});
