import { nativeAddon } from '../../lib/native-addon.js';
import type { DatagramSocket, DatagramSocketOptions } from './datagram-socket.js';
import { NativeDatagramSocket } from './native-datagram-socket.js';
import { NodeDatagramSocket } from './node-datagram-socket.js';

/** On the addon where it is there, else on node:dgram. @throws Error with `code`, as of bind */
export async function openDatagramSocket(options: DatagramSocketOptions): Promise<DatagramSocket> {
  const addon = nativeAddon();
  if (addon !== undefined) return new NativeDatagramSocket(addon, options);
  return NodeDatagramSocket.open(options);
}
