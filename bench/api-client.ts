/** The clients of `bench/api.ts`, in a process of their own. */
import { StreamDriver, UnaryDriver } from './api-grpc-driver.js';
import { type Driver, type LoadResult, type LoadTask, press } from './api-load.js';
import { RestDriver } from './api-rest-driver.js';
import {
  WebSocketClients,
  type WebSocketResult,
  type WebSocketTask,
} from './api-websocket-clients.js';

export interface OrderTask extends LoadTask {
  readonly kind: 'rest' | 'unary' | 'stream';
  readonly port: number;
  readonly accounts: number;
  /** Orders of one message of a stream. */
  readonly batch: number;
}

export type ClientTask =
  | OrderTask
  | (WebSocketTask & { readonly kind: 'websocket' })
  /** To the clients of a WebSocket: count from now on; end once this sequence is there. */
  | { readonly kind: 'count' }
  | { readonly kind: 'end'; readonly sequence: number };

export type ClientMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'load'; readonly result: LoadResult }
  | { readonly kind: 'websocket'; readonly result: WebSocketResult };

let clients: WebSocketClients | undefined;

process.on('message', async (task: ClientTask) => {
  switch (task.kind) {
    case 'websocket':
      clients = new WebSocketClients(task);
      await clients.open();
      return tell({ kind: 'ready' });
    case 'count':
      return clients?.count();
    case 'end':
      await clients?.reached(task.sequence);
      return tell({ kind: 'websocket', result: clients?.close() as WebSocketResult }, true);
    default:
      tell({ kind: 'load', result: await press(driverOf(task), task) }, true);
  }
});

function driverOf({ kind, port, accounts, batch }: OrderTask): Driver {
  if (kind === 'rest') return new RestDriver(port, accounts);
  if (kind === 'unary') return new UnaryDriver(port, accounts);
  return new StreamDriver(port, accounts, batch);
}

function tell(message: ClientMessage, last = false): void {
  process.send?.(message, () => {
    if (last) process.disconnect();
  });
}
