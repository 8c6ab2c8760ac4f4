/**
 * Enters an order, follows what becomes of it, and cancels what is left.
 *
 *   npm run build:client && node clients/typescript/dist/examples/trade.js
 *
 * DAYBOOK_GRPC is where gRPC listens (default 127.0.0.1:8081), DAYBOOK_KEY an API key or token.
 */
import { DaybookClient, OrdStatus, OrdType, Side } from '../src/index.js';

const client = new DaybookClient({
  address: process.env.DAYBOOK_GRPC ?? '127.0.0.1:8081',
  key: process.env.DAYBOOK_KEY,
});
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const order = await client.submitOrder({
  clientOrderId: `example-ts-${Date.now()}`,
  account: 'alpha',
  instrument: 'ESH4',
  side: Side.SIDE_BUY,
  type: OrdType.ORD_TYPE_LIMIT,
  quantity: '2',
  price: '4700',
});
say(`order ${order.orderId} is on record, sequence ${order.sequence}`);

// From the order's own event on: nothing that became of it can be missed.
const executions = client.executions({ after: order.sequence, accounts: ['alpha'] });
let canceling = false;
for await (const { entries } of executions) {
  for (const execution of entries.filter(({ orderId }) => orderId === order.orderId)) {
    say(`${execution.sequence} ${execution.event}, ${execution.leavesQuantity} left`);
    if (execution.status === OrdStatus.ORD_STATUS_NEW && !canceling) {
      canceling = true;
      await client.cancelOrder({ order: { by: { $case: 'orderId', value: order.orderId } } });
    }
  }
  if (entries.some((e) => e.orderId === order.orderId && e.event === 'OrderCanceled')) break;
}
client.close();
say('done');
