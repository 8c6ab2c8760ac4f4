/** The client of Daybook: `new DaybookClient({ address, key })`. See README.md. */
export { type CallOptions, type ClientOptions, DaybookClient } from './daybook-client.js';
export { DaybookError } from './errors.js';
export * from './generated/daybook/v1/order.gen.js';
export type { Accepted, MassCancelResponse } from './generated/daybook/v1/order_service.gen.js';
export type {
  Execution,
  Mark,
  Position,
  ProfitAndLoss,
  RiskEvent,
} from './generated/daybook/v1/stream_service.gen.js';
export type { NewOrderInput } from './new-order.js';
export type { OrderEntry } from './order-entry.js';
export type { Run, StreamOptions } from './run.js';
export {
  type StreamEvent,
  StreamRefused,
  type Topic,
  webSocketStream,
} from './web-socket-streams.js';
