/** For each method of gRPC requests that are right, and what they are answered when they are allowed. */
import { LOCAL_CALLER } from '../../src/api/application/application.js';
import { submitOrder } from '../../src/api/application/submit-order.js';
import type {
  NewOrder,
  OrderReference,
} from '../../src/api/grpc/generated/daybook/v1/order.gen.js';
import type { RunningApi } from '../../src/api/start-api.js';

export interface MethodSample {
  /** Of it and of others: the message that its encoder takes. */
  readonly request: object;
  /** Whose account it is about is seen by an order's id alone, so a foreign one is unknown. */
  readonly hidden?: boolean;
}

type MakeSamples = (account: string, api: RunningApi) => Promise<readonly MethodSample[]>;

let made = 0;
const fresh = (): string => {
  made += 1;
  return `m${made}`;
};

const newOrder = (account: string): NewOrder => ({
  ...{ clientOrderId: fresh(), account, instrument: 'ESH4', side: 1, type: 2, quantity: '2' },
  ...{ price: '4700', timeInForce: 0, capacity: 0, selfTradePrevention: 0, postOnly: false },
  ...{ reduceOnly: false, strategy: 0, locate: 0 },
});

interface Named {
  readonly order: OrderReference;
  readonly hidden: boolean;
  readonly sequence: number;
}

/** A new order of the account by its id, and another one by its client order id. */
async function named(account: string, { application }: RunningApi): Promise<readonly Named[]> {
  const terms = { side: 'Buy', type: 'Limit', quantity: '2', price: '4700' } as const;
  const enter = () =>
    submitOrder(application, LOCAL_CALLER, {
      ...{ clientOrderId: fresh(), account, instrument: 'ESH4', ...terms },
    });
  const byId = await enter();
  const { clientOrderId, sequence } = await enter();
  const accountOrder = { account, clientOrderId };
  return [
    {
      order: { by: { $case: 'orderId', value: byId.orderId } },
      hidden: true,
      sequence: byId.sequence,
    },
    {
      order: { by: { $case: 'accountOrder', value: accountOrder } },
      hidden: false,
      sequence,
    },
  ];
}

const cancels = async (account: string, api: RunningApi) =>
  (await named(account, api)).map(({ order, hidden }) => ({ cancel: { order }, hidden }));
const replaces = async (account: string, api: RunningApi) =>
  (await named(account, api)).map(({ order, hidden }) => {
    const replace = { order, clientOrderId: fresh(), quantity: '3', price: '4700' };
    return { replace, hidden };
  });
const subscription: MakeSamples = async (account) => [
  { request: { subscription: { after: -1, accounts: [account], instruments: [] } } },
];
const asked = (request: object): readonly MethodSample[] => [{ request }];

export const methodSamples: Readonly<Record<string, MakeSamples>> = {
  '/daybook.v1.OrderService/SubmitOrder': async (account) => asked({ order: newOrder(account) }),
  '/daybook.v1.OrderService/CancelOrder': async (account, api) =>
    (await cancels(account, api)).map(({ cancel, hidden }) => ({ request: { cancel }, hidden })),
  '/daybook.v1.OrderService/ReplaceOrder': async (account, api) =>
    (await replaces(account, api)).map(({ replace, hidden }) => ({ request: { replace }, hidden })),
  '/daybook.v1.OrderService/MassCancel': async (account) =>
    asked({ massCancel: { account, side: 0 } }),
  '/daybook.v1.OrderService/GetOrder': async (account, api) =>
    (await named(account, api)).map(({ order, hidden, sequence }) => ({
      request: { order, minSequence: sequence },
      hidden,
    })),
  '/daybook.v1.OrderService/EnterOrders': async () => asked({ requests: [] }),
  '/daybook.v1.StreamService/StreamExecutions': subscription,
  '/daybook.v1.StreamService/StreamPositions': subscription,
  '/daybook.v1.StreamService/StreamProfitAndLoss': subscription,
  '/daybook.v1.StreamService/StreamRisk': subscription,
  '/daybook.v1.StreamService/StreamMarketData': subscription,
  '/grpc.health.v1.Health/Check': async () => asked({ service: '' }),
  '/grpc.health.v1.Health/Watch': async () => asked({ service: '' }),
  '/grpc.health.v1.Health/List': async () => asked({}),
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': async () =>
    asked({ listServices: '*' }),
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': async () =>
    asked({ listServices: '*' }),
};

/** Requests of a stream of order entry, by kind. */
export const requestSamples: Readonly<Record<string, MakeSamples>> = {
  submit: async (account) => asked({ $case: 'submit', value: newOrder(account) }),
  cancel: async (account, api) =>
    (await cancels(account, api)).map(({ cancel: value, hidden }) => ({
      request: { $case: 'cancel', value },
      hidden,
    })),
  replace: async (account, api) =>
    (await replaces(account, api)).map(({ replace: value, hidden }) => ({
      request: { $case: 'replace', value },
      hidden,
    })),
};
