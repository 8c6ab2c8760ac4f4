/**
 * Messages of the streams in Protocol Buffers. The answers of all stream methods have one shape, so
 * one writer makes them, from entries that are encoded once for all subscribers:
 *
 * ```
 *   1 after  2 to  3 entries (repeated)  4 lagged { 1 from  2 to }
 * ```
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Entry } from '../streams/entry.js';
import type { ExecutionView } from '../streams/execution-entries.js';
import type { PnlChange, PositionChange } from '../streams/position-entries.js';
import type { RiskView } from '../streams/risk-entries.js';
import type { Format } from '../streams/subscriber.js';
import type { TopicName } from '../streams/topics.js';
import type { OrdStatus, OrdType, Side, TimeInForce } from './generated/daybook/v1/order.gen.js';
import * as P from './generated/daybook/v1/stream_service.gen.js';
import { ORD_STATUSES, ORD_TYPES, SIDES, TIMES_IN_FORCE } from './order-enums.js';

const TAG = { after: 8, to: 16, entry: 26, lagged: 34 } as const;

export const protobufFormat: Format = {
  name: 'protobuf',
  run(topic, { after, to, entries }) {
    const writer = new BinaryWriter();
    writer.uint32(TAG.after).int64(after).uint32(TAG.to).int64(to);
    for (const entry of entries) writer.uint32(TAG.entry).bytes(messageOf(topic, entry));
    return writer.finish();
  },
  lagged(_topic, from, to) {
    const lagged = P.Lagged.encode({ from, to }).finish();
    // The position stays where it was, also for a client that looks at nothing else.
    const writer = new BinaryWriter().uint32(TAG.after).int64(from - 1);
    return writer
      .uint32(TAG.to)
      .int64(from - 1)
      .uint32(TAG.lagged)
      .bytes(lagged)
      .finish();
  },
};

function messageOf(topic: TopicName, entry: Entry): Uint8Array {
  entry.message ??= encoders[topic](entry.view as never);
  return entry.message;
}

const encoders: { readonly [T in TopicName]: (view: never) => Uint8Array } = {
  executions: (view: ExecutionView) => P.Execution.encode(executionMessage(view)).finish(),
  positions: (view: PositionChange) => P.Position.encode(view).finish(),
  pnl: (view: PnlChange) => P.ProfitAndLoss.encode(view).finish(),
  risk: (view: RiskView) => P.RiskEvent.encode(riskMessage(view)).finish(),
  'market-data': (view: P.Mark) => P.Mark.encode(view).finish(),
};

function executionMessage(view: ExecutionView): P.Execution {
  const { side, type, timeInForce, status } = view;
  return {
    ...view,
    execType: view.execType ?? '',
    clientOrderId: view.clientOrderId ?? '',
    requestClientOrderId: view.requestClientOrderId ?? '',
    side: (side === undefined || side === 'None' ? 0 : SIDES.numberOf(side)) as Side,
    type: (type === undefined ? 0 : ORD_TYPES.numberOf(type)) as OrdType,
    timeInForce: (timeInForce === undefined
      ? 0
      : TIMES_IN_FORCE.numberOf(timeInForce)) as TimeInForce,
    status: (status === undefined ? 0 : ORD_STATUSES.numberOf(status)) as OrdStatus,
    quantity: view.quantity ?? '',
    cumQuantity: view.cumQuantity ?? '',
    leavesQuantity: view.leavesQuantity ?? '',
    executionId: view.executionId ?? '',
    executionRefId: view.executionRefId ?? '',
    reason: view.reason ?? '',
  };
}

function riskMessage(view: RiskView): P.RiskEvent {
  return {
    ...view,
    orderId: view.orderId ?? 0,
    name: view.name ?? '',
    instrument: view.instrument ?? '',
    check: view.check ?? '',
    unit: view.unit ?? '',
    state: view.state ?? '',
    reason: view.reason ?? '',
  };
}
