import { describe, expect, it } from 'vitest';
import { gatewayOptions } from './gateway-side.js';

const REQUESTS = { 'drop-copy-requests': '127.0.0.1:0' };

describe('options of the binary gateways', () => {
  it('are none by default, and the writer does not poll', () => {
    const options = gatewayOptions(REQUESTS);
    expect(options).toMatchObject({
      ouch: undefined,
      fastPath: undefined,
      itch: undefined,
      dropCopy: undefined,
    });
  });

  it('say where, who is answered from memory, and which processor spins', () => {
    const options = gatewayOptions({
      ...REQUESTS,
      'ouch-port': '9000',
      'ouch-memory': 'alice,bob',
      spin: '3',
      itch: '0.0.0.0:26477',
      'itch-group': '233.54.12.111',
      'itch-retransmission': '10.0.0.1:18300',
      'drop-copy': '239.1.1.1:9001',
    });
    expect(options).toMatchObject({
      ouch: { host: '127.0.0.1', port: 9000, memory: ['alice', 'bob'] },
      fastPath: { spin: true, cpu: 3 },
      itch: { host: '0.0.0.0', port: 26_477, group: '233.54.12.111' },
      retransmission: { host: '10.0.0.1', port: 18_300 },
      dropCopy: { sendTo: { host: '239.1.1.1', port: 9001 } },
    });
  });

  it.each([
    ['a port that is none', { 'ouch-port': '65536' }],
    ['a processor without OUCH', { spin: '1' }],
    ['memory without OUCH', { 'ouch-memory': 'alice' }],
    ['a name for an address', { itch: 'localhost:1' }],
    ['an address without a port', { 'drop-copy': '239.1.1.1' }],
    ['a group without a feed', { 'itch-group': '239.1.1.1' }],
  ])('refuse %s', (_, values) => {
    expect(() => gatewayOptions({ ...REQUESTS, ...values })).toThrow(/--/);
  });
});
